"""Events come in any order, and beside readings: how things stood before what is known changes nothing."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from intake_desk import HOME, SOURCE, Desk, a_desk, course, enrolment, record, user

from actors.domain.harvest import Record, Whole

FIRST = (user("ada"), course("c1"))
WORK = record("assignment", "w1", course="c1", iri=f"{HOME}/w1", name="Paper")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with a_desk(tmp_path) as desk:
        yield desk


def at(second: float) -> str:
    return f"2026-09-01T10:00:{second:09.6f}".rstrip("0").rstrip(".") + "Z"


def event(of: Record, second: float, **more: Any) -> Record:
    """The same as an event of that time."""
    changed = msgspec.structs.replace(of, form="event", partial=True, body={**of.body, "updated": at(second)})
    return msgspec.structs.replace(changed, **more)


EACH = [
    pytest.param(user("ada"), "user_created ada", id="user"),
    pytest.param(WORK, f"assignment_posted system {HOME}/w1", id="assignment"),
    pytest.param(enrolment("e1"), "enrolled ada c1 learner", id="enrolment"),
    pytest.param(
        record("grade", "g1", user="ada", course="c1", score={"raw": 4.0}), "graded ada c1", id="grade of a course"
    ),
    pytest.param(
        record("submission", "s1", user="ada", assignment="w1", at=at(1)), f"submitted ada {HOME}/w1", id="submission"
    ),
]


@pytest.mark.parametrize(("thing", "said"), EACH)
async def test_what_is_gone_before_anybody_knew_of_it_does_not_come_with_an_older_event(
    desk: Desk, thing: Record, said: str
) -> None:
    await desk.tell(*(each for each in (*FIRST, WORK) if each.entity != thing.entity))
    assert await desk.tell(event(thing, 7, gone=True)) == []
    assert (await desk.states())[thing.id] == "gone"
    counts = desk.intake.counts
    assert (counts.gone, counts.changed) == (0, 0), "nothing that was there went"
    assert await desk.tell(event(thing, 5)) == []
    assert (await desk.states())[thing.id] == "gone"
    assert await desk.tell(event(thing, 8)) == [said]


async def test_a_course_that_is_gone_before_anybody_knew_of_it_takes_nobody_in(desk: Desk) -> None:
    await desk.tell(user("ada"), event(course("c1"), 7, gone=True), event(course("c1"), 5))
    assert await desk.tell(enrolment("e1")) == []
    assert (await desk.states())["e1"] == "quarantined"
    assert await desk.tell(event(course("c1"), 9)) == ["enrolled ada c1 learner"]


async def test_the_same_word_that_it_is_gone_is_written_once(desk: Desk) -> None:
    gone = event(enrolment("e1"), 7, gone=True)
    await desk.tell(*FIRST, gone)
    before = await desk.writes()
    assert await desk.tell(gone, gone) == []
    assert await desk.tell(event(enrolment("e1"), 6, gone=True), enrolment("e1", gone=True)) == []
    assert await desk.writes() == before


async def test_who_went_twice_is_not_brought_back_from_between(desk: Desk) -> None:
    await desk.tell(*FIRST, enrolment("e1", updated=at(1)))
    assert await desk.tell(event(enrolment("e1"), 5, gone=True)) == ["unenrolled ada c1"]
    assert await desk.tell(event(enrolment("e1"), 9, gone=True)) == []
    assert await desk.tell(event(enrolment("e1"), 7)) == []


async def test_a_reading_remembers_nothing_of_what_it_shows_as_gone(desk: Desk) -> None:
    before = await desk.writes()
    await desk.tell(enrolment("e1", gone=True, updated=at(7)))
    assert await desk.writes() == before


async def test_what_waits_is_not_replaced_by_what_is_older(desk: Desk) -> None:
    await desk.tell(course("c1"), event(enrolment("e1", role="instructor"), 7))
    await desk.tell(event(enrolment("e1"), 5))
    assert await desk.tell(user("ada")) == ["user_created ada", "enrolled ada c1 instructor"]


async def test_what_waits_is_gone_with_its_time(desk: Desk) -> None:
    await desk.tell(course("c1"), event(enrolment("e1"), 5))
    await desk.tell(event(enrolment("e1"), 4, gone=True))
    assert (await desk.states())["e1"] == "quarantined", "that was before"
    await desk.tell(event(enrolment("e1"), 7, gone=True))
    assert desk.intake.counts.gone == 1
    await desk.tell(event(enrolment("e1"), 6))
    assert await desk.tell(user("ada")) == ["user_created ada"]


async def test_a_time_told_to_the_second_is_not_older_within_it(desk: Desk) -> None:
    await desk.tell(*FIRST, event(enrolment("e1"), 5.218))
    assert await desk.tell(enrolment("e1", role="mentor", updated=at(5))) == ["role_changed ada c1 mentor"]
    assert await desk.tell(event(enrolment("e1", role="observer"), 4.9)) == []
    assert await desk.tell(event(enrolment("e1", role="observer"), 6.5)) == ["role_changed ada c1 observer"]
    assert await desk.tell(event(enrolment("e1", role="designer"), 6.25)) == []


async def test_a_reading_without_times_does_not_make_late_events_new(desk: Desk) -> None:
    await desk.tell(*FIRST, event(user("ada", display_name="Ada King"), 5))
    await desk.tell(user("ada", display_name="Ada King", org_unit="X"))
    assert await desk.tell(event(user("ada", display_name="Ada Byron"), 4)) == []
    before = await desk.writes()
    desk.begin()
    assert await desk.tell(user("ada", display_name="Ada King", org_unit="X")) == []
    assert await desk.writes() == before
    assert await desk.tell(event(user("ada", display_name="Ada L."), 6)) == ["user_updated ada"]


async def test_a_grade_that_is_read_is_as_new_as_the_event_that_told_of_it_later(desk: Desk) -> None:
    """The event bears the time when it was sent, the grade itself when it was given."""
    grade = record("grade", "g1", user="ada", course="c1", score={"raw": 4.0}, hidden=True)
    await desk.tell(*FIRST, event(grade, 9))
    shown = record("grade", "g1", user="ada", course="c1", score={"raw": 4.0}, updated=at(5))
    assert await desk.tell(shown) == ["graded ada c1"]
    earlier = record("grade", "g1", user="ada", course="c1", score={"raw": 3.0}, updated="2026-09-01T09:00:00Z")
    assert await desk.tell(earlier) == [], "an hour is no delay of an event"


async def test_who_is_absent_comes_back_as_they_were(desk: Desk) -> None:
    """Of absence nobody tells since when: a listing that shows them again is believed."""
    await desk.tell(*FIRST, enrolment("e1", updated=at(5)))
    desk.begin()
    await desk.tell(*FIRST)
    await desk.intake.whole(Whole(entity="enrolment"))
    assert await desk.said() == ["unenrolled ada c1"]
    assert await desk.tell(enrolment("e1", updated=at(5))) == ["enrolled ada c1 learner"]


async def test_an_event_that_makes_no_sense_takes_away_all_the_same(desk: Desk) -> None:
    await desk.tell(*FIRST, enrolment("e1"))
    assert await desk.tell(event(enrolment("e1", bad=1), 5, gone=True)) == ["unenrolled ada c1"]
    assert await desk.tell(event(enrolment("e2", bad=1), 5, gone=True)) == []
    assert "e2" not in await desk.states()
    known = await desk.store.records.known(SOURCE, [("enrolment", "e1")])
    assert known["enrolment", "e1"].state == "gone"
