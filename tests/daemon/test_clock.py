"""The clock of the process: wall time that nobody can set back or forth under a running delivery."""

from hypothesis import given
from hypothesis import strategies as st

from daemon.clock import FOLLOWED_PER_S, SystemClock

SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US
START_US = 1_800_000_000 * SECOND_US


class Hands:
    """Both clocks of a machine, moved by the test."""

    def __init__(self) -> None:
        self.wall_us = START_US
        self.steady_us = 5 * SECOND_US

    def pass_by(self, us: int) -> None:
        self.wall_us += us
        self.steady_us += us

    def clock(self) -> SystemClock:
        return SystemClock(lambda: self.wall_us, lambda: self.steady_us)


def test_it_begins_at_wall_time_and_goes_on_with_it() -> None:
    hands = Hands()
    clock = hands.clock()
    assert clock.now_us() == START_US
    hands.pass_by(3600 * SECOND_US)
    assert clock.now_us() == START_US + 3600 * SECOND_US


def test_a_wall_clock_that_is_set_is_followed_gradually() -> None:
    hands = Hands()
    clock = hands.clock()
    hands.wall_us += 2 * DAY_US
    hands.pass_by(20 * SECOND_US)
    assert clock.now_us() == START_US + 21 * SECOND_US
    hands.pass_by(40 * DAY_US)
    assert clock.now_us() == hands.wall_us


def test_a_restart_takes_the_wall_clock_as_it_is() -> None:
    hands = Hands()
    hands.clock()
    hands.wall_us -= DAY_US
    assert hands.clock().now_us() == START_US - DAY_US


def test_asking_all_the_time_follows_as_fast_as_asking_rarely() -> None:
    hands = Hands()
    often, rarely = hands.clock(), hands.clock()
    hands.wall_us += DAY_US
    for _ in range(2000):
        hands.pass_by(690)
        often.now_us()
    followed_us = rarely.now_us() - START_US - 2000 * 690
    assert 0 <= rarely.now_us() - often.now_us() <= followed_us * 0.02


@given(st.lists(st.tuples(st.integers(-3 * DAY_US, 3 * DAY_US), st.integers(0, 3600 * SECOND_US)), max_size=30))
def test_it_never_goes_back_and_no_second_is_much_longer_than_a_second(moves: list[tuple[int, int]]) -> None:
    hands = Hands()
    clock = hands.clock()
    before_us = clock.now_us()
    for set_by_us, passes_us in moves:
        hands.wall_us += set_by_us
        hands.pass_by(passes_us)
        now_us = clock.now_us()
        assert now_us >= before_us
        assert abs(now_us - before_us - passes_us) <= passes_us * FOLLOWED_PER_S + 1
        before_us = now_us
