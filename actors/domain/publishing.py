"""What changed, said as facts: the entity before and after decides, and a trivial edit says nothing.

A membership is what all enrolments of one person in one course come to: they are in it until the last one ends,
suspended only if all that remain are, and their role is the strongest of those in force. So moving somebody from one
section to another says nothing.

A fact's time is the event's own where the source tells it, never later than now. Of one membership it never goes
back (``after_us``): else it would count as overtaken by what was told before, and nobody would hear of it.
"""

from collections.abc import Iterable

import msgspec

from actors.domain import stating
from actors.domain.canonical import Assignment, Completion, Course, Enrolment, Grade, Role, Submission, User
from actors.domain.changes import Score
from actors.domain.stating import Part, Stater
from actors.domain.xapi.accepted import NewStatement
from actors.domain.xapi.moments import instant_us, spelt
from config.recall import remembered

_STRENGTH: dict[Role, int] = {
    "administrator": 7,
    "instructor": 6,
    "assistant": 5,
    "designer": 4,
    "mentor": 3,
    "learner": 2,
    "observer": 1,
}
_IN_IT = frozenset(("active", "completed"))
SYSTEM = "system"
"""The account of the system itself, where nobody is named who did it."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How somebody stands in a course. ``role`` is empty for who is not in it."""

    inside: bool = False
    suspended: bool = False
    role: str = ""


OUTSIDE = Standing()


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """Of which change of which record it is. ``after_us``: it is told as of no earlier time."""

    record: str
    rev: int
    now_us: int
    after_us: int = 0

    @property
    def of(self) -> str:
        return f"{self.record}\0{self.rev}"


def standing(enrolments: Iterable[Enrolment]) -> Standing:
    """What these, all of one person in one course, come to."""
    held: Enrolment | None = None
    for one in enrolments:
        inside = one.status in _IN_IT
        if not inside and one.status != "suspended":
            continue  # invited: not yet; ended: not any more
        if held is None or (inside, _STRENGTH[one.role]) > (held.status in _IN_IT, _STRENGTH[held.role]):
            held = one
    if held is None:
        return OUTSIDE
    return Standing(inside=True, suspended=held.status == "suspended", role=held.role)


