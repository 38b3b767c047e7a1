-- What a statement told, as it was understood then: so that it can be taken back when the statement is voided, and read
-- back as a feed of changes. `entity` is the key in entities.
ALTER TABLE outcomes ADD COLUMN entity BLOB;
ALTER TABLE outcomes ADD COLUMN change BLOB;
ALTER TABLE outcomes ADD COLUMN origin INTEGER;    -- the statement that told it first and was voided: its deliveries count

-- Statements that told a change that was known already: while one of them stands, voiding another takes nothing back.
CREATE TABLE tellings (
    entity     BLOB NOT NULL,
    occurrence INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    PRIMARY KEY (entity, occurrence, seq)
) WITHOUT ROWID;
CREATE INDEX tellings_seq ON tellings (seq);

-- Deliveries that were on their way when their statement was voided: if they turn out not to have been made, they are
-- made no more.
ALTER TABLE deliveries ADD COLUMN undone INTEGER NOT NULL DEFAULT 0 CHECK (undone IN (0, 1));
