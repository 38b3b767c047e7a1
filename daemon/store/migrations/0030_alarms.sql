-- What happened to the daemon and around it, on one time line: `lmsyncctl events`.
CREATE TABLE happenings (
    no INTEGER PRIMARY KEY AUTOINCREMENT,
    at_us INTEGER NOT NULL,
    kind TEXT NOT NULL,
    tenant TEXT NOT NULL,
    subject TEXT NOT NULL,
    words TEXT NOT NULL
);
CREATE INDEX happenings_at ON happenings (at_us);

-- Alarms that stand, each as it was when it was looked for last; how often one was told is in it.
CREATE TABLE alarms (
    key TEXT PRIMARY KEY,
    body BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE alarms_told (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    last_no INTEGER NOT NULL
);
INSERT INTO alarms_told VALUES (1, 0);
