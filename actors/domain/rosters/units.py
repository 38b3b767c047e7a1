"""What a rule makes places of: which enrolments it is for, and to which unit each belongs (pure).

A unit's key is made of ids, so that a course that gets another code keeps its place; its name is what the place would
be called if it were made today.
"""

from collections.abc import Callable, Iterable

from actors.domain.canonical import Course, Enrolment, User
from actors.domain.rosters.model import Unit
from config.recall import remembered
from config.rosters import Roster, placeholders

COHORT = "cohort"
"""The attribute of a user by which ``{user.cohort}`` and ``match.cohort`` go."""
ALL = "all"
"""The key of a unit whose place the rule names outright."""


def fits(rule: Roster, course: Course, enrolment: Enrolment, user: User) -> bool:
    """Whether the rule is for this enrolment at all."""
    match = rule.match
    if match is None:
        return True
    return (
        _any(match.course, course.code, course.external_id, course.id)
        and _any(match.org_unit, course.org_unit)
        and _any(match.section, enrolment.section)
        and _any(match.cohort, user.attributes.get(COHORT, ""))
    )


def of_course(rule: Roster, course: Course) -> bool:
    """Whether any enrolment of this course may fit."""
    match = rule.match
    if match is None:
        return True
    return _any(match.course, course.code, course.external_id, course.id) and _any(match.org_unit, course.org_unit)


def needed(rule: Roster, courses: Iterable[Course], asked: str = "") -> list[str]:
    """The ids of the courses whose enrolments may have anything to do with the rule; and with what is ``asked`` for (a
    course or a unit, by id, label, name or key), as far as courses alone tell that."""
    fitting = [each for each in courses if of_course(rule, each)]
    kinds = {_key_of(each) for each in _wanted(rule.into.name)}
    if asked and "course" in kinds <= {"course", "course.org_unit"}:
        units = ((each, unit_of(rule, each, _NO_ENROLMENT, _NO_USER)) for each in fitting)
        fitting = [
            each
            for each, unit in units
            if isinstance(unit, Unit) and asked in (unit.course, unit.label, unit.name, unit.key)
        ]
    return sorted(each.id for each in fitting)


def unit_of(rule: Roster, course: Course, enrolment: Enrolment, user: User) -> Unit | str:
    """The unit, or the placeholder for which there is nothing to put in."""
    wanted = _wanted(rule.into.name)
    if not wanted:
        return Unit(rule=rule.name, key=ALL, name=rule.into.name, topic=rule.topic, label=rule.into.name)
    values = _values(course, enrolment, user)
    missing = next((each for each in wanted if not values[each]), "")
    if missing:
        return missing
    kinds = {_key_of(each) for each in wanted}
    keys = {
        "course": f"course:{course.id}",
        "course.org_unit": f"course.org_unit:{course.org_unit}",
        "section": f"section:{enrolment.section}",
        "user.org_unit": f"user.org_unit:{user.org_unit}",
        "user.cohort": f"user.cohort:{user.attributes.get(COHORT, '')}",
    }
    of_course_ = "course" in kinds
    return Unit(
        rule=rule.name,
        key="|".join(keys[kind] for kind in sorted(kinds)),
        course=course.id if of_course_ else "",
        name=_filled(rule.into.name, values),
        topic=_filled(rule.topic, values),
        label=(course.code or course.name or course.id) if of_course_ else _filled(rule.into.name, values),
    )


_NO_ENROLMENT, _NO_USER = Enrolment(id="", user="", course="", role="learner"), User(id="")
"""Where a unit is told by its course alone."""


def parts(rule: Roster) -> Callable[[Course, Enrolment, User], tuple[str, ...]]:
    """What tells the unit of one enrolment from that of another: whoever has the same is in the same unit."""
    kinds = {_key_of(each) for each in _wanted(rule.into.name)}
    if kinds <= {"course", "course.org_unit"}:
        return lambda course, enrolment, user: (course.id,) if kinds else ()
    return lambda course, enrolment, user: (
        course.id,
        enrolment.section,
        user.org_unit,
        user.attributes.get(COHORT, ""),
    )


@remembered("roster_words", 1024)
def _wanted(name: str) -> tuple[str, ...]:
    return placeholders(name)


def _key_of(placeholder: str) -> str:
    head = placeholder.partition(".")[0]
    return "course" if head == "course" and placeholder != "course.org_unit" else placeholder


def _values(course: Course, enrolment: Enrolment, user: User) -> dict[str, str]:
    return {
        "course.id": course.id,
        "course.code": course.code,
        "course.name": course.name,
        "course.external_id": course.external_id,
        "course.org_unit": course.org_unit,
        "section": enrolment.section,
        "user.org_unit": user.org_unit,
        "user.cohort": user.attributes.get(COHORT, ""),
    }


def _filled(text: str, values: dict[str, str]) -> str:
    for each in _wanted(text):
        text = text.replace(f"{{{each}}}", values[each])
    return text


def _any(pattern: str | None, *values: str) -> bool:
    if pattern is None:
        return True
    if pattern.endswith("*"):
        return any(value.startswith(pattern[:-1]) for value in values if value)
    return pattern in values
