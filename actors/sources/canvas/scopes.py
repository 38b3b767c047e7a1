"""Canvas's scopes: one for each kind of request, named by its method and path as the developer key lists them."""

from actors.domain.scopes import Feature, Need
from actors.sources.canvas.settings import CanvasSettings

_URL = "url:GET|/api/v1/"
_FEATURES: frozenset[Feature] = frozenset()

ALWAYS = (
    ("users/:id", "saying whose token it is"),
    ("courses/:course_id/enrollments", "reading who is in a course"),
)
WHOLE = (
    ("accounts/:account_id/courses", "listing the account's courses"),
    ("accounts/:account_id/users", "listing the account's people"),
)
BY_COURSE = (
    ("courses/:id", "reading the courses that are named"),
    ("courses/:course_id/users", "reading their people"),
)
OF_WORK = (
    ("courses/:course_id/assignments", "reading assignments and their dates"),
    ("courses/:course_id/assignments/:assignment_id/overrides", "reading for whom other dates hold"),
    ("courses/:course_id/groups", "reading for which groups other dates hold"),
    ("groups/:group_id/users", "reading who is in these groups"),
)
SUBMISSIONS = (("courses/:course_id/students/submissions", "reading what was handed in and graded"),)
COMPLETIONS = (("courses/:course_id/bulk_user_progress", "reading which modules were completed"),)


def needed(settings: CanvasSettings, speaker: str) -> tuple[Need, ...]:
    """The least that what is read needs."""
    rows = [*ALWAYS, *(BY_COURSE if settings.courses.ids else WHOLE)]
    rows += OF_WORK if "assignments" in settings.read else ()
    rows += SUBMISSIONS if "submissions" in settings.read else ()
    rows += COMPLETIONS if "completions" in settings.read else ()
    return tuple(Need(scope=f"{_URL}{path}", speaker=speaker, why=why, features=_FEATURES) for path, why in rows)
