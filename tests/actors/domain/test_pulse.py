"""The lane's pulse: probation for a vendor that is out, none for one bad destination, and recovery without a storm."""

from hypothesis import given
from hypothesis import strategies as st

from actors.domain.pulse import OUTAGE_AFTER, PROBATION_MAX_S, Pulse
from actors.domain.verdicts import Absent, Confirmation, Delivered, Doubtful, Throttled, Unavailable, Verdict

S = 1_000_000
DOWN = Unavailable("HTTP 503")
WELL = Delivered({})


def felt(*story: tuple[Verdict | Confirmation, str], pulse: Pulse | None = None) -> Pulse:
    pulse = pulse or Pulse(window_max=32)
    for answer, destination in story:
        pulse.feel(answer, destination=destination, now_us=0, wait_us=0, dice=0.5)
    return pulse


def test_three_failures_in_a_row_are_an_outage() -> None:
    assert not felt((DOWN, "A"), (DOWN, "B")).on_probation
    pulse = felt((DOWN, "A"), (DOWN, "B"), (DOWN, "C"))
    assert pulse.on_probation
    assert pulse.window == 1
    assert pulse.room(0, 0) == 0
    assert pulse.room(0, pulse.resumes_us()) == 1
    assert pulse.room(1, pulse.resumes_us()) == 0


def test_an_answer_between_them_is_none() -> None:
    assert not felt((DOWN, "A"), (DOWN, "B"), (WELL, "C"), (DOWN, "A"), (DOWN, "B")).on_probation


def test_doubt_is_a_sign_of_illness_and_absence_of_health() -> None:
    sick = felt((Doubtful("HTTP 500"), "A"), (Doubtful("HTTP 500"), "B"), (Doubtful("HTTP 500"), "C"))
    assert sick.on_probation
    assert not felt((Absent(), "A"), pulse=sick).on_probation


def test_one_bad_destination_holds_nobody_else_up() -> None:
    pulse = felt(*[(DOWN, "A")] * 20)
    assert pulse.on_probation
    assert pulse.room(0, 0) == 1
    assert felt((DOWN, "B"), pulse=pulse).room(0, 0) == 0


def test_recovery_doubles_the_window_with_each_answer() -> None:
    pulse = felt(*[(DOWN, name) for name in "ABCDEF"])
    windows = [felt((WELL, "A"), pulse=pulse).window for _ in range(7)]
    assert windows == [2, 4, 8, 16, 32, 32, 32]


def test_a_throttled_lane_waits_as_long_as_it_was_told() -> None:
    pulse = Pulse(window_max=4)
    pulse.feel(Throttled("9"), destination="A", now_us=0, wait_us=9 * S, dice=0.5)
    assert pulse.room(0, 9 * S - 1) == 0
    assert pulse.room(0, 9 * S) == 4
    pulse.feel(Throttled("5", whole_lane=False), destination="A", now_us=9 * S, wait_us=5 * S, dice=0.5)
    assert pulse.room(0, 9 * S) == 4


answers = st.sampled_from([DOWN, WELL, Doubtful("reset"), Absent(), Throttled("1")])


@given(st.lists(st.tuples(answers, st.sampled_from("ABCD")), max_size=80), st.floats(0, 0.999))
def test_what_always_holds(story: list[tuple[Verdict | Confirmation, str]], dice: float) -> None:
    pulse = Pulse(window_max=8)
    row = 0
    for now_us, (answer, destination) in enumerate(story):
        pulse.feel(answer, destination=destination, now_us=now_us, wait_us=S, dice=dice)
        row = row + 1 if isinstance(answer, Unavailable | Doubtful) else 0
        assert pulse.on_probation is (row >= OUTAGE_AFTER)
        assert 1 <= pulse.window <= 8
        assert pulse.window == 1 or not pulse.on_probation
        assert pulse.not_before_us <= now_us + PROBATION_MAX_S * S


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("ABC"), st.floats(0, 0.999)), max_size=80))
def test_the_lane_always_comes_back(story: list[tuple[bool, str, float]]) -> None:
    pulse = Pulse(window_max=16)
    now_us = 0
    for well, destination, dice in story:
        answer = WELL if well else DOWN
        pulse.feel(answer, destination=destination, now_us=now_us, wait_us=0, dice=dice)
        assert pulse.resumes_us() - now_us <= PROBATION_MAX_S * S
        now_us = max(now_us, pulse.resumes_us()) + 1
        assert pulse.room(0, now_us) >= 1


def test_a_clock_set_back_makes_nobody_wait_longer() -> None:
    day = 86_400 * S
    pulse = Pulse(window_max=4)
    pulse.feel(Throttled("9"), destination="A", now_us=day, wait_us=9 * S, dice=0.5)
    pulse.clock_stepped(-3600 * S)
    assert pulse.room(0, day - 3600 * S) == 0
    assert pulse.room(0, day - 3590 * S) == 4
    pulse.clock_stepped(3600 * S)
    assert pulse.room(0, day) == 4


def test_whoever_wants_fewer_requests_and_names_no_time_is_asked_ever_more_seldom() -> None:
    pulse, now_us = Pulse(window_max=32), 0
    for round_ in range(1, 6):
        for destination in "ABC":  # what was under way at once is one answer
            answer = Throttled("soon" if round_ % 2 else None)  # a time that has no sense is none
            pulse.feel(answer, destination=destination, now_us=now_us, wait_us=round_ * S, dice=0.5)
        assert pulse.busy == round_
        now_us += round_ * S
    pulse.feel(Throttled("0"), destination="A", now_us=now_us, wait_us=0, dice=0.5)
    pulse.feel(DOWN, destination="A", now_us=now_us, wait_us=0, dice=0.5)
    assert pulse.busy == 5
    assert felt((WELL, "A"), pulse=pulse).busy == 0
