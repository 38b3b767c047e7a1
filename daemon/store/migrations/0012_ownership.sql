-- Data that belongs to its owners: history brought in by an import, and persons who were erased.

-- An import's statements count as known, and are announced to nobody.
ALTER TABLE arrivals ADD COLUMN quiet INTEGER NOT NULL DEFAULT 0 CHECK (quiet IN (0, 1));

-- Who else declares a content: an export gives it once, with the first of them.
CREATE INDEX attachments_content ON attachments (content, seq);

-- Parts of what is too long for one request of an import, until the statements come that need it, or for a day.
CREATE TABLE staged (
    tenant TEXT NOT NULL,
    sha2   BLOB NOT NULL,
    part   INTEGER NOT NULL,
    at_us  INTEGER NOT NULL,
    bytes  BLOB NOT NULL
);
CREATE UNIQUE INDEX staged_part ON staged (tenant, sha2, part);
CREATE INDEX staged_at ON staged (at_us);

-- Persons who were erased: never who. `who` is a keyed hash of their identifiers, `pseudonym` is empty once it is over.
CREATE TABLE erasures (
    no        INTEGER PRIMARY KEY,
    tenant    TEXT NOT NULL,
    who       BLOB NOT NULL CHECK (length(who) = 32),
    pseudonym TEXT NOT NULL,
    begun_us  INTEGER NOT NULL,
    begun_by  TEXT NOT NULL,
    ended_us  INTEGER,
    counts    TEXT NOT NULL,           -- JSON: rows by what they were
    CHECK ((pseudonym = '') = (ended_us IS NOT NULL))
);
CREATE INDEX erasures_who ON erasures (tenant, who);

-- An erasure goes through all of a tenant's, a page at a time: each page begins where the last one ended.
CREATE INDEX documents_tenant ON documents (tenant);
CREATE INDEX activities_tenant ON activities (tenant);
