"""Who has a right to be where, by the school itself and by a rule's words: reckoned anew after every change there, with
nothing of what the daemon makes of it.
"""

from collections import Counter
from fnmatch import fnmatchcase

import msgspec

from actors.domain.school import Membership, Pupil, School
from config.rosters import Roster
from tests.simulation.besides import CLOSED, Besides

ROLES = {
    "student": "learner",
    "teacher": "instructor",
    "ta": "assistant",
    "observer": "observer",
}
"""What the mapping tables make of the school's words."""
Key = tuple[str, str, int]
"""Rule, unit (by its label), pupil."""


class Right(msgspec.Struct):
    """Of one person in one unit. ``since_s`` and ``until_s``: when it was gained and lost last (-inf: never); ``gains``
    and ``losses``: how often in this round. ``enrolled``: they have some enrolment there, or had."""

    held: bool = False
    owner: bool = False
    since_s: float = float("-inf")
    until_s: float = float("-inf")
    owner_changed_s: float = float("-inf")
    gains: int = 0
    losses: int = 0
    turns: int = 0
    enrolled: bool = False


class Rights:
    """Of one school, by several rules."""

    def __init__(self, school: School, rules: tuple[Roster, ...], now_s: float, besides: Besides) -> None:
        self.rules = {rule.name: rule for rule in rules}
        self.of: dict[Key, Right] = {}
        self._school = school
        self._besides = besides
        self.reckon(now_s)
        self.begin()

    def begin(self) -> None:
        """A round."""
        for right in self.of.values():
            right.gains = right.losses = right.turns = 0

    def right(self, rule: str, unit: str, pupil: int) -> Right:
        return self.of.get((rule, unit, pupil)) or Right()

    def units(self, rule: str) -> list[str]:
        """All that there may be a place for."""
        return sorted({unit for name, unit, _ in self.of if name == rule})

    def seats(self, rule: str, unit: str) -> dict[int, bool]:
        """Pupils who belong in, and whether they own it."""
        return {
            pupil: right.owner
            for (name, label, pupil), right in self.of.items()
            if (name, label) == (rule, unit) and right.held
        }

    def address(self, pupil: int) -> str:
        return self._school.people[pupil].email

    def addresses(self) -> list[tuple[int, str]]:
        """Everybody's, as the school has it now."""
        return [(each.id, each.email) for each in self._school.people.values()]

    def people(self, rule: str, unit: str) -> set[int]:
        """Everybody of whom the school still tells that they are, or were, enrolled there."""
        school = self._school
        return {
            one.user
            for one in school.memberships.values()
            if self.unit(self.rules[rule], one) == unit and one.state != "deleted"
        }

    def reckon(self, now_s: float) -> None:
        """After a change at the school."""
        found = Counter[Key]()
        for rule in self.rules.values():
            for one in self._school.memberships.values():
                pupil = self._school.people[one.user]
                key = (rule.name, self.unit(rule, one), pupil.id)
                self.of.setdefault(key, Right()).enrolled = True
                if gives(rule, one, pupil) and not self._besides.has_ended(one, now_s):
                    found[key] |= 1 | (2 if ROLES[one.role] in rule.owners else 0)
        for key, right in self.of.items():
            held, owner = bool(found[key]), found[key] > 1
            if held != right.held:
                if held:
                    right.since_s, right.gains = now_s, right.gains + 1
                else:
                    right.until_s, right.losses = now_s, right.losses + 1
            if owner != right.owner:
                right.owner_changed_s, right.turns = now_s, right.turns + 1
            right.held, right.owner = held, owner

    def unit(self, rule: Roster, one: Membership) -> str:
        """By its label."""
        name = rule.into.name
        if "{course.code}" in name:
            return self._school.courses[one.course].code
        name = name.replace("{section}", self._besides.section(one))
        return name.replace("{user.cohort}", self._besides.cohort(one.user))

    def is_over(self, rule: str, unit: str) -> bool:
        """Whether its course is closed."""
        return any(
            course.code == unit and course.name.startswith(CLOSED) and "{course.code}" in self.rules[rule].into.name
            for course in self._school.courses.values()
        )


def gives(rule: Roster, one: Membership, pupil: Pupil) -> bool:
    """Whether this membership gives a seat."""
    if pupil.deleted or ROLES[one.role] not in rule.members:
        return False
    if pupil.suspended and rule.suspended == "remove":
        return False
    if any(fnmatchcase(pupil.email, pattern) for pattern in rule.exclude):
        return False
    match one.state:
        case "active":
            return True
        case "invited":
            return rule.invited == "add"
        case "inactive":
            return rule.suspended == "keep"
        case "completed":
            return rule.completed == "keep"
        case _:
            return False
