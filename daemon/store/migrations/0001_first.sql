-- The first schema. Times are microseconds since the epoch, UTC. A lane is 'tenant/target'.

CREATE TABLE facts (               -- about the store itself: its id, when it was made
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- One accepted request: what all of its statements have in common.
CREATE TABLE arrivals (
    no             INTEGER PRIMARY KEY,
    tenant         TEXT NOT NULL,
    source         TEXT NOT NULL,
    correlation_id TEXT NOT NULL,
    traceparent    TEXT NOT NULL,
    version        TEXT NOT NULL,
    authority      BLOB NOT NULL,
    at_us          INTEGER NOT NULL,
    fresh          INTEGER NOT NULL,
    collapsed      INTEGER NOT NULL
);
CREATE INDEX arrivals_correlation ON arrivals (correlation_id);

-- The statement log, in arrival order. seq IS the stored time: unique and never going backwards, so a cursor,
-- `since` and Consistent-Through are one thing.
CREATE TABLE statements (
    seq          INTEGER PRIMARY KEY,
    tenant       TEXT NOT NULL,
    id           BLOB NOT NULL CHECK (length(id) = 16),
    arrival      INTEGER NOT NULL,
    timestamp    TEXT NOT NULL,
    digest       BLOB NOT NULL,
    voided       INTEGER NOT NULL DEFAULT 0 CHECK (voided IN (0, 1)),
    body         BLOB NOT NULL
);
CREATE UNIQUE INDEX statements_id ON statements (tenant, id);
CREATE INDEX statements_tenant ON statements (tenant, seq);

-- Who voids whom: kept apart, because the voiding statement may arrive before the voided one.
CREATE TABLE voids (
    tenant TEXT NOT NULL,
    id     BLOB NOT NULL,
    by_seq INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
) WITHOUT ROWID;
CREATE INDEX voids_by ON voids (by_seq);

-- What the router made of each statement: a change (kind), or not routed (reason).
CREATE TABLE outcomes (
    seq        INTEGER PRIMARY KEY,
    kind       TEXT,
    reason     TEXT NOT NULL DEFAULT '',
    occurrence INTEGER NOT NULL DEFAULT 0,
    deliveries INTEGER NOT NULL DEFAULT 0,
    CHECK (kind IS NOT NULL OR reason <> '')
);

CREATE TABLE cursors (
    tenant TEXT PRIMARY KEY,
    seq    INTEGER NOT NULL
) WITHOUT ROWID;

-- Canonical state, as far as counting needs it: the entity's value now, and how often it has changed.
CREATE TABLE entities (
    key        BLOB PRIMARY KEY CHECK (length(key) = 16),
    value      TEXT NOT NULL,
    occurrence INTEGER NOT NULL
) WITHOUT ROWID;

-- The effect ledger: every effect ever planned, by key, with its day for the horizon.
CREATE TABLE effects (
    key BLOB PRIMARY KEY CHECK (length(key) = 16),
    day INTEGER NOT NULL
) WITHOUT ROWID;

-- The outbox. id is the effect key. `head`: first of its destination's line; only heads are handed out.
CREATE TABLE deliveries (
    seq            INTEGER PRIMARY KEY,
    id             BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    lane           TEXT NOT NULL,
    route          TEXT NOT NULL,
    destination    TEXT NOT NULL,
    audience       BLOB NOT NULL,
    change         BLOB NOT NULL,
    kind           TEXT NOT NULL,
    statement_seq  INTEGER NOT NULL,
    statement_id   TEXT NOT NULL,
    correlation_id TEXT NOT NULL,
    traceparent    TEXT NOT NULL,
    template       TEXT,
    doubtful       TEXT NOT NULL CHECK (doubtful IN ('park', 'resend')),
    attempts_max   INTEGER NOT NULL,
    attempts       INTEGER NOT NULL DEFAULT 0 CHECK (attempts BETWEEN 0 AND attempts_max),
    state          TEXT NOT NULL CHECK (state IN ('waiting', 'claimed', 'delivered', 'unknown', 'parked', 'dead',
                                                  'held', 'superseded', 'shadowed', 'cancelled')),
    head           INTEGER NOT NULL DEFAULT 0 CHECK (head IN (0, 1)),
    accepted_us    INTEGER NOT NULL,
    due_us         INTEGER NOT NULL,
    sent_us        INTEGER,
    doubt_us       INTEGER,
    claimed_by     TEXT,
    cause          TEXT,
    detail         TEXT NOT NULL DEFAULT '',
    receipt        BLOB,
    done_us        INTEGER,
    history        TEXT NOT NULL DEFAULT '',
    CHECK ((state = 'claimed') <= (claimed_by IS NOT NULL)),
    CHECK ((claimed_by IS NOT NULL) <= (state IN ('claimed', 'unknown'))),
    CHECK ((head = 1) <= (state IN ('waiting', 'claimed', 'unknown'))),
    CHECK ((state = 'delivered') = (receipt IS NOT NULL)),
    CHECK ((state IN ('dead', 'parked')) = (cause IS NOT NULL)),
    CHECK ((state = 'unknown') <= (sent_us IS NOT NULL AND doubt_us IS NOT NULL)),
    CHECK ((state IN ('waiting', 'claimed', 'unknown', 'held')) = (done_us IS NULL))
);
CREATE INDEX deliveries_ready ON deliveries (lane, due_us, seq)
    WHERE head = 1 AND claimed_by IS NULL AND state IN ('waiting', 'unknown');
CREATE INDEX deliveries_line ON deliveries (lane, destination, seq) WHERE state IN ('waiting', 'claimed', 'unknown');
CREATE INDEX deliveries_open ON deliveries (lane, seq) WHERE state IN ('waiting', 'claimed', 'unknown');
CREATE INDEX deliveries_claimed ON deliveries (lane, claimed_by) WHERE claimed_by IS NOT NULL;
CREATE INDEX deliveries_stuck ON deliveries (lane, seq) WHERE state IN ('dead', 'parked');
CREATE INDEX deliveries_statement ON deliveries (statement_seq);

-- How many deliveries stand in each state, kept by triggers so that nobody ever counts a million rows.
CREATE TABLE depths (
    lane  TEXT NOT NULL,
    state TEXT NOT NULL,
    n     INTEGER NOT NULL CHECK (n >= 0),
    PRIMARY KEY (lane, state)
) WITHOUT ROWID;
CREATE TRIGGER deliveries_born AFTER INSERT ON deliveries BEGIN
    INSERT INTO depths (lane, state, n) VALUES (new.lane, new.state, 1)
        ON CONFLICT (lane, state) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER deliveries_moved AFTER UPDATE OF state ON deliveries WHEN old.state <> new.state BEGIN
    UPDATE depths SET n = n - 1 WHERE lane = old.lane AND state = old.state;
    INSERT INTO depths (lane, state, n) VALUES (new.lane, new.state, 1)
        ON CONFLICT (lane, state) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER deliveries_gone AFTER DELETE ON deliveries BEGIN
    UPDATE depths SET n = n - 1 WHERE lane = old.lane AND state = old.state;
END;

-- What holds a lane back. Paused: by an operator. Suspended: the vendor revoked us. Throttled: it named a time.
CREATE TABLE lanes (
    lane         TEXT PRIMARY KEY,
    paused_by    TEXT NOT NULL DEFAULT '',
    paused_us    INTEGER,
    suspended    TEXT NOT NULL DEFAULT '',
    suspended_us INTEGER,
    throttled_until_us INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

-- The ledger: what a vendor calls a learner.
CREATE TABLE addresses (
    lane     TEXT NOT NULL,
    email    TEXT NOT NULL,
    address  TEXT NOT NULL,
    found_us INTEGER NOT NULL,
    PRIMARY KEY (lane, email)
) WITHOUT ROWID;
