-- Data that belongs to its owners: history brought in by an import, and persons who were erased.

-- An import's statements count as known, and are announced to nobody.
ALTER TABLE arrivals ADD COLUMN quiet INTEGER NOT NULL DEFAULT 0 CHECK (quiet IN (0, 1));

-- Who else declares a content: an export gives it once, with the first of them.
CREATE INDEX attachments_content ON attachments (content, seq);
