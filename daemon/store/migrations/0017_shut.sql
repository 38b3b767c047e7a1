-- Parts of a source (an entity in a scope; '' in all of them) that were never read whole though they were there: what is
-- found in them first is told to nobody.
CREATE TABLE shut (
    source INTEGER NOT NULL,
    entity TEXT NOT NULL,
    scope  TEXT NOT NULL,
    PRIMARY KEY (source, entity, scope)
) WITHOUT ROWID;

-- It went to quarantine when nobody was to be told of it.
ALTER TABLE records ADD COLUMN quiet INTEGER NOT NULL DEFAULT 0 CHECK (quiet IN (0, 1));
