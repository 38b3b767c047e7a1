"""What a record would be told as, if nothing were known of it yet: for whoever tries a mapping. Nothing is published.

What it refers to may not be known: a stand-in has its place, and is named.
"""

from typing import assert_never

import msgspec

from actors.domain.canonical import (
    AnyEntity,
    Assignment,
    Completion,
    Course,
    Enrolment,
    Grade,
    Submission,
    User,
)
from actors.domain.publishing import OUTSIDE, Publisher, Told, standing
from actors.domain.stating import Stater
from actors.domain.xapi.accepted import NewStatement


class Rehearsal(msgspec.Struct, frozen=True, kw_only=True):
    """``note`` says why there is no statement, or what stands in for what is not known."""

    statements: tuple[NewStatement, ...]
    note: str = ""


def rehearsed(means: AnyEntity, stater: Stater, now_us: int) -> Rehearsal:
    """The statements of a first telling."""
    told = Told(record=f"{means.entity}/{means.id}", rev=1, now_us=now_us)
    statements = tuple(_said(means, Publisher(stater), told))
    if not statements:
        return Rehearsal(statements=(), note=_why_not(means))
    named = [name for name in ("course", "assignment") if getattr(means, name, "")]
    note = f"made up here: the name and the IRI of the {' and the '.join(named)}" if named else ""
    return Rehearsal(statements=statements, note=note)


def _said(means: AnyEntity, publisher: Publisher, told: Told) -> list[NewStatement]:
    match means:
        case User():
            return publisher.user(None, means, told)
        case Course():
            return []
        case Enrolment():
            return publisher.membership(OUTSIDE, standing([means]), means, None, _course(means.course), told)
        case Assignment():
            return publisher.assignment(None, means, _course(means.course), told)
        case Submission():
            work = _work(means.assignment, "-")
            return publisher.submission(None, means, None, work, _course(work.course), told)
        case Grade():
            graded = _work(means.assignment, means.course) if means.assignment else None
            return publisher.grade(None, means, None, graded, _course(means.course), told)
        case Completion():
            return publisher.completion(None, means, None, _course(means.course), told)
        case _ as never:
            assert_never(never)


def _course(name: str) -> Course:
    return Course(id=name, iri="urn:lmsyncd:stand-in:course", name=name)


def _work(name: str, course: str) -> Assignment:
    return Assignment(id=name, course=course, iri="urn:lmsyncd:stand-in:assignment", name=name)


def _why_not(means: AnyEntity) -> str:
    match means:
        case User():
            return "a person's account says nothing new"
        case Course():
            return "a course alone is no event: it is told of with what happens in it"
        case Enrolment():
            return f"whoever is {means.status} is not in the course: nothing is told where nothing was known"
        case Assignment():
            return "it is not published yet"
        case Submission():
            return "nothing was handed in"
        case Grade():
            return "the learner may not see it yet" if means.hidden else "there is no score"
        case Completion():
            return "it is not complete, and nobody knew it otherwise"
        case _ as never:
            assert_never(never)
