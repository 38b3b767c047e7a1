"""What a row or an object becomes: a record's body, with what it needs of others beside it.

A class's dates stand in its terms, its code in its course, a person's school among the organisations: those are few,
and what a body needs of them is laid in it as ``joined``. Whether an enrolment's time has come is laid in it as
``phase``: so its body changes when its time comes or passes, although the source says nothing new.
"""

from collections.abc import Container, Iterable, Mapping, Sized
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from actors.domain.mapping.flaws import Unfit
from actors.domain.mapping.moments import day

JOINED_MAX = 250_000
"""Of each kind; what comes later is not joined."""
PHASES_MAX = 10_000
"""Pairs of dates that are remembered: there are few."""
NEVER_KEPT = frozenset({"password"})
GONE = "tobedeleted"
Body = dict[str, object]


def today(now_us: int, zone: str) -> str:
    """The date in the tenant's zone."""
    now = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=now_us)
    return now.astimezone(ZoneInfo(zone)).date().isoformat()


def day_of(value: object, zone: str) -> str:
    """An ISO date; empty where there is none, or none that can be read (that is the mapping's to say)."""
    if not value:
        return ""
    try:
        return day(value, zone) or ""
    except Unfit:
        return ""


def is_gone(body: Mapping[str, object]) -> bool:
    status = body.get("status", "active")
    return status != "active" and isinstance(status, str) and status.casefold() == GONE


class Joins:
    """What few things are known by their ids: organisations, sessions, courses, primary roles, line items."""

    def __init__(self, zone: str, today: str) -> None:
        self._zone = zone
        self._today = today
        self.overfull = False
        self._orgs: dict[str, str] = {}
        self._terms: dict[str, tuple[str, str, str]] = {}
        self._courses: dict[str, tuple[str, str]] = {}
        self._roles: dict[str, tuple[str, str]] = {}
        self._work: dict[str, tuple[str, str, str]] = {}
        self._words: dict[str, str] = {}
        self._phases: dict[tuple[object, object], str] = {}

    def _same(self, text: object) -> str:
        """One object for equal texts: schools, terms and roles are few."""
        plain = text if isinstance(text, str) else "" if text is None else str(text)
        return self._words.setdefault(plain, plain) if len(self._words) < JOINED_MAX else plain

    def _room(self, held: Sized) -> bool:
        if len(held) < JOINED_MAX:
            return True
        self.overfull = True
        return False

    # ── what is learnt ───────────────────────────────────────────────────────────────────────────

    def org(self, body: Mapping[str, object]) -> None:
        if self._room(self._orgs):
            self._orgs[str(body.get("sourcedId"))] = self._same(body.get("name"))

    def term(self, body: Mapping[str, object]) -> None:
        if self._room(self._terms):
            dates = self._same(body.get("startDate")), self._same(body.get("endDate"))
            self._terms[str(body.get("sourcedId"))] = (self._same(body.get("title")), *dates)

    def course(self, body: Mapping[str, object]) -> None:
        if self._room(self._courses):
            self._courses[str(body.get("sourcedId"))] = (
                self._same(body.get("courseCode")),
                self._same(body.get("title")),
            )

    def role(self, user: str, kind: str, role: str, org: str) -> None:
        """One of several of a person; the primary one counts."""
        known = user in self._roles
        if (kind.casefold() == "primary" or not known) and (known or self._room(self._roles)):
            self._roles[user] = self._same(role), self._same(org)

    def forget_role(self, user: str) -> None:
        """Where it has been laid beside, and will not be asked for again."""
        self._roles.pop(user, None)

    def work(self, body: Mapping[str, object], course: str) -> None:
        if self._room(self._work):
            low, high = body.get("resultValueMin"), body.get("resultValueMax")
            self._work[str(body.get("sourcedId"))] = self._same(course), self._same(low), self._same(high)

    def knows_work(self, work: str) -> bool:
        return work in self._work

    def lacking(self, **named: Iterable[str]) -> set[str]:
        """The sheets in which one of these ids was not found; an empty one names nothing."""
        held: dict[str, Container[str]] = {
            "orgs": self._orgs,
            "academicSessions": self._terms,
            "courses": self._courses,
            "roles": self._roles,
            "lineItems": self._work,
        }
        return {sheet for sheet, names in named.items() if any(name and name not in held[sheet] for name in names)}

    # ── what is laid beside ──────────────────────────────────────────────────────────────────────

    def beside_class(self, body: Body, course: str, terms: Iterable[str]) -> None:
        joined: dict[str, object] = {}
        if course in self._courses:
            code, title = self._courses[course]
            joined["course"] = _filled(courseCode=code, title=title)
        known = [self._terms[term] for term in terms if term in self._terms]
        if known:
            starts = [(day_of(start, self._zone), start) for _, start, _ in known if start]
            ends = [(day_of(end, self._zone), end) for _, _, end in known if end]
            joined["term"] = _filled(
                title=known[0][0],
                startDate=min(starts)[1] if starts else "",
                endDate=max(ends)[1] if ends else "",
            )
        if joined:
            body["joined"] = joined

    def beside_class_school(self, body: Body, school: str) -> None:
        self._add(body, "school", self._orgs.get(school, ""))

    def beside_user(self, body: Body, user: str, org: str) -> None:
        """The school that the person belongs to first, and what they are there."""
        role, school = self._roles.get(user, ("", ""))
        self._add(body, "role", role)
        self._add(body, "school", self._orgs.get(org or school, ""))

    def beside_result(self, body: Body, work: str) -> None:
        if work in self._work:
            course, low, high = self._work[work]
            self._add(body, "lineItem", _filled(class_=course, resultValueMin=low, resultValueMax=high))

    @staticmethod
    def _add(body: Body, name: str, value: object) -> None:
        if value:
            joined = body.setdefault("joined", {})
            assert isinstance(joined, dict)  # noqa: S101 - nobody else lays it there
            joined[name] = value

    def phase(self, body: Body) -> None:
        """An enrolment is in force from the day it begins to the day before it ends."""
        begins, ends = body.get("beginDate"), body.get("endDate")
        key = begins, ends
        try:
            phase = self._phases[key]
        except (KeyError, TypeError):
            phase = self._phase(begins, ends)
            if isinstance(begins, str | None) and isinstance(ends, str | None) and len(self._phases) < PHASES_MAX:
                self._phases[key] = phase
        if phase:
            body["phase"] = phase

    def _phase(self, begins: object, ends: object) -> str:
        if begins and day_of(begins, self._zone) > self._today:
            return "ahead"
        return "past" if ends and "" < day_of(ends, self._zone) <= self._today else ""


def _filled(**values: str) -> dict[str, object]:
    return {name.rstrip("_"): value for name, value in values.items() if value}
