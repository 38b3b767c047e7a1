-- One person across sources. A persona is a user of one source, or (source '') what an operator linked to a person. Who
-- is the same person is worked out anew from what is known whenever something of it changes (``domain.identity``).
CREATE TABLE persons (
    no INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL,
    anchor TEXT NOT NULL,
    known_us INTEGER NOT NULL
);
CREATE UNIQUE INDEX persons_anchor ON persons (tenant, anchor);

-- ``inactive_us``: since when it is no active account; ``gone``: the source has it no more. ``how`` and ``why``: by what
-- it belongs to its person.
CREATE TABLE personas (
    no INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL,
    source TEXT NOT NULL,
    user TEXT NOT NULL,
    person INTEGER NOT NULL,
    name TEXT NOT NULL DEFAULT '',
    locale TEXT NOT NULL DEFAULT '',
    timezone TEXT NOT NULL DEFAULT '',
    org_unit TEXT NOT NULL DEFAULT '',
    known_us INTEGER NOT NULL,
    inactive_us INTEGER,
    gone INTEGER NOT NULL DEFAULT 0 CHECK (gone IN (0, 1)),
    how INTEGER NOT NULL DEFAULT 4 CHECK (how BETWEEN 1 AND 5),
    why TEXT NOT NULL DEFAULT '',
    CHECK (gone = 0 OR inactive_us IS NOT NULL)
);
CREATE UNIQUE INDEX personas_user ON personas (tenant, source, user);
CREATE INDEX personas_person ON personas (person);
CREATE INDEX personas_gone ON personas (tenant, no) WHERE gone = 1;

-- ``until_us``: since when it is not told any more. ``how``: who said it (5 a person, 4 the source's record).
CREATE TABLE identifiers (
    tenant TEXT NOT NULL,
    namespace TEXT NOT NULL,
    value TEXT NOT NULL,
    persona INTEGER NOT NULL,
    from_us INTEGER NOT NULL,
    until_us INTEGER,
    how INTEGER NOT NULL CHECK (how BETWEEN 1 AND 5),
    PRIMARY KEY (tenant, namespace, value, persona)
) WITHOUT ROWID;
CREATE INDEX identifiers_persona ON identifiers (persona);
CREATE INDEX identifiers_former ON identifiers (tenant, until_us) WHERE until_us IS NOT NULL;

-- The texts under which a person's entities were counted (``Learner.identity``): each is one person's alone.
CREATE TABLE identities (
    tenant TEXT NOT NULL,
    identity TEXT NOT NULL,
    person INTEGER NOT NULL,
    PRIMARY KEY (tenant, identity)
) WITHOUT ROWID;
CREATE INDEX identities_person ON identities (person);

-- What people said: these two personas are one person, or they are not.
CREATE TABLE decisions (
    a INTEGER NOT NULL,
    b INTEGER NOT NULL,
    same INTEGER NOT NULL CHECK (same IN (0, 1)),
    by_who TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    PRIMARY KEY (a, b),
    CHECK (a < b)
) WITHOUT ROWID;
CREATE INDEX decisions_b ON decisions (b);

-- What looks alike and is not certain: it waits for people.
CREATE TABLE matches (
    a INTEGER NOT NULL,
    b INTEGER NOT NULL,
    namespace TEXT NOT NULL,
    value TEXT NOT NULL,
    tenant TEXT NOT NULL,
    against TEXT NOT NULL,
    since_us INTEGER NOT NULL,
    PRIMARY KEY (a, b, namespace, value),
    CHECK (a < b)
) WITHOUT ROWID;
CREATE INDEX matches_b ON matches (b);
CREATE INDEX matches_tenant ON matches (tenant, since_us);

-- What a target calls a person, as an operator said: no look-up takes it away.
CREATE TABLE contacts (
    person INTEGER NOT NULL,
    target TEXT NOT NULL,
    address TEXT NOT NULL,
    by_who TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    PRIMARY KEY (person, target)
) WITHOUT ROWID;

-- By which rules a tenant's personas were judged (their digest); ``upto``: so far, while it is done anew.
CREATE TABLE judged (
    tenant TEXT PRIMARY KEY,
    rules BLOB NOT NULL,
    upto INTEGER
) WITHOUT ROWID;
