"""What should come of the accepted statements, worked out beside the daemon from the facts behind them: the school's
state, counted; the first matching route of each destination; one effect for each real change."""

from collections.abc import Iterable

import msgspec

from config.model import Audience, Route, Tenant
from tests.simulation import facts
from tests.simulation.facts import Fact
from tests.simulation.scenario import CHANNEL, TEAM


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """An effect that one accepted statement must have. ``unplaced``: the configuration names no destination."""

    tenant: str
    target: str
    destination: str
    kind: str
    statement_id: str
    fact: Fact
    route: Route
    occurrence: int
    unplaced: bool

    @property
    def to_learner(self) -> bool:
        return self.route.audience.learner

    @property
    def key(self) -> tuple[str, str, str, str]:
        """How a delivery of the daemon is recognised as this one."""
        return f"{self.tenant}/{self.target}", self.destination, self.kind, self.statement_id


class Model:
    """One tenant's school as the log tells it."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._entities: dict[tuple[str, str, str], tuple[str, int]] = {}
        self._effects: set[tuple[object, ...]] = set()

    def follow(self, log: Iterable[tuple[str, Fact]]) -> list[Expected]:
        """The effects of a log, in its order: (statement id, fact)."""
        return [effect for statement_id, fact in log for effect in self._of(statement_id, fact)]

    def _of(self, statement_id: str, fact: Fact) -> list[Expected]:
        if not fact.is_change:
            return []
        occurrence = self._occurs(fact)
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
                    statement_id=statement_id,
                    fact=fact,
                    route=route,
                    occurrence=occurrence,
                    unplaced=unplaced,
                )
            )
        return found

    def _occurs(self, fact: Fact) -> int:
        value, occurrence = self._entities.get(fact.entity, (None, 0))
        if value != fact.value:
            occurrence += 1
            self._entities[fact.entity] = fact.value, occurrence
        return occurrence


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
