"""Once over a real connection, what the tests in memory cannot show: HEAD and OPTIONS have no body on the wire, and the
next request on the same connection is understood."""

import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import trio
from gateway_world import STATEMENTS, VERSION, World, basic

from daemon.gateway.server import serve

STATE = "/t/acme/xapi/activities/state"
ABOUT = {"activityId": "https://x.example/1", "agent": '{"mbox":"mailto:ana@example.edu"}', "stateId": "s"}


class Wire:
    """One connection, as a client sees it. The deadline of ``connected`` only keeps a failure short."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._said = b""

    async def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, str], bytes]:
        lines = {"Host": "x", **headers, **({"Content-Length": str(len(body))} if body else {})}
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        await self._stream.send_all(head.encode() + b"\r\n" + body)
        await self._until(lambda: b"\r\n\r\n" in self._said)
        told, _, self._said = self._said.partition(b"\r\n\r\n")
        first, *rest = told.decode().split("\r\n")
        answered = {name.lower(): value for name, value in (line.split(": ", 1) for line in rest)}
        status = int(first.split()[1])
        length = 0 if method == "HEAD" or status in (204, 304) else int(answered["content-length"])
        await self._until(lambda: len(self._said) >= length)
        content, self._said = self._said[:length], self._said[length:]
        return status, answered, content

    async def _until(self, done: Any) -> None:
        while not done():
            block = await self._stream.receive_some()
            assert block, f"the connection ended after {self._said!r}"
            self._said += block


@asynccontextmanager
async def connected(world: World) -> AsyncIterator[Wire]:
    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            (address,) = await nursery.start(serve, world.app(), world.gateway)
            async with await trio.open_tcp_stream("127.0.0.1", int(address.rsplit(":", 1)[1])) as stream:
                yield Wire(stream)
            nursery.cancel_scope.cancel()


async def test_head_and_options_have_no_body_on_the_wire() -> None:
    path = f"{STATE}?{urlencode(ABOUT)}"
    known = {**VERSION, **basic("boss")}
    async with connected(World()) as wire:
        status, headers, _ = await wire.ask("PUT", path, b"hello", **known, **{"Content-Type": "text/plain"})
        assert (status, headers["etag"]) == (204, '"' + hashlib.sha1(b"hello").hexdigest() + '"')
        assert "content-length" not in headers
        for method, content in (("HEAD", b""), ("GET", b"hello"), ("HEAD", b"")):
            status, headers, said = await wire.ask(method, path, **known)
            assert (status, headers["content-length"], headers["content-type"], said) == (
                200,
                "5",
                "text/plain",
                content,
            )
        status, headers, _ = await wire.ask("HEAD", path)
        assert (status, int(headers["content-length"]) > 0) == (401, True)
        status, headers, _ = await wire.ask("HEAD", STATEMENTS, **known)
        assert (status, headers["content-length"]) == (200, str(len(b'{"statements":[],"more":""}')))
        status, headers, _ = await wire.ask("GET", path, **known, **{"If-None-Match": "*"})
        assert status == 304
        asking = {"Origin": "https://player.example.edu", "Access-Control-Request-Method": "PUT"}
        status, headers, _ = await wire.ask("OPTIONS", path, **asking)
        assert (status, headers["access-control-allow-origin"]) == (204, "*")
        status, _, said = await wire.ask("GET", path, **known)
        assert (status, said) == (200, b"hello")


async def test_a_form_stands_for_a_request_on_the_wire() -> None:
    form = urlencode({**ABOUT, **VERSION, **basic("boss"), "Content-Type": "text/plain", "content": "grün"}).encode()
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    async with connected(World()) as wire:
        status, headers, _ = await wire.ask("POST", STATE + "?method=PUT", form, **kind)
        assert (status, headers["x-experience-api-version"]) == (204, "1.0.3")
        asked = urlencode({**ABOUT, **VERSION, **basic("boss")}).encode()
        status, headers, said = await wire.ask("POST", STATE + "?method=GET", asked, **kind)
        assert (status, said.decode()) == (200, "grün")
        status, _, said = await wire.ask("POST", STATE + "?method=GET", b"x=%", **kind)
        assert (status, json.loads(said)["status"]) == (400, 400)
