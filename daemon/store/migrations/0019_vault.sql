-- Secrets at rest. Data keys, one a tenant ('' is the host itself), wrapped with a key-encryption key that is not in the
-- database: ``kek`` says which, ``hint`` is what it needs. The key that is not retired seals; a retired one opens what
-- was sealed with it before, and is removed when nothing is left that was.
CREATE TABLE vault_keys (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 8),
    tenant TEXT NOT NULL,
    kek BLOB NOT NULL CHECK (length(kek) = 8),
    hint BLOB NOT NULL CHECK (typeof(hint) = 'blob'),
    wrapped BLOB NOT NULL CHECK (typeof(wrapped) = 'blob'),
    made_us INTEGER NOT NULL,
    wrapped_us INTEGER NOT NULL,
    retired_us INTEGER
) WITHOUT ROWID;
CREATE UNIQUE INDEX vault_keys_in_use ON vault_keys (tenant) WHERE retired_us IS NULL;

-- What operators put in, under the names that configurations refer to; of tenant '' for every tenant. ``version`` is
-- authenticated with the value: an older value does not open in a newer one's place.
CREATE TABLE vault_secrets (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    sealed BLOB NOT NULL CHECK (typeof(sealed) = 'blob'),
    set_us INTEGER NOT NULL,
    set_by TEXT NOT NULL,
    PRIMARY KEY (tenant, name)
) WITHOUT ROWID;
