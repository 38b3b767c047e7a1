"""What is sent again without anybody having looked: soon after its first doubt, later and later if doubt stays, and no
sign of anybody's health."""

import pytest
from deliveries import NOW_US, a_delivery
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.outbox import State
from actors.domain.pulse import Pulse
from actors.domain.retry import decide_probe
from actors.domain.verdicts import Confirmation, Doubtful, Repeatable, Unprobeable

S = 1_000_000
REPEATED: list[Confirmation] = [Repeatable("a PUT"), Unprobeable("nobody can look")]


def wait_s(confirmation: Confirmation, *, attempts: int = 1, consecutive: int = 1, dice: float = 0.5) -> float:
    """How long it waits before it is sent again; its route accepts doubles."""
    decision = decide_probe(
        confirmation,
        a_delivery(attempts=attempts, attempts_max=100, doubtful="resend", state=State.UNKNOWN),
        now_us=NOW_US,
        dice=dice,
        settle_s=5.0,
        late_landing_s=60.0,
        consecutive=consecutive,
    )
    assert decision.state is State.WAITING
    return (decision.due_us - NOW_US) / S


@pytest.mark.parametrize("confirmation", REPEATED)
def test_at_once_after_the_first_doubt_then_at_growing_distances(confirmation: Confirmation) -> None:
    assert [wait_s(confirmation, attempts=attempts) for attempts in (1, 2, 3, 4, 5)] == [0.0, 0.5, 1.0, 2.0, 4.0]


@pytest.mark.parametrize("confirmation", REPEATED)
def test_a_lane_in_which_nothing_else_works_is_in_no_hurry_but_does_not_sleep(confirmation: Confirmation) -> None:
    assert [wait_s(confirmation, consecutive=number) for number in (1, 2, 3, 4, 5)] == [0.0, 0.0, 0.5, 1.0, 2.0]
    assert wait_s(confirmation, consecutive=1_000, dice=1.0) == 15.0


@given(st.sampled_from(REPEATED), st.integers(1, 99), st.integers(1, 10_000), st.floats(0.0, 1.0, exclude_max=True))
def test_never_later_than_any_other_failure(
    confirmation: Confirmation, attempts: int, consecutive: int, dice: float
) -> None:
    assert 0.0 <= wait_s(confirmation, attempts=attempts, consecutive=consecutive, dice=dice) <= 300.0


@pytest.mark.parametrize("confirmation", REPEATED)
def test_it_tells_nothing_of_the_vendor(confirmation: Confirmation) -> None:
    """One at a time, each doubtful and repeated: that is an outage all the same, and stays one."""
    pulse = Pulse(window_max=32)
    for _ in range(3):
        pulse.feel(Doubtful("HTTP 500"), destination="A", now_us=0, wait_us=0, dice=0.5)
        pulse.feel(confirmation, destination="A", now_us=0, wait_us=0, dice=0.5)
    assert pulse.on_probation
