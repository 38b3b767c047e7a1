-- Changing what records mean: which version of a mapping was brought into force, by whom, and what was before it.

-- While one runs, nothing else writes the source's records; `entity` and `id` are those of the last record that it has
-- dealt with, so that it goes on there after a crash.
CREATE TABLE activations (
    no             INTEGER PRIMARY KEY,
    source         INTEGER NOT NULL,
    kind           TEXT NOT NULL CHECK (kind IN ('activate', 'rollback')),
    state          TEXT NOT NULL CHECK (state IN ('running', 'done', 'undone')),
    undoes         INTEGER,                     -- of a rollback: the activation
    version_before INTEGER NOT NULL,
    version        INTEGER NOT NULL,
    begun_by       TEXT NOT NULL,
    begun_us       INTEGER NOT NULL,
    ended_us       INTEGER,
    kept           INTEGER NOT NULL DEFAULT 1 CHECK (kept IN (0, 1)),  -- whether it can still be taken back
    entity         TEXT NOT NULL DEFAULT '',
    id             TEXT NOT NULL DEFAULT '',
    records        INTEGER NOT NULL DEFAULT 0,
    changed        INTEGER NOT NULL DEFAULT 0,
    flawed         INTEGER NOT NULL DEFAULT 0,
    healed         INTEGER NOT NULL DEFAULT 0,
    CHECK ((state = 'running') = (ended_us IS NULL)),
    CHECK ((kind = 'rollback') = (undoes IS NOT NULL))
);
CREATE INDEX activations_source ON activations (source, no);
CREATE UNIQUE INDEX activations_running ON activations (source) WHERE state = 'running';

-- What a record was before the activation, and (`made`, a hash) how that left it: it is restored if nothing has touched
-- it since. `canonical` NULL: the same as now; `flaws` are JSON.
CREATE TABLE undos (
    record     INTEGER PRIMARY KEY,
    activation INTEGER NOT NULL,
    made       BLOB NOT NULL CHECK (length(made) = 16),
    form       TEXT NOT NULL,
    state      TEXT NOT NULL,
    mapping    INTEGER NOT NULL,
    rev        INTEGER NOT NULL,
    user       TEXT NOT NULL,
    course     TEXT NOT NULL,
    canonical  BLOB,
    flaws      BLOB NOT NULL
);
CREATE INDEX undos_activation ON undos (activation);

-- A person's corrections of a record, laid over it before it is mapped as long as the source tells `was` there
-- (JSON, empty: nothing).
CREATE TABLE corrections (
    record   INTEGER NOT NULL,
    path     TEXT NOT NULL,
    value    TEXT NOT NULL,
    was      TEXT NOT NULL,
    made_by  TEXT NOT NULL,
    made_us  INTEGER NOT NULL,
    PRIMARY KEY (record, path)
) WITHOUT ROWID;

-- Records that a person leaves in quarantine as they are, until their body (its digest) changes.
CREATE TABLE dismissals (
    record       INTEGER PRIMARY KEY,
    digest       BLOB NOT NULL,
    dismissed_by TEXT NOT NULL,
    dismissed_us INTEGER NOT NULL
);

-- For retention: since when records are gone.
CREATE INDEX records_gone ON records (source, changed_us) WHERE state = 'gone';

-- Whose accounts its users are in statements: who is to be erased is found by it.
ALTER TABLE sources ADD COLUMN home_page TEXT NOT NULL DEFAULT '';
