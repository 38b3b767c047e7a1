-- Sign-on by SAML: what is pending, what was used, and what identity providers said of themselves.
-- A sign-on waits for the identity provider's answer. `browser` and `relay` are SHA-256 of what only that browser has,
-- and of what goes there and back; `used_us`: it was answered, and is kept so that it is not answered again.
CREATE TABLE saml_logins (
    id TEXT PRIMARY KEY,
    tenant TEXT NOT NULL,
    browser BLOB NOT NULL CHECK (length(browser) = 32),
    relay BLOB NOT NULL CHECK (length(relay) = 32),
    way TEXT NOT NULL,
    until_us INTEGER NOT NULL,
    used_us INTEGER
) WITHOUT ROWID;
CREATE INDEX saml_logins_browser ON saml_logins (tenant, browser);
CREATE INDEX saml_logins_until ON saml_logins (tenant, until_us);

-- Assertions that somebody signed in with: `key` is a SHA-256 of issuer and id, kept until none of them is valid.
CREATE TABLE saml_used (
    tenant TEXT NOT NULL,
    key BLOB NOT NULL CHECK (length(key) = 32),
    until_us INTEGER NOT NULL,
    PRIMARY KEY (tenant, key)
) WITHOUT ROWID;
CREATE INDEX saml_used_until ON saml_used (until_us);

-- The metadata of a tenant's identity provider as they were read last from `url`.
CREATE TABLE saml_providers (
    tenant TEXT PRIMARY KEY,
    url TEXT NOT NULL,
    body BLOB NOT NULL,
    read_us INTEGER NOT NULL
) WITHOUT ROWID;
