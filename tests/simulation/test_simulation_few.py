"""A few seeds and deaths on every run of the tests; ``make prove`` plays them all."""

import pytest

from tests.simulation.campaign import campaign
from tests.simulation.fate import points

FEW = [*range(4), *(f"death {point}" for point in points()[::12]), "letters", "regrets"]


@pytest.mark.parametrize("seed", FEW, ids=str)
def test_nothing_is_lost_and_nothing_doubled(seed: int | str) -> None:
    totals = campaign([seed], twice_every=0)
    assert not totals.failed, [fault for outcome in totals.failed for fault in outcome.faults[:5]]
    assert totals.seeds == 1
