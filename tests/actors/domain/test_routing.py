"""Rules and their matching."""

from actors.domain.changes import ROUTE_WORDS, AnyChange, Course, CourseCompleted, Enrolled
from actors.domain.outbox import Place
from actors.domain.people import Learner
from actors.domain.routing import destinations, matches, too_old
from actors.domain.verdicts import Cause, Refused
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
    assert words == ROUTE_WORDS
    assert all(kind.words and kind.aspect for kind in AnyChange.__args__)
    assert Enrolled.aspect == "enrolment"


def test_what_happened_before_the_horizon_is_too_old() -> None:
    assert too_old(happened_us=0, now_us=101, horizon_us=100)
    assert not too_old(happened_us=1, now_us=101, horizon_us=100)
