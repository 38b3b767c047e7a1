"""The brake: a reading is judged as a whole, and says all that would be gone."""

import pytest

from actors.domain.harvest import Whole
from actors.domain.removals import Missing, held, in_words, named, once
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
