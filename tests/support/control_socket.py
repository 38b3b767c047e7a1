"""The control socket, served for real on a path of the test's own, and ways to talk to it."""

import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
import trio
from control_office import Office
from nest import run
from world import route, tenant

from config.model import Control
from daemon.clock import SystemClock
from daemon.control.client import Client
from daemon.control.protocol import Ask, Done, Refusal, encode
from daemon.control.server import serve_control
from daemon.store.database import open_store

ACME = tenant(route("done", "completed"))


@asynccontextmanager
async def served(folder: Path, **control: tuple[str, ...]) -> AsyncIterator[Office]:
    """An office whose socket is ``folder/control.sock``."""
    words = Control(socket=folder / "control.sock", **control)
    clock = SystemClock()
    async with open_store(folder / "c.db", clock, inline=True) as store:
        office = Office(store, {"acme": ACME}, clock=clock, control=words)
        async with trio.open_nursery() as nursery:
            await nursery.start(serve_control, office, words)
            yield office
            nursery.cancel_scope.cancel()


def asked(folder: Path, *requests: Ask, timeout_s: float = 20.0) -> list[tuple[list[msgspec.Raw], Done]]:
    """All requests over one connection, by the client that operators use; call it in a thread. Raises Refusal."""
    answers = []
    with Client(folder / "control.sock", timeout_s) as client:
        for request in requests:
            *rows, done = client.ask(request)
            answers.append((rows, done))
    return answers


async def ask(folder: Path, *requests: Ask) -> list[tuple[list[msgspec.Raw], Done]]:
    return await trio.to_thread.run_sync(lambda: asked(folder, *requests))


async def refusal(folder: Path, request: Ask) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await ask(folder, request)
    return caught.value


class Wire:
    """A raw connection: lines as they are."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self._rest = b""

    async def send(self, data: bytes | Ask) -> None:
        await self.stream.send_all(data if isinstance(data, bytes) else encode(data))

    async def line(self) -> dict[str, object] | None:
        """The next line, decoded; None when the daemon has closed."""
        while b"\n" not in self._rest:
            try:
                data = await self.stream.receive_some(65536)
            except trio.BrokenResourceError:  # it closed with our bytes unread
                return None
            if not data:
                return None
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        decoded: dict[str, object] = msgspec.json.decode(line)
        return decoded


@asynccontextmanager
async def wire(folder: Path) -> AsyncIterator[Wire]:
    async with await trio.open_unix_socket(folder / "control.sock") as stream:
        yield Wire(stream)  # type: ignore[arg-type]  # trio says SocketStream in all but name


async def run_ctl(folder: Path, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """``lmsyncctl`` as an operator runs it."""
    command = [sys.executable, "-m", "daemon.cli.lmsyncctl", "--socket", str(folder / "control.sock"), *words]
    return await run(command, stdin)
