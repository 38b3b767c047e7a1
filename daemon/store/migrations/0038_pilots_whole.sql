-- Who of a pilot's members was named one by one (1: counted, 2: another name of the same person), and up to which
-- delivery what waits is called off, where it was stopped towards nobody and that is not done yet (0: it is).
ALTER TABLE pilot_members ADD COLUMN listed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX pilot_members_listed ON pilot_members (pilot) WHERE listed = 1;
ALTER TABLE pilots ADD COLUMN off_seq INTEGER NOT NULL DEFAULT 0;
CREATE INDEX pilots_off ON pilots (tenant) WHERE off_seq > 0;
CREATE INDEX deliveries_pilot_open ON deliveries (pilot, seq) WHERE pilot IS NOT NULL AND state IN ('waiting', 'held');
