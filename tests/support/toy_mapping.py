"""What the toy source's records mean."""

import tomllib
from functools import cache

from actors.domain.mapping.compiling import compile_tables
from actors.domain.mapping.mapped import Mapped

MAPPING = """
version = 1
note = "v1: the first table."
[words.role]
student = "learner"
teacher = "instructor"
ta = "assistant"
observer = "observer"
designer = "designer"
[words.state]
active = "active"
invited = "invited"
inactive = "suspended"
completed = "completed"
deleted = "ended"
[user.row]
email = { path = "email", as = "email" }
display_name = { path = "name", as = "name", required = true }
active = { path = "active", default = true }
"identifiers.sis" = { path = "sis", as = "text" }
"attributes.cohort" = { path = "cohort", as = "text" }
updated = { path = "at", as = "moment" }
[course.row]
iri = { format = "{home_page}/course/{id}" }
name = { path = "name", as = "name" }
code = { path = "code", as = "text" }
active = { path = "!starts_with(name, 'Closed')" }
updated = { path = "at", as = "moment" }
[enrolment.row]
user = { path = "user", as = "text" }
course = { path = "course", as = "text" }
role = { path = "role", as = "word:role" }
status = { path = "state", as = "word:state" }
section = { path = "section", as = "text" }
start = { path = "start", as = "text" }
end = { path = "end", as = "text" }
updated = { path = "at", as = "moment" }
[assignment.row]
course = { path = "course", as = "text" }
iri = { format = "{home_page}/paper/{id}" }
name = { path = "name", as = "name" }
due = { path = "due", as = "unix" }
points_max = { path = "points", as = "number" }
published = { path = "published" }
updated = { path = "at", as = "moment" }
[submission.row]
user = { path = "user", as = "text" }
assignment = { path = "work", as = "text" }
at = { path = "submitted", as = "unix" }
attempt = { path = "attempt", as = "number" }
updated = { path = "at", as = "moment" }
[grade.row]
user = { path = "user", as = "text" }
course = { path = "course", as = "text" }
assignment = { path = "work", as = "text" }
"score.raw" = { path = "grade", as = "number" }
"score.max" = { path = "max", as = "number" }
at = { path = "graded", as = "unix" }
hidden = { path = "hidden", default = false }
updated = { path = "at", as = "moment" }
[completion.row]
user = { path = "user", as = "text" }
course = { path = "course", as = "text" }
complete = { path = "complete" }
at = { path = "finished", as = "unix" }
updated = { path = "at", as = "moment" }
"""


@cache
def toy_tables() -> dict[int, Mapped]:
    """Its mapping, compiled."""
    mapped, wrong = compile_tables({1: tomllib.loads(MAPPING)})
    assert not wrong, wrong
    return mapped
