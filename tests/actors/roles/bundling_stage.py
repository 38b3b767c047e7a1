"""A lane whose conversations may travel together, and a vendor that takes bundles, in virtual time."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import msgspec
import trio

from actors.domain.flow import Outcome, Request, Response
from actors.roles.bundling import SINGLY_S, BundleFault, Bundling

SIZE_MAX = 4
FLIGHT_S = 10.0
LINGERS_S = 0.5


def request(name: str, speaker: str = "us", operation: str = "post") -> Request:
    return Request(
        method="POST",
        url=f"https://vendor.test/{name}",
        operation=operation,
        headers={"authorization": speaker},
        body=name.encode(),
    )


def answer(name: str) -> Response:
    return Response(status=200, body=name.encode())


class Post:
    """A bundler: names joined by commas; an ``order`` lingers. A vendor that answers 404 takes none. ``unpacking`` may
    be replaced."""

    size_max = SIZE_MAX
    singly_s = SINGLY_S

    def fits(self, request: Request) -> bool:
        return request.operation in ("post", "order")

    def lingers_s(self, request: Request) -> float:
        return LINGERS_S if request.operation == "order" else 0.0

    def pack(self, requests: Sequence[Request]) -> Request:
        assert 2 <= len(requests) <= SIZE_MAX
        return msgspec.structs.replace(requests[0], operation="bundle", body=b",".join(each.body for each in requests))

    def unpack(self, requests: Sequence[Request], outcome: Outcome) -> list[Outcome] | None:
        if not isinstance(outcome, Response) or outcome.status >= 500:
            return [outcome] * len(requests)
        return None if outcome.status == 404 else [answer(name) for name in outcome.body.decode().split(",")]


class Vendor:
    """Answers each request with its own body, after ``FLIGHT_S``; ``says`` may say something else of a call."""

    def __init__(self) -> None:
        self.calls: list[Request] = []
        self.clients: list[Client] = []
        self.says: Callable[[Request], Outcome] = lambda request: Response(status=200, body=request.body)

    def client(self) -> "Client":
        self.clients.append(Client(self))
        return self.clients[-1]

    @property
    def seen(self) -> list[str]:
        """What arrived, call by call, sorted within each."""
        return [",".join(sorted(call.body.decode().split(","))) for call in self.calls]


class Client:
    """Implements ``ports.Http`` for one request at a time."""

    def __init__(self, vendor: Vendor) -> None:
        self.vendor = vendor
        self.busy = self.closed = False

    async def send(self, request: Request) -> Outcome:
        assert not self.busy, "one request at a time"
        assert not self.closed
        self.busy = True
        try:
            await trio.lowlevel.checkpoint()
            self.vendor.calls.append(request)
            await trio.sleep(FLIGHT_S)
        finally:
            self.busy = False
        return self.vendor.says(request)

    async def aclose(self) -> None:
        self.closed = True


class Lane:
    """Conversations of one lane: each with a client of its own and a scope to be cancelled by."""

    def __init__(self, bundler: Post, nursery: trio.Nursery) -> None:
        self.vendor = Vendor()
        self.bundling = Bundling(bundler, self.vendor.client, nursery.start_soon)
        self.heard: dict[str, Outcome | Exception] = {}
        self.scopes: dict[str, trio.CancelScope] = {}
        self.nursery = nursery

    def say(self, *names: str, **more: str) -> None:
        for name in names:
            self.scopes[name] = trio.CancelScope()
            self.nursery.start_soon(self._say, name, request(name, **more))

    async def _say(self, name: str, request: Request) -> None:
        with self.scopes[name]:
            try:
                self.heard[name] = await self.bundling.over(Client(self.vendor)).send(request)
            except BundleFault as fault:
                self.heard[name] = fault

    async def all(self, *names: str, **more: str) -> None:
        """Say them at the same moment, and hear what comes of it."""
        self.say(*names, **more)
        await trio.sleep(FLIGHT_S * 3)


@asynccontextmanager
async def a_lane(bundler: Post | None = None) -> AsyncIterator[Lane]:
    async with trio.open_nursery() as nursery:
        yield Lane(bundler or Post(), nursery)
        nursery.cancel_scope.cancel()


def names(count: int, first: int = 0) -> list[str]:
    return [f"n{number}" for number in range(first, first + count)]
