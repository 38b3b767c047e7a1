-- Who was erased and is in a place still: nobody knows any more who that is, and they are taken out.
ALTER TABLE roster_kept ADD COLUMN erased INTEGER NOT NULL DEFAULT 0 CHECK (erased IN (0, 1));
