"""What should come of the accepted statements, worked out beside the daemon from the facts behind them: the school's
state, counted; the first matching route of each destination; one effect for each real change."""

from bisect import bisect_right
from collections.abc import Iterable
from hashlib import blake2b

import msgspec
from world import EPOCH_US

from config.model import Audience, Route, Tenant
from tests.simulation import facts
from tests.simulation.facts import Fact
from tests.simulation.scenario import CHANNEL, TEAM

STATEMENT = "statement"
LINES = 64


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """An effect that one accepted statement has. ``unplaced``: the configuration names no destination; ``overtaken``:
    something newer was known already when it was told."""

    tenant: str
    target: str
    destination: str
    kind: str
    statement_id: str
    fact: Fact
    route: Route
    occurrence: int
    unplaced: bool
    overtaken: bool

    @property
    def to_learner(self) -> bool:
        return self.route.audience.learner

    @property
    def key(self) -> tuple[str, str, str, str]:
        """How a delivery of the daemon is recognised as this one."""
        return f"{self.tenant}/{self.target}", self.destination, self.kind, self.statement_id


class Told(msgspec.Struct, frozen=True):
    """An accepted statement: its place in the log is the time of its acceptance."""

    seq: int
    statement_id: str
    fact: Fact

    @property
    def at_us(self) -> int:
        """When it happened; not later than it was accepted."""
        return min(self.seq, EPOCH_US + self.fact.at_s * 1_000_000)


class Line:
    """What an entity stood at, by the time of the events: (time, value, number), oldest first."""

    def __init__(self) -> None:
        self.entries: list[tuple[int, str, int]] = []
        self._top = 0

    def tell(self, value: str, at_us: int) -> tuple[int, bool, bool]:
        """(number, whether it is news, whether it is overtaken). Told twice, a change keeps its number."""
        entries = self.entries
        if entries and at_us < entries[-1][0]:
            place = bisect_right(entries, at_us, key=lambda entry: entry[0])
            near = [entry for entry in entries if entry[0] == at_us] + entries[max(place - 1, 0) : place + 1]
            for entry in near:
                if entry[1] == value:
                    return entry[2], False, False
            self._top += 1
            entries.insert(place, (at_us, value, self._top))
            return self._top, True, True
        if entries and entries[-1][1] == value:
            _, _, number = entries[-1]
            if len(entries) > 1 and entries[-2][2] == number:
                entries.pop()  # of a run only its two ends count
            if entries[-1][0] != at_us:
                entries.append((at_us, value, number))
            return number, False, False
        self._top += 1
        entries.append((at_us, value, self._top))
        return self._top, True, False


class Model:
    """One tenant's school as the log tells it."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._lines: dict[tuple[str, str, str], Line] = {}
        self._effects: set[tuple[object, ...]] = set()

    def follow(self, log: Iterable[Told]) -> list[Expected]:
        """The effects of a log, in its order."""
        return [effect for told in log for effect in self._of(told)]

    def _of(self, told: Told) -> list[Expected]:
        return [*self._of_change(told), *self._of_statement(told)]

    def _of_statement(self, told: Told) -> list[Expected]:
        """Whatever it tells, it goes once to everybody who takes statements."""
        routes = {route.to: route for route in reversed(self._tenant.routes) if STATEMENT in route.when}
        return [
            Expected(
                tenant=self._tenant.name,
                target=to,
                destination=line_of(told.fact),
                kind=STATEMENT,
                statement_id=told.statement_id,
                fact=told.fact,
                route=route,
                occurrence=1,
                unplaced=False,
                overtaken=False,
            )
            for to, route in routes.items()
        ]

    def _of_change(self, told: Told) -> list[Expected]:
        fact = told.fact
        if not fact.is_change:
            return []
        occurrence, _, overtaken = self._lines.setdefault(fact.entity, Line()).tell(fact.value, told.at_us)
        found: list[Expected] = []
        taken: set[tuple[str, str]] = set()
        for route in self._tenant.routes:
            if not set(route.when) & set(facts.WORDS[fact.kind]):
                continue
            destination, unplaced = place(route, fact)
            if (route.to, destination) in taken:
                continue
            taken.add((route.to, destination))
            key = (route.to, destination, fact.kind, fact.entity, occurrence)
            if key in self._effects:
                continue
            self._effects.add(key)
            found.append(
                Expected(
                    tenant=self._tenant.name,
                    target=route.to,
                    destination=destination,
                    kind=fact.kind,
                    statement_id=told.statement_id,
                    fact=fact,
                    route=route,
                    occurrence=occurrence,
                    unplaced=unplaced,
                    overtaken=overtaken and fact.kind not in facts.MOMENTARY,
                )
            )
        return found


def line_of(fact: Fact) -> str:
    """A learner's statements stand in one line: whose key it is, decides."""
    key = "mbox:group@example.edu" if fact.kind == "group" else fact.key
    named = key if key.startswith(("mbox:", "account:")) else f"mbox:{key}"
    return f"learners-{int.from_bytes(blake2b(named.encode(), digest_size=2).digest()) % LINES:02d}"


def place(route: Route, fact: Fact) -> tuple[str, bool]:
    """Where, as the daemon names it; True where nowhere."""
    match route.audience:
        case Audience(learner=True):
            return f"learner:{fact.key}", False
        case Audience(course_channel=True) if fact.course not in facts.COURSES[:2]:
            return f"?{route.name}", True
        case Audience(course_channel=True) if route.to == "slack":
            return f"C0{fact.course}AAA", False
        case Audience(course_channel=True):
            number = facts.COURSES.index(fact.course) + 5
            return f"{TEAM.format(number)}/{CHANNEL.format(fact.course)}", False
        case Audience(team=None, channel=channel):
            return str(channel), False
        case Audience(team=team, channel=channel):
            return f"{team}/{channel}", False
