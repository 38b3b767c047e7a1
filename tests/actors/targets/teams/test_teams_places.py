"""Where changes go in Teams, and how fast requests may go there."""

import pytest
from teams_stage import CHANNEL, PLACE, TEAM, build, change

from actors.domain.changes import Course
from actors.domain.outbox import Place
from actors.domain.throttle import Limiter
from actors.domain.verdicts import Cause, Refused
from config.model import Audience

COURSE = Course(id="https://moodle.example.edu/course/view.php?id=7", name="Analytical Engines", code="AE-101")
WHERE = {"team": TEAM, "channel": CHANNEL}


def test_a_channel_is_placed_by_its_team() -> None:
    target = build()
    assert target.place(Audience(team=TEAM.upper(), channel=CHANNEL), change()) == Place(destination=PLACE)
    assert target.place(Audience(learner=True), change()) == Place(destination="learner:ada@example.edu")
    assert target.place(Audience(learner=True), change(email="")) == Place(destination="learner:account:x|1")


@pytest.mark.parametrize("key", ["AE-101", COURSE.id])
def test_a_course_has_its_channel(key: str) -> None:
    place = build(course_channels={key: WHERE}).place(Audience(course_channel=True), change(COURSE))
    assert place == Place(destination=PLACE)


@pytest.mark.parametrize(
    ("settings", "audience", "course", "advice"),
    [
        ({}, Audience(channel=CHANNEL), None, "needs its team"),
        ({}, Audience(team="general", channel=CHANNEL), None, "no ids"),
        ({}, Audience(team=TEAM, channel="general"), None, "no ids"),
        ({}, Audience(course_channel=True), None, "names no course"),
        ({}, Audience(course_channel=True), COURSE, "add 'AE-101' = { team = …, channel = … } to course_channels"),
        ({"delegated_token": None}, Audience(team=TEAM, channel=CHANNEL), None, "delegated_token"),
        ({"client_secret": None}, Audience(learner=True), None, "client_secret"),
    ],
)
def test_what_has_no_place_is_told_what_to_do(
    settings: dict[str, object], audience: Audience, course: Course | None, advice: str
) -> None:
    refused = build(**settings).place(audience, change(course))
    assert isinstance(refused, Refused)
    assert refused.cause is Cause.BAD_CONFIGURATION
    assert advice in refused.detail


def test_a_team_takes_no_more_than_it_may_whatever_the_moment() -> None:
    """So many requests after the first one as the limit allows in a time take at least that time."""
    for limit in (0.5, 4.0, 50.0):
        rate = build(limits={"team_per_s": limit}).rate(f"team:{TEAM}")
        limiter, sent, now_s = Limiter(lambda _, rate=rate: rate, 0.0), list[float](), 0.0
        for _ in range(60):
            now_s = limiter.ready_at(["t"], now_s)
            limiter.take(["t"], now_s)
            sent.append(now_s)
        for after in range(1, 30):
            assert sent[20 + after] - sent[20] >= after / limit - 1e-6
        assert sent[-1] - sent[0] <= 59 / limit * 1.06


def test_limits_leave_room_for_a_burst() -> None:
    target = build()
    assert (target.rate(f"channel:{PLACE}").per_s, target.rate(f"channel:{PLACE}").burst) == (4.0, 1.0)
    for bucket, published in (("posts", 50), ("activity", 5), ("reads", 20), ("lookup", 50)):
        rate = target.rate(bucket)
        assert rate.burst + rate.per_s - 1.0 <= published
    assert build(limits={"activity_per_s": 0.5}).rate("activity").per_s == 0.5
