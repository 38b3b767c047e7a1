"""Where a process can die and an actor can crash, by name. Production code knows nothing of it: the places are the
edges that the tests own.

    PORT.METHOD:before          the store was called through a port, nothing has happened yet
    PORT.METHOD:after           it returned, and its caller does not hear of it
    PORT.METHOD:uncommitted     its job ran in the store's transaction, which is rolled back
    PORT.METHOD:committed       its job is on disk, and nobody hears of it
    http.OPERATION:before       a request is about to leave
    http.OPERATION:committed    the vendor has done it, the answer is on its way
    http.OPERATION:answered     the answer has arrived, and nobody has acted upon it

A death there means: nothing the old process was about to do happens any more. What had left it goes its way: a
request on the wire arrives. A crash is an exception out of the same places, in the task that passes them.
"""

from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import msgspec
import trio

from actors.ports import Depot, Housekeeping, Ledger, Outbox, Sources, Statements
from actors.ports.conflicts import Conflicts
from actors.ports.records import Records, Relays
from actors.ports.remapping import Remappings
from actors.ports.reminders import Reminders
from actors.ports.rosters import Rosters
from tests.simulation.record import Record

PORTS = {"outbox": Outbox, "statements": Statements, "ledger": Ledger, "housekeeping": Housekeeping}
SOURCE_PORTS = {
    "records": Records,
    "relays": Relays,
    "sources": Sources,
    "remappings": Remappings,
    "reminders": Reminders,
    "depot": Depot,
}
"""What reading sources needs; a campus without sources never calls them."""
ROSTER_PORTS = {"rosters": Rosters, "conflicts": Conflicts}
"""What keeping rosters needs; a campus without rosters hardly calls it."""
VERBS = ("pause", "resume", "replay", "discard", "latest", "fold")
"""What operators do: ``queries.VERB``."""
OPERATIONS = (
    "chat.postMessage",
    "users.lookupByEmail",
    "conversations.open",
    "conversations.history",
    "auth.test",
    "channelMessages.post",
    "channelMessages.delta",
    "sendActivityNotification",
    "users.get",
    "users.list",
    "me.get",
    "token",
    "$batch",
    "chat.update",
    "statements.get",
    "statements.post",
    "statements.put",
    "statements.void",
)
ROSTER_OPERATIONS = (
    "conversations.create",
    "conversations.invite",
    "conversations.kick",
    "conversations.list",
    "conversations.members",
    "usergroups.create",
    "usergroups.disable",
    "usergroups.list",
    "usergroups.users.update",
    "users.info",
    "groups.list",
    "members.add",
)
NO_ACTORS = ("statements.append", "queries.")
"""Called by the gateway and by operators, who are no actors: they cannot crash alone."""


def points() -> list[str]:
    """All of them, in order."""
    methods = [f"{port}.{name}" for port, protocol in PORTS.items() for name in methods_of(protocol)]
    methods += [f"queries.{verb}" for verb in VERBS] + ["connections.of", "connections.put"]
    return [f"{method}:{moment}" for method in methods for moment in moments(method)] + [
        f"http.{operation}:{moment}" for operation in OPERATIONS for moment in ("before", "committed", "answered")
    ]


def source_points() -> list[str]:
    """Those of what reads sources, in order; requests apart."""
    methods = [f"{port}.{name}" for port, protocol in SOURCE_PORTS.items() for name in methods_of(protocol)]
    return [f"{method}:{moment}" for method in methods if method not in UNCALLED for moment in moments(method)] + [
        *PUTTING
    ]


def roster_points() -> list[str]:
    """Those of what keeps rosters, in order."""
    methods = [f"{port}.{name}" for port, protocol in ROSTER_PORTS.items() for name in methods_of(protocol)]
    return [f"{method}:{moment}" for method in methods for moment in moments(method)] + [
        f"http.{operation}:{moment}"
        for operation in ROSTER_OPERATIONS
        for moment in ("before", "committed", "answered")
    ]


def methods_of(protocol: type) -> list[str]:
    return [name for name, each in vars(protocol).items() if callable(each) and not name.startswith("_")]


