"""What becomes of each kind of bad record that systems really send, while what came with it is taken in."""

from pathlib import Path
from typing import Any

import pytest
from intake_desk import HOME
from mapped_desk import MappedDesk, a_mapped_desk, row

from actors.domain.harvest import Record

SCHOOL = (
    row("user", "ada", name="Ada"),
    row("course", "c1", name="Maths"),
    row("assignment", "w1", course="c1", name="Essay"),
)


def ada(**body: Any) -> Record:
    return row("user", "x", **{"name": "Xenia", **body})


def enrolled(**body: Any) -> Record:
    return row("enrolment", "x", **{"user": "ada", "course": "c1", "role": "student", **body})


def graded(**body: Any) -> Record:
    return row("grade", "x", **{"user": "ada", "course": "c1", "work": "w1", "points": 7, "most": 10, **body})


QUARANTINED = {
    "a broken year": (enrolled(start="20190-11-05T13:38:00Z"), "moment", "start"),
    "a month too many": (enrolled(start="2019-13-05"), "moment", "start"),
    "no id of whom it is about": (enrolled(user=None), "required", "user"),
    "an id of spaces": (enrolled(user="  "), "required", "user"),
    "an unknown role": (enrolled(role="Wizard"), "word:role", "role"),
    "an address without @": (ada(mail="xenia.example.edu"), "email", "mail"),
    "less than nothing": (graded(points=-3), "min:0", "points"),
    "a score that is no number": (graded(points="NaN"), "number", "points"),
    "a number that JSON cannot say": (graded(points=float("nan")), "number", "points"),
    "least and most are the same": (graded(least=10, most=10), "range", "most"),
    "least above most": (graded(least=20, most=10), "range", "most"),
    "somebody who is not there": (enrolled(user="nobody"), "reference", "user"),
    "a course that is not there": (graded(course="c9"), "reference", "course"),
    "an id of 600 characters": (row("user", "x" * 600, name="Xenia"), "id", "id"),
    "a name that is a list": (ada(name=[]), "type", "name"),
    "a name cut off within an entity and too long": (row("course", "x", name="n" * 8_192), "max:300", "name"),
}


@pytest.mark.parametrize("what", QUARANTINED)
async def test_it_waits_for_a_person_and_the_rest_is_taken_in(tmp_path: Path, what: str) -> None:
    record, rule, path = QUARANTINED[what]
    async with a_mapped_desk(tmp_path) as desk:
        told = await desk.tell(*SCHOOL, record, row("user", "zoe", name="Zoe"))
        assert "user_created zoe" in told
        assert not any("scored" in each or "graded" in each or "enrolled" in each for each in told)
        flawed = [one for one in await _all(desk) if one.known.state == "quarantined"]
        assert [(flaw.rule, flaw.path) for one in flawed for flaw in one.flaws] == [(rule, path)]
        [one] = flawed
        assert one.flaws[0].suggestion
        assert one.known.canonical == b""
        assert desk.desk.intake.counts.quarantined == 1


async def _all(desk: MappedDesk) -> list[Any]:
    found: list[Any] = []
    place = ("", "")
    while page := await desk.store.remappings.page(1, place):
        found += page
        place = page[-1].place
    return found


MENDED = {
    "an address in upper case": (ada(mail="mailto:Xenia@EXAMPLE.edu "), {"email": "xenia@example.edu"}),
    "HTML in a name": (ada(name="Gr&ouml;&szlig;e &amp; Co"), {"display_name": "Größe & Co"}),
    "yes as a text": (ada(active="0"), {"active": False}),
    "no as a number": (ada(active=0), {"active": False}),
    "the beginning of time": (ada(changed=0), {"updated": None}),
    "half a character in a name": (ada(name="Xe\ud800nia"), {"display_name": "Xe?nia"}),
    "a NUL in a name": (ada(name="Xe\x00nia"), {"display_name": "Xenia"}),
    "a text of 8,192 characters that was cut off": (
        ada(mail="x@example.edu", bio="b" * 8_192),
        {"email": "x@example.edu"},
    ),
    "a name that is decomposed, with spaces": (ada(name="  Ko\u0308nig \n X "), {"display_name": "König X"}),
    "numbers as texts": (graded(points=" 7.5", most="10"), {"score": {"raw": 7.5, "max": 10.0}}),
}


@pytest.mark.parametrize("what", MENDED)
async def test_it_is_mended_in_passing(tmp_path: Path, what: str) -> None:
    record, expected = MENDED[what]
    async with a_mapped_desk(tmp_path) as desk:
        await desk.tell(*SCHOOL, record)
        one = await desk.one(record.entity, "x")
        assert one.flaws == ()
        means = await desk.means(record.entity, "x")
        assert {name: means.get(name) for name in expected} == expected


async def test_of_one_told_twice_the_later_counts_and_is_told_once(tmp_path: Path) -> None:
    async with a_mapped_desk(tmp_path) as desk:
        await desk.tell(*SCHOOL)
        told = await desk.tell(enrolled(role="Wizard"), enrolled(role="teacher"), graded(), graded())
        assert told == ["enrolled ada c1 instructor", f"graded ada {HOME}/paper/w1"]
        assert await desk.desk.flaws() == []


async def test_a_reference_is_taken_in_when_what_it_names_arrives(tmp_path: Path) -> None:
    async with a_mapped_desk(tmp_path) as desk:
        await desk.tell(*SCHOOL, enrolled(user="late"))
        assert await desk.tell(row("user", "late", name="Late")) == ["user_created late", "enrolled late c1 learner"]


async def test_one_that_stood_well_stands_as_it_was_while_it_is_flawed(tmp_path: Path) -> None:
    async with a_mapped_desk(tmp_path) as desk:
        await desk.tell(*SCHOOL, enrolled())
        assert await desk.tell(enrolled(role="Wizard")) == []
        one = await desk.one("enrolment", "x")
        assert (one.known.state, await desk.means("enrolment", "x")) == (
            "quarantined", {"entity": "enrolment", "id": "x", "user": "ada", "course": "c1"},
        )  # fmt: skip
        assert await desk.tell(enrolled(role="teacher")) == ["role_changed ada c1 instructor"]
