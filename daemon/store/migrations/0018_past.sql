-- A reading of the past that somebody asked for and that has not ended, as JSON; empty: there is none.
ALTER TABLE sources ADD COLUMN past TEXT NOT NULL DEFAULT '';
