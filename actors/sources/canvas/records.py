"""Canvas's objects as records: which entity, which id, and what of the object is kept.

What is kept is what a mapping may want, not all there is: texts that learners hand in, comments and addresses of files
are nobody's business here, and fields that change whenever somebody looks at a page (``last_activity_at``) would make
every reading new. A Canvas submission is two things to us: that something was handed in, and a grade.
"""

from collections.abc import Mapping

from actors.domain.canonical import EntityName
from actors.domain.harvest import Record

Entry = Mapping[str, object]
SHARD = 10_000_000_000_000
"""A global id is shard × this + the local id."""

USER_DROPS = frozenset(
    {"avatar_url", "avatar_image_url", "bio", "last_login", "enrollments", "permissions", "custom_links"}
)
COURSE_DROPS = frozenset(
    {
        "enrollments",
        "calendar",
        "syllabus_body",
        "public_description",
        "permissions",
        "course_progress",
        "image_download_url",
    }
    | {"total_students", "needs_grading_count", "blueprint_restrictions", "access_restricted_by_date"}
)
ENROLMENT_DROPS = frozenset(
    {
        "user",
        "grades",
        "last_activity_at",
        "last_attended_at",
        "total_activity_time",
        "html_url",
        "can_be_removed",
        "locked",
    }
)
ASSIGNMENT_KEEPS = frozenset(
    {"id", "course_id", "name", "due_at", "lock_at", "unlock_at", "points_possible", "published", "workflow_state"}
    | {"updated_at", "created_at", "submission_types", "grading_type", "sis_assignment_id", "integration_id", "due_for"}
    | {"assignment_group_id", "omit_from_final_grade", "only_visible_to_overrides"}
)
SUBMISSION_KEEPS = frozenset(
    {"assignment_id", "user_id", "submitted_at", "attempt", "submission_type", "workflow_state"}
)
GRADE_KEEPS = frozenset(
    {
        "assignment_id",
        "user_id",
        "score",
        "grade",
        "graded_at",
        "posted_at",
        "excused",
        "workflow_state",
        "entered_score",
    }
)
GONE = frozenset({"deleted", "rejected"})
TEST_STUDENT = "StudentViewEnrollment"


def number(value: object) -> str:
    """An id as text, empty where it is none. Numbers and strings of digits count."""
    if isinstance(value, bool):
        return ""
    if isinstance(value, int):
        return str(value) if 0 <= value < 10**25 else ""
    text = value if isinstance(value, str) else ""
    return text if text.isascii() and text.isdecimal() and len(text) <= 25 else ""


def local(value: object, shard: int | None) -> str:
    """As ``number``; a global id of this shard becomes the local one, which is what the REST API calls it."""
    text = number(value)
    if not text or shard is None:
        return text
    there, here = divmod(int(text), SHARD)
    return str(here) if there and there == shard else text


def shard_of(root_account: object) -> int | None:
    """The shard of a root account's global id; None where it is local, or no id."""
    text = number(root_account)
    shard = int(text) // SHARD if text else 0
    return shard or None


def is_gone(state: object) -> bool:
    """Whether an enrolment in this state is none any more."""
    return isinstance(state, str) and state in GONE


def pair(one: object, other: object) -> str:
    """The id of what two things have together: ``12/34``."""
    return f"{number(one)}/{number(other)}"


def user(entry: Entry, *, form: str = "rest", scope: str = "", via: str = "") -> Record | None:
    """``via``: the course that shows them."""
    return _record("user", number(entry.get("id")), form, _without(entry, USER_DROPS), scope=scope, via=via)


def course(entry: Entry, *, made_us: int | None = None) -> Record | None:
    gone = entry.get("workflow_state") == "deleted"
    body = _without(entry, COURSE_DROPS)
    return _record("course", number(entry.get("id")), "rest", body, gone=gone, made_us=made_us)


def enrolment(entry: Entry) -> Record | None:
    """None also for the test student, whom Canvas enrols for teachers to look through."""
    if entry.get("type") == TEST_STUDENT:
        return None
    scope = number(entry.get("course_id"))
    body = _without(entry, ENROLMENT_DROPS)
    gone = is_gone(entry.get("enrollment_state"))
    return _record("enrolment", number(entry.get("id")), "rest", body, scope=scope, gone=gone)


def course_grade(entry: Entry) -> Record | None:
    """The running total, as the learner may see it, which an enrolment of a learner brings along."""
    grades = entry.get("grades")
    if entry.get("type") != "StudentEnrollment" or not isinstance(grades, dict) or "current_score" not in grades:
        return None
    who, where = number(entry.get("user_id")), number(entry.get("course_id"))
    body = {"user_id": who, "course_id": where, "score": grades.get("current_score")}
    record_id = f"course-{where}/{who}" if where and who else ""
    return _record("grade", record_id, "course_total", body, scope=where)


def assignment(entry: Entry) -> Record | None:
    """``due_for`` in it is what ``dates`` found."""
    scope = number(entry.get("course_id"))
    body = _only(entry, ASSIGNMENT_KEEPS)
    gone = entry.get("workflow_state") == "deleted"
    return _record("assignment", number(entry.get("id")), "rest", body, scope=scope, gone=gone)


def handed_in(entry: Entry, scope: str) -> Record | None:
    """None where nothing was handed in yet."""
    if not entry.get("submitted_at"):
        return None
    body = _only(entry, SUBMISSION_KEEPS)
    return _record("submission", _work_of(entry), "rest", body, scope=scope)


def grade(entry: Entry, scope: str, points: object) -> Record | None:
    """None where there never was one. ``points``: the most that the assignment gives."""
    if entry.get("score") is None and not entry.get("graded_at"):
        return None
    body = {**_only(entry, GRADE_KEEPS), "course_id": scope, "points_possible": points}
    return _record("grade", _work_of(entry), "rest", body, scope=scope)


def completion(entry: Entry, scope: str) -> Record | None:
    """A learner's progress through the modules; None where there are no requirements for them."""
    progress = entry.get("progress")
    if not isinstance(progress, dict) or "error" in progress or not progress.get("requirement_count"):
        return None
    who = number(entry.get("id"))
    body = {"user_id": who, "course_id": scope, "completed_at": progress.get("completed_at")}
    return _record("completion", f"{scope}/{who}", "rest", body, scope=scope)


def _work_of(entry: Entry) -> str:
    return pair(entry.get("assignment_id"), entry.get("user_id"))


def _record(
    entity: EntityName,
    record_id: str,
    form: str,
    body: Mapping[str, object],
    *,
    scope: str = "",
    gone: bool = False,
    via: str = "",
    made_us: int | None = None,
) -> Record | None:
    if not record_id or record_id.startswith("/") or record_id.endswith("/"):
        return None
    return Record(entity=entity, id=record_id, form=form, body=body, scope=scope, gone=gone, via=via, made_us=made_us)


def _without(entry: Entry, drops: frozenset[str]) -> dict[str, object]:
    return {name: value for name, value in entry.items() if name not in drops}


def _only(entry: Entry, keeps: frozenset[str]) -> dict[str, object]:
    return {name: value for name, value in entry.items() if name in keeps}
