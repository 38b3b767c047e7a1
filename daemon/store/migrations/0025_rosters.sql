-- Rosters: what changed and was not compared yet; places, who is in them, how everybody stands; what was planned.

-- Whether a roster rule is for this source: then what changes in it is marked.
ALTER TABLE sources ADD COLUMN rostered INTEGER NOT NULL DEFAULT 0 CHECK (rostered IN (0, 1));

-- Courses of a source ('': all of them) whose enrolments changed. `marks` counts, so that whoever has dealt with some
-- does not take away what came meanwhile.
CREATE TABLE roster_due (
    source INTEGER NOT NULL,
    course TEXT NOT NULL,
    marks  INTEGER NOT NULL,
    at_us  INTEGER NOT NULL,
    PRIMARY KEY (source, course)
) WITHOUT ROWID;
-- The same, for each rule that is kept from that source, until it has dealt with it.
CREATE TABLE roster_rule_due (
    tenant TEXT NOT NULL,
    rule   TEXT NOT NULL,
    course TEXT NOT NULL,
    marks  INTEGER NOT NULL,
    PRIMARY KEY (tenant, rule, course)
) WITHOUT ROWID;

-- In which courses somebody is: a user who changed concerns those.
CREATE INDEX records_enrolled ON records (source, user, course) WHERE user <> '' AND entity = 'enrolment';

-- A rule as it was last worked by. `turns_us`: when what is desired changes by itself (a date comes); `everybody`: how
-- many people the vendor had when they were last listed.
CREATE TABLE roster_rules (
    tenant    TEXT NOT NULL,
    rule      TEXT NOT NULL,
    digest    BLOB NOT NULL,
    whole_us  INTEGER NOT NULL DEFAULT 0,
    turns_us  INTEGER,
    everybody INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, rule)
) WITHOUT ROWID;

-- A unit's place at the vendor. `due`: 1 to be compared, 2 to be read before; not before `due_us`; `marks` as above.
-- `stuck`: why an order about it failed: it rests until the next whole run, or until somebody asks.
CREATE TABLE roster_places (
    no       INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant   TEXT NOT NULL,
    lane     TEXT NOT NULL,
    rule     TEXT NOT NULL,
    unit     TEXT NOT NULL,
    kind     TEXT NOT NULL CHECK (kind IN ('channel', 'usergroup', 'team')),
    course   TEXT NOT NULL DEFAULT '',
    name     TEXT NOT NULL DEFAULT '',
    topic    TEXT NOT NULL DEFAULT '',
    label    TEXT NOT NULL DEFAULT '',
    place    TEXT NOT NULL DEFAULT '',
    made     INTEGER NOT NULL DEFAULT 0 CHECK (made IN (0, 1)),
    made_us  INTEGER NOT NULL DEFAULT 0,
    read_us  INTEGER NOT NULL DEFAULT 0,
    partly   TEXT NOT NULL DEFAULT '',         -- why it could not be read to its end
    closed   TEXT NOT NULL DEFAULT '',
    due      INTEGER NOT NULL DEFAULT 1 CHECK (due IN (0, 1, 2)),
    due_us   INTEGER NOT NULL DEFAULT 0,
    marks    INTEGER NOT NULL DEFAULT 0,
    stuck    TEXT NOT NULL DEFAULT '',
    stuck_us INTEGER NOT NULL DEFAULT 0,
    parked   TEXT NOT NULL DEFAULT '',         -- hash of the plan that waits for a person
    born_us  INTEGER NOT NULL DEFAULT 0,       -- how long after it was made the vendor may not know it yet
    UNIQUE (tenant, rule, unit, lane, kind)
);
CREATE INDEX roster_places_due ON roster_places (tenant, rule, due_us) WHERE due > 0;
CREATE INDEX roster_places_place ON roster_places (lane, place) WHERE place <> '';

