-- What exact delivery through outages needs beyond the first schema: occurrences by event time, deliveries that are
-- held for a digest or for quiet hours, what replaces what, promises kept and broken, and retention with counts.

-- When the entity's value came into force, and what it was before (JSON; see domain/occurrence).
ALTER TABLE entities ADD COLUMN at_us INTEGER NOT NULL DEFAULT 0;
ALTER TABLE entities ADD COLUMN top INTEGER NOT NULL DEFAULT 0;        -- the highest occurrence ever given
ALTER TABLE entities ADD COLUMN earlier TEXT NOT NULL DEFAULT '';
UPDATE entities SET top = occurrence;

-- A recognised change that no enabled route took: kept, and replayable.
ALTER TABLE outcomes ADD COLUMN unrouted INTEGER NOT NULL DEFAULT 0 CHECK (unrouted IN (0, 1));
UPDATE outcomes SET unrouted = 1 WHERE reason LIKE 'no_route%' OR reason LIKE 'fault%';
CREATE INDEX outcomes_unrouted ON outcomes (seq) WHERE unrouted = 1;

ALTER TABLE deliveries ADD COLUMN entity BLOB;                         -- set where a newer value may replace it
ALTER TABLE deliveries ADD COLUMN held_for TEXT NOT NULL DEFAULT ''
    CHECK (held_for IN ('', 'quiet', 'digest', 'route') AND (held_for <> '') <= (state = 'held'));
ALTER TABLE deliveries ADD COLUMN digest INTEGER;                      -- seq of the digest it stands in
ALTER TABLE deliveries ADD COLUMN revise INTEGER NOT NULL DEFAULT 0 CHECK (revise IN (0, 1));
ALTER TABLE deliveries ADD COLUMN crashes INTEGER NOT NULL DEFAULT 0;  -- couriers that died with it in hand
ALTER TABLE deliveries ADD COLUMN routed_us INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN sla_us INTEGER;                      -- how soon it should arrive, if anybody said
ALTER TABLE deliveries ADD COLUMN from_us INTEGER NOT NULL DEFAULT 0;  -- when that time began to run
UPDATE deliveries SET routed_us = accepted_us, from_us = accepted_us;

-- Those whose time comes: folded into a digest, or let go when the quiet hours end.
CREATE INDEX deliveries_held ON deliveries (lane, due_us, route, destination, seq) WHERE held_for <> '' AND digest IS NULL;
CREATE INDEX deliveries_digest ON deliveries (digest, seq) WHERE digest IS NOT NULL;
-- What a newer value of the same entity replaces (waiting, held) or rewrites (delivered).
CREATE INDEX deliveries_entity ON deliveries (entity, seq)
    WHERE entity IS NOT NULL AND state IN ('waiting', 'held', 'delivered');

-- The vendor is out, as the lane's courier feels it; and how the lane was held back lately, for whoever was late.
ALTER TABLE lanes ADD COLUMN outage TEXT NOT NULL DEFAULT '';
ALTER TABLE lanes ADD COLUMN outage_us INTEGER;
CREATE TABLE holds (                     -- key first: SQLite 3.40 else takes until_us for NULL in its integrity check
    lane     TEXT NOT NULL,
    from_us  INTEGER NOT NULL,
    why      TEXT NOT NULL CHECK (why IN ('paused', 'suspended', 'outage')),
    until_us INTEGER NOT NULL,
    PRIMARY KEY (lane, from_us, why)
) WITHOUT ROWID;

-- From acceptance to receipt: how many, by route, hour and bucket (domain/sla); and each that came too late.
CREATE TABLE propagation (
    tenant TEXT NOT NULL,
    route  TEXT NOT NULL,
    hour   INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    n      INTEGER NOT NULL,
    late   INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, route, hour, bucket)
) WITHOUT ROWID;
CREATE TABLE late (
    seq     INTEGER PRIMARY KEY,       -- the delivery's
    id      BLOB NOT NULL,
    tenant  TEXT NOT NULL,
    route   TEXT NOT NULL,
    done_us INTEGER NOT NULL,
    took_us INTEGER NOT NULL,
    sla_us  INTEGER NOT NULL,
    stage   TEXT NOT NULL,
    stages  TEXT NOT NULL              -- JSON: stage to microseconds
);
CREATE INDEX late_route ON late (tenant, route, done_us);

-- What somebody was shown would be replayed, by its hash: exactly that, or nothing.
CREATE TABLE plans (
    hash    TEXT PRIMARY KEY,
    made_us INTEGER NOT NULL,
    made_by TEXT NOT NULL,
    what    TEXT NOT NULL
) WITHOUT ROWID;

-- Statements that retention took from the log: their ids still collapse a repeat until the effect horizon.
CREATE TABLE forgotten (
    key BLOB PRIMARY KEY CHECK (length(key) = 16),
    day INTEGER NOT NULL
) WITHOUT ROWID;

-- What left by retention, counted.
CREATE TABLE retired (
    tenant TEXT NOT NULL,
    what   TEXT NOT NULL,
    day    INTEGER NOT NULL,
    n      INTEGER NOT NULL,
    PRIMARY KEY (tenant, what, day)
) WITHOUT ROWID;

-- How far the walks of retention have come.
CREATE TABLE walks (
    name TEXT PRIMARY KEY,
    at   BLOB NOT NULL
) WITHOUT ROWID;
