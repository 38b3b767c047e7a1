-- Rosters of many places: what a look needs is found without reading all of them.

CREATE INDEX roster_places_course ON roster_places (tenant, rule, course);
CREATE INDEX roster_places_parked ON roster_places (tenant, parked) WHERE parked <> '';
CREATE INDEX roster_plans_accepted ON roster_plans (tenant, hash) WHERE state = 'accepted';

-- How many people of a place stand how, and ('inside') how many are in it as far as is remembered: kept by triggers, so
-- that nobody counts a hundred thousand of them to know whether one may leave.
CREATE TABLE roster_tallies (
    place INTEGER NOT NULL,
    what  TEXT NOT NULL,
    n     INTEGER NOT NULL CHECK (n >= 0),
    PRIMARY KEY (place, what)
) WITHOUT ROWID;
INSERT INTO roster_tallies SELECT place, standing, count(*) FROM roster_standings GROUP BY place, standing;
INSERT INTO roster_tallies SELECT place, 'inside', count(*) FROM roster_kept WHERE inside = 1 GROUP BY place;

CREATE TRIGGER roster_standings_born AFTER INSERT ON roster_standings BEGIN
    INSERT INTO roster_tallies VALUES (new.place, new.standing, 1) ON CONFLICT (place, what) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER roster_standings_turned AFTER UPDATE OF standing ON roster_standings WHEN old.standing <> new.standing
BEGIN
    UPDATE roster_tallies SET n = n - 1 WHERE place = old.place AND what = old.standing;
    INSERT INTO roster_tallies VALUES (new.place, new.standing, 1) ON CONFLICT (place, what) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER roster_standings_gone AFTER DELETE ON roster_standings BEGIN
    UPDATE roster_tallies SET n = n - 1 WHERE place = old.place AND what = old.standing;
END;
CREATE TRIGGER roster_kept_born AFTER INSERT ON roster_kept WHEN new.inside = 1 BEGIN
    INSERT INTO roster_tallies VALUES (new.place, 'inside', 1) ON CONFLICT (place, what) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER roster_kept_turned AFTER UPDATE OF inside ON roster_kept WHEN old.inside <> new.inside BEGIN
    INSERT INTO roster_tallies VALUES (new.place, 'inside', 1)
        ON CONFLICT (place, what) DO UPDATE SET n = n + new.inside - old.inside;
END;
CREATE TRIGGER roster_kept_gone AFTER DELETE ON roster_kept WHEN old.inside = 1 BEGIN
    UPDATE roster_tallies SET n = n - 1 WHERE place = old.place AND what = 'inside';
END;
CREATE TRIGGER roster_places_gone AFTER DELETE ON roster_places BEGIN
    DELETE FROM roster_tallies WHERE place = old.no;
END;
