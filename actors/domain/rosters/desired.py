"""From enrolments to seats: who has a right to be in a place, by the tenant's rules (pure).

A person may have several enrolments in one unit: one that gives a right is enough, and only when the last such one is
gone is the seat gone. Whoever is enrolled and has no seat is remembered with the rule that says so: nobody is lost.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

import msgspec

from actors.domain.canonical import Course, Enrolment, User
from actors.domain.rosters.model import Desired, Excluded, Rule, Seat, Unit
from actors.domain.rosters.units import fits, parts, unit_of
from actors.domain.speech import moment_of
from config.durations import seconds
from config.rosters import Roster


class Enrolled(msgspec.Struct, frozen=True):
    """One enrolment with whom and what it names; ``person`` is the ledger's, 0 where it has none (yet)."""

    enrolment: Enrolment
    user: User
    course: Course
    person: int


class _Why(msgspec.Struct, frozen=True):
    rule: Rule
    detail: str
    until_us: int = 0


_NEAREST: tuple[Rule, ...] = (
    "not_begun",
    "invited",
    "suspended",
    "completed",
    "over",
    "ended",
    "role",
    "exclude",
    "no_name",
)
"""Of several reasons the one that says most: what may change by itself first."""


class _Sitting:
    """What is known of one person in one unit."""

    __slots__ = ("by", "email", "name", "owner", "user", "why")

    def __init__(self, user: str, name: str, email: str) -> None:
        self.user, self.name, self.email = user, name, email
        self.owner = False
        self.by: tuple[str, ...] = ()
        self.why: _Why | None = None

    def right(self, enrolment: Enrolment, user: User, owner: bool) -> None:
        if not self.by and self.user != user.id:
            self.user = user.id
        self.name = self.name or user.display_name
        self.email = self.email or user.email
        self.owner |= owner
        self.by = (*self.by, enrolment.id)

    def none(self, why: _Why) -> None:
        if self.why is None or _NEAREST.index(why.rule) < _NEAREST.index(self.why.rule):
            self.why = why


