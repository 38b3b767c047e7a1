"""The brake: a reading is judged as a whole, and says all that would be gone."""

from typing import Any

import pytest

from actors.domain.canonical import Course
from actors.domain.harvest import Whole
from actors.domain.removals import (
    KEPT_MAX,
    SHOWN_MAX,
    Missing,
    held,
    in_words,
    is_answered,
    is_current,
    is_emptied,
    once,
)
from config.polling import Removals

BRAKE = Removals(percent_max=20, count_max=50)


@pytest.mark.parametrize(
    ("gone", "of", "holds"),
    [(0, 0, False), (50, 50, False), (51, 255, False), (51, 254, True), (51, 51, True), (1000, 10_000, False)],
)
def test_both_numbers_must_be_exceeded(gone: int, of: int, holds: bool) -> None:
    assert bool(held(BRAKE, {"enrolment": (gone, of)})) is holds


def test_what_is_missing_beside_is_told_too_in_the_order_of_what_depends_on_what() -> None:
    missing = held(BRAKE, {"enrolment": (60, 60), "grade": (0, 90), "course": (3, 3)})
    assert missing == (Missing(entity="course", gone=3, of=3), Missing(entity="enrolment", gone=60, of=60))
    assert in_words(missing) == "3 of 3 courses, 60 of 60 enrolments would be gone"
    told = {Whole(entity="course"), Whole(entity="enrolment", scope="c1")}
    assert is_answered(missing, told)
    assert not is_answered(missing, {Whole(entity="course")})


def test_nothing_missing_has_no_words() -> None:
    assert in_words(()) == ""


def test_each_part_is_looked_at_once() -> None:
    of_one, of_all = Whole(entity="enrolment", scope="c1"), Whole(entity="enrolment")
    other = Whole(entity="assignment", scope="c1")
    assert once([of_one, other, of_one]) == [of_one, other]
    assert once([of_one, other, of_all, of_all]) == [other, of_all]


def test_a_listing_that_tells_nobody_is_held_where_five_were_known_and_the_brake_is_on() -> None:
    people = Whole(entity="user")
    assert is_emptied(BRAKE, people, 5, 5)
    assert not is_emptied(BRAKE, people, 4, 4)
    assert not is_emptied(BRAKE, people, 27, 28), "somebody is left"
    assert not is_emptied(BRAKE, Whole(entity="grade"), 28, 28), "gradebooks may be reset"
    assert not is_emptied(Removals(percent_max=100), people, 28, 28)


@pytest.mark.parametrize(
    ("course", "odd"),
    [
        ({}, True),
        ({"active": False}, False),
        ({"end": "2026-11-28"}, False),
        ({"end": "2026-11-28T23:00:00Z"}, False),
        ({"end": "2026-11-29"}, True),
    ],
)
def test_a_course_that_is_over_may_be_left_by_all(course: dict[str, Any], odd: bool) -> None:
    assert is_current(Course(id="c1", iri="https://lms.example.edu/c1", **course), "2026-11-29") is odd


def test_an_emptied_course_is_named_until_it_or_everything_was_told_again() -> None:
    emptied = Missing(entity="enrolment", gone=28, of=28, scope="c 1")
    missing = held(BRAKE, {"enrolment": (28, 60)}, [emptied])
    assert in_words(missing) == "28 of 60 enrolments would be gone; course c 1: nobody of 28 enrolments is left"
    assert not is_answered(missing, {Whole(entity="enrolment", scope="c2")})
    assert is_answered(missing, {Whole(entity="enrolment", scope="c 1")})
    assert is_answered(missing, {Whole(entity="enrolment")})
    assert is_answered((), ())


def test_not_all_emptied_courses_are_named() -> None:
    emptied = [Missing(entity="enrolment", gone=9, of=9, scope=f"c{number}") for number in range(KEPT_MAX + 1)]
    missing = held(BRAKE, {"enrolment": (9 * len(emptied), 9_000)}, emptied)
    assert len(missing) == 1 + KEPT_MAX
    assert in_words(missing).endswith(f"course c4: nobody of 9 enrolments is left; and {KEPT_MAX - SHOWN_MAX} more")
