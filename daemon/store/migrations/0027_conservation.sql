-- What became of all that was accepted, day by day and source by source, as a chain: each row names the hash of the one
-- before it. A day is written anew where something of it moved on since; the newest row of a day counts.

CREATE TABLE conserved (
    no       INTEGER PRIMARY KEY,
    tenant   TEXT NOT NULL,
    day      INTEGER NOT NULL,                  -- days since the epoch, UTC
    source   TEXT NOT NULL,
    accepted INTEGER NOT NULL,
    counts   TEXT NOT NULL,                     -- JSON: state to number
    made_us  INTEGER NOT NULL,
    prev     BLOB NOT NULL,
    hash     BLOB NOT NULL CHECK (length(hash) = 32)
);
CREATE TABLE conserved_at (                     -- the last day that was written, and when days were last looked at
    tenant  TEXT PRIMARY KEY,
    through INTEGER NOT NULL,
    looked  INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX conserved_day ON conserved (tenant, day, source, no);

-- The place in the log of a request's first statement: those that it brought follow one another. How many of them have
-- left the log, by retention or with a person; and of requests that are gone with theirs, by the day of their first.
ALTER TABLE arrivals ADD COLUMN first_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE arrivals ADD COLUMN departed INTEGER NOT NULL DEFAULT 0;
UPDATE arrivals SET first_seq = found.first, departed = max(0, fresh - found.n)
    FROM (SELECT arrival, min(seq) AS first, count(*) AS n FROM statements GROUP BY arrival) AS found
    WHERE found.arrival = arrivals.no;
CREATE INDEX arrivals_first ON arrivals (tenant, first_seq) WHERE fresh > 0;
CREATE TABLE departures (
    tenant TEXT NOT NULL,
    day    INTEGER NOT NULL,
    source TEXT NOT NULL,
    n      INTEGER NOT NULL,
    PRIMARY KEY (tenant, day, source)
) WITHOUT ROWID;
