"""The operators' hand on the school that the sandbox's LMSs tell of: what happens there is said as JSON.

One school for all fakes of sources, so that whatever happens in it is told by each of them in its own way. Somebody or
something is named by its id, or by whatever else it is known by (a person's name, address, username or SIS id; a
course's code or name; an assignment's name).
"""

from collections.abc import Callable, Iterable
from typing import TypeVar, assert_never

import msgspec

from actors.domain.school import Class, Membership, Pupil, School, Work
from actors.ports import adjusting
from actors.ports.adjusting import Unclear as Unclear

THINGS_MAX = 20_000
Named = int | str
T = TypeVar("T")


class _Do(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """What every happening is."""


class AddPerson(_Do, frozen=True, kw_only=True, tag="add_person"):
    given: str
    family: str
    email: str = ""
    username: str = ""


class ChangePerson(_Do, frozen=True, kw_only=True, tag="change_person"):
    person: Named
    given: str | None = None
    family: str | None = None
    email: str | None = None
    username: str | None = None
    locale: str | None = None
    timezone: str | None = None
    org_unit: str | None = None
    suspended: bool | None = None
    deleted: bool | None = None


class AddCourse(_Do, frozen=True, kw_only=True, tag="add_course"):
    name: str
    code: str


class Enrol(_Do, frozen=True, kw_only=True, tag="enrol"):
    person: Named
    course: Named
    role: str = "student"
    section: int = 0


class ChangeMembership(_Do, frozen=True, kw_only=True, tag="change_membership"):
    """``membership`` by its id, or the only one of ``person`` in ``course``."""

    membership: int | None = None
    person: Named | None = None
    course: Named | None = None
    role: str | None = None
    state: str | None = None


class Assign(_Do, frozen=True, kw_only=True, tag="assign"):
    course: Named
    name: str
    due_s: float | None = None
    points: float = 100.0


class ChangeWork(_Do, frozen=True, kw_only=True, tag="change_work"):
    work: Named
    name: str | None = None
    due_s: float | None = None
    points: float | None = None
    published: bool | None = None


class Submit(_Do, frozen=True, kw_only=True, tag="submit"):
    work: Named
    person: Named


class Grade(_Do, frozen=True, kw_only=True, tag="grade"):
    """``points`` null takes the grade away; ``posted`` false hides it from the learner."""

    work: Named
    person: Named
    points: float | None
    posted: bool = True


class Complete(_Do, frozen=True, kw_only=True, tag="complete"):
    work: Named
    person: Named


class Finish(_Do, frozen=True, kw_only=True, tag="finish"):
    course: Named
    person: Named
    complete: bool = True


AnyDo = (
    AddPerson
    | ChangePerson
    | AddCourse
    | Enrol
    | ChangeMembership
    | Assign
    | ChangeWork
    | Submit
    | Grade
    | Complete
    | Finish
)
ROLES = frozenset({"student", "teacher", "ta", "observer", "designer"})
STATES = frozenset({"active", "invited", "inactive", "completed", "deleted"})


def read(body: bytes) -> list[AnyDo]:
    """One happening, or a list of them. Raises Unclear."""
    return adjusting.read(body, AnyDo)


def happen(school: School, what: AnyDo, now_s: float) -> object:
    """Let it happen; what became of it. Raises Unclear, and then nothing happened."""
    if len(school.happened) >= THINGS_MAX:
        raise Unclear(f"so much has happened here ({THINGS_MAX}) that nothing more does: start the sandbox again")
    match what:
        case AddPerson(given=given, family=family):
            return school.add_person(given, family, now_s, email=what.email, username=what.username)
        case ChangePerson():
            pupil = person(school, what.person)
            school.change_person(pupil, now_s, **_given(what, "person"))
            return pupil
        case AddCourse(name=name, code=code):
            return school.add_course(name, code, now_s)
        case Enrol(role=role):
            _check(role, ROLES, "role")
            who, where = person(school, what.person), course(school, what.course)
            return school.enrol(who, where, now_s, role=role, section=what.section)
        case ChangeMembership():
            _check(what.role, ROLES, "role")
            _check(what.state, STATES, "state")
            member = _membership(school, what)
            school.change_membership(member, now_s, **_given(what, "membership", "person", "course"))
            return member
        case Assign(name=name):
            return school.assign(course(school, what.course), name, now_s, due_s=what.due_s, points=what.points)
        case ChangeWork():
            piece = work(school, what.work)
            school.change_work(piece, now_s, **_given(what, "work"))
            return piece
        case Submit():
            return school.submit(work(school, what.work), person(school, what.person), now_s)
        case Grade(points=points):
            piece, who = work(school, what.work), person(school, what.person)
            return school.grade(piece, who, points, now_s, posted=what.posted)
        case Complete():
            return school.complete(work(school, what.work), person(school, what.person), now_s)
        case Finish(complete=complete):
            who, where = person(school, what.person), course(school, what.course)
            return school.finish(where, who, now_s, complete=complete)
        case _ as never:
            assert_never(never)


def shown(school: School) -> dict[str, object]:
    """All there is, for ``GET /sandbox/school``."""
    return {
        "people": list(school.people.values()),
        "courses": list(school.courses.values()),
        "memberships": list(school.memberships.values()),
        "works": list(school.works.values()),
        "marks": list(school.marks.values()),
        "finishes": list(school.finishes.values()),
        "happened": len(school.happened),
    }


# ── who and what is meant ────────────────────────────────────────────────────────────────────────────


def person(school: School, named: Named) -> Pupil:
    """Raises Unclear."""
    return _one("person", named, school.people, lambda each: (each.name, each.email, each.username, each.sis_id))


def course(school: School, named: Named) -> Class:
    """Raises Unclear."""
    return _one("course", named, school.courses, lambda each: (each.code, each.name, each.sis_id))


def work(school: School, named: Named) -> Work:
    """Raises Unclear."""
    return _one("work", named, school.works, lambda each: (each.name,))


def _membership(school: School, what: ChangeMembership) -> Membership:
    if what.membership is not None:
        return _one("membership", what.membership, school.memberships, lambda _: ())
    if what.person is None or what.course is None:
        raise Unclear("a membership is named by its id, or by person and course")
    who, where = person(school, what.person), course(school, what.course)
    found = [each for each in school.memberships.values() if (each.user, each.course) == (who.id, where.id)]
    if len(found) != 1:
        ids = ", ".join(str(each.id) for each in found) or "none"
        raise Unclear(f"{who.name} has {len(found)} memberships in {where.code} ({ids}): name one by its id")
    return found[0]


def _one(kind: str, named: Named, among: dict[int, T], names: Callable[[T], Iterable[str]]) -> T:
    if isinstance(named, int):
        if named not in among:
            raise Unclear(f"there is no {kind} with the id {named}")
        return among[named]
    folded = named.casefold()
    found = [number for number, each in among.items() if any(folded == name.casefold() for name in names(each) if name)]
    if len(found) != 1:
        ids = ", ".join(str(number) for number in found)
        raise Unclear(
            f"there is no {kind} {named!r}" if not found else f"{named!r} may be {kind} {ids}: name one by its id"
        )
    return among[found[0]]


def _given(what: msgspec.Struct, *besides: str) -> dict[str, object]:
    """The changes that were said. Raises Unclear where there are none."""
    fields = {name: getattr(what, name) for name in what.__struct_fields__ if name not in besides}
    given = {name: value for name, value in fields.items() if value is not None}
    if not given:
        raise Unclear(f"nothing changes: give one of {', '.join(fields)}")
    return given


def _check(word: str | None, known: frozenset[str], what: str) -> None:
    if word is not None and word not in known:
        raise Unclear(f"{word!r} is no {what}: one of {', '.join(sorted(known))}")