class Desiring:
    """Takes a rule's enrolments, in any order, and tells who should be where at ``now_us``."""

    def __init__(self, rule: Roster, timezone: str, now_us: int) -> None:
        self._rule = rule
        self._zone = ZoneInfo(timezone)
        self._now_us = now_us
        self._early_us, self._late_us = round(seconds(rule.early) * 1e6), round(seconds(rule.late) * 1e6)
        self._members, self._owners = frozenset(rule.members), frozenset(rule.owners)
        self._exclude = tuple(each.casefold() for each in rule.exclude)
        self._units: dict[str, Unit] = {}
        self._courses: dict[str, dict[str, Course]] = {}
        self._seats: dict[str, dict[int | str, _Sitting]] = {}
        self._unplaced: dict[int | str, Excluded] = {}
        self._days: dict[tuple[str, bool, bool], int] = {}
        """When what begins or (True) ends on a day (or, True, with it) does so by the rule: many enrolments name the
        same few."""
        self._parts = parts(rule)
        self._found: dict[tuple[str, ...], Unit | str] = {}
        """By what tells one unit from another."""
        self._same: dict[int | str, int | str] = {}
        """Each is kept once, however many enrolments of somebody were told."""

    def take(self, all_: Iterable[Enrolled]) -> None:
        rule = self._rule
        for each in all_:
            if rule.match is None or fits(rule, each.course, each.enrolment, each.user):
                self._one(each)

    def _unit(self, course: Course, enrolment: Enrolment, user: User) -> Unit | str:
        """As ``unit_of``, once for each."""
        named = self._parts(course, enrolment, user)
        unit = self._found.get(named)
        if unit is None:
            unit = self._found[named] = unit_of(self._rule, course, enrolment, user)
            if isinstance(unit, Unit):
                self._units[unit.key] = unit
                self._courses.setdefault(unit.key, {})
                self._seats.setdefault(unit.key, {})
        return unit

    def _one(self, each: Enrolled) -> None:
        enrolment, user, course = each.enrolment, each.user, each.course
        who: int | str = each.person or user.id
        unit = self._unit(course, enrolment, user)
        if isinstance(unit, str):
            detail = f"the name of its place is made of {{{unit}}}, and course {course.id} or user {user.id} has none"
            self._unplaced.setdefault(
                who,
                Excluded(
                    person=each.person,
                    user=user.id,
                    rule="no_name",
                    detail=detail,
                    name=user.display_name,
                    email=user.email,
                ),
            )
            return
        self._courses[unit.key][course.id] = course
        sitting = self._seats[unit.key].get(who)
        if sitting is None:
            same = self._same.setdefault
            names = [str(same(each, each)) for each in (user.id, user.display_name, user.email)]
            sitting = self._seats[unit.key][same(who, who)] = _Sitting(*names)
        why = self._why_not(enrolment, user, course)
        if why is None:
            sitting.right(enrolment, user, enrolment.role in self._owners)
        else:
            sitting.none(why)

    def units(self) -> Sequence[Unit]:
        return tuple(self._units.values())

    def unplaced(self) -> tuple[Excluded, ...]:
        """Who is in no unit, because no name can be made for its place."""
        return tuple(self._unplaced.values())

    def desired(self, key: str, doubts: str = "") -> Desired:
        """Of one unit, once: what was gathered of it is let go of then. ``doubts``: why what the source told may not be
        all. Raises KeyError for a unit of nobody."""
        people = self._seats.pop(key)
        seats, excluded = [], []
        for who, sitting in people.items():
            person = who if isinstance(who, int) else 0
            if sitting.by:
                seats.append(
                    Seat(
                        person=person,
                        user=sitting.user,
                        name=sitting.name,
                        email=sitting.email,
                        owner=sitting.owner,
                        by=sitting.by,
                    )
                )
            elif sitting.why is not None:
                excluded.append(
                    Excluded(
                        person=person,
                        user=sitting.user,
                        rule=sitting.why.rule,
                        detail=sitting.why.detail,
                        name=sitting.name,
                        email=sitting.email,
                        until=_moment(sitting.why.until_us),
                    )
                )
        return Desired(
            unit=self._units[key],
            seats=tuple(seats),
            excluded=tuple(excluded),
            sure=not doubts,
            why=doubts,
            over=all(self._is_over(course) for course in self._courses[key].values()),
        )

    def next_us(self) -> int | None:
        """When what is desired changes by itself next; None: not by itself."""
        found = [us for us in self._days.values() if us > self._now_us]
        return min(found, default=None)

    def _is_over(self, course: Course) -> bool:
        if not course.active:
            return True
        if not course.end:
            return False
        return self._day_us(course.end, end=True) <= self._now_us

    def _why_not(self, enrolment: Enrolment, user: User, course: Course) -> _Why | None:
        """The rule by which this enrolment gives no seat; None: it gives one."""
        rule = self._rule
        if self._exclude and (named := self._excluded(user)):
            return _Why("exclude", f"left out by exclude = [{named!r}]")
        if enrolment.role not in self._members:
            return _Why("role", f"the role {enrolment.role} is not among members")
        if not user.active and rule.suspended == "remove":
            return _Why("suspended", "the account is not active in the source")
        why = self._by_status(enrolment)
        return why if why is not None else self._by_time(enrolment, course)

    def _by_status(self, enrolment: Enrolment) -> _Why | None:
        rule = self._rule
        if _only_dated(enrolment):
            return None
        match enrolment.status:
            case "suspended":
                return _Why("suspended", "the enrolment is suspended") if rule.suspended == "remove" else None
            case "completed":
                return _Why("completed", "the course is completed") if rule.completed == "remove" else None
            case "invited":
                return _Why("invited", "the invitation is not accepted yet") if rule.invited == "wait" else None
            case "ended":
                return _Why("ended", "the enrolment has ended")
            case "active":
                return None

    def _by_time(self, enrolment: Enrolment, course: Course) -> _Why | None:
        if start := enrolment.start or course.start:
            opens_us = self._day_us(start, end=False)
            if opens_us > self._now_us:
                return _Why("not_begun", f"begins at {start}", opens_us)
        if enrolment.end:
            closes_us = self._day_us(enrolment.end, end=True, within=not enrolment.dated)
            if closes_us <= self._now_us:
                return _Why("over", f"ended at {enrolment.end}")
        return None

    def _excluded(self, user: User) -> str:
        names = [user.email, user.id, *user.identifiers.values()]
        for pattern in self._exclude:
            if any(fnmatchcase(name.casefold(), pattern) for name in names if name):
                return pattern
        return ""

    def _day_us(self, text: str, *, end: bool, within: bool = True) -> int:
        """When it begins or ends by the rule. ``within``: a day on which it ends still belongs to it."""
        found = self._days.get((text, end, within))
        if found is None:
            shift_us = self._late_us if end else -self._early_us
            found = self._days[text, end, within] = self._us(text, end=end, within=within) + shift_us
        return found

    def _us(self, text: str, *, end: bool, within: bool) -> int:
        """A moment, or a day: as it begins, or (``end``, ``within``) as it ends where the tenant lives. What is no time
        never keeps anybody out."""
        try:
            day = date.fromisoformat(text) if len(text) == len("2026-01-01") else None
        except ValueError:
            day = None
        if day is not None:
            day += timedelta(days=end and within)
            local = datetime.combine(day, datetime.min.time(), self._zone)
            return int(local.timestamp() * 1e6)
        moment = moment_of(text)
        if moment is None:
            return 2**62 if end else 0
        return int(moment.timestamp() * 1e6)


def _only_dated(enrolment: Enrolment) -> bool:
    """Whether its status says no more than a date that is there."""
    match enrolment.status:
        case "invited":
            return enrolment.dated and bool(enrolment.start)
        case "ended":
            return enrolment.dated and bool(enrolment.end)
        case "active" | "suspended" | "completed":
            return False


def _moment(us: int) -> str:
    return datetime.fromtimestamp(us / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if us else ""
