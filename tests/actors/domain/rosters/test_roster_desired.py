"""From enrolments to seats, and what places are made of."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.canonical import Course, Enrolment, User
from actors.domain.rosters.desired import Desiring, Enrolled
from actors.domain.rosters.model import Desired
from config.rosters import CourseMatch, Roster, RosterInto, placeholders

NOW_US = int(datetime(2026, 11, 29, 12, tzinfo=UTC).timestamp() * 1e6)
MATHS = Course(id="1", iri="https://lms.example.edu/1", code="MATH-101", name="Maths", org_unit="north")
ART = Course(id="2", iri="https://lms.example.edu/2", code="ART-7", org_unit="south")


def a_rule(into: str = "c-{course.code}", **more: object) -> Roster:
    words: dict[str, object] = {"name": "classes", "source": "sis", "to": "slack", **more}
    return Roster(into=RosterInto(channel=into), **words)  # type: ignore[arg-type]


def person(n: int, **more: object) -> User:
    return User(id=str(n), email=f"p{n}@example.edu", display_name=f"P{n}", **more)  # type: ignore[arg-type]


def enrolled(n: int, course: Course = MATHS, user: User | None = None, no: int = 0, **more: object) -> Enrolled:
    enrolment = Enrolment(id=f"e{n}-{course.id}-{no}", user=str(n), course=course.id, **more)  # type: ignore[arg-type]
    return Enrolled(enrolment, user or person(n), course, n)


def seated(rule: Roster, *all_: Enrolled, now_us: int = NOW_US, zone: str = "Europe/Berlin") -> dict[str, Desired]:
    desiring = Desiring(rule, zone, now_us)
    desiring.take(all_)
    return {unit.key: desiring.desired(unit.key) for unit in desiring.units()}


def only(rule: Roster, *all_: Enrolled, **more: object) -> tuple[list[int], list[tuple[int, str]]]:
    (found,) = seated(rule, *all_, **more).values()  # type: ignore[arg-type]
    return [each.person for each in found.seats], [(each.person, each.rule) for each in found.excluded]


def test_each_course_has_a_place_of_its_own_and_its_name_is_made_of_what_it_is_called() -> None:
    found = seated(a_rule(), enrolled(1), enrolled(1, ART), enrolled(2, ART))
    assert {key: each.unit.name for key, each in found.items()} == {"course:1": "c-MATH-101", "course:2": "c-ART-7"}
    assert [each.person for each in found["course:2"].seats] == [1, 2]


def test_a_place_that_the_rule_names_holds_everybody_once() -> None:
    found = seated(a_rule("C0123456789"), enrolled(1), enrolled(1, ART), enrolled(2, ART))
    assert [each.person for each in found["all"].seats] == [1, 2]
    assert found["all"].seats[0].by == ("e1-1-0", "e1-2-0")


@pytest.mark.parametrize(
    ("into", "key"),
    [
        ("s-{section}", "section:S1"),
        ("c-{course.code}-{section}", "course:1|section:S1"),
        ("u-{course.org_unit}", "course.org_unit:north"),
        ("u-{user.org_unit}", "user.org_unit:east"),
        ("k-{user.cohort}", "user.cohort:2026"),
    ],
)
def test_units_may_be_sections_organisational_units_and_cohorts(into: str, key: str) -> None:
    user = person(1, org_unit="east", attributes={"cohort": "2026"})
    assert list(seated(a_rule(into), enrolled(1, user=user, section="S1"))) == [key]


def test_who_lacks_what_the_name_is_made_of_is_told() -> None:
    desiring = Desiring(a_rule("s-{section}"), "UTC", NOW_US)
    desiring.take([enrolled(1)])
    assert not desiring.units()
    (left,) = desiring.unplaced()
    assert (left.person, left.rule) == (1, "no_name")
    assert "{section}" in left.detail


def test_the_last_of_several_enrolments_counts() -> None:
    both = [enrolled(1, no=1, status="ended"), enrolled(1, no=2)]
    assert only(a_rule(), *both) == ([1], [])
    assert only(a_rule(), enrolled(1, no=1, status="ended"), enrolled(1, no=2, status="ended")) == ([], [(1, "ended")])


def test_an_instructor_in_one_enrolment_is_an_owner() -> None:
    found = seated(a_rule(), enrolled(1, no=1), enrolled(1, no=2, role="instructor"))
    assert [each.owner for each in found["course:1"].seats] == [True]


@pytest.mark.parametrize(
    ("words", "more", "rule"),
    [
        ({}, {"role": "observer"}, "role"),
        ({}, {"status": "suspended"}, "suspended"),
        ({"suspended": "keep"}, {"status": "suspended"}, ""),
        ({}, {"status": "completed"}, ""),
        ({"completed": "remove"}, {"status": "completed"}, "completed"),
        ({}, {"status": "invited"}, "invited"),
        ({"invited": "add"}, {"status": "invited"}, ""),
        ({"exclude": ("P1@*",)}, {}, "exclude"),
        ({"exclude": ("p2@*",)}, {}, ""),
        ({}, {"start": "2026-12-01"}, "not_begun"),
        ({"early": "7d"}, {"start": "2026-12-01"}, ""),
        ({}, {"end": "2026-11-28"}, "over"),
        ({}, {"end": "2026-11-29"}, ""),
        ({"late": "7d"}, {"end": "2026-11-28"}, ""),
        ({}, {"end": "2026-11-29T11:59:59Z"}, "over"),
        ({}, {"end": "not a day"}, ""),
        ({}, {"status": "invited", "start": "2026-12-01", "dated": True}, "not_begun"),
        ({"early": "7d"}, {"status": "invited", "start": "2026-12-01"}, "invited"),
        ({"early": "7d"}, {"status": "invited", "start": "2026-12-01", "dated": True}, ""),
        ({}, {"status": "invited", "start": "2026-11-29", "dated": True}, ""),
        ({}, {"status": "invited", "dated": True}, "invited"),
        ({}, {"end": "2026-11-29", "dated": True}, "over"),
        ({}, {"status": "ended", "end": "2026-11-28", "dated": True}, "over"),
        ({"late": "7d"}, {"status": "ended", "end": "2026-11-28"}, "ended"),
        ({"late": "7d"}, {"status": "ended", "end": "2026-11-28", "dated": True}, ""),
        ({"late": "7d"}, {"status": "ended", "dated": True}, "ended"),
        ({"late": "7d"}, {"status": "suspended", "end": "2026-12-28", "dated": True}, "suspended"),
    ],
    ids=str,
)
def test_who_is_enrolled_and_left_out_is_so_by_a_rule(
    words: dict[str, object], more: dict[str, object], rule: str
) -> None:
    seats, excluded = only(a_rule(**words), enrolled(1, **more))
    assert (seats, excluded) == (([], [(1, rule)]) if rule else ([1], []))


def test_an_account_that_is_not_active_is_suspended_everywhere() -> None:
    assert only(a_rule(), enrolled(1, user=person(1, active=False))) == ([], [(1, "suspended")])


def test_days_begin_and_end_where_the_tenant_lives() -> None:
    midnight_us = int(datetime(2026, 11, 30, 23, 30, tzinfo=UTC).timestamp() * 1e6)  # 1 December in Berlin
    begins = enrolled(1, start="2026-12-01")
    assert only(a_rule(), begins, now_us=midnight_us) == ([1], [])
    assert only(a_rule(), begins, now_us=midnight_us, zone="UTC") == ([], [(1, "not_begun")])


def test_when_it_changes_by_itself_is_known() -> None:
    desiring = Desiring(a_rule(), "UTC", NOW_US)
    desiring.take([enrolled(1, start="2026-12-24"), enrolled(2, end="2026-12-01")])
    assert desiring.next_us() == int(datetime(2026, 12, 2, tzinfo=UTC).timestamp() * 1e6)


def test_a_status_that_only_says_its_dates_changes_by_itself_on_the_day() -> None:
    desiring = Desiring(a_rule(early="2d"), "UTC", NOW_US)
    desiring.take([enrolled(1, status="invited", start="2026-12-24", dated=True)])
    assert desiring.next_us() == int(datetime(2026, 12, 22, tzinfo=UTC).timestamp() * 1e6)
    ending = Desiring(a_rule(), "UTC", NOW_US)
    ending.take([enrolled(1, end="2026-12-01", dated=True)])
    assert ending.next_us() == int(datetime(2026, 12, 1, tzinfo=UTC).timestamp() * 1e6)


def test_a_course_that_is_over_is_so_and_leaves_its_people_where_they_are() -> None:
    over = Course(id="1", iri="i", code="X", end="2026-11-01")
    assert seated(a_rule(), enrolled(1, over))["course:1"].over
    closed = Course(id="1", iri="i", code="X", active=False)
    assert seated(a_rule(), enrolled(1, closed))["course:1"].over
    assert not seated(a_rule(), enrolled(1))["course:1"].over


@pytest.mark.parametrize(
    ("match", "found"),
    [
        (CourseMatch(course="MATH-101"), ["course:1"]),
        (CourseMatch(course="MATH-*"), ["course:1"]),
        (CourseMatch(course="2"), ["course:2"]),
        (CourseMatch(org_unit="south"), ["course:2"]),
        (CourseMatch(course="MATH-101", org_unit="south"), []),
    ],
    ids=str,
)
def test_a_rule_is_for_what_fits(match: CourseMatch, found: list[str]) -> None:
    assert list(seated(a_rule(match=match), enrolled(1), enrolled(1, ART))) == found


def test_a_name_with_what_there_is_not_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"there is no \{course.colour\}"):
        placeholders("c-{course.colour}")
    with pytest.raises(ValueError, match="without its other half"):
        placeholders("c-{course.code")


statuses = st.sampled_from(("active", "invited", "suspended", "completed", "ended"))


@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from((MATHS, ART)), statuses), max_size=20), st.randoms())
def test_the_order_of_enrolments_says_nothing(all_: list[tuple[int, Course, str]], random: object) -> None:
    told = [enrolled(n, course, no=i, status=status) for i, (n, course, status) in enumerate(all_)]
    shuffled = list(told)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = seated(a_rule(), *told), seated(a_rule(), *shuffled)
    assert one.keys() == other.keys()
    for key, each in one.items():
        assert {seat.person for seat in each.seats} == {seat.person for seat in other[key].seats}
        assert {(out.person, out.rule) for out in each.excluded} == {
            (out.person, out.rule) for out in other[key].excluded
        }
