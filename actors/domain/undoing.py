"""What is told when a statement is voided that had told a change: how things stand without it.

Whoever was told something that is not so hears what is so instead. Where no word says that (a first grade that is taken
back), nothing is told; a later grade is news again.
"""

import re
from typing import assert_never

import msgspec

from actors.domain import changes
from actors.domain.changes import AnyChange, Score
from actors.domain.recognise import ADL

VOIDED = ADL + "voided"
_MARK = b"voided"
_ESCAPE = b"\\u"


class _Verb(msgspec.Struct):
    id: str


class _Object(msgspec.Struct, rename="camel"):
    id: str = ""
    object_type: str = "Activity"


class _Voiding(msgspec.Struct):
    verb: _Verb
    object: _Object


_decode = msgspec.json.Decoder(_Voiding).decode


def voids(body: bytes) -> str | None:
    """The id, in lower case, of the statement that this (valid) one voids."""
    if _MARK not in body and _ESCAPE not in body:  # most of them, so they are not decoded
        return None
    statement = _decode(body)
    refers = statement.object.object_type == "StatementRef"
    return statement.object.id.lower() if refers and statement.verb.id == VOIDED else None


def correction(change: AnyChange, before: str) -> AnyChange | None:
    """The change that says how things stand without ``change``. ``before``: the entity's value without it, empty for
    none. None: there is nothing to say, as where it was told twice and only what lay between was taken back."""
    if before == change.value:
        return None
    who, at, course = change.learner, change.at, change.course
    match change:
        case changes.Enrolled():
            return None if before == "enrolled" else changes.Unenrolled(learner=who, at=at, course=course)
        case changes.Unenrolled():
            return changes.Enrolled(learner=who, at=at, course=course) if before == "enrolled" else None
        case changes.EnrolmentSuspended():
            return None if before == "suspended" else changes.EnrolmentResumed(learner=who, at=at, course=course)
        case changes.EnrolmentResumed():
            return changes.EnrolmentSuspended(learner=who, at=at, course=course) if before == "suspended" else None
        case changes.RoleChanged():
            return changes.RoleChanged(learner=who, at=at, course=course, role=before) if before else None
        case changes.ActivityCompleted() | changes.CourseCompleted():
            what = change.activity if isinstance(change, changes.ActivityCompleted) else None
            undone = changes.CompletionUndone(learner=who, at=at, course=course, activity=what)
            return None if before == "complete" else undone
        case changes.CompletionUndone():
            return _completed(change) if before == "complete" else None
        case changes.Passed(activity=what):
            failed = changes.Failed(learner=who, at=at, course=course, activity=what)
            return failed if before == "failed" else None
        case changes.Failed(activity=what):
            passed = changes.Passed(learner=who, at=at, course=course, activity=what)
            return passed if before == "passed" else None
        case changes.GradePosted(activity=work):
            score = _score(before)
            return changes.GradePosted(learner=who, at=at, course=course, activity=work, score=score) if score else None
        case (  # moments, and what there is no taking back of
            changes.SubmissionReceived()
            | changes.AssignmentPosted()
            | changes.AssignmentDueSoon()
            | changes.UserCreated()
            | changes.UserUpdated()
            | changes.StatementStored()
        ):
            return None
        case _:
            assert_never(change)


def _completed(change: changes.CompletionUndone) -> AnyChange:
    if change.activity is None:
        return changes.CourseCompleted(learner=change.learner, at=change.at, course=change.course)
    return changes.ActivityCompleted(
        learner=change.learner, at=change.at, course=change.course, activity=change.activity
    )


_SCORE = re.compile(r"([^/]*)/([^/]*)/([^/]*)")


def _score(text: str) -> Score | None:
    """The reverse of ``Score.text``."""
    parts = _SCORE.fullmatch(text)
    if parts is None or not parts[1]:
        return None
    raw, low, high = (float(part) if part else None for part in parts.groups())
    return Score(raw=raw, min=low, max=high)
