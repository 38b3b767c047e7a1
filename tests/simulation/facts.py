"""What happens at the simulated school, and how an LMS tells it. A ``Fact`` carries what the oracle needs to know;
``told`` makes a statement of it, in one of the words that mean the same.
"""

from random import Random

import msgspec

ADL = "http://adlnet.gov/expapi/verbs/"
EDLM = "https://xapi.edlm/profiles/edlm-lms/concepts/verbs/"
TLA = "https://w3id.org/xapi/tla/verbs/"
STREAMS = "http://activitystrea.ms/"
OURS = "urn:lmsyncd:verbs:"
ROLE = "urn:lmsyncd:extensions:role"
SHORT_ID = "https://w3id.org/learning-analytics/learning-management-system/short-id"
COURSE = "https://w3id.org/xapi/cmi5/activitytype/course"
ASSIGNMENT = "https://xapi.edlm/profiles/edlm-lms/concepts/activity-types/assignment"
QUIZ = "http://adlnet.gov/expapi/activities/assessment"
HOME = "https://lms.example.edu"

LEARNERS = ("ada", "ben", "cleo", "dan", "eve", "fay")
STRANGERS = ("nobody",)
"""At the vendors' domains, and yet no vendor knows them."""
NAMELESS = ("7", "8")
"""Known to the LMS by an account only: no e-mail address."""
COURSES = ("CS101", "MA202", "HI999")
"""The last has no channel anywhere."""

WORDS: dict[str, tuple[str, ...]] = {
    "activity_completed": ("completed", "activity_completed"),
    "course_completed": ("completed", "course_completed"),
    "completion_undone": ("completion_undone",),
    "graded": ("graded",),
    "enrolled": ("enrolled",),
    "unenrolled": ("unenrolled",),
    "role_changed": ("role_changed",),
    "passed": ("passed",),
    "failed": ("failed",),
    "submitted": ("submitted",),
}
VERBS: dict[str, tuple[str, ...]] = {
    "activity_completed": (ADL + "completed",),
    "course_completed": (ADL + "completed",),
    "completion_undone": (EDLM + "uncompleted",),
    "graded": (TLA + "scored", ADL + "scored"),
    "enrolled": (EDLM + "enrolled", ADL + "registered"),
    "unenrolled": (STREAMS + "leave", EDLM + "unenrolled"),
    "role_changed": (OURS + "role-changed",),
    "passed": (ADL + "passed",),
    "failed": (ADL + "failed",),
    "submitted": (STREAMS + "submit", ADL + "submitted", TLA + "submitted"),
    "unknown_verb": ("https://example.edu/verbs/pondered",),
    "group": (ADL + "completed",),
    "voiding": (ADL + "voided",),
}
ASPECTS = {
    "activity_completed": "completion",
    "course_completed": "completion",
    "completion_undone": "completion",
    "graded": "grade",
    "enrolled": "enrolment",
    "unenrolled": "enrolment",
    "role_changed": "role",
    "passed": "mastery",
    "failed": "mastery",
    "submitted": "submission",
}
OF_A_COURSE = frozenset({"course_completed", "enrolled", "unenrolled", "role_changed"})
MOMENTARY = frozenset({"submitted"})
"""Each is news of its own, however late it is told."""
STANDING = frozenset({"activity_completed", "course_completed", "completion_undone", "graded", "passed", "failed"})


Entity = tuple[str, str, str]


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened. ``value`` is what the entity stands at after it (of what voids a statement, the id of
    that one); ``at`` when, RFC 3339."""

    kind: str
    learner: str
    course: str
    what: str
    value: str
    at: str
    at_s: int

    @property
    def entity(self) -> Entity:
        subject = self.course if self.kind in OF_A_COURSE else self.what
        return ASPECTS.get(self.kind, self.kind), self.learner, subject

    @property
    def voids(self) -> str | None:
        return self.value if self.kind == "voiding" else None

    @property
    def is_change(self) -> bool:
        return self.kind in WORDS

    @property
    def reachable(self) -> bool:
        """Whether a vendor can find the learner."""
        return self.learner in LEARNERS

    @property
    def key(self) -> str:
        """The learner's part of the destination of what is for them alone, until somebody finds them."""
        if self.learner in NAMELESS:
            return f"account:{HOME}|{self.learner}"
        return f"{self.learner}@example.edu"


