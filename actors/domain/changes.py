"""Canonical changes: what happened at the school, whatever system told it.

Every change belongs to an *entity* (this learner's enrolment in that course, that grade) and sets its
canonical *value*; counting how often the value changed is what makes an effect happen once per real change.
"""

from datetime import UTC
from typing import ClassVar

import msgspec

from actors.domain.people import Learner
from actors.domain.speech import moment_of


class Course(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``id`` is the activity IRI; ``code`` the short name people use (CS101); ``external_id`` the SIS's."""

    id: str
    name: str = ""
    code: str = ""
    external_id: str = ""


class Activity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something inside a course (an assignment, a quiz, a page). ``type`` is the xAPI activity type IRI."""

    id: str
    name: str = ""
    type: str = ""


class Score(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Points as given. ``percent`` comes from raw, min and max alone: Moodle's ``scaled`` runs from -1 to 1."""

    raw: float | None = None
    min: float | None = None
    max: float | None = None

    @property
    def percent(self) -> float | None:
        if self.raw is None or self.max is None:
            return None
        low = self.min or 0.0
        if self.max <= low:
            return None
        return (self.raw - low) / (self.max - low) * 100.0

    def text(self) -> str:
        """The canonical value, for counting occurrences: numbers without needless zeros."""
        return "/".join("" if part is None else f"{part:.10g}" for part in (self.raw, self.min, self.max))


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind"):
    """What every change tells. ``at`` is the event's own time, RFC 3339; ``locale`` the statement's language."""

    learner: Learner
    at: str
    course: Course | None = None

    words: ClassVar[tuple[str, ...]] = ()
    """The route words (``when = […]``) that select this change."""

    aspect: ClassVar[str] = ""
    """What of the entity changes: two kinds with one aspect undo one another (enrolled and unenrolled)."""

    standing: ClassVar[bool] = False
    """Whether it tells how things stand (a grade, a completion): a newer value makes an older one pointless, also
    before it was posted."""

    momentary: ClassVar[bool] = False
    """Whether each one is news of its own, however late it is told (a hand-in)."""

    @property
    def kind(self) -> str:
        return str(self.__struct_config__.tag)

    @property
    def subject(self) -> str:
        """What, beside the learner, the entity is about."""
        return self.course.id if self.course else ""

    @property
    def value(self) -> str:
        """The entity's canonical value after this change."""
        return self.kind

    @property
    def entity(self) -> str:
        return f"{self.aspect}|{self.learner.identity}|{self.subject}"


class ActivityChange(Change, frozen=True, kw_only=True, omit_defaults=True):
    activity: Activity

    @property
    def subject(self) -> str:
        return self.activity.id


class Enrolled(Change, frozen=True, kw_only=True, omit_defaults=True, tag="enrolled"):
    role: str = ""
    words = ("enrolled",)
    aspect = "enrolment"


class Unenrolled(Change, frozen=True, kw_only=True, omit_defaults=True, tag="unenrolled"):
    words = ("unenrolled",)
    aspect = "enrolment"


class RoleChanged(Change, frozen=True, kw_only=True, omit_defaults=True, tag="role_changed"):
    role: str
    words = ("role_changed",)
    aspect = "role"

    @property
    def value(self) -> str:
        return self.role


class EnrolmentSuspended(Change, frozen=True, kw_only=True, omit_defaults=True, tag="suspended"):
    words = ("suspended",)
    aspect = "suspension"


class EnrolmentResumed(Change, frozen=True, kw_only=True, omit_defaults=True, tag="resumed"):
    words = ("resumed",)
    aspect = "suspension"


class ActivityCompleted(ActivityChange, frozen=True, kw_only=True, omit_defaults=True, tag="activity_completed"):
    score: Score | None = None
    words = ("completed", "activity_completed")
    aspect = "completion"
    standing = True

    @property
    def value(self) -> str:
        return "complete"


class CourseCompleted(Change, frozen=True, kw_only=True, omit_defaults=True, tag="course_completed"):
    score: Score | None = None
    words = ("completed", "course_completed")
    aspect = "completion"
    standing = True

    @property
    def value(self) -> str:
        return "complete"


class CompletionUndone(Change, frozen=True, kw_only=True, omit_defaults=True, tag="completion_undone"):
    activity: Activity | None = None
    words = ("completion_undone",)
    aspect = "completion"
    standing = True

    @property
    def subject(self) -> str:
        return self.activity.id if self.activity else super().subject

    @property
    def value(self) -> str:
        return "incomplete"


class Passed(Change, frozen=True, kw_only=True, omit_defaults=True, tag="passed"):
    activity: Activity | None = None
    score: Score | None = None
    words = ("passed",)
    aspect = "mastery"
    standing = True

    @property
    def subject(self) -> str:
        return self.activity.id if self.activity else super().subject


class Failed(Change, frozen=True, kw_only=True, omit_defaults=True, tag="failed"):
    activity: Activity | None = None
    score: Score | None = None
    words = ("failed",)
    aspect = "mastery"
    standing = True

    @property
    def subject(self) -> str:
        return self.activity.id if self.activity else super().subject


class GradePosted(ActivityChange, frozen=True, kw_only=True, omit_defaults=True, tag="graded"):
    score: Score
    words = ("graded",)
    aspect = "grade"
    standing = True

    @property
    def value(self) -> str:
        return self.score.text()


class SubmissionReceived(ActivityChange, frozen=True, kw_only=True, omit_defaults=True, tag="submitted"):
    words = ("submitted",)
    aspect = "submission"
    momentary = True

    @property
    def value(self) -> str:
        return instant(self.at)  # each hand-in counts


class AssignmentPosted(ActivityChange, frozen=True, kw_only=True, omit_defaults=True, tag="assignment_posted"):
    """``learner`` is the teacher who published it; the entity is the assignment itself."""

    words = ("assignment_posted",)
    aspect = "assignment"

    @property
    def entity(self) -> str:
        return f"{self.aspect}|{self.activity.id}"


class AssignmentDueSoon(ActivityChange, frozen=True, kw_only=True, omit_defaults=True, tag="due_soon"):
    """A reminder: the learner has not handed it in. ``due`` is the moment it is due, RFC 3339; ``before_s`` how long
    before it the reminder was to come."""

    due: str
    before_s: int
    words = ("due_soon",)
    aspect = "due"
    standing = True

    @property
    def value(self) -> str:
        return f"{instant(self.due)} {self.before_s}"


class UserCreated(Change, frozen=True, kw_only=True, omit_defaults=True, tag="user_created"):
    words = ("user_created",)
    aspect = "user"


class UserUpdated(Change, frozen=True, kw_only=True, omit_defaults=True, tag="user_updated"):
    words = ("user_updated",)
    aspect = "user_details"
    momentary = True

    @property
    def value(self) -> str:
        return instant(self.at)


class StatementStored(Change, frozen=True, kw_only=True, omit_defaults=True, tag="statement"):
    """A statement of the log, whatever it tells and whether it tells a change at all: for consumers, who take the
    statement itself. ``at`` is when it was stored; the learner has no key where the actor is an anonymous group."""

    statement_id: str
    verb: str
    """The verb's IRI."""
    activity: Activity | None = None
    voids: str = ""
    """The id of the statement that this one voids."""
    words = ("statement",)
    aspect = "statement"
    momentary = True

    @property
    def entity(self) -> str:
        return f"{self.aspect}|{self.statement_id}"


def instant(at: str) -> str:
    """A time as canonical text, whatever zone and notation it was told in; what is no time stays as it is."""
    moment = moment_of(at)
    return at if moment is None else moment.astimezone(UTC).isoformat()


AnyChange = (
    Enrolled
    | Unenrolled
    | RoleChanged
    | EnrolmentSuspended
    | EnrolmentResumed
    | ActivityCompleted
    | CourseCompleted
    | CompletionUndone
    | Passed
    | Failed
    | GradePosted
    | SubmissionReceived
    | AssignmentPosted
    | AssignmentDueSoon
    | UserCreated
    | UserUpdated
    | StatementStored
)

ROUTE_WORDS = frozenset(word for kind in AnyChange.__args__ for word in kind.words)
"""Every word ``when`` takes."""
