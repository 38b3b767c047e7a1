-- What brought it that a course, a rule's course or a place is due (JSON: correlation id, traceparent, words), so that
-- the orders that follow are of its trace. Empty: nobody's.
ALTER TABLE roster_due ADD COLUMN thread TEXT NOT NULL DEFAULT '';
ALTER TABLE roster_rule_due ADD COLUMN thread TEXT NOT NULL DEFAULT '';
ALTER TABLE roster_places ADD COLUMN thread TEXT NOT NULL DEFAULT '';
