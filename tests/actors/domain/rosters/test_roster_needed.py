"""Reading only the courses that a rule, or a question, may be about comes to the same as reading all of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.canonical import Course, Enrolment, User
from actors.domain.rosters.desired import Desiring, Enrolled
from actors.domain.rosters.units import needed
from config.rosters import CourseMatch, Roster, RosterInto

NOW_US = 1_800_000_000_000_000
INTO = (
    "c-{course.code}", "c-{course.id}", "{course.org_unit}-{course.name}", "c-{course.code}-{section}",
    "{course.org_unit}", "{user.cohort}", "C0ALL",
)  # fmt: skip
MATCHES = (None, {"course": "M-1"}, {"course": "M*"}, {"org_unit": "north"}, {"cohort": "2026"}, {"section": "1"})
texts = st.sampled_from(["", "1", "2", "M-1", "M-2", "north"])
courses = st.builds(
    Course, id=st.sampled_from(["1", "2", "3", "M-1"]), iri=st.just("https://x.test/1"), code=texts, name=texts,
    external_id=texts, org_unit=texts,
)  # fmt: skip
seats = st.tuples(st.integers(1, 3), st.integers(0, 3), st.sampled_from(["", "1", "2"]), st.sampled_from(["", "2026"]))


def made(rule: Roster, all_: list[Enrolled]) -> tuple[dict[str, object], object, object]:
    desiring = Desiring(rule, "UTC", NOW_US)
    desiring.take(all_)
    return {unit.key: desiring.desired(unit.key) for unit in desiring.units()}, desiring.unplaced(), desiring.next_us()


@given(
    st.lists(courses, min_size=1, max_size=4, unique_by=lambda each: each.id),
    st.lists(seats, max_size=12),
    st.sampled_from(INTO),
    st.sampled_from(MATCHES),
    st.sampled_from(["", "1", "M-1", "c-M-1", "course:1", "north", "north-2", "nobody"]),
)
def test_what_is_not_read_would_have_changed_nothing(
    there: list[Course], told: list[tuple[int, int, str, str]], into: str, match: dict[str, str] | None, asked: str
) -> None:
    words = CourseMatch(**match) if match else None
    rule = Roster(name="r", source="sis", to="slack", into=RosterInto(channel=into), match=words)
    all_ = []
    for n, at, section, cohort in told:
        course = there[at % len(there)]
        user = User(id=str(n), attributes={"cohort": cohort} if cohort else {})
        enrolment = Enrolment(id=f"e{len(all_)}", user=user.id, course=course.id, section=section)
        all_.append(Enrolled(enrolment, user, course, n))
    few = set(needed(rule, there, asked))
    units, unplaced, next_us = made(rule, all_)
    less, left, later = made(rule, [each for each in all_ if each.course.id in few])
    if not asked:
        assert (less, left, later) == (units, unplaced, next_us)
    chosen = [{key: of for key, of in each.items() if is_meant(of, asked)} for each in (units, less)]
    assert chosen[0] == chosen[1]


def is_meant(desired: object, asked: str) -> bool:
    unit = desired.unit  # type: ignore[attr-defined]  # a Desired
    return asked in (unit.course, unit.label, unit.name, unit.key)


@pytest.mark.parametrize("match", [{"course": "M-1"}, {"org_unit": "north"}])
def test_a_rule_of_one_course_needs_no_other(match: dict[str, str]) -> None:
    there = [Course(id=str(n), iri="", code=f"M-{n}", org_unit="north" if n == 1 else "south") for n in range(100)]
    rule = Roster(name="r", source="s", to="t", into=RosterInto(channel="C0ALL"), match=CourseMatch(**match))
    assert needed(rule, there) == ["1"]
    of_all = Roster(name="r", source="s", to="t", into=RosterInto(channel="c-{course.code}"))
    assert needed(of_all, there, "M-7") == ["7"]