def told(fact: Fact, dice: Random) -> dict[str, object]:
    """A statement of it. Two tellings of one fact may differ in verb, name, language and the scaling of a score."""
    if fact.voids is not None:
        return {
            "actor": _actor(fact, dice),
            "verb": {"id": dice.choice(VERBS[fact.kind])},
            "object": {"objectType": "StatementRef", "id": fact.voids},
            "timestamp": fact.at,
        }
    statement: dict[str, object] = {
        "actor": _actor(fact, dice),
        "verb": {"id": dice.choice(VERBS[fact.kind])},
        "object": _course(fact.course) if fact.kind in OF_A_COURSE else _thing(fact, dice),
        "timestamp": fact.at,
    }
    context: dict[str, object] = {}
    if fact.kind not in OF_A_COURSE:
        context["contextActivities"] = {dice.choice(("parent", "grouping")): [_course(fact.course)]}
    if fact.kind == "role_changed":
        context["extensions"] = {ROLE: fact.value}
    if context:
        statement["context"] = context
    if fact.kind == "graded":
        score = {"raw": float(fact.value), "min": 0, "max": 100}
        if dice.random() < 0.5:
            score["scaled"] = float(fact.value) / 100
        statement["result"] = {"score": score}
    elif "completed" in fact.kind:
        statement["result"] = {"completion": True}
    return statement


def correction(fact: Fact, before: str) -> Fact | None:
    """What is told when this is taken back and things stand as they did ``before`` (empty: nobody knows how)."""
    if before == fact.value:
        return None
    _, _, subject = fact.entity
    match fact.kind:
        case "activity_completed" | "course_completed":
            return msgspec.structs.replace(fact, kind="completion_undone", what=subject, value="incomplete")
        case "completion_undone" if before == "complete":
            kind = "course_completed" if subject in COURSES else "activity_completed"
            return msgspec.structs.replace(fact, kind=kind, value=before)
        case "enrolled":
            return msgspec.structs.replace(fact, kind="unenrolled", value="unenrolled")
        case "unenrolled" | "passed" | "failed" if before:
            return msgspec.structs.replace(fact, kind=before, value=before)
        case "graded" | "role_changed" if before:
            return msgspec.structs.replace(fact, value=before)
        case _:
            return None


def _actor(fact: Fact, dice: Random) -> dict[str, object]:
    if fact.kind == "group":
        return {"objectType": "Group", "mbox": "mailto:group@example.edu", "name": "A group"}
    name = dice.choice((fact.learner.title(), f"{fact.learner.title()} X."))
    if fact.learner in NAMELESS:
        return {"account": {"homePage": HOME, "name": fact.learner}, "name": name}
    address = f"{fact.learner}@example.edu"
    return {"mbox": f"mailto:{address.upper() if dice.random() < 0.1 else address}", "name": name}


def _thing(fact: Fact, dice: Random) -> dict[str, object]:
    names = dice.choice(({"en": fact.what.title()}, {"en-GB": fact.what.title(), "de": f"Die {fact.what.title()}"}))
    kind = QUIZ if fact.kind in {"activity_completed", "completion_undone", "passed", "failed"} else ASSIGNMENT
    return {"id": f"{HOME}/mod/{fact.what}", "definition": {"type": kind, "name": names}}


def _course(code: str) -> dict[str, object]:
    return {
        "id": f"{HOME}/course/{code}",
        "definition": {"type": COURSE, "name": {"en": f"Course {code}"}, "extensions": {SHORT_ID: code}},
    }
