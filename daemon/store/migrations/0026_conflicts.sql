-- Where systems disagree, and what people decided. A conflict is asked about once: `subject` is what it is about, `scope`
-- in which work it was found, `mark` a digest of what the sides said. `body`, and what of it is for people, is JSON.
CREATE TABLE conflicts (
    no         INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant     TEXT NOT NULL,
    kind       TEXT NOT NULL,
    subject    TEXT NOT NULL,
    scope      TEXT NOT NULL,
    person     INTEGER NOT NULL DEFAULT 0,                             -- the ledger's number; 0: of nobody in particular
    mark       BLOB NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('open', 'approved', 'rejected', 'settled', 'undone')),
    body       BLOB NOT NULL,
    history    TEXT NOT NULL DEFAULT '',                               -- what became of it, as lines of JSON with commas
    raised_us  INTEGER NOT NULL,
    seen_us    INTEGER NOT NULL,
    times      INTEGER NOT NULL DEFAULT 1,
    decided_us INTEGER,
    decided_by TEXT NOT NULL DEFAULT '',
    choice     INTEGER,                                                -- which of the suggested fixes
    told       TEXT NOT NULL DEFAULT ''                                -- as its card says; '': it has none
        CHECK (told IN ('', 'stale', 'open', 'approved', 'rejected', 'settled', 'undone')),
    CHECK ((state IN ('approved', 'undone')) <= (choice IS NOT NULL)),
    CHECK ((state = 'open') <= (decided_us IS NULL))
);
CREATE UNIQUE INDEX conflicts_open ON conflicts (tenant, subject) WHERE state = 'open';
CREATE INDEX conflicts_scope ON conflicts (tenant, scope) WHERE state = 'open';
CREATE INDEX conflicts_subject ON conflicts (tenant, subject, no);
CREATE INDEX conflicts_state ON conflicts (tenant, state, no);
CREATE INDEX conflicts_person ON conflicts (person) WHERE person <> 0;
CREATE INDEX conflicts_untold ON conflicts (tenant, no) WHERE told <> state;

-- What people decided, as those who plan read it: one ruling on a topic is in force. `conflict` 0: it undoes another one.
CREATE TABLE rulings (
    no       INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant   TEXT NOT NULL,
    topic    TEXT NOT NULL,
    scope    TEXT NOT NULL,
    person   INTEGER NOT NULL DEFAULT 0,
    fix      BLOB NOT NULL,
    by_who   TEXT NOT NULL,
    at_us    INTEGER NOT NULL,
    conflict INTEGER NOT NULL DEFAULT 0,
    ended_us INTEGER
);
CREATE UNIQUE INDEX rulings_topic ON rulings (tenant, topic) WHERE ended_us IS NULL;
CREATE INDEX rulings_scope ON rulings (tenant, scope) WHERE ended_us IS NULL;
CREATE INDEX rulings_conflict ON rulings (conflict);
CREATE INDEX rulings_person ON rulings (person) WHERE person <> 0;

-- How far a lane's clicks were acted on.
CREATE TABLE clicks_heeded (
    lane TEXT PRIMARY KEY,
    seq  INTEGER NOT NULL
) WITHOUT ROWID;

-- Where a tenant has several sources (`compared`): users of them who changed, to be looked at for what sources say
-- differently of them; and what was believed instead of what a source says.
ALTER TABLE sources ADD COLUMN compared INTEGER NOT NULL DEFAULT 0 CHECK (compared IN (0, 1));
CREATE TABLE compared_due (
    source INTEGER NOT NULL,
    user   TEXT NOT NULL,
    PRIMARY KEY (source, user)
) WITHOUT ROWID;
CREATE TABLE believed (
    source INTEGER NOT NULL,
    user   TEXT NOT NULL,
    course TEXT NOT NULL,                                              -- '': of the person in all of them
    field  TEXT NOT NULL CHECK (field IN ('email', 'name', 'role', 'status', 'dates')),
    value  TEXT NOT NULL,
    by_who TEXT NOT NULL,                                              -- the source that says so
    PRIMARY KEY (source, user, course, field)
) WITHOUT ROWID;
