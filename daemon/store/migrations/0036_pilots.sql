-- Pilots: for whom the routes that name one are meant, who is in for good (by hash), and which deliveries are theirs.
CREATE TABLE pilots (
    no INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('running', 'everyone', 'nobody')),
    salt TEXT NOT NULL,
    cohort BLOB NOT NULL,
    created_us INTEGER NOT NULL,
    changed_us INTEGER NOT NULL,
    changed_by TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    UNIQUE (tenant, name)
);
CREATE TABLE pilot_members (
    pilot INTEGER NOT NULL,
    member BLOB NOT NULL,
    PRIMARY KEY (pilot, member)
) WITHOUT ROWID;

-- What was rehearsed for somebody outside of the cohort stands in its row, and leaves with it.
ALTER TABLE deliveries ADD COLUMN pilot INTEGER;
ALTER TABLE deliveries ADD COLUMN rendered BLOB;
CREATE INDEX deliveries_pilot ON deliveries (pilot, seq) WHERE pilot IS NOT NULL;
