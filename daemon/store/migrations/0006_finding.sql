-- How statements are found by what they say. A statement has a key (a hash of tenant, kind and value; see
-- actors/domain/xapi/keys) for everything that a query may ask for. A row has the key's statements among the 64 of one
-- cell: the one with seq = cell * 64 + n is bit n of bits, so a batch of 50 with one verb costs one row, and several
-- conditions are intersected cell by cell.

CREATE TABLE finder (
    key  INTEGER NOT NULL,
    cell INTEGER NOT NULL,
    bits INTEGER NOT NULL,
    PRIMARY KEY (key, cell)
) WITHOUT ROWID;

-- Who refers to whom, in either order of arrival, and the keys (8 bytes each) that the referring statement has from
-- those it refers to.
CREATE TABLE referrers (
    tenant    TEXT NOT NULL,
    target    BLOB NOT NULL CHECK (length(target) = 16),
    seq       INTEGER NOT NULL,
    inherited BLOB NOT NULL DEFAULT x'',
    PRIMARY KEY (tenant, target, seq)
) WITHOUT ROWID;

-- What was stored before this, and has no keys yet: given when the store is opened.
INSERT INTO facts SELECT 'unfound_after', '-1' WHERE EXISTS (SELECT 1 FROM statements);
