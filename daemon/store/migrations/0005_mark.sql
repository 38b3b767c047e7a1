-- How far the store has come, so that a high-water mark kept outside of it can tell when something is missing, and what
-- follows when somebody accepts that it is.

-- Every transaction that changes anything adds one.
CREATE TABLE commits (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    number INTEGER NOT NULL,
    at_us  INTEGER NOT NULL,
    life   INTEGER NOT NULL
);
INSERT INTO commits VALUES (1, 0, 0, 0);

-- Every opening in which something was committed, first after commit `first`. Two histories of one store differ in a
-- token.
CREATE TABLE lives (
    no       INTEGER PRIMARY KEY,
    token    TEXT NOT NULL,
    first    INTEGER NOT NULL,
    began_us INTEGER NOT NULL
);

-- What is known to be missing and was accepted as such; missing is -1 where it cannot be counted. Posts may have been
-- made in that time without our knowing: of statements stored up to through_us, and of whatever happened up to until_us.
CREATE TABLE losses (
    no          INTEGER PRIMARY KEY,
    accepted_us INTEGER NOT NULL,
    kind        TEXT NOT NULL CHECK (kind IN ('behind', 'other', 'gone', 'foreign')),
    life        TEXT NOT NULL,
    number      INTEGER NOT NULL,
    missing     INTEGER NOT NULL CHECK (missing >= -1),
    since_us    INTEGER NOT NULL,
    until_us    INTEGER NOT NULL,
    through_us  INTEGER NOT NULL,
    doubted     INTEGER NOT NULL
);

-- So what would be waiting is unknown instead: it is looked for before it is posted. The triggers that count do it, in
-- one place each, because the order of several triggers is nobody's promise.
DROP TRIGGER deliveries_born;
CREATE TRIGGER deliveries_born AFTER INSERT ON deliveries BEGIN
    INSERT INTO depths (lane, state, n) VALUES (new.lane, new.state, 1)
        ON CONFLICT (lane, state) DO UPDATE SET n = n + 1;
    UPDATE deliveries
        SET state = 'unknown', sent_us = min(coalesce(sent_us, doubt.since_us), doubt.since_us), doubt_us = doubt.accepted_us,
            detail = 'may have been posted by what was lost'
        FROM (SELECT max(accepted_us) AS accepted_us, min(since_us) AS since_us FROM losses
              WHERE new.statement_seq <= through_us
                 OR coalesce((SELECT julianday(timestamp) FROM statements WHERE seq = new.statement_seq), 0)
                    <= until_us / 86400000000.0 + 2440587.5) AS doubt
        WHERE seq = new.seq AND state = 'waiting' AND doubt.accepted_us IS NOT NULL;
END;

DROP TRIGGER deliveries_moved;
CREATE TRIGGER deliveries_moved AFTER UPDATE OF state ON deliveries
    WHEN old.state <> new.state
     AND NOT (new.state = 'waiting' AND old.state IN ('held', 'dead') AND EXISTS (SELECT 1 FROM losses))
BEGIN
    UPDATE depths SET n = n - 1 WHERE lane = old.lane AND state = old.state;
    INSERT INTO depths (lane, state, n) VALUES (new.lane, new.state, 1)
        ON CONFLICT (lane, state) DO UPDATE SET n = n + 1;
END;

CREATE TRIGGER deliveries_let_go AFTER UPDATE OF state ON deliveries
    WHEN new.state = 'waiting' AND old.state IN ('held', 'dead') AND EXISTS (SELECT 1 FROM losses)
BEGIN
    UPDATE depths SET n = n - 1 WHERE lane = old.lane AND state = old.state;
    INSERT INTO depths (lane, state, n) VALUES (new.lane, 'waiting', 1)
        ON CONFLICT (lane, state) DO UPDATE SET n = n + 1;
    UPDATE deliveries
        SET state = 'unknown', sent_us = min(coalesce(sent_us, doubt.since_us), doubt.since_us), doubt_us = doubt.accepted_us,
            detail = 'may have been posted by what was lost'
        FROM (SELECT max(accepted_us) AS accepted_us, min(since_us) AS since_us FROM losses
              WHERE new.statement_seq <= through_us
                 OR coalesce((SELECT julianday(timestamp) FROM statements WHERE seq = new.statement_seq), 0)
                    <= until_us / 86400000000.0 + 2440587.5) AS doubt
        WHERE seq = new.seq AND state = 'waiting' AND doubt.accepted_us IS NOT NULL;
END;

-- One that was parked may have been replayed in that time: who looks for it again has to look as far.
CREATE TRIGGER deliveries_asked AFTER UPDATE OF state ON deliveries
    WHEN new.state = 'unknown' AND old.state = 'parked' AND EXISTS (SELECT 1 FROM losses)
BEGIN
    UPDATE deliveries
        SET sent_us = min(sent_us, doubt.since_us), doubt_us = max(doubt_us, doubt.accepted_us)
        FROM (SELECT max(accepted_us) AS accepted_us, min(since_us) AS since_us FROM losses
              WHERE new.statement_seq <= through_us
                 OR coalesce((SELECT julianday(timestamp) FROM statements WHERE seq = new.statement_seq), 0)
                    <= until_us / 86400000000.0 + 2440587.5) AS doubt
        WHERE seq = new.seq AND doubt.accepted_us IS NOT NULL;
END;
