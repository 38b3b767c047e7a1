"""What a source's records become, whatever system kept them: people, courses, memberships, work and results.

Ids are the source's own, as text, and say nothing outside it; who is the same person elsewhere is the ledger's matter
(``domain.identity``). ``iri`` is how statements name a thing. Moments are RFC 3339 in UTC (``2026-08-15T06:00:00Z``);
``day`` fields and a due date without a time are ISO dates. ``updated`` is when the source says the record was last
changed: of two tellings of one entity the later one wins.
"""

from typing import Literal

import msgspec

from actors.domain.changes import Score

Role = Literal["learner", "instructor", "assistant", "designer", "observer", "mentor", "administrator"]
EnrolmentStatus = Literal["active", "invited", "suspended", "completed", "ended"]
EntityName = Literal["user", "course", "enrolment", "assignment", "submission", "grade", "completion", "statement"]
"""A ``statement`` is not canonical: another LRS's, kept as a record only where something is wrong with it."""


class Canonical(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="entity"):
    """What every entity has."""

    id: str
    updated: str = ""

    @property
    def entity(self) -> EntityName:
        return self.__struct_config__.tag  # type: ignore[return-value]  # its tags are these words


class User(Canonical, frozen=True, kw_only=True, omit_defaults=True, tag="user"):
    """A person. ``email`` is casefolded. ``identifiers`` are other names of theirs by namespace (``username``, ``sis``,
    ``sourcedid``, ``upn``, ``nameid``, ``sub``, ``master``); ``attributes`` is what else an operator maps."""

    email: str = ""
    display_name: str = ""
    given_name: str = ""
    family_name: str = ""
    org_unit: str = ""
    locale: str = ""
    timezone: str = ""
    active: bool = True
    identifiers: dict[str, str] = {}
    attributes: dict[str, str] = {}


class Course(Canonical, frozen=True, kw_only=True, omit_defaults=True, tag="course"):
    """What people are enrolled in (OneRoster: a class)."""

    iri: str
    name: str = ""
    code: str = ""
    external_id: str = ""
    org_unit: str = ""
    timezone: str = ""
    start: str = ""
    end: str = ""
    active: bool = True
    attributes: dict[str, str] = {}


class Enrolment(Canonical, frozen=True, kw_only=True, omit_defaults=True, tag="enrolment"):
    """One membership. A person may have several in one course (sections); they are in it until the last one ends.
    ``section`` is the source's id of the part of the course it is in, where it has such parts. ``dated``: that it is
    ``invited`` or ``ended`` says no more than ``start`` and ``end`` do, on the day it was read; an ``end`` that is a
    day is then the first one out of it."""

    user: str
    course: str
    role: Role = "learner"
    status: EnrolmentStatus = "active"
    start: str = ""
    end: str = ""
    section: str = ""
    dated: bool = False


class Assignment(Canonical, frozen=True, kw_only=True, omit_defaults=True, tag="assignment"):
    """A piece of work. ``due`` is a moment, or a date: then until that day ends where the learner lives. ``due_for``
    overrides it by user id. ``type`` is an xAPI activity type IRI."""

    course: str
    iri: str
    name: str = ""
    type: str = ""
    due: str = ""
    due_for: dict[str, str] = {}
    points_max: float | None = None
    published: bool = True


class Submission(Canonical, frozen=True, kw_only=True, omit_defaults=True, tag="submission"):
    """Something was handed in, ``at`` that moment (empty: nothing yet). ``attempt`` counts from 1."""

    user: str
    assignment: str
    at: str = ""
    attempt: int = 1


class Grade(Canonical, frozen=True, kw_only=True, omit_defaults=True, tag="grade"):
    """A result of a piece of work, or of the whole ``course`` where ``assignment`` is empty; of a piece of work, an
    empty ``course`` is that of the work. ``score`` None: there is
    none (any more). ``hidden``: the learner may not see it yet, so nobody is told."""

    user: str
    course: str = ""
    assignment: str = ""
    score: Score | None = None
    at: str = ""
    hidden: bool = False


class Completion(Canonical, frozen=True, kw_only=True, omit_defaults=True, tag="completion"):
    """How far a learner is with an ``activity`` (its IRI), or with the whole ``course`` where that is empty.
    ``evidence`` is how the source says it knows; ``activity_type`` is an IRI."""

    user: str
    course: str
    activity: str = ""
    activity_name: str = ""
    activity_type: str = ""
    complete: bool = True
    at: str = ""
    score: Score | None = None
    evidence: str = ""


def says_less(grade: Grade) -> bool:
    """Whether its work knows something of it that the source has not said."""
    return bool(grade.assignment) and (not grade.course or (grade.score is not None and grade.score.max is None))


def of_work(grade: Grade, work: Assignment) -> Grade:
    """The same, with what its work says of it and the source does not: the course, and the most points."""
    score = grade.score
    if score is not None and score.raw is not None and score.max is None and work.points_max is not None:
        score = msgspec.structs.replace(score, max=work.points_max)
    return msgspec.structs.replace(grade, course=grade.course or work.course, score=score)


AnyEntity = User | Course | Enrolment | Assignment | Submission | Grade | Completion
ENTITIES: dict[str, type[AnyEntity]] = {
    str(each.__struct_config__.tag): each
    for each in (User, Course, Enrolment, Assignment, Submission, Grade, Completion)
}
"""By name, in the order in which they depend on one another: a reference points backwards."""

REFERENCES: dict[str, tuple[tuple[str, str], ...]] = {
    "user": (),
    "course": (),
    "enrolment": (("user", "user"), ("course", "course")),
    "assignment": (("course", "course"),),
    "submission": (("user", "user"), ("assignment", "assignment")),
    "grade": (("user", "user"), ("course", "course"), ("assignment", "assignment")),
    "completion": (("user", "user"), ("course", "course")),
}
"""(field, entity it names) of each; an empty field names nothing. Publishing needs what they name."""


class Flaw(msgspec.Struct, frozen=True, kw_only=True):
    """Why a record was quarantined: the rule that failed, where (a path in the record), the value as JSON (bounded),
    and what to do about it."""

    rule: str
    path: str
    value: str
    suggestion: str
