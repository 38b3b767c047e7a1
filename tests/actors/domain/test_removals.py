"""The brake: a reading is judged as a whole, and says all that would be gone."""

import pytest

from actors.domain.harvest import Whole
from actors.domain.removals import Missing, held, in_words, is_answered, is_emptied, named, once
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
    assert named(in_words(missing)) == {"course", "enrolment"}


def test_nothing_missing_has_no_words() -> None:
    assert (in_words(()), named("")) == ("", frozenset())


def test_each_part_is_looked_at_once() -> None:
    of_one, of_all = Whole(entity="enrolment", scope="c1"), Whole(entity="enrolment")
    other = Whole(entity="assignment", scope="c1")
    assert once([of_one, other, of_one]) == [of_one, other]
    assert once([of_one, other, of_all, of_all]) == [other, of_all]


def test_a_part_that_tells_nobody_is_held_where_five_were_known_and_the_brake_is_on() -> None:
    roster = Whole(entity="enrolment", scope="c1")
    assert is_emptied(BRAKE, roster, 5, 5)
    assert not is_emptied(BRAKE, roster, 4, 4)
    assert not is_emptied(BRAKE, roster, 27, 28), "a teacher is left"
    assert not is_emptied(BRAKE, Whole(entity="grade", scope="c1"), 28, 28), "a gradebook may be reset"
    assert not is_emptied(Removals(percent_max=100), roster, 28, 28)


def test_an_emptied_course_is_named_until_it_or_everything_was_told_again() -> None:
    emptied = [Missing(entity="enrolment", gone=28, of=28, scope="c1")]
    words = in_words(held(BRAKE, {"enrolment": (28, 60)}, emptied))
    assert words == "28 of 60 enrolments would be gone; course c1: nobody of 28 enrolments is left"
    assert not is_answered(words, {Whole(entity="enrolment", scope="c2")})
    assert is_answered(words, {Whole(entity="enrolment", scope="c1")})
    assert is_answered(words, {Whole(entity="enrolment")})
    assert is_answered("", ())
