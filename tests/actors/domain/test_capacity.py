"""Which limit is nearest, who waits how long in the busiest hour, and what never catches up."""

import pytest

from actors.domain.capacity import needs, scaled, together
from actors.domain.outbox import Rate

RATES = {"workspace": Rate(per_s=10.0, burst=20.0), "channel": Rate(per_s=1.0), "method": Rate(per_s=0.1, burst=5.0)}
DAY = {("channel:A", "workspace"): 90_000.0, ("channel:B", "workspace"): 10.0, ("method:find",): 100.0}


def rate(bucket: str) -> Rate:
    return RATES[bucket.partition(":")[0]]


def test_the_limit_that_is_nearest_comes_first_and_of_places_only_the_busiest() -> None:
    found = needs(DAY, scaled(DAY, 0.1), rate)
    assert [(need.bucket, need.of) for need in found] == [("channel:A", 2), ("workspace", 1), ("method:find", 1)]
    first, second, third = found
    assert first.percent == pytest.approx(250.0)
    assert first.wait_s == pytest.approx(9_000 - 1 - 3_600)
    assert first.never
    assert (second.percent, second.wait_s, second.never) == (pytest.approx(25.0, abs=0.1), 0.0, False)
    assert third.percent == pytest.approx(100 * 10 / 360)


def test_a_bucket_named_twice_is_drawn_from_once_and_loads_add_up() -> None:
    [need] = needs(together([{("workspace", "workspace"): 5.0}, {("workspace",): 2.5}]), {}, rate)
    assert (need.per_day, need.busiest_hour) == (7.5, 0.0)
    assert needs({}, {}, rate) == []
