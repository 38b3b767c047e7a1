-- What became of deliveries, counted by hour as it happens, so that nobody ever adds up a million rows: `stats`, `report`.
-- what: 'state' (which: made, delivered, dead, ...), 'send' or 'probe' (which: the verdict; bucket: how long it took, see
-- domain/sla), 'call' (which: the vendor's operation). A digest is counted by what stands in it.
CREATE TABLE figures (
    tenant TEXT NOT NULL,
    hour   INTEGER NOT NULL,
    route  TEXT NOT NULL,
    target TEXT NOT NULL,
    what   TEXT NOT NULL CHECK (what IN ('state', 'send', 'probe', 'call')),
    which  TEXT NOT NULL,
    bucket INTEGER NOT NULL,
    n      INTEGER NOT NULL,
    PRIMARY KEY (tenant, hour, route, target, what, which, bucket)
) WITHOUT ROWID;
-- Of before it was counted it is known how many arrived, not where.
INSERT INTO figures SELECT tenant, hour, route, '', 'state', 'delivered', 0, sum(n) FROM propagation
    GROUP BY tenant, hour, route;

-- Each change of a delivery's state in the order in which it was committed, for whoever follows (`watch`). The newest
-- stay: numbers are without gaps, so that a reader knows how many it has missed. Claims are not in it.
CREATE TABLE moves (
    no    INTEGER PRIMARY KEY,
    seq   INTEGER NOT NULL,
    lane  TEXT NOT NULL,
    route TEXT NOT NULL,
    state TEXT NOT NULL,
    at_us INTEGER              -- NULL: the delivery's history has it
);
CREATE TRIGGER moves_trimmed AFTER INSERT ON moves WHEN new.no % 1024 = 0 BEGIN
    DELETE FROM moves WHERE no <= new.no - 65536;
END;

CREATE TRIGGER deliveries_made AFTER INSERT ON deliveries BEGIN
    INSERT INTO moves (seq, lane, route, state, at_us)
        VALUES (new.seq, new.lane, new.route, new.state, max(new.accepted_us, new.routed_us));
    INSERT INTO figures SELECT substr(new.lane, 1, instr(new.lane, '/') - 1), new.accepted_us / 3600000000, new.route,
        substr(new.lane, instr(new.lane, '/') + 1), 'state', 'made', 0, 1 WHERE new.kind <> 'digest'
        ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER deliveries_made_ended AFTER INSERT ON deliveries
    WHEN new.done_us IS NOT NULL AND new.kind <> 'digest' BEGIN
    INSERT INTO figures VALUES (substr(new.lane, 1, instr(new.lane, '/') - 1), new.done_us / 3600000000, new.route,
        substr(new.lane, instr(new.lane, '/') + 1), 'state', new.state, 0, 1)
        ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER deliveries_moved_on AFTER UPDATE OF state ON deliveries
    WHEN old.state <> new.state AND new.state <> 'claimed' BEGIN
    INSERT INTO moves (seq, lane, route, state, at_us)
        VALUES (new.seq, new.lane, new.route, new.state, new.done_us);
END;
CREATE TRIGGER deliveries_ended AFTER UPDATE OF state ON deliveries
    WHEN old.state <> new.state AND new.done_us IS NOT NULL AND new.kind <> 'digest' BEGIN
    INSERT INTO figures VALUES (substr(new.lane, 1, instr(new.lane, '/') - 1), new.done_us / 3600000000, new.route,
        substr(new.lane, instr(new.lane, '/') + 1), 'state', new.state, 0, 1)
        ON CONFLICT DO UPDATE SET n = n + 1;
END;

-- What went wrong last in each lane; the delivery has the words.
CREATE TABLE lane_faults (
    lane    TEXT PRIMARY KEY,
    seq     INTEGER NOT NULL,
    at_us   INTEGER NOT NULL,
    verdict TEXT NOT NULL
) WITHOUT ROWID;
