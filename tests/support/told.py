"""Statements as an LMS tells them, for tests."""

from actors.domain.undoing import VOIDED


def completed(
    who: str, what: str = "quiz", *, course: str = "CS101", at: str = "2026-11-23T10:00:00Z"
) -> dict[str, object]:
    """A module completion as Moodle tells it."""
    return {
        "actor": {"name": who, "mbox": f"mailto:{who}@example.edu"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": _thing(what, "http://adlnet.gov/expapi/activities/assessment"),
        "context": {"contextActivities": {"parent": [_course(course)]}},
        "result": {"completion": True},
        "timestamp": at,
    }


def graded(who: str, points: float, what: str = "essay", *, at: str = "2026-11-23T10:00:00Z") -> dict[str, object]:
    """An assignment graded."""
    return {
        "actor": {"name": who, "mbox": f"mailto:{who}@example.edu"},
        "verb": {"id": "https://w3id.org/xapi/tla/verbs/scored"},
        "object": _thing(what, "https://xapi.edlm/profiles/edlm-lms/concepts/activity-types/assignment"),
        "context": {"contextActivities": {"parent": [_course("CS101")]}},
        "result": {"score": {"raw": points, "min": 0, "max": 100}},
        "timestamp": at,
    }


def voiding(statement_id: str) -> dict[str, object]:
    """Another statement is taken back."""
    return {
        "actor": {"name": "Registrar", "mbox": "mailto:registrar@example.edu"},
        "verb": {"id": VOIDED},
        "object": {"objectType": "StatementRef", "id": statement_id},
    }


def _thing(name: str, kind: str) -> dict[str, object]:
    return {"id": f"https://lms.example.edu/mod/{name}", "definition": {"type": kind, "name": {"en": name.title()}}}


def _course(code: str) -> dict[str, object]:
    short = "https://w3id.org/learning-analytics/learning-management-system/short-id"
    return {
        "id": f"https://lms.example.edu/course/{code}",
        "definition": {
            "type": "https://w3id.org/xapi/cmi5/activitytype/course",
            "name": {"en": f"Course {code}"},
            "extensions": {short: code},
        },
    }
