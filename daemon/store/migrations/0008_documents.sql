-- Documents of the State and profile resources: any bytes of any type, each replaced as a whole. `activity`, `agent` and
-- `registration` are empty where a document has none; `agent` is the agent's key, `agent_json` the identifying part of
-- what it was made of. Contents come last, so that what is read beside them does not read them.
CREATE TABLE documents (
    no           INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant       TEXT NOT NULL,
    kind         TEXT NOT NULL CHECK (kind IN ('state', 'agent_profile', 'activity_profile')),
    activity     TEXT NOT NULL CHECK ((activity <> '') = (kind <> 'agent_profile')),
    agent        TEXT NOT NULL CHECK ((agent <> '') = (kind <> 'activity_profile')),
    registration TEXT NOT NULL CHECK (registration = '' OR kind = 'state'),
    id           TEXT NOT NULL,
    updated_us   INTEGER NOT NULL,
    etag         TEXT NOT NULL CHECK (length(etag) = 40),
    content_type TEXT NOT NULL,
    agent_json   BLOB NOT NULL,
    body         BLOB NOT NULL
);
CREATE UNIQUE INDEX documents_address ON documents (tenant, kind, activity, agent, id, registration);
CREATE INDEX documents_agent ON documents (tenant, agent);
CREATE INDEX documents_age ON documents (tenant, updated_us);
