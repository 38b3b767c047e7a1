-- Accounts that were connected: one row for each speaker whose tokens we keep. The tokens are sealed (``daemon.vault``),
-- with ``version`` authenticated: an older pair does not open in a newer one's place. ``asked_us``: a refresh token was
-- used, or was about to be, and no answer is on record. Times are microseconds since the epoch.
CREATE TABLE connections (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    speaker TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    state TEXT NOT NULL CHECK (state IN ('none', 'live', 'lost', 'revoked')),
    why TEXT NOT NULL,
    sealed BLOB,
    obtained_us INTEGER NOT NULL,
    expires_us INTEGER,
    asked_us INTEGER,
    scopes TEXT,
    account TEXT NOT NULL,
    subject TEXT NOT NULL,
    note TEXT NOT NULL,
    by_whom TEXT NOT NULL,
    by_email TEXT NOT NULL,
    by_roles TEXT NOT NULL,
    since_us INTEGER NOT NULL,
    has_access INTEGER NOT NULL CHECK (has_access IN (0, 1)),
    has_refresh INTEGER NOT NULL CHECK (has_refresh IN (0, 1)),
    PRIMARY KEY (tenant, name, speaker),
    CHECK ((state IN ('lost', 'revoked')) = (why != '')),
    CHECK (state != 'live' OR sealed IS NOT NULL)
) WITHOUT ROWID;
