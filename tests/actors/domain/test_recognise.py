"""Statement to change: real Moodle statements, and each way in which a statement is no change."""

from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.changes import (
    ActivityCompleted,
    AnyChange,
    CompletionUndone,
    CourseCompleted,
    Enrolled,
    Failed,
    GradePosted,
    Passed,
    RoleChanged,
    Score,
    SubmissionReceived,
    UserUpdated,
)
from actors.domain.people import Directory, sha1_key
from actors.domain.recognise import ROLE, VERBS, NotRouted, recognise, speak
from config.model import PersonRow
from daemon.demo.moodle import sample

COURSE = "https://w3id.org/xapi/cmi5/activitytype/course"
QUIZ = "http://adlnet.gov/expapi/activities/assessment"


def see(statement: dict[str, object], **options: object) -> AnyChange | NotRouted:
    defaults = {"at": "2026-01-01T00:00:00Z", "languages": ("de-DE", "en"), "directory": Directory()}
    return recognise(msgspec.json.encode(statement), **{**defaults, **options})  # type: ignore[arg-type]


def statement(verb: str, kind: str = COURSE, **more: object) -> dict[str, object]:
    return {
        "actor": {"mbox": "mailto:Ada@Example.org", "name": "Ada"},
        "verb": {"id": verb},
        "object": {
            "id": "https://lms.example.org/x/1",
            "definition": {"type": kind, "name": {"en": "One", "de": "Eins"}},
        },
        "timestamp": "2026-11-23T10:00:00Z",
        **more,
    }


def test_the_real_sample_is_recognised_kind_by_kind() -> None:
    found = [see(msgspec.json.decode(line)) for line in sample()]
    kinds = Counter(each.reason.partition(":")[0] if isinstance(each, NotRouted) else each.kind for each in found)
    assert kinds == {
        "activity_completed": 132,
        "graded": 90,
        "enrolled": 78,
        "user_created": 24,
        "course_completed": 17,
        "not_an_assignment": 14,
        "assignment_posted": 12,
        "unenrolled": 6,
        "suspended": 1,
        "resumed": 1,
    }


def test_a_grade_counts_from_raw_and_never_from_scaled() -> None:
    graded = next(
        each for each in (see(msgspec.json.decode(line)) for line in sample()) if isinstance(each, GradePosted)
    )
    assert graded.score.percent == pytest.approx(graded.score.raw)
    assert graded.activity.name.startswith("Assignment")
    assert not graded.activity.id.endswith("#submission")
    assert graded.course
    assert graded.course.code.startswith("CS10")


def test_a_module_and_a_course_complete_differently() -> None:
    assert isinstance(see(statement("http://adlnet.gov/expapi/verbs/completed")), CourseCompleted)
    module = see(statement("http://adlnet.gov/expapi/verbs/completed", QUIZ))
    assert isinstance(module, ActivityCompleted)
    assert module.activity.name == "Eins"


def test_completion_and_its_undoing_are_one_entity() -> None:
    done = see(statement("http://adlnet.gov/expapi/verbs/completed", QUIZ))
    undone = see(statement("https://xapi.edlm/profiles/edlm-lms/concepts/verbs/uncompleted", QUIZ))
    assert isinstance(done, ActivityCompleted)
    assert isinstance(undone, CompletionUndone)
    assert done.entity == undone.entity
    assert done.value != undone.value


@pytest.mark.parametrize(
    ("verb", "kind", "expected"),
    [
        ("http://adlnet.gov/expapi/verbs/passed", QUIZ, Passed),
        ("http://adlnet.gov/expapi/verbs/failed", QUIZ, Failed),
        ("http://activitystrea.ms/submit", QUIZ, SubmissionReceived),
        ("http://adlnet.gov/expapi/verbs/registered", COURSE, Enrolled),
        ("urn:lmsyncd:verbs:user-updated", COURSE, UserUpdated),
    ],
)
def test_other_verbs(verb: str, kind: str, expected: type) -> None:
    assert isinstance(see(statement(verb, kind)), expected)


