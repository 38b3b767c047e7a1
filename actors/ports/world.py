"""The world outside: time, chance, the network, and who watches."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from actors.domain.flow import Outcome, Request
from actors.domain.outbox import Delivery
from actors.ports.readings import Reading
from actors.ports.store import Routed, RoutedCount


class Clock(Protocol):
    """Wall time. Actors sleep by trio's clock and date things by this one; tests own both."""

    def now_us(self) -> int: ...


class Dice(Protocol):
    """Chance: jitter and fresh ids. Seeded in simulations."""

    def random(self) -> float: ...

    def token(self) -> str:
        """32 hexadecimal digits nobody has seen before."""


class Http(Protocol):
    """One outgoing request. Never raises for what the network does: exceptions become outcomes here."""

    async def send(self, request: Request) -> Outcome: ...

    async def aclose(self) -> None: ...


class AttemptView(Protocol):
    """An attempt in progress, as telemetry sees it."""

    trace_id: str

    def concluded(self, verdict: str, detail: str, request_ids: Mapping[str, str], state: str, cause: str = "") -> None:
        """``cause`` says why, where the state is dead or parked."""

    def exchanged(self, operation: str, outcome: Outcome, elapsed_s: float) -> None: ...


class ReadingView(Protocol):
    """A reading of a source in progress, as telemetry sees it. It is the root of a trace; ``traceparent`` goes with
    what it tells."""

    traceparent: str

    def exchanged(self, operation: str, outcome: Outcome, elapsed_s: float) -> None: ...

    def ended(self, reading: Reading) -> None: ...


class RosterView(Protocol):
    """A run of a roster rule, as telemetry sees it: the root of a trace, for orders that nothing else brought."""

    traceparent: str

    def ordered(self, places: int, orders: int) -> None: ...


class Witness(Protocol):
    """Traces, metrics and the canonical log line. Never fails, never waits."""

    def attempt(self, delivery: Delivery, kind: str) -> AbstractContextManager[AttemptView]:
        """A span in the delivery's own trace, and one ``delivery.attempted`` line when it ends."""

    def reading(self, source: str, mode: str) -> AbstractContextManager[ReadingView]:
        """A span that begins a trace, and one ``source.read`` line when it ends. ``source`` is TENANT/SOURCE."""

    def roster(self, lane: str, rule: str, began_us: int) -> AbstractContextManager[RosterView]:
        """A span that begins a trace, if anything was ordered."""

    def routed(self, tenant: str, batch: Sequence[Routed], count: RoutedCount) -> None: ...

    def event(self, name: str, /, **fields: object) -> None:
        """An INFO line: ``name`` is dotted (``lane.suspended``)."""

    def trouble(self, name: str, error: BaseException | None = None, /, **fields: object) -> None:
        """A WARNING line, with the error's traceback where there is one."""
