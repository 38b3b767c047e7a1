"""What changes at a school whose rosters are kept, by chance: people come, go, change roles and addresses, also many at
once, and also what was changed just now."""

from random import Random

from actors.domain.school import Class, Membership, Pupil, School
from tests.simulation.besides import Besides
from tests.simulation.hall import Hall
from tests.simulation.rights import Rights

ROLES = ("student", "student", "student", "ta", "teacher", "observer")
WHAT = (
    "join", "join", "join", "leave", "leave", "leave", "return", "section", "role", "state", "state", "newcomer",
    "account", "move", "name", "trifle", "exodus",
)  # fmt: skip
TRIES = 6
LEAVING_MANY = 6


class Bustle:
    """One school's. ``lacks``: what its system cannot tell."""

    def __init__(
        self,
        school: School,
        rights: Rights,
        hall: Hall,
        dice: Random,
        lacks: frozenset[str],
        besides: Besides,
        more: tuple[str, ...] = (),
    ) -> None:
        self._school = school
        self._rights = rights
        self._hall = hall
        self._dice = dice
        self._besides = besides
        self._what = (*(each for each in WHAT if each not in lacks), *more)
        self._states = ["active", "inactive", *({"completed", "invited"} - lacks)]
        self._states.sort()
        self._made = 0

    def happens(self, now_s: float) -> str:
        """Something. What."""
        for _ in range(TRIES):
            what = self._dice.choice(self._what)
            if self._does(what, now_s):
                self._rights.reckon(now_s)
                return what
        return ""

    def _does(self, what: str, now_s: float) -> bool:
        school, dice = self._school, self._dice
        person, course = dice.choice(list(school.people.values())), dice.choice(list(school.courses.values()))
        held = [one for one in self._of(person, course) if one.state != "deleted"]
        if what != "return" and held and self._is_only_teacher(held):
            return False
        match what:
            case "join" if not held:
                school.enrol(person, course, now_s, role=dice.choice(ROLES))
            case "section" if held:
                school.enrol(person, course, now_s, role=dice.choice(ROLES), section=course.id * 10 + len(held))
            case "leave" if held:
                school.change_membership(dice.choice(held), now_s, state="deleted")
            case "return":
                gone = [one for one in school.memberships.values() if one.state == "deleted"]
                if not gone:
                    return False
                school.change_membership(dice.choice(gone), now_s, state="active")
            case "role" if held:
                school.change_membership(dice.choice(held), now_s, role=dice.choice(ROLES))
            case "state" if held:
                school.change_membership(dice.choice(held), now_s, state=dice.choice(self._states))
            case "trifle" if held:
                school.change_membership(dice.choice(held), now_s)
            case "newcomer":
                self._made += 1
                pupil = school.add_person("Newcomer", str(self._made), now_s)
                self._hall.enter(pupil)
                school.enrol(pupil, course, now_s, role=dice.choice(ROLES))
            case "account" if not held or not self._teaches(person):
                school.change_person(person, now_s, suspended=not person.suspended)
            case "move":
                self._move(person, now_s)
            case "name":
                school.change_person(person, now_s, family=f"{person.family.split()[0]} {len(school.happened)}")
            case "exodus":
                self._exodus(course, now_s)
            case "end" if held:
                self._besides.ends(dice.choice(held), now_s, now_s + dice.choice((-3_600, 600, 7_200, 86_400)))
            case "part":
                if held and dice.random() < 0.5:
                    self._besides.moves(dice.choice(held), now_s, dice.choice("ab"))
                else:
                    self._besides.joins(person, now_s, dice.choice(("red", "blue")))
            case "close":
                self._besides.closes(course, now_s)
            case _:
                return False
        return True

    def _move(self, person: Pupil, now_s: float) -> None:
        """To another address, at the school and at both vendors."""
        address = f"moved{len(self._school.happened)}@example.edu"
        space, people = self._hall.slack.space, self._hall.teams.people
        space.change_person(self._hall.account("channel", person.id), now_s, email=address)
        people.change(person.email, now_s, mail=address)
        self._school.change_person(person, now_s, email=address)

    def _exodus(self, course: Class, now_s: float) -> None:
        """Many leave at once, or come back."""
        members = [one for one in self._school.memberships.values() if one.course == course.id]
        there = [one for one in members if one.state != "deleted" and one.role != "teacher"]
        if len(there) > LEAVING_MANY:
            for one in there[:LEAVING_MANY]:
                self._school.change_membership(one, now_s, state="deleted")
        else:
            for one in members:
                self._school.change_membership(one, now_s, state="active")

    def _of(self, person: Pupil, course: Class) -> list[Membership]:
        return [one for one in self._school.memberships.values() if (one.user, one.course) == (person.id, course.id)]

    def _teaches(self, person: Pupil) -> bool:
        return any(one.user == person.id and one.role == "teacher" for one in self._school.memberships.values())

    def _is_only_teacher(self, held: list[Membership]) -> bool:
        """Most of the time somebody goes on to teach a course."""
        if self._dice.random() < 0.05 or not any(one.role == "teacher" for one in held):
            return False
        return not any(
            one.course == held[0].course and one.user != held[0].user and (one.role, one.state) == ("teacher", "active")
            for one in self._school.memberships.values()
        )
