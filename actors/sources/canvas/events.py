"""One Live Event as records. They have the ids that the REST API gives them, and hold what the event knows.

Ids come global or local, whatever the event: those of the account's own shard are made local, as REST calls them. What
an event does not name is not guessed: where it matters, the source is read soon (``look``). Of the metadata only the
event's name, its time, the account and the course are looked at: the address in it may hold a token.
"""

from collections.abc import Callable, Mapping

import msgspec

from actors.domain.canonical import EntityName
from actors.domain.harvest import Record
from actors.sources.canvas.records import TEST_STUDENT, is_gone, local, shard_of

Fields = Mapping[str, object]
TEXT_CHARS_MAX = 8_192


class Told(msgspec.Struct, frozen=True):
    """What an event comes to."""

    records: tuple[Record, ...] = ()
    look: bool = False


NOTHING = Told()
"""It says nothing that concerns us, or what another event says too."""
LOOK = Told(look=True)


class Event:
    """One event, taken apart."""

    def __init__(self, metadata: Fields, body: Fields) -> None:
        self.name = str(metadata.get("event_name") or "")
        self.body = body
        self.time = metadata.get("event_time")
        self._shard = shard_of(metadata.get("root_account_id"))
        self.course = self.id(metadata.get("context_id")) if metadata.get("context_type") == "Course" else ""

    def id(self, value: object) -> str:
        return local(value, self._shard)

    def of(self, name: str) -> str:
        """An id of the body."""
        return self.id(self.body.get(name))

    def record(
        self, entity: EntityName, record_id: str, form: str, told: Fields, *, scope: str = "", gone: bool = False
    ) -> Told:
        """A record with what is told, where that can be named at all; else the source is to be read."""
        if not record_id or record_id.startswith("/") or record_id.endswith("/"):
            return LOOK
        body = {name: value for name, value in told.items() if value != ""} | {"event_time": self.time}
        one = Record(entity=entity, id=record_id, form=form, body=body, scope=scope, gone=gone, partial=True)
        return Told((one,))

    def only(self, *names: str) -> dict[str, object]:
        """These of the body, as far as it has them."""
        return {name: _short(self.body[name]) for name in names if name in self.body}


def understand(event: Fields, *, totals: bool) -> Told | None:
    """None: of no kind we know. ``totals``: whether the running total of a course is wanted."""
    metadata, body = event.get("metadata"), event.get("body")
    if not isinstance(metadata, Mapping) or not isinstance(body, Mapping):
        return None
    seen = Event(metadata, body)
    rule = _override if {"score_id", "override_score"} <= body.keys() else RULES.get(seen.name)
    if rule is None:
        return None
    return NOTHING if rule in (_total, _override) and not totals else rule(seen)


# ── rules ────────────────────────────────────────────────────────────────────────────────────────────


def _user(event: Event) -> Told:
    who = event.of("user_id")
    told = event.only("name", "short_name", "user_login", "user_sis_id", "workflow_state")
    return event.record("user", who, "event", told, gone=event.body.get("workflow_state") == "deleted")


def _new_user(event: Event) -> Told:
    """Events do not tell the address."""
    return Told(_user(event).records, look=True)


def _course(event: Event) -> Told:
    told = event.only("name", "workflow_state")
    return event.record("course", event.of("course_id"), "event", told, gone=told.get("workflow_state") == "deleted")


def _new_course(event: Event) -> Told:
    """Events do not tell its code."""
    return Told(_course(event).records, look=True)


def _enrolment(event: Event) -> Told:
    if event.body.get("type") == TEST_STUDENT:
        return NOTHING
    course, state = event.of("course_id"), event.body.get("workflow_state")
    told = event.only("type", "workflow_state", "created_at", "updated_at") | {
        "user_id": event.of("user_id"),
        "course_id": course,
        "course_section_id": event.of("course_section_id"),
        "associated_user_id": event.of("associated_user_id"),
    }
    return event.record("enrolment", event.of("enrollment_id"), "event", told, scope=course, gone=is_gone(state))


