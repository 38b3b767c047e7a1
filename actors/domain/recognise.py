"""Statement to canonical change, by a table of verbs. What is not a change gets a reason, never silence.

The statements are those that LMS plugins really send (Moodle's logstore_xapi, cmi5 players, our own sources): the
same verb means different things by the type of its object, a grade counts from raw, min and max (Moodle's ``scaled``
runs from -1 to 1), and ``success`` says nothing about passing.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from actors.domain import changes
from actors.domain.changes import Activity, AnyChange, Course, Score
from actors.domain.people import Directory, Learner, account_key, fold_email
from actors.domain.speech import moment_of

ADL = "http://adlnet.gov/expapi/verbs/"
EDLM = "https://xapi.edlm/profiles/edlm-lms/concepts/verbs/"
TLA = "https://w3id.org/xapi/tla/verbs/"
STREAMS = "http://activitystrea.ms/"
OURS = "urn:lmsyncd:verbs:"
"""Verbs for what no published profile names; our own sources use them."""

ROLE = "urn:lmsyncd:extensions:role"
DUE = "urn:lmsyncd:extensions:due"
BEFORE = "urn:lmsyncd:extensions:before-seconds"
_LMS = "https://w3id.org/learning-analytics/learning-management-system/"
COURSE_TYPES = frozenset(
    {
        "https://w3id.org/xapi/cmi5/activitytype/course",
        "http://adlnet.gov/expapi/activities/course",
        "https://xapi.edlm/profiles/edlm-lms/concepts/activity-types/course",
    }
)
ASSIGNMENT_TYPES = frozenset(
    {
        "https://xapi.edlm/profiles/edlm-lms/concepts/activity-types/assignment",
        "http://adlnet.gov/expapi/activities/assignment",
        "http://id.tincanapi.com/activitytype/school-assignment",
    }
)
SYSTEM_TYPES = frozenset({"http://id.tincanapi.com/activitytype/lms"})


class NotRouted(msgspec.Struct, frozen=True):
    """Why a statement is no change. ``reason`` starts with a word that metrics count, then the detail."""

    reason: str


class _Account(msgspec.Struct, rename="camel"):
    home_page: str
    name: str


class Agent(msgspec.Struct, rename="camel"):
    """An agent or a group, as far as it names somebody."""

    object_type: str = "Agent"
    name: str = ""
    mbox: str = ""
    mbox_sha1sum: str = msgspec.field(default="", name="mbox_sha1sum")
    openid: str = ""
    account: _Account | None = None


class _Definition(msgspec.Struct):
    type: str = ""
    name: dict[str, str] = {}
    extensions: dict[str, object] = {}


class _Object(msgspec.Struct, rename="camel"):
    id: str = ""
    object_type: str = "Activity"
    definition: _Definition = msgspec.field(default_factory=_Definition)


class _Verb(msgspec.Struct):
    id: str


class _Score(msgspec.Struct):
    raw: float | None = None
    min: float | None = None
    max: float | None = None


class _Result(msgspec.Struct):
    score: _Score | None = None
    completion: bool | None = None


class _Around(msgspec.Struct):
    parent: list[_Object] | _Object = []
    grouping: list[_Object] | _Object = []


class _Context(msgspec.Struct, rename="camel"):
    context_activities: _Around = msgspec.field(default_factory=_Around)
    extensions: dict[str, object] = {}


class _Statement(msgspec.Struct):
    actor: Agent
    verb: _Verb
    object: _Object
    timestamp: str = ""
    result: _Result = msgspec.field(default_factory=_Result)
    context: _Context = msgspec.field(default_factory=_Context)


_decode = msgspec.json.Decoder(_Statement).decode


class _Seen(msgspec.Struct):
    """One statement, taken apart for the rules of the table."""

    statement: _Statement
    learner: Learner
    at: str
    languages: Sequence[str]

    @property
    def type(self) -> str:
        return self.statement.object.definition.type

    @property
    def is_course(self) -> bool:
        return self.type in COURSE_TYPES

    def around(self) -> list[_Object]:
        context = self.statement.context.context_activities
        return [*_many(context.parent), *_many(context.grouping)]

    def course(self) -> Course | None:
        """The object itself if it is a course, else the course it stands in."""
        for candidate in (self.statement.object, *self.around()):
            if candidate.definition.type in COURSE_TYPES:
                extensions = candidate.definition.extensions
                return Course(
                    id=candidate.id,
                    name=self.name(candidate),
                    code=str(extensions.get(_LMS + "short-id") or ""),
                    external_id=str(extensions.get(_LMS + "external-id") or ""),
                )
        return None

    def activity(self, given: _Object | None = None) -> Activity:
        what = given or self.statement.object
        return Activity(id=what.id, name=self.name(what), type=what.definition.type)

    def graded(self) -> Activity:
        """Moodle scores the submission (``…#submission``); the work itself is its parent."""
        for candidate in self.around():
            kind = candidate.definition.type
            if candidate.id == self.statement.object.id.partition("#")[0] or kind in ASSIGNMENT_TYPES:
                return self.activity(candidate)
        return self.activity()

    def name(self, what: _Object) -> str:
        return speak(what.definition.name, self.languages)

    def score(self) -> Score | None:
        given = self.statement.result.score
        if given is None or given.raw is None:
            return None
        return Score(raw=given.raw, min=given.min, max=given.max)


def speak(names: Mapping[str, str], languages: Sequence[str]) -> str:
    """The best of a language map: an asked-for language, else its base language, else the first given."""
    folded = {tag.casefold().replace("_", "-"): text for tag, text in names.items()}
    for language in languages:
        wanted = language.casefold().replace("_", "-")
        base = wanted.partition("-")[0]
        for tag in (wanted, base, *(tag for tag in folded if tag.partition("-")[0] == base)):
            if tag in folded:
                return folded[tag]
    return next(iter(names.values()), "")


def _many(given: list[_Object] | _Object) -> list[_Object]:
    return given if isinstance(given, list) else [given]


def learner_of(agent: Agent) -> Learner | None:
    """The learner a statement's actor names; None for a group without an identity of its own."""
    if agent.account is not None:
        return Learner(key=account_key(agent.account.home_page, agent.account.name), name=agent.name)
    if agent.mbox:
        email = fold_email(agent.mbox.removeprefix("mailto:"))
        return Learner(key=f"mbox:{email}", name=agent.name, email=email)
    if agent.mbox_sha1sum:
        return Learner(key=f"sha1:{agent.mbox_sha1sum.casefold()}", name=agent.name)
    return Learner(key=f"openid:{agent.openid}", name=agent.name) if agent.openid else None


Rule = Callable[[_Seen], AnyChange | NotRouted]


def recognise(
    body: bytes, *, at: str, languages: Sequence[str], directory: Directory, voided: bool = False
) -> AnyChange | NotRouted:
    """The change a stored (so: valid) statement tells. ``at`` serves where it has no timestamp of its own."""
    if voided:
        return NotRouted("voided: the statement was voided before it was routed")
    statement = _decode(body)
    if statement.verb.id == ADL + "voided":
        return NotRouted("voiding: it voids another statement")
    rule = VERBS.get(statement.verb.id)
    if rule is None:
        return NotRouted(f"unknown_verb: {statement.verb.id}")
    if statement.object.object_type != "Activity":
        return NotRouted(f"object_type: the object is a {statement.object.object_type}, not an activity")
    learner = learner_of(statement.actor)
    if learner is None or statement.actor.object_type == "Group":
        return NotRouted("group: the actor is a group")
    return rule(_Seen(statement, directory.enrich(learner), statement.timestamp or at, languages))


def _enrolled(seen: _Seen) -> AnyChange | NotRouted:
    course = seen.course()
    if not seen.is_course or course is None:
        return NotRouted(f"not_a_course: enrolled in a {seen.type or 'thing without a type'}")
    role = seen.statement.context.extensions.get(ROLE)
    return changes.Enrolled(learner=seen.learner, at=seen.at, course=course, role=str(role or ""))


def _of_course(
    kind: type[changes.Unenrolled] | type[changes.EnrolmentSuspended] | type[changes.EnrolmentResumed],
) -> Rule:
    def rule(seen: _Seen) -> AnyChange | NotRouted:
        if not seen.is_course:
            return NotRouted(f"not_a_course: {kind.__name__} of a {seen.type or 'thing without a type'}")
        return kind(learner=seen.learner, at=seen.at, course=seen.course())

    return rule


def _role_changed(seen: _Seen) -> AnyChange | NotRouted:
    role = seen.statement.context.extensions.get(ROLE)
    if not isinstance(role, str) or not role:
        return NotRouted(f"no_role: the context extension {ROLE} is missing")
    return changes.RoleChanged(learner=seen.learner, at=seen.at, course=seen.course(), role=role)


def _completed(seen: _Seen) -> AnyChange | NotRouted:
    if seen.statement.result.completion is False:
        return NotRouted("not_complete: completed, but result.completion is false")
    score = seen.score()
    if seen.is_course:
        return changes.CourseCompleted(learner=seen.learner, at=seen.at, course=seen.course(), score=score)
    return changes.ActivityCompleted(
        learner=seen.learner, at=seen.at, course=seen.course(), activity=seen.activity(), score=score
    )


def _undone(seen: _Seen) -> AnyChange | NotRouted:
    activity = None if seen.is_course else seen.activity()
    return changes.CompletionUndone(learner=seen.learner, at=seen.at, course=seen.course(), activity=activity)


def _judged(kind: type[changes.Passed] | type[changes.Failed]) -> Rule:
    def rule(seen: _Seen) -> AnyChange | NotRouted:
        activity = None if seen.is_course else seen.activity()
        return kind(learner=seen.learner, at=seen.at, course=seen.course(), activity=activity, score=seen.score())

    return rule


def _graded(seen: _Seen) -> AnyChange | NotRouted:
    score = seen.score()
    if score is None:
        return NotRouted("no_raw_score: scored, but result.score.raw is missing")
    return changes.GradePosted(
        learner=seen.learner, at=seen.at, course=seen.course(), activity=seen.graded(), score=score
    )


def _submitted(seen: _Seen) -> AnyChange | NotRouted:
    return changes.SubmissionReceived(learner=seen.learner, at=seen.at, course=seen.course(), activity=seen.graded())


def _created(seen: _Seen) -> AnyChange | NotRouted:
    if seen.type not in ASSIGNMENT_TYPES:
        return NotRouted(f"not_an_assignment: created a {seen.type or 'thing without a type'}")
    return changes.AssignmentPosted(learner=seen.learner, at=seen.at, course=seen.course(), activity=seen.activity())


def _due_soon(seen: _Seen) -> AnyChange | NotRouted:
    due, before_s = (seen.statement.context.extensions.get(name) for name in (DUE, BEFORE))
    if not isinstance(due, str) or moment_of(due) is None:
        return NotRouted(f"no_due: the context extension {DUE} is no time")
    return changes.AssignmentDueSoon(
        learner=seen.learner,
        at=seen.at,
        course=seen.course(),
        activity=seen.activity(),
        due=due,
        before_s=before_s if isinstance(before_s, int) else 0,
    )


def _registered(seen: _Seen) -> AnyChange | NotRouted:
    if seen.is_course:
        return _enrolled(seen)
    if seen.type in SYSTEM_TYPES:
        return changes.UserCreated(learner=seen.learner, at=seen.at)
    return NotRouted(f"not_a_system: registered with a {seen.type or 'thing without a type'}")


def _updated(seen: _Seen) -> AnyChange | NotRouted:
    return changes.UserUpdated(learner=seen.learner, at=seen.at)


VERBS: dict[str, Rule] = {
    EDLM + "enrolled": _enrolled,
    ADL + "registered": _registered,
    STREAMS + "leave": _of_course(changes.Unenrolled),
    EDLM + "unenrolled": _of_course(changes.Unenrolled),
    TLA + "suspended": _of_course(changes.EnrolmentSuspended),
    TLA + "resumed": _of_course(changes.EnrolmentResumed),
    OURS + "role-changed": _role_changed,
    ADL + "completed": _completed,
    EDLM + "uncompleted": _undone,
    ADL + "passed": _judged(changes.Passed),
    ADL + "failed": _judged(changes.Failed),
    TLA + "scored": _graded,
    ADL + "scored": _graded,
    STREAMS + "submit": _submitted,
    ADL + "submitted": _submitted,
    TLA + "submitted": _submitted,
    EDLM + "submitted": _submitted,
    STREAMS + "create": _created,
    OURS + "user-updated": _updated,
    OURS + "due-soon": _due_soon,
}