def moments(method: str) -> tuple[str, ...]:
    """Reading commits nothing."""
    if method in READS:
        return ("before", "after")
    return ("before", "uncommitted", "committed", "after")


def crashable() -> list[str]:
    """Points at which an actor can be struck without the whole process."""
    return [
        point
        for point in points()
        if point.endswith((":before", ":after", ":answered")) and not point.startswith(NO_ACTORS)
    ]


ROSTER_WRITES = frozenset(
    {"watch", "share", "worked", "spread", "touch", "due", "learn", "commit", "keep_plan", "judge_plan", "note_drift"}
)
READS = frozenset(
    {
        "outbox.cursor",
        "outbox.blame",
        "outbox.caused",
        "statements.after",
        "statements.these",
        "ledger.address",
        "connections.of",
        "relays.held",
    }
    | {f"records.{name}" for name in methods_of(Records) if name != "take"}
    | {f"sources.{name}" for name in ("known", "readings", "quarantined", "shut")}
    | {f"remappings.{name}" for name in ("page", "enrolled", "in_force", "unfinished", "last", "history")}
    | {f"reminders.{name}" for name in ("work", "owing")}
    | {f"depot.{name}" for name in methods_of(Depot)}
    | {f"rosters.{name}" for name in methods_of(Rosters) if name not in ROSTER_WRITES}
    | {f"conflicts.{name}" for name in ("rulings", "one", "cases")}
)
UNCALLED = frozenset({"sources.quarantined", "remappings.enrolled", "remappings.history"})
"""By operators only, who read there and change nothing."""
PUTTING = ("depot.put:linked", "depot.put:moved", "depot.put:noted")
"""In the middle of putting a bundle away: see ``shelf``."""
calling: ContextVar[str] = ContextVar("calling", default="")
"""The port's method that this task is in."""


class ActorCrash(Exception):
    """What a simulated bug raises out of a port."""


class Blow(msgspec.Struct):
    """Strikes at the ``nth`` passing of ``point`` from now on. ``crash``: only the task that passes, not all."""

    point: str
    nth: int = 1
    crash: bool = False


class Fate:
    """One life's. ``on_death(point)`` is told once, synchronously, by whoever died."""

    def __init__(
        self, record: Record, passed: Counter[str], blows: list[Blow], on_death: Callable[[str], None]
    ) -> None:
        self.dead = False
        self._record = record
        self._passed = passed
        self._blows = blows
        self._on_death = on_death

    async def passes(self, point: str) -> None:
        """A task comes by. Raises ActorCrash if it is to crash; does not return if the process is dead or dies here."""
        if not self.dead:
            self.strike(point)
        if self.dead:
            await trio.sleep_forever()

    def strike(self, point: str) -> None:
        """As ``passes``, for those who cannot wait: look at ``dead`` afterwards."""
        self._passed[point] += 1
        for blow in self._blows:
            if blow.point == point:
                blow.nth -= 1
                if blow.nth <= 0:
                    self._blows.remove(blow)
                    if blow.crash:
                        self._record.note("crash", point, count=f"crash {point}")
                        raise ActorCrash(point)
                    self.die(point)
                    return

    def die(self, point: str) -> None:
        self.dead = True
        self._record.note("death", point, count=f"death {point}")
        self._on_death(point)


class Port:
    """A port of one life: every call passes its points, and whoever calls when it is dead waits for ever."""

    def __init__(self, name: str, port: object, fate: Fate, hear: Callable[[str, Any, tuple[Any, ...]], None]) -> None:
        self._name = name
        self._port = port
        self._fate = fate
        self._hear = hear

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        point = f"{self._name}.{name}"

        async def call(*args: Any, **kwargs: Any) -> Any:
            await self._fate.passes(f"{point}:before")
            token = calling.set(point)
            try:
                answer = await method(*args, **kwargs)
            except Exception:
                if self._fate.dead:
                    await trio.sleep_forever()
                raise
            finally:
                calling.reset(token)
            await self._fate.passes(f"{point}:after")
            self._hear(point, answer, args)
            return answer

        setattr(self, name, call)
        return call
