"""What should come of the accepted statements, worked out beside the daemon from the facts behind them: the school's
state, counted; the first matching route of each destination; one effect for each real change; and what is told when a
statement is voided. Whether anybody had heard by then is asked of what is left (``Evidence``), and of nothing else."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Protocol

import msgspec
from world import EPOCH_US

from config.model import Audience, Route, Tenant
from tests.simulation import facts
from tests.simulation.facts import Fact
from tests.simulation.line import Line, Tellings
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
    arrival: int
    """The request that brought it."""

    @property
    def at_us(self) -> int:
        """When it happened; not later than it was accepted."""
        return min(self.seq, EPOCH_US + self.fact.at_s * 1_000_000)


class Changed(msgspec.Struct, frozen=True):
    """What an entity stood at since then."""

    statement_id: str
    entity: facts.Entity
    number: int
    value: str
    at_us: int
    fact: Fact


class Evidence(Protocol):
    """What only the daemon's own record and the vendors can tell: how a race between a statement and its voiding was
    decided."""

    def routed(self, statement_id: str) -> bool:
        """Whether it was taken for the change that it tells."""

    def heard(self, first: str, by: Told) -> bool:
        """Whether somebody may have heard of the change of this statement when it was taken back by that one."""

    def passed_over(self, statement_ids: Sequence[str], by: Told) -> bool:
        """Whether deliveries of these were replaced before that one came."""


class Model:
    """One tenant's school as the log tells it. ``taken_back``: statements whose change was, by which voiding one;
    ``corrections``: what voiding ones told; ``changes``: everything that was told, in order; ``voiders``: who voids a
    statement first."""

    def __init__(self, tenant: Tenant, evidence: Evidence) -> None:
        self._tenant = tenant
        self._evidence = evidence
        self._lines: dict[facts.Entity, Line] = {}
        self._effects: set[tuple[object, ...]] = set()
        self._told: dict[str, Changed] = {}
        self.taken_back: dict[str, str] = {}
        self.corrections: dict[str, Fact] = {}
        self.changes: list[Changed] = []
        self.voiders: dict[str, Told] = {}

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
        if fact.voids is not None:
            return self._of_voiding(told, fact.voids)
        if not fact.is_change or not self._evidence.routed(told.statement_id):
            return []
        line = self._lines.setdefault(fact.entity, Line())
        number, _, overtaken = line.tell(fact.value, told.at_us)
        overtaken = overtaken and fact.kind not in facts.MOMENTARY
        line.told_by(number, told.statement_id, late=overtaken)
        changed = Changed(told.statement_id, fact.entity, number, fact.value, told.at_us, fact)
        self._told[told.statement_id] = changed
        return self._effects_of(changed, overtaken=overtaken)

    def _of_voiding(self, told: Told, voided: str) -> list[Expected]:
        """The first one to void it takes it back, unless somebody else told the same."""
        if self.voiders.setdefault(voided, told) is not told or voided not in self._told:
            return []
        was = self._told[voided]
        line = self._lines[was.entity]
        tellings = line.tellings[was.number]
        tellings.standing.discard(voided)
        if tellings.standing:
            return []
        self.taken_back[tellings.first] = told.statement_id
        in_force = line.number == was.number
        heard = in_force and self._evidence.heard(tellings.first, told)
        line.taken_back(was.number)
        correction = facts.correction(was.fact, line.value) if in_force else None
        if correction is None or not (heard or self._passed_over(line.tellings.get(line.number), told)):
            return []
        line.tell_instead(correction.value)
        line.told_by(line.number, told.statement_id, late=False)
        self.corrections[told.statement_id] = correction
        at_us = line.entries[-1][0]
        changed = Changed(told.statement_id, was.entity, line.number, correction.value, at_us, correction)
        return self._effects_of(changed, overtaken=False)

    def _passed_over(self, tellings: Tellings | None, told: Told) -> bool:
        """Whether what is in force again was kept from somebody."""
        return tellings is not None and (tellings.late or self._evidence.passed_over(tellings.everybody, told))

    def _effects_of(self, changed: Changed, *, overtaken: bool) -> list[Expected]:
        self.changes.append(changed)
        fact = changed.fact
        found: list[Expected] = []
        taken: set[tuple[str, str]] = set()
        for route in self._tenant.routes:
            if not set(route.when) & set(facts.WORDS[fact.kind]):
                continue
            destination, unplaced = place(route, fact)
            if (route.to, destination) in taken:
                continue
            taken.add((route.to, destination))
            key = (route.to, destination, fact.kind, changed.entity, changed.number)
            if key in self._effects:
                continue
            self._effects.add(key)
            found.append(
                Expected(
                    tenant=self._tenant.name,
                    target=route.to,
                    destination=destination,
                    kind=fact.kind,
                    statement_id=changed.statement_id,
                    fact=fact,
                    route=route,
                    occurrence=changed.number,
                    unplaced=unplaced,
                    overtaken=overtaken,
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
