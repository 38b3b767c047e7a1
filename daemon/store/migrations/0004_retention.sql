-- How retention finds what has had its time, without looking at what has not. Measured: no cost that can be told from
-- noise on the way of a delivery.

CREATE INDEX deliveries_done ON deliveries (lane, state, done_us) WHERE done_us IS NOT NULL;

-- Requests that brought nothing new: no statement keeps them.
CREATE INDEX arrivals_idle ON arrivals (tenant, at_us) WHERE fresh = 0;
