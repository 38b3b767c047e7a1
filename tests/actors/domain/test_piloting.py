"""Who is in a pilot: evenly, for good, and by each pilot's own salt."""

from hypothesis import given
from hypothesis import strategies as st

from actors.domain.changes import Activity, AssignmentPosted, Course, Enrolled
from actors.domain.people import Learner
from actors.domain.piloting import Cohort, Subject, in_words, inside, member, point, shrinks, subject_of

MANY = [f"mbox:person{n}@example.edu" for n in range(100_000)]
COURSE = Course(id="https://lms.example.edu/course/1", code="CS101", external_id="sis-1")


def cohort(percent: float, salt: str) -> set[str]:
    words = Cohort(percent=percent)
    return {name for name in MANY if inside(words, salt, Subject(names=(name,)))}


def test_five_percent_stays_five_percent_for_any_salt_and_grows_by_keeping_whom_it_had() -> None:
    for salt in ("", "a", "9f2c", "x" * 80):
        small, large = cohort(5.0, salt), cohort(20.0, salt)
        assert 4_500 <= len(small) <= 5_500
        assert 19_500 <= len(large) <= 20_500
        assert small < large


def test_two_pilots_have_nothing_to_do_with_one_another() -> None:
    both = cohort(20.0, "one") & cohort(20.0, "two")
    assert 3_500 <= len(both) <= 4_500


@given(st.text(), st.text(), st.floats(0, 100), st.floats(0, 100))
def test_it_is_monotone_for_everybody(salt: str, name: str, one: float, other: float) -> None:
    low, high = sorted((one, other))
    who = Subject(names=(name,))
    assert 0.0 <= point(salt, name) <= 100.0
    assert inside(Cohort(percent=low), salt, who) <= inside(Cohort(percent=high), salt, who)
    assert inside(Cohort(percent=100.0), salt, who)
    assert not inside(Cohort(), salt, who)
    assert member(salt, name) == member(salt, name)


def test_units_and_courses_count_beside_the_percentage() -> None:
    words = Cohort(org_units=("north",), courses=("CS101",))
    assert inside(words, "s", Subject(names=("a",), org_unit="north"))
    assert inside(words, "s", Subject(names=("a",), course=("https://x", "CS101")))
    assert not inside(words, "s", Subject(names=("a",), org_unit="south", course=("https://x",)))
    assert not inside(Cohort(org_units=("",)), "s", Subject(names=("a",)))


def test_a_change_is_about_its_learner_wherever_it_is_told_and_an_assignment_about_its_course() -> None:
    ada = Learner(key="account:https://lms|7", email="ada@example.edu", also=("sha1:ab",))
    told = subject_of(Enrolled(learner=ada, at="2026-11-23T10:00:00Z", course=COURSE), "north")
    assert told.names == ("mbox:ada@example.edu", "account:https://lms|7", "sha1:ab")
    assert (told.org_unit, told.course) == ("north", (COURSE.id, "CS101", "sis-1"))
    essay = Activity(id="https://lms/essay")
    assert subject_of(AssignmentPosted(learner=ada, at="", activity=essay, course=COURSE)).names == (
        f"course:{COURSE.id}",
    )
    assert subject_of(AssignmentPosted(learner=ada, at="", activity=essay)).names == ("assignment|https://lms/essay",)


def test_nobody_is_taken_out_of_a_cohort() -> None:
    before = Cohort(percent=5.0, org_units=("north",), courses=("CS101",))
    assert shrinks(before, Cohort(percent=20.0, org_units=("north", "south"), courses=("CS101",))) == ""
    assert shrinks(before, Cohort(percent=4.0)) == "5 % would become 4 %, org unit north, course CS101"
    assert in_words(before) == "5 % of people, org unit north, course CS101"
    assert in_words(Cohort(listed=3)) == "3 by name"
    assert in_words(Cohort()) == "nobody"
