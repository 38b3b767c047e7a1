"""A few seeds and deaths on every run of the tests; ``make prove`` plays them all."""

import pytest

from tests.simulation.fate import points
from tests.simulation.outcome import outcome_of

FEW = [*range(4), *(f"death {point}" for point in points()[::12]), "letters", "regrets"]


@pytest.mark.parametrize("seed", FEW, ids=str)
def test_nothing_is_lost_and_nothing_doubled(seed: int | str) -> None:
    outcome = outcome_of(seed)
    assert not outcome.faults, outcome.faults[:5]
    assert outcome.effects
