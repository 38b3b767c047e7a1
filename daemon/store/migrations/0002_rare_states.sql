-- Deliveries in the states that few are ever in, so that listing one of them never walks past a million waiting rows.

CREATE INDEX deliveries_rare ON deliveries (lane, seq)
    WHERE state IN ('unknown', 'parked', 'held', 'superseded', 'shadowed', 'cancelled');
