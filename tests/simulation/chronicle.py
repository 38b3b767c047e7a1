"""What has to be told of a school that changed: a model of its own, which reads the school and nothing else.

Of every round there is how the school stood before and after it. Within a round no two changes touch the same thing,
so that what lies between two looks decides what is due: each fact once, whoever looked how often meanwhile. It shares
no code with the daemon: the rules are those of the documentation, written down a second time.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from actors.domain.school import Membership, School

Fact = tuple[str, str, str, str]
"""(word, learner, course or work, value), people and things by their names; empty where there is none."""
STRENGTH = ("observer", "student", "designer", "ta", "teacher")
"""The weakest first."""
ROLES = {"student": "learner", "teacher": "instructor", "ta": "assistant"}
OUT = ("", False)
LEAD_S = 86_400
"""How long before it is due learners are reminded of work."""


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """How a school stood. ``members``: (role, suspended) of whoever is in a course, by (person, course)."""

    people: Mapping[int, tuple[str, str, bool]]
    members: Mapping[tuple[int, int], tuple[str, bool]]
    works: Mapping[int, bool]
    handed_in: Mapping[tuple[int, int], float]
    scores: Mapping[tuple[int, int], float]
    """What learners may see."""
    done: Mapping[tuple[int, int], bool]
    """By (course, person)."""
    names: Mapping[int, str]
    """Of people, courses and works: their numbers are one row."""
    course_of: Mapping[int, int]
    due_s: Mapping[int, float]


def look(school: School) -> Look:
    """Now. Somebody whose name is blank is not there for anybody who asks for names."""
    there = {one.id for one in school.people.values() if not one.deleted and one.name.strip()}
    held: dict[tuple[int, int], list[Membership]] = {}
    for member in school.memberships.values():
        if member.user in there:
            held.setdefault((member.user, member.course), []).append(member)
    names = {
        **{one.id: one.name for one in school.people.values()},
        **{one.id: one.name for one in school.courses.values()},
        **{one.id: one.name for one in school.works.values()},
    }
    marks = [mark for mark in school.marks.values() if mark.user in there]
    return Look(
        people={one.id: (one.name, one.email, one.suspended) for one in school.people.values() if one.id in there},
        members={pair: stood for pair, some in held.items() if (stood := standing(some)) != OUT},
        works={work.id: work.published for work in school.works.values()},
        handed_in={(each.work, each.user): each.submitted_s for each in marks if each.submitted_s is not None},
        scores={(each.work, each.user): each.points for each in marks if each.points is not None and each.posted},
        done={key: finish.complete for key, finish in school.finishes.items() if key[1] in there},
        names=names,
        course_of={work.id: work.course for work in school.works.values()},
        due_s={work.id: work.due_s for work in school.works.values() if work.due_s is not None},
    )


def standing(held: Iterable[Membership]) -> tuple[str, bool]:
    """In it until the last one ends; suspended only if all that remain are; the strongest role of those in force."""
    inside = [one for one in held if one.state in ("active", "completed")]
    remaining = inside or [one for one in held if one.state == "inactive"]
    if not remaining:
        return OUT
    return ROLES[max((one.role for one in remaining), key=STRENGTH.index)], not inside


class Chronicle:
    """All looks at one school, in order. A score that comes back as it was last shown is no news: there is no word for
    its having been away."""

    def __init__(self, school: School) -> None:
        self._school = school
        self._last = look(school)
        self._shown = dict(self._last.scores)

    def due(self) -> Counter[Fact]:
        """What a source that tells everything has to tell since the last time."""
        before, after = self._last, look(self._school)
        found = Counter([*_people(before, after), *_members(before, after), *_work(before, after)])
        for (work, user), points in after.scores.items():
            if self._shown.get((work, user)) != points:
                found["graded", after.names[user], after.names[work], f"{points:g}"] += 1
        self._last = after
        self._shown.update(after.scores)
        return found


def _people(before: Look, after: Look) -> Iterable[Fact]:
    for number, stood in after.people.items():
        if number not in before.people:
            yield "user_created", stood[0], "", ""
        elif before.people[number] != stood:
            yield "user_updated", stood[0], "", ""


def _members(before: Look, after: Look) -> Iterable[Fact]:
    for pair in before.members.keys() | after.members.keys():
        was, now = before.members.get(pair, OUT), after.members.get(pair, OUT)
        learner, course = (after.names[number] for number in pair)
        if was == now:
            continue
        if now == OUT:
            yield "unenrolled", learner, course, ""
            continue
        if was == OUT:
            yield "enrolled", learner, course, now[0]
        elif was[0] != now[0]:
            yield "role_changed", learner, course, now[0]
        if was[1] != now[1]:
            yield "suspended" if now[1] else "resumed", learner, course, ""


def _work(before: Look, after: Look) -> Iterable[Fact]:
    names = after.names
    for work, published in after.works.items():
        if published and not before.works.get(work, False):
            yield "assignment_posted", "", names[work], ""
    for (work, user), at_s in after.handed_in.items():
        if before.handed_in.get((work, user)) != at_s:
            yield "submitted", names[user], names[work], ""
    for (course, user), complete in after.done.items():
        if before.done.get((course, user), False) != complete:
            yield "course_completed" if complete else "completion_undone", names[user], names[course], ""


def reminded(at: Look, since_s: float, until_s: float) -> Counter[Fact]:
    """Of whom it is time between two moments, in which nothing may change in those courses."""
    found: Counter[Fact] = Counter()
    for work, due_s in at.due_s.items():
        if not (at.works[work] and since_s <= due_s - LEAD_S < until_s):
            continue
        for (user, course), stood in at.members.items():
            owes = course == at.course_of[work] and stood == ("learner", False) and (work, user) not in at.handed_in
            if owes and not at.people[user][2]:
                found["due_soon", at.names[user], at.names[work], ""] += 1
    return found
