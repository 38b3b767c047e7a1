"""What is told when a change is taken back, for every kind there is; and who voids whom, however it is written."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain import changes
from actors.domain.changes import Activity, AnyChange, Course, Score
from actors.domain.people import Learner
from actors.domain.undoing import VOIDED, correction, voids

LEARNERS = st.builds(Learner, key=st.sampled_from(["mbox:ada@example.edu", "account:https://lms.example.edu|7"]))
COURSES = st.builds(
    Course, id=st.sampled_from(["https://lms.example.edu/course/1", "https://lms.example.edu/course/2"])
)
ACTIVITIES = st.builds(Activity, id=st.sampled_from(["https://lms.example.edu/mod/1", "https://lms.example.edu/mod/2"]))
POINTS = st.floats(allow_nan=False, allow_infinity=False, width=32).map(lambda points: float(f"{points:.10g}"))
SCORES = st.builds(Score, raw=POINTS, min=st.none() | POINTS, max=st.none() | POINTS)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "learner": LEARNERS,
    "at": st.sampled_from(["2026-11-23T10:00:00Z", "2026-11-23T12:30:00+01:00"]),
    "course": COURSES,
    "activity": ACTIVITIES,
    "score": SCORES,
    "role": st.sampled_from(["student", "teacher", "tutor"]),
    "statement_id": st.just("0d3cd6f4-3f2b-4c52-9c9d-5a3f6a8a5a01"),
    "verb": st.just("urn:v"),
    "voids": st.just(""),
    "due": st.sampled_from(["2026-12-01T22:59:00Z", "2026-12-02T22:59:00Z"]),
    "before_s": st.sampled_from([3600, 86_400]),
}
OPTIONAL_ACTIVITY = (changes.CompletionUndone, changes.Passed, changes.Failed)


@st.composite
def changed(draw: st.DrawFn, *kinds: type[AnyChange]) -> AnyChange:
    kind = draw(st.sampled_from(kinds or AnyChange.__args__))
    names = [field.name for field in msgspec.structs.fields(kind)]
    told = {name: draw(FIELDS[name]) for name in names}
    if issubclass(kind, OPTIONAL_ACTIVITY) and draw(st.booleans()):
        told["activity"] = None
    return kind(**told)


STANDING_BACK = {
    kind
    for kind in AnyChange.__args__
    if kind.aspect in {"enrolment", "suspension", "role", "completion", "mastery", "grade"}
}
"""Kinds whose entity has a value to go back to."""


def test_every_kind_is_known_to_go_back_or_not() -> None:
    others = {kind.__struct_config__.tag for kind in set(AnyChange.__args__) - STANDING_BACK}
    assert others == {"submitted", "assignment_posted", "due_soon", "user_created", "user_updated", "statement"}


@given(changed(), st.sampled_from(["", "enrolled", "complete", "failed", "80/0/100", "//", "x/y", "?"]) | st.text())
def test_whatever_was_before_there_is_an_answer(change: AnyChange, before: str) -> None:
    told = correction(change, before)
    if told is None:
        return
    assert type(change) in STANDING_BACK
    assert (told.entity, told.learner, told.at, told.course) == (
        change.entity,
        change.learner,
        change.at,
        change.course,
    )
    assert told.value != change.value or (before and before == told.value)


@given(st.data())
def test_what_came_after_something_gives_way_to_it(data: st.DataObject) -> None:
    after = data.draw(changed(*STANDING_BACK))
    before = data.draw(changed(*(kind for kind in STANDING_BACK if kind.aspect == after.aspect)))
    told = correction(after, before.value)
    if before.value == after.value:
        assert told is None or told.value == after.value, "nobody needs to hear the same again"
    else:
        assert told is not None
        assert told.value == before.value


@given(changed(*STANDING_BACK))
def test_a_correction_can_be_taken_back_too(change: AnyChange) -> None:
    told = correction(change, "")
    if told is not None:
        again = correction(told, change.value)
        assert again is not None
        assert again.value == change.value
        assert again.entity == change.entity


FIRST = {
    "enrolled": "unenrolled",
    "unenrolled": None,
    "suspended": "resumed",
    "resumed": None,
    "role_changed": None,
    "activity_completed": "completion_undone",
    "course_completed": "completion_undone",
    "completion_undone": None,
    "passed": None,
    "failed": None,
    "graded": None,
}


@given(changed(*STANDING_BACK))
def test_a_first_one_is_taken_back_where_there_is_a_word_for_it(change: AnyChange) -> None:
    told = correction(change, "")
    assert (None if told is None else told.kind) == FIRST[change.kind]


# ── who voids whom ───────────────────────────────────────────────────────────────────────────────────

VOIDER = {
    "actor": {"mbox": "mailto:registrar@example.edu"},
    "verb": {"id": VOIDED},
    "object": {"objectType": "StatementRef", "id": "0D3CD6F4-3F2B-4C52-9C9D-5A3F6A8A5A01"},
}
TARGET = "0d3cd6f4-3f2b-4c52-9c9d-5a3f6a8a5a01"


@pytest.mark.parametrize(
    ("plain", "written"),
    [
        ("/", "/"),
        ("/", "\\/"),
        ("/", "\\u002f"),
        ("//adlnet", "\\/\\/adlnet"),
        ("//adlnet", "/\\/adlnet"),
        ("voided", "\\u0076oided"),
    ],
)
def test_however_it_is_escaped_it_voids(plain: str, written: str) -> None:
    body = json.dumps(VOIDER).replace(plain, written).encode()
    assert json.loads(body) == VOIDER
    assert voids(body) == TARGET


@pytest.mark.parametrize(
    "statement",
    [
        {**VOIDER, "verb": {"id": "http://adlnet.gov/expapi/verbs/voided-not"}},
        {**VOIDER, "verb": {"id": "urn:v"}, "object": {"id": "urn:a", "definition": {"name": {"en": "voided"}}}},
        {**VOIDER, "verb": {"id": "urn:v"}, "object": {"objectType": "Agent", "mbox": "mailto:voided@example.edu"}},
        {**VOIDER, "verb": {"id": "urn:v"}, "actor": {"name": "J\u00fcrgen", "mbox": "mailto:j@example.edu"}},
    ],
)
def test_who_only_speaks_of_it_voids_nothing(statement: dict[str, Any]) -> None:
    assert voids(json.dumps(statement).encode()) is None