def test_a_role_change_needs_its_role() -> None:
    verb = "urn:lmsyncd:verbs:role-changed"
    told = see(statement(verb, context={"extensions": {ROLE: "teacher"}}))
    assert isinstance(told, RoleChanged)
    assert told.value == "teacher"
    assert see(statement(verb)) == NotRouted(f"no_role: the context extension {ROLE} is missing")


@pytest.mark.parametrize(
    ("given_statement", "reason"),
    [
        (statement("https://example.org/verbs/waved"), "unknown_verb"),
        (statement("http://adlnet.gov/expapi/verbs/voided"), "voiding"),
        (statement("http://activitystrea.ms/leave", QUIZ), "not_a_course"),
        (statement("http://activitystrea.ms/create", QUIZ), "not_an_assignment"),
        (statement("http://adlnet.gov/expapi/verbs/registered", QUIZ), "not_a_system"),
        (statement("https://w3id.org/xapi/tla/verbs/scored", QUIZ), "no_raw_score"),
        (
            statement("https://w3id.org/xapi/tla/verbs/scored", QUIZ, result={"score": {"scaled": 0.5}}),
            "no_raw_score",
        ),
        (
            statement("http://adlnet.gov/expapi/verbs/completed", result={"completion": False}),
            "not_complete",
        ),
        (
            {
                **statement("http://adlnet.gov/expapi/verbs/completed"),
                "object": {"objectType": "StatementRef", "id": "x"},
            },
            "object_type",
        ),
        (
            {
                **statement("http://adlnet.gov/expapi/verbs/completed"),
                "actor": {"objectType": "Group", "mbox": "mailto:a@example.org"},
            },
            "group",
        ),
    ],
)
def test_what_is_no_change_says_why(given_statement: dict[str, object], reason: str) -> None:
    seen = see(given_statement)
    assert isinstance(seen, NotRouted)
    assert seen.reason.partition(":")[0] == reason


def test_a_voided_statement_is_not_routed() -> None:
    seen = see(statement("http://adlnet.gov/expapi/verbs/completed"), voided=True)
    assert isinstance(seen, NotRouted)
    assert seen.reason.startswith("voided")


def test_the_directory_adds_the_address_by_account_and_by_hash() -> None:
    person = PersonRow(home_page="https://lms.example.org/", account="7", email="Ada@Example.org", locale="de-AT")
    directory = Directory([person])
    by_account = {"account": {"homePage": "https://lms.example.org", "name": "7"}}
    by_hash = {"mbox_sha1sum": sha1_key("ada@example.org").removeprefix("sha1:")}
    for actor in (by_account, by_hash):
        seen = see({**statement("http://adlnet.gov/expapi/verbs/completed"), "actor": actor}, directory=directory)
        assert isinstance(seen, CourseCompleted)
        assert (seen.learner.email, seen.learner.locale) == ("ada@example.org", "de-AT")
    assert len(directory) == 1


@given(st.dictionaries(st.sampled_from(["de", "de-AT", "en", "en-GB", "fr"]), st.text(min_size=1), max_size=5))
def test_some_language_is_always_spoken(names: dict[str, str]) -> None:
    spoken = speak(names, ("de-DE", "de", "en"))
    assert spoken in names.values() if names else spoken == ""
    if "de" in names:
        assert spoken == names["de"]


@given(st.floats(-100, 100), st.none() | st.floats(-100, 100), st.none() | st.floats(-100, 100))
def test_percent_is_between_its_ends(raw: float, low: float | None, high: float | None) -> None:
    percent = Score(raw=raw, min=low, max=high).percent
    if percent is not None and (low or 0.0) <= raw <= (high or 0.0):
        assert -1e-6 <= percent <= 100 + 1e-6


def test_every_rule_answers_every_shape_of_object() -> None:
    for verb in VERBS:
        for kind in (COURSE, QUIZ, "http://id.tincanapi.com/activitytype/lms", ""):
            assert see(statement(verb, kind)) is not None
