-- What became of deliveries, counted by hour as it happens, so that nobody ever adds up a million rows: `stats`, `report`.
-- what: 'state' (which: made, delivered, dead, ...), 'send' or 'probe' (which: the verdict; bucket: how long it took, see
-- domain/sla), 'call' (which: the vendor's operation). A digest is counted by what stands in it.
--
-- Counting one by one costs the writer several pages anywhere for each delivery. So each transaction only appends to
-- `moves` and `attempted`, and every 256th row adds up the last 256 by groups; `figures_all` has those that are not yet.
CREATE TABLE figures (
    tenant TEXT NOT NULL,
    hour   INTEGER NOT NULL,
    route  TEXT NOT NULL,
    target TEXT NOT NULL,
    what   TEXT NOT NULL CHECK (what IN ('state', 'send', 'probe', 'call')),
    which  TEXT NOT NULL,
    bucket INTEGER NOT NULL,
    n      INTEGER NOT NULL,
    PRIMARY KEY (tenant, hour, route, target, what, which, bucket)
) WITHOUT ROWID;
-- Of before it was counted it is known how many arrived, not where.
INSERT INTO figures SELECT tenant, hour, route, '', 'state', 'delivered', 0, sum(n) FROM propagation
    GROUP BY tenant, hour, route;

-- Each change of a delivery's state in the order in which it was committed, for whoever follows (`watch`). The newest
-- stay: numbers are without gaps, so that a reader knows how many it has missed. Claims are not in it.
CREATE TABLE moves (
    no      INTEGER PRIMARY KEY,
    seq     INTEGER NOT NULL,
    lane    TEXT NOT NULL,
    route   TEXT NOT NULL,
    state   TEXT NOT NULL,
    at_us   INTEGER,             -- NULL: the delivery's history has it
    made_us INTEGER,             -- counted as made then; NULL: it is not
    done_us INTEGER              -- counted in this state then; NULL: it is not
);
CREATE TRIGGER moves_counted AFTER INSERT ON moves WHEN new.no % 256 = 0 BEGIN
    INSERT INTO figures
        SELECT substr(lane, 1, instr(lane, '/') - 1), made_us / 3600000000, route, substr(lane, instr(lane, '/') + 1),
            'state', 'made', 0, count(*)
        FROM moves WHERE no > new.no - 256 AND made_us IS NOT NULL GROUP BY lane, made_us / 3600000000, route
        ON CONFLICT DO UPDATE SET n = n + excluded.n;
    INSERT INTO figures
        SELECT substr(lane, 1, instr(lane, '/') - 1), done_us / 3600000000, route, substr(lane, instr(lane, '/') + 1),
            'state', state, 0, count(*)
        FROM moves WHERE no > new.no - 256 AND done_us IS NOT NULL GROUP BY lane, done_us / 3600000000, route, state
        ON CONFLICT DO UPDATE SET n = n + excluded.n;
    DELETE FROM moves WHERE no <= new.no - 65536;
END;

CREATE TRIGGER deliveries_made AFTER INSERT ON deliveries BEGIN
    INSERT INTO moves (seq, lane, route, state, at_us, made_us, done_us)
        VALUES (new.seq, new.lane, new.route, new.state, max(new.accepted_us, new.routed_us),
            CASE WHEN new.kind <> 'digest' THEN new.accepted_us END, CASE WHEN new.kind <> 'digest' THEN new.done_us END);
END;
CREATE TRIGGER deliveries_moved_on AFTER UPDATE OF state ON deliveries
    WHEN old.state <> new.state AND new.state <> 'claimed' BEGIN
    INSERT INTO moves (seq, lane, route, state, at_us, done_us)
        VALUES (new.seq, new.lane, new.route, new.state, new.done_us,
            CASE WHEN new.kind <> 'digest' THEN new.done_us END);
END;

-- Attempts that are not in `figures` yet: at most 255.
CREATE TABLE attempted (
    no      INTEGER PRIMARY KEY,
    tenant  TEXT NOT NULL,
    hour    INTEGER NOT NULL,
    route   TEXT NOT NULL,
    target  TEXT NOT NULL,
    what    TEXT,                -- NULL: another operation of the attempt before it
    verdict TEXT,
    bucket  INTEGER,
    call    TEXT,                -- NULL: none was made
    calls   INTEGER
);
CREATE TRIGGER attempted_counted AFTER INSERT ON attempted WHEN new.no >= 256 BEGIN
    INSERT INTO figures
        SELECT tenant, hour, route, target, what, verdict, bucket, count(*) FROM attempted WHERE what IS NOT NULL
        GROUP BY tenant, hour, route, target, what, verdict, bucket
        ON CONFLICT DO UPDATE SET n = n + excluded.n;
    INSERT INTO figures
        SELECT tenant, hour, route, target, 'call', call, 0, sum(calls) FROM attempted WHERE call IS NOT NULL
        GROUP BY tenant, hour, route, target, call
        ON CONFLICT DO UPDATE SET n = n + excluded.n;
    DELETE FROM attempted;
END;

-- What is not in `figures` yet, one by one.
CREATE VIEW figures_new AS
    SELECT substr(lane, 1, instr(lane, '/') - 1) AS tenant, made_us / 3600000000 AS hour, route,
        substr(lane, instr(lane, '/') + 1) AS target, 'state' AS what, 'made' AS which, 0 AS bucket, 1 AS n
    FROM moves WHERE no > (SELECT max(no) FROM moves) / 256 * 256 AND made_us IS NOT NULL
    UNION ALL
    SELECT substr(lane, 1, instr(lane, '/') - 1), done_us / 3600000000, route, substr(lane, instr(lane, '/') + 1),
        'state', state, 0, 1
    FROM moves WHERE no > (SELECT max(no) FROM moves) / 256 * 256 AND done_us IS NOT NULL
    UNION ALL
    SELECT tenant, hour, route, target, what, verdict, bucket, 1 FROM attempted WHERE no > 0 AND what IS NOT NULL
    UNION ALL
    SELECT tenant, hour, route, target, 'call', call, 0, calls FROM attempted WHERE no > 0 AND call IS NOT NULL;

-- All that is counted. A group may be in it more than once.
CREATE VIEW figures_all AS
    SELECT tenant, hour, route, target, what, which, bucket, n FROM figures
    UNION ALL SELECT tenant, hour, route, target, what, which, bucket, n FROM figures_new;

-- What went wrong last in each lane; the delivery has the words.
CREATE TABLE lane_faults (
    lane    TEXT PRIMARY KEY,
    seq     INTEGER NOT NULL,
    at_us   INTEGER NOT NULL,
    verdict TEXT NOT NULL
) WITHOUT ROWID;