class Publisher:
    """Says the facts of one source."""

    def __init__(self, stater: Stater) -> None:
        self._stater = stater

    @property
    def home_page(self) -> str:
        """Of its people's accounts."""
        return self._stater.home_page

    # ── people ───────────────────────────────────────────────────────────────────────────────────────

    def user(self, before: User | None, after: User, told: Told, *, in_part: bool = False) -> list[NewStatement]:
        """``before`` None: they are new, or back; ``in_part``: nobody has told all of them before, so that what was
        empty was not known, and is no news."""
        if before is not None and not _is_news(_as_seen(before), _as_seen(after), in_part=in_part):
            return []
        verb = stating.REGISTERED if before is None else stating.UPDATED
        at = _first_of(told, after.updated)
        return [self._stater.statement(told.of, verb, self._actor(after.id, after), self._stater.system(), at)]

    # ── memberships ──────────────────────────────────────────────────────────────────────────────────

    def membership(
        self,
        before: Standing,
        after: Standing,
        by: Enrolment,
        user: User | None,
        course: Course,
        told: Told,
        *,
        gone: bool = False,
    ) -> list[NewStatement]:
        """``by`` is the enrolment whose change made it so; where it is ``gone``, nobody says since when."""
        if before == after:
            return []
        began = not before.inside and not told.after_us and (_moment_us(by.start) or told.now_us) < told.now_us
        at = _first_of(told, by.start if began else "", "" if gone else by.updated)
        actor, thing = self._actor(by.user, user), self._course(course)
        state = self._stater.statement
        if not after.inside:
            return [state(told.of, stating.UNENROLLED, actor, thing, at)]
        facts = []
        role = stating.as_role(after.role)
        if not before.inside:
            facts.append(state(told.of, stating.ENROLLED, actor, thing, at, context=role))
        elif before.role != after.role:
            facts.append(state(told.of, stating.ROLE_CHANGED, actor, thing, at, context=role))
        if before.suspended != after.suspended:
            verb = stating.SUSPENDED if after.suspended else stating.RESUMED
            facts.append(state(told.of, verb, actor, thing, at))
        return facts

    # ── work ─────────────────────────────────────────────────────────────────────────────────────────

    def assignment(
        self, before: Assignment | None, after: Assignment, course: Course, told: Told
    ) -> list[NewStatement]:
        """Told once it can be seen."""
        if not after.published or (before is not None and before.published):
            return []
        at = _first_of(told, after.updated)
        whoever = self._stater.agent(SYSTEM, self._stater.source)
        return [
            self._stater.statement(
                told.of, stating.CREATED, whoever, self._work(after), at, context=self._within(course)
            )
        ]

    def submission(
        self,
        before: Submission | None,
        after: Submission,
        user: User | None,
        assignment: Assignment,
        course: Course,
        told: Told,
    ) -> list[NewStatement]:
        """Each hand-in is one."""
        handed_in = _moment_us(after.at)
        if handed_in is None or (before is not None and _moment_us(before.at) == handed_in):
            return []
        return [
            self._stater.statement(
                told.of,
                stating.SUBMITTED,
                self._actor(after.user, user),
                self._work(assignment),
                _first_of(told, after.at),
                context=self._within(course),
            )
        ]

    def grade(
        self,
        before: Grade | None,
        after: Grade,
        user: User | None,
        assignment: Assignment | None,
        course: Course,
        told: Told,
    ) -> list[NewStatement]:
        """Told once the learner may see it. A score that went away says nothing: there is no word for it."""
        score = _visible(after)
        if score is None or (before is not None and _same(_visible(before), score)):
            return []
        result = stating.result(score=score)
        if not result:
            return []
        at = _first_of(told, after.at, after.updated)
        actor = self._actor(after.user, user)
        if assignment is None:
            return [self._stater.statement(told.of, stating.SCORED, actor, self._course(course), at, result=result)]
        context = self._within(course)
        work = self._work(assignment)
        return [self._stater.statement(told.of, stating.SCORED, actor, work, at, context=context, result=result)]

    def completion(
        self, before: Completion | None, after: Completion, user: User | None, course: Course, told: Told
    ) -> list[NewStatement]:
        """Of an activity or the whole course; undone where it was complete before."""
        was = before is not None and before.complete
        if was == after.complete:
            return []
        old = before.at if before is not None and not after.complete else ""
        at = _first_of(told, "" if after.at == old else after.at, after.updated)
        verb = stating.COMPLETED if after.complete else stating.UNCOMPLETED
        score = after.score if after.complete else None
        result = stating.result(score=score, completion=after.complete)
        actor = self._actor(after.user, user)
        if not after.activity or after.activity == course.iri:
            return [self._stater.statement(told.of, verb, actor, self._course(course), at, result=result)]
        thing = self._stater.activity(after.activity, after.activity_type, after.activity_name)
        context = self._within(course)
        return [self._stater.statement(told.of, verb, actor, thing, at, context=context, result=result)]

    def due_soon(
        self, assignment: Assignment, user: User, course: Course, due: str, before_s: int, told: Told
    ) -> NewStatement:
        """A reminder of it. ``due`` is RFC 3339 in UTC."""
        context = stating.due(self._within(course), due, before_s)
        actor, work = self._actor(user.id, user), self._work(assignment)
        return self._stater.statement(told.of, stating.DUE_SOON, actor, work, _spelt(told.now_us), context=context)

    # ── parts ────────────────────────────────────────────────────────────────────────────────────────

    def _actor(self, account: str, user: User | None) -> Part:
        return self._stater.agent(account, user.display_name if user is not None else "")

    def _course(self, course: Course) -> Part:
        return self._stater.activity(course.iri, stating.COURSE_TYPE, course.name, course.code, course.external_id)

    def _within(self, course: Course) -> Part:
        return self._stater.within(course.iri, stating.COURSE_TYPE, course.name, course.code, course.external_id)

    def _work(self, assignment: Assignment) -> Part:
        return self._stater.activity(assignment.iri, assignment.type or stating.ASSIGNMENT_TYPE, assignment.name)


def _as_seen(user: User) -> tuple[object, ...]:
    """What of a person is news when it changes."""
    return (user.display_name, user.email, user.locale, user.timezone, user.active)


def _is_news(before: tuple[object, ...], after: tuple[object, ...], *, in_part: bool) -> bool:
    return any(was != now and not (in_part and was == "") for was, now in zip(before, after, strict=True))


def _visible(grade: Grade) -> Score | None:
    return None if grade.hidden or grade.score is None or grade.score.raw is None else grade.score


def _same(one: Score | None, other: Score) -> bool:
    return one is not None and one.text() == other.text()


def _first_of(told: Told, *times: str) -> str:
    """The first that is a time, kept between what was told before and now; now where none is."""
    for text in times:
        moment = _moment_us(text)
        if moment is not None:
            return _spelt(min(max(moment, told.after_us), told.now_us))
    return _spelt(told.now_us)


@remembered("feed_words", 4096)
def _moment_us(text: str) -> int | None:
    """A moment, or the beginning of a day."""
    return None if not text else instant_us(text if len(text) > len("2026-08-15") else f"{text}T00:00:00Z")


@remembered("feed_words", 4096)
def _spelt(moment_us: int) -> str:
    return spelt(moment_us).replace(".000000Z", "Z")
