"""What the first table makes of OneRoster's words, in both forms, and what it puts aside."""

import msgspec
import pytest
from meant import Table
from memory_depot import MemoryDepot
from oneroster_desk import INBOX, NOW_US, Desk, bundle, small
from test_oneroster_rest import Service

from actors.domain.canonical import AnyEntity, Assignment, Course, Enrolment, Flaw, Grade, User
from actors.domain.changes import Score
from actors.domain.mapping import Frame

HOME = "urn:lmsyncd:acme:sis"
FRAME = Frame(home_page=HOME, tenant="acme", source="sis", timezone="Europe/Berlin", locale="de-DE", now_us=NOW_US)
TABLE = Table("oneroster", FRAME)
means = TABLE.meaning


async def told(**files: list[str] | str) -> dict[tuple[str, str], AnyEntity | tuple[Flaw, ...]]:
    depot = MemoryDepot()
    depot.drop(INBOX, "a.zip", bundle(**files))
    return {(record.entity, record.id): means(record) for record in (await Desk(depot).read()).records}


def test_the_table_has_no_problems() -> None:
    entities = ("user", "course", "enrolment", "assignment", "grade")
    assert TABLE.mapped.forms == {(entity, form) for entity in entities for form in ("csv", "rest")}


async def test_files_mean_people_classes_and_who_is_in_them() -> None:
    found = await told()
    assert found["user", "u1"] == User(
        id="u1", email="ada@example.edu", display_name="Ada Lovelace", given_name="Ada", family_name="Lovelace",
        org_unit="Hillside School", identifiers={"sourcedid": "u1", "username": "ada"}, attributes={"role": "student"},
    )  # fmt: skip
    assert isinstance(grace := found["user", "u2"], User)
    assert not grace.active
    assert found["course", "c1"] == Course(
        id="c1", iri=f"{HOME}/classes/c1", name="Mathematics A", code="MATH-101", external_id="c1",
        org_unit="Hillside School", start="2026-08-15", end="2027-06-10",
        attributes={"course": "Mathematics", "term": "Autumn"},
    )  # fmt: skip
    enrolments = [each for each in found.values() if isinstance(each, Enrolment)]
    assert [(each.user, each.course, each.role, each.status) for each in enrolments] == [
        ("u1", "c1", "learner", "active"),
        ("u2", "c1", "learner", "invited"),
        ("u3", "c1", "instructor", "active"),
        ("u1", "c2", "learner", "ended"),
    ]
    assert (enrolments[0].start, enrolments[0].end) == ("2026-08-15", "2027-06-10")
    assert found["assignment", "l1"] == Assignment(
        id="l1", course="c1", iri=f"{HOME}/lineItems/l1", name="First paper", due="2026-10-01", points_max=20.0
    )
    assert found["grade", "r1"] == Grade(
        id="r1",
        user="u1",
        course="c1",
        assignment="l1",
        score=Score(raw=17.5, min=0.0, max=20.0),
        at="2026-08-29T22:00:00Z",
    )


@pytest.mark.parametrize("version", ["1.1", "1.2"])
async def test_the_service_means_the_same(version: str) -> None:
    service = Service(version=version)
    records = (await service.read("full")).records
    found = {(record.entity, record.id): means(record) for record in records}
    assert not [each for each in found.values() if isinstance(each, tuple)]
    course = found["course", "113"]
    assert isinstance(course, Course)
    assert (course.code, course.name, course.start, course.end) == (
        "CS101", "Introduction to Computing", "2026-08-01", "2027-07-31",
    )  # fmt: skip
    user = found["user", "101"]
    assert isinstance(user, User)
    assert (user.email, user.org_unit, user.attributes["role"]) == ("person1@example.edu", "Sandbox School", "student")
    grade = found["grade", "123-101"]
    assert isinstance(grade, Grade)
    assert grade.score == Score(raw=87.5, min=0.0, max=100.0)
    roles = {each.role for each in found.values() if isinstance(each, Enrolment)}
    assert roles == {"learner", "instructor"}


async def test_a_real_school_has_no_flaws() -> None:
    depot = MemoryDepot()
    depot.drop(INBOX, "school.zip", small())
    found = [means(record) for record in (await Desk(depot).read()).records]
    assert not [each for each in found if isinstance(each, tuple)]
    assert len(found) == 667


@pytest.mark.parametrize(
    ("rows", "rule", "path"),
    [
        ({"users": ["u1,,,true,o1,student,ada,Ada,Lovelace,ada.example.edu,"]}, "email", "email"),
        ({"users": ["u1,,,perhaps,o1,student,ada,Ada,Lovelace,ada@example.edu,"]}, "boolean", "enabledUser"),
        ({"users": ["u1,,yesterday,true,o1,student,ada,Ada,L,ada@example.edu,"]}, "moment", "dateLastModified"),
        ({"classes": ["c1,,,,k1,,scheduled,o1,t1"]}, "required", "title"),
        ({"enrollments": ["e1,,,c1,o1,u1,janitor,,,"]}, "word:role", "role"),
        ({"enrollments": ["e1,,,c1,o1,,student,,,"]}, "required", "userSourcedId"),
        ({"enrollments": ["e1,,,c1,o1,u1,student,,15.8.2026,"]}, "date", "beginDate"),
        ({"enrollments": ["e1,,,c1,o1,u1,student,,2027-01-01,2026-01-01"]}, "order", "endDate"),
        ({"results": ["r1,,,l1,u1,fully graded,a lot,2026-08-30"]}, "number", "score"),
    ],
)
async def test_one_bad_cell_is_told_where_it_stands(rows: dict[str, list[str]], rule: str, path: str) -> None:
    found = await told(**rows)  # type: ignore[arg-type]  # each is a file's rows
    [flaws] = [each for each in found.values() if isinstance(each, tuple)]
    assert [(flaw.rule, flaw.path) for flaw in flaws] == [(rule, path)]
    assert msgspec.json.encode(flaws[0].suggestion) != b'""'
