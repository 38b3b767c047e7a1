"""Actors to be supervised in tests, and a tree to hang them in. All of it under a virtual clock."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
import trio
import trio.testing

from actors.kernel import Actor, Backoff, ChildSpec, Kernel, Restart, Supervisor


class Boom(Exception):
    """A crash made to order."""


class Crash(msgspec.Struct, frozen=True):
    text: str = "boom"


class CrashInTask(msgspec.Struct, frozen=True):
    pass


class Finish(msgspec.Struct, frozen=True):
    pass


class Mark(msgspec.Struct, frozen=True):
    value: int = 0


class Ping(msgspec.Struct, frozen=True):
    reply: Callable[[str], None]


class Keep(msgspec.Struct, frozen=True):
    """A question the actor puts aside and does not answer for now."""

    reply: Callable[[str], None]


class Work(msgspec.Struct, frozen=True):
    """Keeps the actor busy for so long."""

    duration_s: float


Order = Crash | CrashInTask | Finish | Mark | Ping | Keep | Work


@dataclass
class Log:
    """What happened, in order, and how many lives of each name there are and have ever been at once."""

    events: list[tuple[str, str]] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)
    alive: dict[str, int] = field(default_factory=dict)
    most_alive: int = 0

    def of(self, *kinds: str) -> list[tuple[str, str]]:
        return [event for event in self.events if event[0] in kinds]

    def clear(self) -> None:
        self.events.clear()


class Probe(Actor[Order]):
    """Does as it is told, and writes down what becomes of it. The hooks may be given other bodies."""

    def __init__(
        self,
        name: str,
        log: Log,
        *,
        on_start: Callable[["Probe"], object] | None = None,
        starting: Callable[[], Awaitable[object]] | None = None,
        stopping: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        self.name = name
        self.log = log
        self.kept: list[Callable[[str], None]] = []
        self._on_start = on_start
        self._starting = starting
        self._stopping = stopping

    async def started(self) -> None:
        self.log.alive[self.name] = self.log.alive.get(self.name, 0) + 1
        self.log.most_alive = max(self.log.most_alive, self.log.alive[self.name])
        self.log.events.append(("starting", self.name))
        try:
            if self._on_start is not None:
                self._on_start(self)
            await trio.lowlevel.checkpoint()
            if self._starting is not None:
                await self._starting()
        except BaseException:
            self.log.alive[self.name] -= 1
            raise
        self.log.events.append(("up", self.name))

    async def receive(self, message: Order) -> None:
        match message:
            case Crash(text):
                raise Boom(text)
            case CrashInTask():
                self.spawn(self._crash)
            case Finish():
                self.finish()
            case Mark(value):
                self.log.marks.append(value)
            case Ping(reply):
                reply(self.name)
            case Keep(reply):
                self.kept.append(reply)
            case Work(duration_s):
                await trio.sleep(duration_s)
                self.log.events.append(("worked", self.name))

    async def stopping(self) -> None:
        self.log.alive[self.name] -= 1
        self.log.events.append(("down", self.name))
        if self._stopping is not None:
            await self._stopping()

    async def _crash(self) -> None:
        await trio.lowlevel.checkpoint()
        raise Boom("in a task")


class Clock:
    """Wall time that follows trio's."""

    def now_us(self) -> int:
        return round(trio.current_time() * 1_000_000)


class Dice:
    """Always the same throw."""

    def __init__(self, throw: float = 0.0) -> None:
        self.throw = throw

    def random(self) -> float:
        return self.throw

    def token(self) -> str:
        return "0" * 32


@dataclass
class World:
    kernel: Kernel
    nursery: trio.Nursery
    troubles: list[tuple[str, Exception]]

    def state(self, path: str) -> str:
        return self.kernel.registry.entry(path).state

    async def settle(self) -> None:
        """Until nothing can happen without the clock moving on."""
        await trio.testing.wait_all_tasks_blocked()


@asynccontextmanager
async def running(root: Supervisor) -> AsyncIterator[World]:
    """A tree that is up on entry and cancelled at the end."""
    troubles: list[tuple[str, Exception]] = []
    kernel = Kernel(clock=Clock(), dice=Dice(), on_trouble=lambda path, error: troubles.append((path, error)))
    async with trio.open_nursery() as nursery:
        await nursery.start(kernel.run, root)
        yield World(kernel, nursery, troubles)
        nursery.cancel_scope.cancel()


EVEN = Backoff(first_s=1, factor=1, jitter=0)


def probe(log: Log, name: str, restart: Restart = "permanent", **hooks: Any) -> ChildSpec[Order]:
    return ChildSpec(name=name, start=lambda: Probe(name, log, **hooks), restart=restart)


def probes(log: Log, names: str) -> list[ChildSpec[Order]]:
    return [probe(log, name) for name in names]


def failing(times: int) -> Callable[[], Awaitable[object]]:
    """A start that fails so many times."""
    left = [times]

    async def start() -> None:
        await trio.lowlevel.checkpoint()
        if left[0]:
            left[0] -= 1
            raise Boom("at start")

    return start
