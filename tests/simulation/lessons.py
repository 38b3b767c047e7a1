"""What happens at a school in one round, by chance: each change touches something that no other one of the round
touches, and so each has exactly one meaning."""

from collections.abc import Iterator
from random import Random
from typing import TypeVar

from actors.domain.school import Class, Membership, Pupil, School, Work

STAYING = 4
"""So many people, the first ones, stay in their courses, and are graded; the others come and go."""
ROLES = ("student", "student", "teacher", "ta")
TRIES = 6
POINTS = (70.0, 80.0, 85.0, 85.5)
WHAT = (
    "join", "join", "leave", "leave", "section", "role", "state", "state", "trifle", "newcomer", "address", "account",
    "assign", "publish", "submit", "submit", "grade", "grade", "grade", "release", "take back", "finish",
)  # fmt: skip


Thing = TypeVar("Thing", Pupil, Work)


class Lessons:
    """One school's. ``allowed``: which of these happen there (what no system in it can tell in its own words does
    not)."""

    def __init__(self, school: School, dice: Random, leaving_out: frozenset[str] = frozenset()) -> None:
        self._school = school
        self._dice = dice
        self._what = tuple(each for each in WHAT if each not in leaving_out)
        self._nameless = "newcomer" in self._what and "nameless" not in leaving_out
        self._completed = "completed" not in leaving_out
        self._invited = "active" if "invited" in leaving_out else "invited"
        self._touched: set[object] = set()
        self._made = 0
        self.last = list(school.courses.values())[-1]
        """In this course nobody comes, goes or hands in late, so that who is to be reminded there is plain."""

    def begin(self) -> None:
        """A round."""
        self._touched.clear()

    def deadline(self, due_s: float, now_s: float) -> None:
        """Work that will be due, and some who hand it in at once."""
        work = self._assign(self.last, now_s, due_s)
        for pupil in self._staying():
            if self._dice.random() < 0.5:
                self._school.submit(work, pupil, now_s)
        self._touched.update((work.id, pupil.id) for pupil in self._staying())
        self._touched.add(work.id)

    def nobody_knows(self, now_s: float) -> None:
        """Somebody comes whose name is blank: who they are, and what they are in, is not known for a while."""
        self._made += 1
        number = self._made
        person = self._school.add_person(
            " ", " ", now_s, email=f"newcomer{number}@example.edu", username=f"newcomer{number}"
        )
        self._school.enrol(person, self._course(), now_s)
        self._touched.add(person.id)

    def happens(self, now_s: float) -> str:
        """Something, if there is anything left for it to touch. What."""
        for _ in range(TRIES):
            what = self._dice.choice(self._what)
            if self._does(what, now_s):
                return what
        return ""

    def _does(self, what: str, now_s: float) -> bool:
        school, dice = self._school, self._dice
        match what:
            case "join" | "leave" | "section" | "role" | "state" | "trifle":
                return self._moves(what, now_s)
            case "newcomer":
                if self._nameless and dice.random() < 0.3:
                    self.nobody_knows(now_s)
                    return True
                self._made += 1
                person = school.add_person("Newcomer", str(self._made), now_s)
                school.enrol(person, self._course(), now_s)
                self._touched.add(person.id)
                return True
            case "address" | "account":
                someone = self._untouched(list(school.people.values())[:-1])
                if someone is None:
                    return False
                if not someone.name.strip():
                    if any((someone.id, course) in self._touched for course in school.courses):
                        return False  # who left unknown may be heard of by their name before that is read
                    self._made += 1
                    school.change_person(someone, now_s, given="Named", family=str(self._made))
                elif what == "address":
                    school.change_person(someone, now_s, email=f"moved{len(school.happened)}@example.edu")
                elif any(self._held(someone, self.last)):
                    return False  # it would matter when, before or after the reminders
                else:
                    school.change_person(someone, now_s, suspended=not someone.suspended)
                return True
            case "assign":
                work = self._assign(self._course(), now_s, None)
                work.published = dice.random() < 0.5
                self._touched.add(work.id)
                return True
            case "publish":
                hidden = self._untouched([work for work in school.works.values() if not work.published])
                if hidden is not None:
                    school.change_work(hidden, now_s, published=True)
                return hidden is not None
            case "finish":
                course, pupil = self._course(), dice.choice(self._staying())
                if not self._touch(("finish", course.id, pupil.id)):
                    return False
                known = school.finishes.get((course.id, pupil.id))
                school.finish(course, pupil, now_s, complete=known is None or not known.complete)
                return True
            case _:
                return self._marks(what, now_s)

    def _marks(self, what: str, now_s: float) -> bool:
        school, dice = self._school, self._dice
        works = [each for each in school.works.values() if each.published and each.course != self.last.id]
        work = dice.choice([each for each in works if each.id not in self._touched])
        pupil = dice.choice(self._staying())
        if not self._touch((work.id, pupil.id)):
            return False
        mark = school.marks.get((work.id, pupil.id))
        match what:
            case "submit":
                school.submit(work, pupil, now_s)
            case "grade":
                school.grade(work, pupil, dice.choice(POINTS), now_s, posted=dice.random() < 0.7)
            case "release" if mark is not None and mark.points is not None:
                school.grade(work, pupil, mark.points, now_s, posted=not mark.posted)
            case "take back" if mark is not None and mark.points is not None:
                school.grade(work, pupil, None, now_s)
            case _:
                return False
        return True

    def _moves(self, what: str, now_s: float) -> bool:
        school, dice = self._school, self._dice
        person, course = dice.choice(list(school.people.values())[STAYING:]), self._course()
        if person.id in self._touched or not self._touch((person.id, course.id)):
            return False
        held = [one for one in self._held(person, course) if one.state != "deleted"]
        match what:
            case "join" if not held:
                member = school.enrol(person, course, now_s, role=dice.choice(ROLES))
                member.state = dice.choice(("active", "active", "active", self._invited))
            case "section" if held:
                school.enrol(person, course, now_s, role=dice.choice(ROLES), section=course.id * 10 + len(held))
            case "leave" if held:
                school.change_membership(dice.choice(held), now_s, state="deleted")
            case "role" if held:
                school.change_membership(dice.choice(held), now_s, role=dice.choice(ROLES))
            case "state" if held:
                states = ["active", "inactive", *(["completed"] if self._completed else [])]
                school.change_membership(dice.choice(held), now_s, state=dice.choice(states))
            case "trifle" if held:
                school.change_membership(dice.choice(held), now_s)
            case _:
                return False
        return True

    def _held(self, person: Pupil, course: Class) -> Iterator[Membership]:
        for one in self._school.memberships.values():
            if (one.user, one.course) == (person.id, course.id):
                yield one

    def _staying(self) -> list[Pupil]:
        return list(self._school.people.values())[:STAYING]

    def _course(self) -> Class:
        return self._dice.choice([each for each in self._school.courses.values() if each is not self.last])

    def _assign(self, course: Class, now_s: float, due_s: float | None) -> Work:
        return self._school.assign(course, f"Work {len(self._school.happened)}", now_s, due_s=due_s)

    def _untouched(self, things: list[Thing]) -> Thing | None:
        left = [each for each in things if each.id not in self._touched]
        found = self._dice.choice(left) if left else None
        if found is not None:
            self._touched.add(found.id)
        return found

    def _touch(self, key: object) -> bool:
        """Whether nothing in this round has touched it yet."""
        if key in self._touched:
            return False
        self._touched.add(key)
        return True
