-- What vendors told us, and what keeps them telling.
ALTER TABLE addresses ADD COLUMN person TEXT NOT NULL DEFAULT '';  -- the vendor's id of whose address it is; '': not known
CREATE INDEX addresses_person ON addresses (lane, person);

-- Which tidings were told, by the vendor's id of each (a hash where it is long), so that none is acted on twice.
CREATE TABLE heard (
    lane  TEXT NOT NULL,
    id    TEXT NOT NULL CHECK (length(id) BETWEEN 1 AND 200),
    at_us INTEGER NOT NULL,
    PRIMARY KEY (lane, id)
) WITHOUT ROWID;
CREATE INDEX heard_at ON heard (lane, at_us);

-- What people did with our posts, as the vendor sent it: sealed, because it holds addresses that answer in our name.
CREATE TABLE clicks (
    seq    INTEGER PRIMARY KEY,
    lane   TEXT NOT NULL,
    id     TEXT NOT NULL,
    form   TEXT NOT NULL,
    person TEXT NOT NULL,
    body   BLOB NOT NULL,
    at_us  INTEGER NOT NULL,
    UNIQUE (lane, id)
);
CREATE INDEX clicks_at ON clicks (lane, at_us);

-- Subscriptions at vendors. `key` is ours, `id` theirs ('': not made yet, or nobody knows); `proof` is a SHA-256.
CREATE TABLE watches (
    lane     TEXT NOT NULL,
    key      TEXT NOT NULL,
    resource TEXT NOT NULL,
    url      TEXT NOT NULL,                                            -- what the vendor calls, without the key
    proof    TEXT NOT NULL CHECK (length(proof) = 64),
    id       TEXT NOT NULL DEFAULT '',
    ends_us  INTEGER NOT NULL DEFAULT 0,
    made_us  INTEGER NOT NULL,
    PRIMARY KEY (lane, key)
) WITHOUT ROWID;

-- How a target is heard: who we are there, how far what changed was asked for, and whether it should be asked soon.
CREATE TABLE ears (
    lane        TEXT PRIMARY KEY,
    names       TEXT NOT NULL DEFAULT '{}',
    cursor      TEXT NOT NULL DEFAULT '',
    surveyed_us INTEGER NOT NULL DEFAULT 0,
    hailed_us   INTEGER NOT NULL DEFAULT 0,
    due         INTEGER NOT NULL DEFAULT 0 CHECK (due IN (0, 1))
) WITHOUT ROWID;

-- Channels as their vendor told of them. `unsettled`: deliveries that this concerns have still to be told.
CREATE TABLE places (
    lane      TEXT NOT NULL,
    place     TEXT NOT NULL,
    name      TEXT NOT NULL DEFAULT '',
    closed    TEXT NOT NULL DEFAULT '' CHECK (closed IN ('', 'archived', 'deleted')),
    since_us  INTEGER NOT NULL,
    closed_us INTEGER NOT NULL DEFAULT 0,
    unsettled INTEGER NOT NULL DEFAULT 0 CHECK (unsettled IN (0, 1)),
    PRIMARY KEY (lane, place)
) WITHOUT ROWID;
CREATE INDEX places_unsettled ON places (lane) WHERE unsettled = 1;
