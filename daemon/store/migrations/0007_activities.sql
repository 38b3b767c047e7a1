-- What is known of activities: the definitions that statements brought, merged (actors/domain/xapi/definitions). Written
-- in the transaction that stores the statements, and kept when retention takes those from the log.

CREATE TABLE activities (
    tenant     TEXT NOT NULL,
    id         TEXT NOT NULL,              -- the activity's IRI
    definition BLOB NOT NULL,              -- JSON
    PRIMARY KEY (tenant, id)
);
