"""A sandbox's Slack on loopback, whose wall clock the test moves, and whoever takes what it posts."""

from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any, TypeVar

import httpx
import msgspec
import pytest
import trio
from slack_sdk import WebClient

from actors.domain.flow import Request, Response
from actors.ports import Answer
from actors.targets.slack import CONNECTOR
from daemon.demo.stage import asking
from daemon.sandbox.serve import serve_switchboard
from daemon.sandbox.switchboard import Switchboard
from daemon.sandbox.wire import Server

T = TypeVar("T")
BACK = "https://lms.example.edu/callback"
SCOPES = ["chat:write", "channels:history"]
CHANNEL = "C0123456789"


class Sandbox:
    """A sandbox on loopback whose wall clock the test moves."""

    def __init__(self) -> None:
        self.now_s = 1_790_000_000.0
        self.board = Switchboard({"slack": CONNECTOR}, limited=False, clock=lambda: self.now_s)
        self.url = ""

    def client(self, token: str | None = None) -> WebClient:
        return WebClient(token=token, base_url=f"{self.url}/slack/api/", retry_handlers=[])

    async def put(self, **terms: object) -> httpx.Response:
        async with asking(20, self.url) as operator:
            return await operator.put("/sandbox/slack", json=terms)

    async def happen(self, *what: dict[str, object]) -> list[Any]:
        async with asking(20, self.url) as operator:
            answer = await operator.post("/sandbox/slack", json=list(what))
            assert answer.status_code == 200, answer.text
            return answer.json()

    async def faults(self, *faults: dict[str, object]) -> None:
        async with asking(20, self.url) as operator:
            assert (await operator.put("/sandbox/faults", json=list(faults))).status_code == 200

    async def sent(self) -> list[dict[str, Any]]:
        async with asking(20, self.url) as operator:
            return [msgspec.json.decode(line) for line in (await operator.get("/sandbox/sent")).text.splitlines()]

    async def has_sent(self, count: int) -> list[dict[str, Any]]:
        """The answers to so many sendings have come in."""
        while len(sent := await self.sent()) < count:
            await trio.lowlevel.checkpoint()
        return sent


class Receiver:
    """Takes what Slack posts; ``statuses`` are its next answers, then 200."""

    def __init__(self) -> None:
        self.url = ""
        self.statuses: list[int] = []
        self.more: dict[str, str] = {}
        self._taken, self.requests = trio.open_memory_channel[Request](100)

    def answer(self, request: Request) -> Answer:
        body = request.body
        if b"url_verification" in body:
            return Answer(response=Response(status=200, body=msgspec.json.decode(body)["challenge"].encode()))
        self._taken.send_nowait(request)
        status = self.statuses.pop(0) if self.statuses else 200
        return Answer(response=Response(status=status, headers=self.more))

    async def next(self) -> Request:
        return await self.requests.receive()

    async def event(self) -> dict[str, Any]:
        return msgspec.json.decode((await self.next()).body)


@pytest.fixture
async def sandbox(nursery: trio.Nursery) -> AsyncIterator[Sandbox]:
    made = Sandbox()
    made.url = await nursery.start(serve_switchboard, made.board, "127.0.0.1", 0)
    yield made
    nursery.cancel_scope.cancel()


@pytest.fixture
async def receiver(nursery: trio.Nursery) -> AsyncIterator[Receiver]:
    made = Receiver()
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    made.url = f"http://127.0.0.1:{listener.socket.getsockname()[1]}/events"
    nursery.start_soon(partial(trio.serve_listeners, Server(made.answer).serve, [listener]))
    yield made
    nursery.cancel_scope.cancel()


async def thread(work: Callable[[], T]) -> T:
    return await trio.to_thread.run_sync(work)
