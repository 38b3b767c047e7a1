-- People who signed in, and what they are about to connect. Both are known by SHA-256 of what only their browser has;
-- ``sealed`` opens with that alone. ``role`` is what their roles gave them when they signed in. Times are microseconds
-- since the epoch; a row goes when its time is over.
CREATE TABLE sessions (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 32),
    tenant TEXT NOT NULL,
    via TEXT NOT NULL CHECK (via IN ('oidc', 'saml')),
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    person TEXT NOT NULL,
    roles TEXT NOT NULL,
    role INTEGER NOT NULL,
    place TEXT NOT NULL,
    began_us INTEGER NOT NULL,
    seen_us INTEGER NOT NULL,
    until_us INTEGER NOT NULL,
    sealed BLOB NOT NULL
) WITHOUT ROWID;

CREATE INDEX sessions_of ON sessions (tenant, issuer, subject);

CREATE TABLE errands (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 32),
    session BLOB NOT NULL,
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    until_us INTEGER NOT NULL,
    sealed BLOB NOT NULL
) WITHOUT ROWID;

CREATE INDEX errands_of ON errands (session);
