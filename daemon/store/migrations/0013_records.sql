-- What sources told, and how each of them stands.

-- A source of a tenant: the switch an operator turns, how far it was read, the mapping version in force.
CREATE TABLE sources (
    no           INTEGER PRIMARY KEY,
    tenant       TEXT NOT NULL,
    name         TEXT NOT NULL,
    kind         TEXT NOT NULL,
    mapping      INTEGER NOT NULL DEFAULT 0,    -- 0: not read yet
    cursor       TEXT NOT NULL DEFAULT '{}',    -- JSON, the connector's
    paused_by    TEXT NOT NULL DEFAULT '',
    paused_us    INTEGER,
    suspended    TEXT NOT NULL DEFAULT '',
    suspended_us INTEGER,
    first_us     INTEGER,                       -- when its first whole reading ended
    full_us      INTEGER,
    heard_us     INTEGER,
    unchanged    INTEGER NOT NULL DEFAULT 0,
    throttled_us INTEGER NOT NULL DEFAULT 0,    -- the source named a time: not before it
    braked       TEXT NOT NULL DEFAULT '',      -- so much would be gone that a person is asked, as JSON
    spoilt       TEXT NOT NULL DEFAULT '',      -- what was put aside that a person has to look at
    CHECK ((paused_by = '') = (paused_us IS NULL)),
    CHECK ((suspended = '') = (suspended_us IS NULL))
);
CREATE UNIQUE INDEX sources_name ON sources (tenant, name);

-- The last readings of each source. `how` is how it ended; empty: it has not, or died with its process.
CREATE TABLE readings (
    no          INTEGER PRIMARY KEY,
    source      INTEGER NOT NULL,
    mode        TEXT NOT NULL CHECK (mode IN ('delta', 'full', 'backfill')),
    began_us    INTEGER NOT NULL,
    ended_us    INTEGER,
    how         TEXT NOT NULL DEFAULT '',
    detail      TEXT NOT NULL DEFAULT '',
    requests    INTEGER NOT NULL DEFAULT 0,
    told        INTEGER NOT NULL DEFAULT 0,
    changed     INTEGER NOT NULL DEFAULT 0,
    gone        INTEGER NOT NULL DEFAULT 0,
    quarantined INTEGER NOT NULL DEFAULT 0,
    statements  INTEGER NOT NULL DEFAULT 0,
    CHECK ((how = '') = (ended_us IS NULL))
);
CREATE INDEX readings_source ON readings (source, no);

-- Each entity as the source told it last (`raw`), and what that means (`canonical`, empty: it never meant anything).
-- `digest` is that of the body as read, `rev` counts how often the meaning changed.
CREATE TABLE records (
    no         INTEGER PRIMARY KEY,
    source     INTEGER NOT NULL,
    entity     TEXT NOT NULL,
    id         TEXT NOT NULL,
    form       TEXT NOT NULL,
    scope      TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('active', 'gone', 'quarantined')),
    digest     BLOB NOT NULL CHECK (length(digest) = 16),
    mapping    INTEGER NOT NULL,
    rev        INTEGER NOT NULL,
    user       TEXT NOT NULL,                   -- of an enrolment: whose, and in which course; else empty
    course     TEXT NOT NULL,
    first_us   INTEGER NOT NULL,
    changed_us INTEGER NOT NULL,
    canonical  BLOB NOT NULL,
    raw        BLOB NOT NULL,
    partial    INTEGER NOT NULL DEFAULT 0 CHECK (partial IN (0, 1))   -- the body tells a part only
);
CREATE UNIQUE INDEX records_key ON records (source, entity, id);
CREATE INDEX records_membership ON records (source, course, user) WHERE user <> '';
-- What a whole reading must have seen, by place; narrower where the source lists by course. They hold all that is asked.
CREATE INDEX records_present ON records (source, entity, no, state) WHERE state <> 'gone';
CREATE INDEX records_scope ON records (source, entity, scope, no, state) WHERE scope <> '' AND state <> 'gone';
CREATE INDEX records_quarantined ON records (source) WHERE state = 'quarantined';

-- Why a record stands in quarantine. Of the rule `reference`, `value` is the id that is awaited.
CREATE TABLE flaws (
    record     INTEGER NOT NULL,
    n          INTEGER NOT NULL,
    source     INTEGER NOT NULL,
    rule       TEXT NOT NULL,
    path       TEXT NOT NULL,
    value      TEXT NOT NULL,                   -- JSON, bounded
    suggestion TEXT NOT NULL,
    PRIMARY KEY (record, n)
) WITHOUT ROWID;
CREATE INDEX flaws_awaited ON flaws (source, value) WHERE rule = 'reference';

-- How what a source tells was learnt (JSON, empty: it was sent to us), and the place of the record that told it. Nothing
-- of a person stands here: once the record is gone, the place says nothing.
ALTER TABLE arrivals ADD COLUMN origin TEXT NOT NULL DEFAULT '';
ALTER TABLE statements ADD COLUMN record INTEGER;