def _assignment(event: Event) -> Told:
    if event.body.get("context_type", "Course") != "Course":
        return NOTHING
    course = event.of("context_id")
    told = event.only("title", "due_at", "points_possible", "workflow_state", "updated_at", "submission_types")
    gone = told.get("workflow_state") == "deleted"
    told["course_id"] = course
    return event.record("assignment", event.of("assignment_id"), "event", told, scope=course, gone=gone)


def _submission(event: Event) -> Told:
    """That it was handed in. Its score is told by ``grade_change``, which also tells whether it may be seen."""
    if not event.body.get("submitted_at"):
        return NOTHING
    assignment, user = event.of("assignment_id"), event.of("user_id")
    told = event.only("submitted_at", "attempt", "workflow_state", "submission_type")
    told |= {"assignment_id": assignment, "user_id": user}
    return event.record("submission", f"{assignment}/{user}", "event", told, scope=event.course)


def _grade(event: Event) -> Told:
    assignment = event.of("assignment_id")
    user = event.of("user_id") or event.of("student_id")
    told = event.only("score", "grade", "points_possible", "muted", "grading_complete")
    told |= {"assignment_id": assignment, "user_id": user, "course_id": event.course}
    found = event.record("grade", f"{assignment}/{user}", "event", told, scope=event.course)
    return found if event.course else Told(found.records, look=True)


def _total(event: Event) -> Told:
    course, user = event.of("course_id"), event.of("user_id")
    told: dict[str, object] = {"user_id": user, "course_id": course, "score": event.body.get("current_score")}
    gone = event.body.get("workflow_state") == "deleted"
    return _named_pair(event, "grade", course, user, "course_total_event", told, gone=gone)


def _override(event: Event) -> Told:
    """A teacher's own word on the total; of a part of the year it says nothing of the whole."""
    if event.body.get("grading_period_id") is not None:
        return NOTHING
    course, user = event.of("course_id"), event.of("user_id")
    told: dict[str, object] = {"user_id": user, "course_id": course, "score": event.body.get("override_score")}
    return _named_pair(event, "grade", course, user, "course_total_event", told)


def _named_pair(
    event: Event, entity: EntityName, course: str, user: str, form: str, told: Fields, *, gone: bool = False
) -> Told:
    record_id = f"course-{course}/{user}" if course and user else ""
    return event.record(entity, record_id, form, told, scope=course, gone=gone)


def _progress(event: Event) -> Told:
    """Through the requirements of a course's modules; done where it has a time."""
    course, user, progress = (event.body.get(name) for name in ("course", "user", "progress"))
    if not (isinstance(course, Mapping) and isinstance(user, Mapping) and isinstance(progress, Mapping)):
        return LOOK
    where, who = event.id(course.get("id")), event.id(user.get("id"))
    done = progress.get("completed_at") or (event.time if event.name == "course_completed" else None)
    told = {"course_id": where, "user_id": who, "completed_at": _short(done)}
    return event.record("completion", f"{where}/{who}", "event", told, scope=where)


RULES: dict[str, Callable[[Event], Told]] = {
    "user_created": _new_user,
    "user_updated": _user,
    "course_created": _new_course,
    "course_updated": _course,
    "enrollment_created": _enrolment,
    "enrollment_updated": _enrolment,
    "assignment_created": _assignment,
    "assignment_updated": _assignment,
    "submission_created": _submission,
    "submission_updated": _submission,
    "plagiarism_resubmit": _submission,
    "grade_change": _grade,
    "course_grade_change": _total,
    "grade_override": _override,
    "course_completed": _progress,
    "course_progress": _progress,
    "enrollment_state_created": lambda event: LOOK,
    "enrollment_state_updated": lambda event: LOOK,
    "assignment_override_created": lambda event: LOOK,
    "assignment_override_updated": lambda event: LOOK,
    "user_account_association_created": lambda event: LOOK,
    "sis_batch_updated": lambda event: LOOK,
}
"""By the event's name; an override of a grade is known by its shape, since its documented example has another name."""


def _short(value: object) -> object:
    """Texts as long as Canvas itself cuts them."""
    return value[:TEXT_CHARS_MAX] if isinstance(value, str) else value