-- Who is, was or may not be in a place, by the vendor's id; see Kept in actors/domain/rosters/model.py.
CREATE TABLE roster_kept (
    place      INTEGER NOT NULL,
    id         TEXT NOT NULL,
    person     INTEGER NOT NULL DEFAULT 0,
    owner      INTEGER NOT NULL DEFAULT 0 CHECK (owner IN (0, 1)),
    membership TEXT NOT NULL DEFAULT '',
    inside     INTEGER NOT NULL DEFAULT 0 CHECK (inside IN (0, 1)),
    put_us     INTEGER NOT NULL DEFAULT 0,
    tries      INTEGER NOT NULL DEFAULT 0,
    ours       INTEGER NOT NULL DEFAULT 0 CHECK (ours IN (0, 1)),
    accepted   INTEGER NOT NULL DEFAULT 0 CHECK (accepted IN (0, 1)),
    granted    INTEGER NOT NULL DEFAULT 0 CHECK (granted IN (0, 1)),
    left_us    INTEGER NOT NULL DEFAULT 0,
    refused    TEXT NOT NULL DEFAULT '',
    refused_us INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (place, id)
) WITHOUT ROWID;
CREATE INDEX roster_kept_person ON roster_kept (person) WHERE person <> 0;

-- Whom a vendor has by an address (`named` is that, or 'id:' and the vendor's id of a member whom nobody knows); `id` '':
-- nobody has it.
CREATE TABLE roster_accounts (
    lane     TEXT NOT NULL,
    named    TEXT NOT NULL,
    id       TEXT NOT NULL,
    name     TEXT NOT NULL,
    email    TEXT NOT NULL,
    active   INTEGER NOT NULL CHECK (active IN (0, 1)),
    limited  INTEGER NOT NULL CHECK (limited IN (0, 1)),
    bot      INTEGER NOT NULL CHECK (bot IN (0, 1)),
    found_us INTEGER NOT NULL,
    PRIMARY KEY (lane, named)
) WITHOUT ROWID;
CREATE INDEX roster_accounts_id ON roster_accounts (lane, id) WHERE id <> '';

-- How each person of a place stands, as of the last comparison. `who`: the ledger's number, the source's id of somebody
-- whom the ledger does not have (user:…), or the vendor's id (account:…).
CREATE TABLE roster_standings (
    place    INTEGER NOT NULL,
    who      TEXT NOT NULL,
    person   INTEGER NOT NULL,
    user     TEXT NOT NULL,
    account  TEXT NOT NULL,
    name     TEXT NOT NULL,
    email    TEXT NOT NULL,
    standing TEXT NOT NULL CHECK (standing IN ('in_step', 'pending', 'unmatched', 'refused', 'excluded', 'stranger',
                                               'asked')),
    owner    INTEGER NOT NULL CHECK (owner IN (0, 1)),
    detail   TEXT NOT NULL,
    since_us INTEGER NOT NULL,
    PRIMARY KEY (place, who)
) WITHOUT ROWID;
CREATE INDEX roster_standings_person ON roster_standings (person) WHERE person <> 0;

-- What a run would do or did (`body`, JSON). A plan that is parked waits for a person.
CREATE TABLE roster_plans (
    no       INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant   TEXT NOT NULL,
    hash     TEXT NOT NULL,
    scope    TEXT NOT NULL,                     -- a course, '' for all
    cause    TEXT NOT NULL CHECK (cause IN ('asked', 'schedule', 'change', 'start')),
    state    TEXT NOT NULL CHECK (state IN ('shown', 'parked', 'accepted', 'applied', 'rejected', 'lapsed')),
    by_who   TEXT NOT NULL,
    made_us  INTEGER NOT NULL,
    done_us  INTEGER,
    adds     INTEGER NOT NULL,
    removes  INTEGER NOT NULL,
    why      TEXT NOT NULL,                     -- why it is parked
    body     BLOB NOT NULL,
    UNIQUE (tenant, hash)
);
CREATE INDEX roster_plans_made ON roster_plans (tenant, made_us);

-- How a rule stood after each whole run: people by standing.
CREATE TABLE roster_drift (
    tenant    TEXT NOT NULL,
    rule      TEXT NOT NULL,
    at_us     INTEGER NOT NULL,
    people    INTEGER NOT NULL,
    in_step   INTEGER NOT NULL,
    pending   INTEGER NOT NULL,
    unmatched INTEGER NOT NULL,
    refused   INTEGER NOT NULL,
    excluded  INTEGER NOT NULL,
    asked     INTEGER NOT NULL,
    strangers INTEGER NOT NULL,
    PRIMARY KEY (tenant, rule, at_us)
) WITHOUT ROWID;
