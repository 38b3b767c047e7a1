-- Clients of the embedded LRS that operators made (those of the tenant files are not here). A secret is kept only as a
-- keyed hash whose key is not in the database; ``seal`` says by which key. A revoked one keeps no hash at all.
CREATE TABLE credentials (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    source TEXT NOT NULL,
    scopes TEXT NOT NULL,
    rate_per_s REAL CHECK (rate_per_s > 0),
    burst INTEGER CHECK (burst >= 1),
    seal BLOB NOT NULL CHECK (length(seal) = 8),
    hash BLOB CHECK (length(hash) = 32),
    former_hash BLOB CHECK (length(former_hash) = 32),
    former_until_us INTEGER,
    made_us INTEGER NOT NULL,
    made_by TEXT NOT NULL,
    rotated_us INTEGER,
    expires_us INTEGER,
    revoked_us INTEGER,
    revoked_by TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (tenant, name),
    CHECK ((hash IS NULL) = (revoked_us IS NOT NULL)),
    CHECK ((former_hash IS NULL) = (former_until_us IS NULL)),
    CHECK (revoked_us IS NULL OR former_hash IS NULL)
) WITHOUT ROWID;

-- When each was last used, and how often, those of the tenant files included: written now and then, not at each request.
CREATE TABLE credential_uses (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    n INTEGER NOT NULL,
    used_us INTEGER NOT NULL,
    former_used_us INTEGER,
    PRIMARY KEY (tenant, name)
) WITHOUT ROWID;
