"""What others see of a change: pinned, because programs that we do not know depend on it."""

import msgspec
import pytest

from actors.domain import changes
from actors.domain.changes import Activity, AnyChange, Course, Score
from actors.domain.outside import outside
from actors.domain.people import Learner

ADA = Learner(key="account:https://lms.example.edu|7", name="Ada Lovelace", email="ada@example.edu", locale="de")
ADA_OUTSIDE = {
    "key": "account:https://lms.example.edu|7",
    "name": "Ada Lovelace",
    "email": "ada@example.edu",
    "locale": "de",
}
CS101 = Course(id="https://lms.example.edu/course/1", name="Programming", code="CS101")
ESSAY = Activity(id="https://lms.example.edu/mod/9", name="Essay")
AT = "2026-11-23T10:00:00Z"


def test_a_grade() -> None:
    grade = changes.GradePosted(
        learner=ADA, at=AT, course=CS101, activity=ESSAY, score=Score(raw=40.0, min=0.0, max=60.0)
    )
    assert outside(grade) == {
        "kind": "graded",
        "at": AT,
        "learner": ADA_OUTSIDE,
        "course": {"id": "https://lms.example.edu/course/1", "name": "Programming", "code": "CS101"},
        "activity": {"id": "https://lms.example.edu/mod/9", "name": "Essay"},
        "score": {"raw": 40.0, "min": 0.0, "max": 60.0, "percent": 66.666667},
    }


def test_what_is_not_known_is_left_out() -> None:
    bare = changes.UserCreated(learner=Learner(key="mbox:ada@example.edu"), at=AT)
    assert outside(bare) == {"kind": "user_created", "at": AT, "learner": {"key": "mbox:ada@example.edu"}}
    grade = changes.GradePosted(learner=ADA, at=AT, activity=ESSAY, score=Score(raw=3.0))
    assert outside(grade)["score"] == {"raw": 3.0}


def test_roles_and_statements() -> None:
    moved = changes.RoleChanged(learner=ADA, at=AT, course=CS101, role="teacher")
    assert outside(moved)["role"] == "teacher"
    stored = changes.StatementStored(learner=ADA, at=AT, statement_id="s1", verb="urn:v", voids="s0")
    assert {**outside(stored), "learner": None} == {
        "kind": "statement",
        "at": AT,
        "learner": None,
        "statement": "s1",
        "verb": "urn:v",
        "voids": "s0",
    }


REQUIRED = {
    "activity": ESSAY,
    "score": Score(raw=1.0),
    "role": "student",
    "statement_id": "s1",
    "verb": "urn:v",
    "course": CS101,
    "due": "2026-12-01T22:59:00Z",
    "before_s": 86_400,
}


@pytest.mark.parametrize("kind", AnyChange.__args__, ids=lambda kind: kind.__name__)
def test_nothing_that_a_change_knows_is_lost(kind: type[AnyChange]) -> None:
    fields = {field.name for field in msgspec.structs.fields(kind)}
    change = kind(learner=ADA, at=AT, **{name: value for name, value in REQUIRED.items() if name in fields})
    told = outside(change)
    shown = fields - {"statement_id", "voids"} | ({"statement"} if "statement_id" in fields else set())
    assert set(told) == {"kind", *shown}
    assert msgspec.json.decode(msgspec.json.encode(told)) == told
