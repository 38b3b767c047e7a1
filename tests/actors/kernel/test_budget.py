"""The restart budget and the backoff, against plain definitions of themselves."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.kernel import Backoff, Budget
from actors.kernel.budget import Spending

backoffs = st.builds(
    lambda first_s, more_s, factor, jitter: Backoff(
        first_s=first_s, max_s=first_s + more_s, factor=factor, jitter=jitter
    ),
    st.floats(0, 100),
    st.floats(0, 1000),
    st.floats(1, 1e6),
    st.floats(0, 1),
)
chances = st.floats(0, 1, exclude_max=True)


@given(
    st.integers(0, 5),
    st.integers(1, 20),
    st.lists(st.integers(0, 10), max_size=60),
)
def test_no_window_ever_holds_more_than_the_budget(restarts_max: int, period: int, gaps: list[int]) -> None:
    spending = Spending(Budget(restarts_max, float(period)))
    taken: list[int] = []
    now = 0
    for gap in gaps:
        now += gap
        in_window = [at for at in taken if now - at < period]
        granted = spending.spend(float(now))
        assert granted == (len(in_window) < restarts_max)
        if granted:
            taken.append(now)


@given(backoffs, st.integers(0, 10_000), chances)
def test_a_delay_is_within_its_bounds(backoff: Backoff, streak: int, chance: float) -> None:
    delay_s = backoff.delay_s(streak, chance)
    assert 0 <= delay_s <= backoff.max_s
    assert delay_s >= backoff.first_s * (1 - backoff.jitter) * (1 - 1e-9)


@given(backoffs, st.integers(0, 200), chances)
def test_delays_grow_with_the_streak(backoff: Backoff, streak: int, chance: float) -> None:
    assert backoff.delay_s(streak + 1, chance) >= backoff.delay_s(streak, chance)


def test_delays_double_up_to_the_ceiling() -> None:
    backoff = Backoff(first_s=1, factor=2, max_s=10, jitter=0.5)
    assert [backoff.delay_s(streak, 0.0) for streak in range(6)] == [1, 2, 4, 8, 10, 10]
    assert backoff.delay_s(3, 0.5) == 6


def test_a_healthy_period_forgets_the_streak() -> None:
    backoff = Backoff(healthy_s=60)
    assert backoff.streak_after(7, ran_s=59.9) == 7
    assert backoff.streak_after(7, ran_s=60) == 0


@pytest.mark.parametrize(
    "nonsense",
    [
        lambda: Budget(-1, 1),
        lambda: Budget(1, 0),
        lambda: Backoff(first_s=2, max_s=1),
        lambda: Backoff(factor=0.5),
        lambda: Backoff(jitter=1.5),
        lambda: Backoff(healthy_s=-1),
    ],
)
def test_nonsense_is_refused(nonsense: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"needs|is"):
        nonsense()
