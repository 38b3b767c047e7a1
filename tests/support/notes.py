"""A witness that remembers: what the actors told of attempts, readings, events and troubles."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import msgspec
import trio

from actors.domain.flow import Outcome
from actors.domain.outbox import Delivery
from actors.ports import Reading, RoutedCount


class Notes:
    """A witness that remembers."""

    trace_id = "0" * 32

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, object]]] = []
        self.troubles: list[tuple[str, BaseException | None]] = []
        self.read = trio.Event()
        """Set, and made anew, whenever a reading of a source has ended."""

    def attempt(self, delivery: Delivery, kind: str) -> AbstractContextManager["Notes"]:
        return nullcontext(self)

    def concluded(self, verdict: str, detail: str, request_ids: Mapping[str, str], state: str, cause: str = "") -> None:
        self.events.append(("attempt", {"verdict": verdict, "state": state, "detail": detail}))

    def exchanged(self, operation: str, outcome: Outcome, elapsed_s: float) -> None:
        self.events.append(("exchanged", {"operation": operation}))

    @contextmanager
    def reading(self, source: str, mode: str) -> Iterator["ReadingNotes"]:
        yield ReadingNotes(self, source)

    @contextmanager
    def roster(self, lane: str, rule: str, began_us: int) -> Iterator["RosterNotes"]:
        yield RosterNotes(self, rule)

    def routed(self, tenant: str, batch: Any, count: RoutedCount) -> None:
        self.events.append(("routed", {"tenant": tenant, "n": len(batch)}))

    def event(self, name: str, /, **fields: object) -> None:
        self.events.append((name, fields))

    def trouble(self, name: str, error: BaseException | None = None, /, **fields: object) -> None:
        self.troubles.append((name, error))

    def named(self, name: str) -> list[dict[str, object]]:
        return [fields for event, fields in self.events if event == name]


class RosterNotes:
    """A run as ``Notes`` see it."""

    traceparent = "00-" + "6" * 32 + "-" + "8" * 16 + "-01"

    def __init__(self, notes: Notes, rule: str) -> None:
        self._notes = notes
        self._rule = rule

    def ordered(self, places: int, orders: int) -> None:
        if orders:
            self._notes.events.append(("roster.run", {"rule": self._rule, "places": places, "orders": orders}))


class ReadingNotes:
    """A reading as ``Notes`` see it."""

    traceparent = "00-" + "5" * 32 + "-" + "7" * 16 + "-01"

    def __init__(self, notes: Notes, source: str) -> None:
        self._notes = notes
        self._source = source

    def exchanged(self, operation: str, outcome: Outcome, elapsed_s: float) -> None:
        self._notes.events.append(("asked", {"source": self._source, "operation": operation}))

    def ended(self, reading: Reading) -> None:
        self._notes.events.append(("source.read", {"source": self._source, **msgspec.structs.asdict(reading)}))
        self._notes.read.set()
        self._notes.read = trio.Event()
