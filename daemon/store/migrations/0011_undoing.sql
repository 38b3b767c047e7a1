-- What a statement told, as it was understood then: so that it can be taken back when the statement is voided, and read
-- back as a feed of changes. `entity` is the key in entities.
ALTER TABLE outcomes ADD COLUMN entity BLOB;
ALTER TABLE outcomes ADD COLUMN change BLOB;
ALTER TABLE outcomes ADD COLUMN origin INTEGER;    -- the statement that told it first and was voided: its deliveries count
-- Of a change: whether it was news when it was told. Of a voiding statement that told no correction: it took one back.
ALTER TABLE outcomes ADD COLUMN news TEXT CHECK (news IN ('new', 'overtaken', 'repeated', 'retracted'));
ALTER TABLE outcomes ADD COLUMN corrects BLOB;     -- the change that this one takes back, by what the feed calls it

-- Statements that told a change that was known already: while one of them stands, voiding another takes nothing back.
CREATE TABLE tellings (
    seq        INTEGER PRIMARY KEY,
    entity     BLOB NOT NULL,
    occurrence INTEGER NOT NULL
);
CREATE INDEX tellings_entity ON tellings (entity, occurrence);

-- What was told late, or replaced before it was sent: whoever never heard of it hears of it when what replaced it is voided.
CREATE INDEX outcomes_overtaken ON outcomes (entity, occurrence) WHERE news = 'overtaken';
CREATE INDEX deliveries_passed ON deliveries (entity) WHERE state = 'superseded' AND entity IS NOT NULL;

-- Deliveries that were on their way when their statement was voided: if they turn out not to have been made, they are
-- made no more.
ALTER TABLE deliveries ADD COLUMN undone INTEGER NOT NULL DEFAULT 0 CHECK (undone IN (0, 1));

-- The feed of changes reads the log in its order, up to the router's cursor. What the router failed on and was told of
-- later stands behind where the cursor was then, so that nobody who had read so far misses it.
CREATE TABLE latecomers (
    seq    INTEGER PRIMARY KEY,        -- the statement
    tenant TEXT NOT NULL,
    at_seq INTEGER NOT NULL,
    place  INTEGER NOT NULL CHECK (place > 0)
);
CREATE UNIQUE INDEX latecomers_place ON latecomers (tenant, at_seq, place);

-- Up to where changes have left the feed by retention.
ALTER TABLE cursors ADD COLUMN gone_seq INTEGER NOT NULL DEFAULT -1;
ALTER TABLE cursors ADD COLUMN gone_place INTEGER NOT NULL DEFAULT 0;
-- The last place that a latecomer was given: none is given again, whatever has left since.
ALTER TABLE cursors ADD COLUMN late_seq INTEGER NOT NULL DEFAULT -1;
ALTER TABLE cursors ADD COLUMN late_place INTEGER NOT NULL DEFAULT 0;
