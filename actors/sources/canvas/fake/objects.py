"""A school as Canvas's REST API shows it: its objects, with what is always there and what changes with every look."""

from actors.domain.school import Class, Mark, Membership, Pupil, Work
from actors.domain.xapi.moments import spelt

TYPES = {
    "student": "StudentEnrollment",
    "teacher": "TeacherEnrollment",
    "ta": "TaEnrollment",
    "observer": "ObserverEnrollment",
    "designer": "DesignerEnrollment",
}
Fields = dict[str, object]


def when(at_s: float | None) -> str | None:
    """As Canvas writes times: UTC, whole seconds."""
    return None if not at_s else spelt(round(at_s) * 1_000_000)[:19] + "Z"


def user(person: Pupil, *, email: bool) -> Fields:
    shown: Fields = {
        "id": person.id,
        "name": person.name,
        "created_at": when(person.at_s),
        "sortable_name": f"{person.family}, {person.given}",
        "short_name": person.name,
        "sis_user_id": person.sis_id,
        "integration_id": None,
        "login_id": person.username,
        "avatar_url": f"https://canvas.example.edu/images/{person.id}.png",
    }
    return shown | ({"email": person.email} if email else {})


def course(made: Class) -> Fields:
    return {
        "id": made.id,
        "name": made.name,
        "course_code": made.code,
        "sis_course_id": made.sis_id,
        "account_id": 1,
        "root_account_id": 1,
        "enrollment_term_id": 1,
        "workflow_state": "deleted" if made.deleted else "available",
        "start_at": when(made.start_s),
        "end_at": when(made.end_s),
        "time_zone": "Europe/Berlin",
        "created_at": when(made.at_s),
        "term": {"id": 1, "name": "Default Term", "start_at": None, "end_at": None},
    }


def enrolment(member: Membership, person: Pupil, now_s: float) -> Fields:
    grades: Fields = {"current_score": None, "final_score": None}
    return {
        "id": member.id,
        "user_id": member.user,
        "course_id": member.course,
        "course_section_id": member.section or member.course + 10_000,
        "type": TYPES[member.role],
        "role": TYPES[member.role],
        "enrollment_state": member.state,
        "associated_user_id": None,
        "created_at": when(member.at_s),
        "updated_at": when(member.at_s),
        "start_at": None,
        "end_at": None,
        "last_activity_at": when(now_s),
        "total_activity_time": round(now_s) % 100_000,
        "user": user(person, email=False),
        **({"grades": grades} if member.role == "student" else {}),
    }


def assignment(work: Work) -> Fields:
    return {
        "id": work.id,
        "course_id": work.course,
        "name": work.name,
        "description": "<p>What is to be done.</p>",
        "due_at": when(work.due_s),
        "points_possible": work.points,
        "grading_type": "points",
        "submission_types": ["online_upload"],
        "workflow_state": "published" if work.published else "unpublished",
        "published": work.published,
        "created_at": when(work.at_s),
        "updated_at": when(work.at_s),
    }


def submission(mark: Mark) -> Fields:
    graded = mark.points is not None
    state = "graded" if graded else "submitted" if mark.submitted_s else "unsubmitted"
    return {
        "id": mark.work * 100_000 + mark.user,
        "assignment_id": mark.work,
        "user_id": mark.user,
        "submitted_at": when(mark.submitted_s),
        "attempt": mark.attempt or None,
        "score": mark.points,
        "grade": None if mark.points is None else f"{mark.points:g}",
        "graded_at": when(mark.graded_s),
        "posted_at": when(mark.graded_s) if mark.posted and graded else None,
        "excused": False,
        "workflow_state": state,
        "body": "What the learner wrote is nobody's business here.",
        "preview_url": "https://canvas.example.edu/preview",
    }


def placeholder(work: Work, user_id: int) -> Fields:
    """Canvas has a submission for everybody, also where there is none."""
    return submission(Mark(work=work.id, user=user_id))


def progress(person: Pupil, done: bool, at_s: float) -> Fields:
    return {
        "id": person.id,
        "display_name": person.name,
        "avatar_image_url": None,
        "progress": {
            "requirement_count": 3,
            "requirement_completed_count": 3 if done else 1,
            "next_requirement_url": None,
            "completed_at": when(at_s) if done else None,
        },
    }
