"""Rules and their matching; the lane's pulse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.changes import ROUTE_WORDS, AnyChange, Course, CourseCompleted, Enrolled
from actors.domain.outbox import Place
from actors.domain.people import Learner
from actors.domain.pulse import OUTAGE_AFTER, PROBATION_MAX_S, Pulse
from actors.domain.routing import destinations, matches
from actors.domain.verdicts import Cause, Delivered, Refused, Throttled, Unavailable
from config.model import Audience, Route

CHANGE = CourseCompleted(learner=Learner(key="a"), at="2026-01-01T00:00:00Z", course=Course(id="c"))


def route(name: str, *when: str, to: str = "slack", channel: str = "C1") -> Route:
    return Route(name=name, when=when, to=to, audience=Audience(channel=channel))


def place(target: str, audience: Audience, change: AnyChange) -> Place | Refused:
    if audience.channel == "nowhere":
        return Refused(Cause.BAD_CONFIGURATION, "no such channel")
    return Place(destination=audience.channel or "")


def test_completed_means_activity_or_course() -> None:
    assert matches(route("r", "completed"), CHANGE)
    assert matches(route("r", "course_completed"), CHANGE)
    assert not matches(route("r", "activity_completed"), CHANGE)
    assert not matches(route("r", "enrolled"), CHANGE)


def test_the_first_matching_route_wins_a_destination() -> None:
    routes = [route("a", "completed"), route("b", "completed"), route("c", "completed", channel="C2")]
    assert [(r.name, where) for r, where, _ in destinations(CHANGE, routes, place)] == [("a", "C1"), ("c", "C2")]


def test_one_destination_at_two_targets_is_two() -> None:
    routes = [route("a", "completed"), route("b", "completed", to="teams")]
    assert len(destinations(CHANGE, routes, place)) == 2


def test_a_refused_place_stays_visible() -> None:
    [(_, where, refusal)] = destinations(CHANGE, [route("a", "completed", channel="nowhere")], place)
    assert where == "?a"
    assert refusal == Refused(Cause.BAD_CONFIGURATION, "no such channel")


def test_every_kind_has_a_word_and_every_word_a_kind_or_a_clock() -> None:
    words = {word for kind in AnyChange.__args__ for word in kind.words}
    assert words | {"due_soon"} == ROUTE_WORDS
    assert all(kind.words and kind.aspect for kind in AnyChange.__args__)
    assert Enrolled.aspect == "enrolment"


def test_an_outage_narrows_the_lane_to_one_and_recovery_doubles() -> None:
    pulse = Pulse(window_max=32)
    for _ in range(OUTAGE_AFTER):
        assert pulse.window == 32
        pulse.feel(Unavailable("down"), now_us=0, wait_us=0, dice=0.5)
    assert pulse.window == 1
    assert pulse.outage == "down"
    assert pulse.room(0, 0) == 0
    assert pulse.room(0, pulse.resumes_us()) == 1
    for expected in (2, 4, 8):
        pulse.feel(Delivered({}), now_us=0, wait_us=0, dice=0.5)
        assert pulse.window == expected
    assert pulse.outage == ""


@pytest.mark.parametrize("whole_lane", [True, False])
def test_a_throttle_holds_the_lane_only_if_it_means_the_lane(whole_lane: bool) -> None:
    pulse = Pulse(window_max=4)
    pulse.feel(Throttled(retry_after="7", whole_lane=whole_lane), now_us=100, wait_us=7_000_000, dice=0.5)
    assert pulse.room(0, 200) == (0 if whole_lane else 4)
    assert pulse.room(1, 7_000_101) == 3


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 0.999)), max_size=80))
def test_the_lane_always_comes_back(answers: list[tuple[bool, float]]) -> None:
    pulse = Pulse(window_max=16)
    now_us = 0
    for well, dice in answers:
        answer = Delivered({}) if well else Unavailable("down")
        pulse.feel(answer, now_us=now_us, wait_us=0, dice=dice)
        assert 1 <= pulse.window <= 16
        assert pulse.resumes_us() - now_us <= PROBATION_MAX_S * 1e6
        now_us = max(now_us, pulse.resumes_us()) + 1
        assert pulse.room(0, now_us) >= 1
