-- How often a conflict was decided or taken back: whoever presses a button says which of these they saw.
ALTER TABLE conflicts ADD COLUMN decisions INTEGER NOT NULL DEFAULT 0;
