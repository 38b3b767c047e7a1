"""One statement a request, many connections: what a request costs beside a bare Hypercorn that decodes the body."""

import sys
import time
from base64 import b64encode
from collections.abc import Callable
from uuid import uuid4

import trio

from daemon.demo.moodle import sample
from daemon.demo.scene import KEY, SECRET, Scene
from daemon.demo.stage import Process, Stage, free_port

CONNECTIONS = 16
_HEAD = (
    "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic {basic}\r\nX-Experience-API-Version: 1.0.3\r\n"
    "Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
)


async def plain(scene: Scene, seconds: float) -> float:
    """Requests a second of the bare application, in a process of its own like ours."""
    port = free_port()
    server = Process("plain", ["-m", "tests.benchmarks.plain_app", str(port)], scene.root / "plain.log")
    server.start()
    try:
        await server.until(f"http://127.0.0.1:{port}/")
        return await _posts(port, "/", seconds)
    finally:
        with trio.CancelScope(shield=True):
            await server.end()


async def ours(stage: Stage, seconds: float) -> float:
    """The same requests, each accepted durably."""
    path = stage.scene.endpoint.partition(str(stage.scene.gateway_port))[2] + "/statements"
    await _posts(stage.scene.gateway_port, path, 1.0)
    return await _posts(stage.scene.gateway_port, path, seconds)


async def _posts(port: int, path: str, seconds: float) -> float:
    """Over plain sockets: an HTTP client would cost more than the server that is measured."""
    basic = b64encode(f"{KEY}:{SECRET}".encode()).decode()
    lines = sample()
    done = 0
    until = time.perf_counter() + seconds

    def request(number: int) -> bytes:
        body = b'{"id":"%b",%b' % (str(uuid4()).encode(), lines[number % len(lines)][1:])
        return _HEAD.format(path=path, basic=basic, length=len(body)).encode() + body

    async def work(first: int) -> None:
        nonlocal done
        stream = await trio.open_tcp_stream("127.0.0.1", port)
        async with stream:
            number = first
            while time.perf_counter() < until:
                number += CONNECTIONS
                await stream.send_all(request(number))
                await _answered(stream.receive_some)
                done += 1

    started = time.perf_counter()
    async with trio.open_nursery() as nursery:
        for number in range(CONNECTIONS):
            nursery.start_soon(work, number)
    return done / (time.perf_counter() - started)


async def _answered(receive: Callable[[], object]) -> None:
    """Read one whole answer. Raises RuntimeError unless it is a 200."""
    heard = b""
    while b"\r\n\r\n" not in heard:
        heard += await receive()  # type: ignore[misc]
    head, _, body = heard.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(head[:200])
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += await receive()  # type: ignore[misc]


async def main(seconds: float) -> None:
    """For a look at this row alone: ``python -m tests.benchmarks.singles SECONDS``."""
    from tests.benchmarks.__main__ import scenery

    with scenery() as scene:
        bare = await plain(scene, seconds)
        stage = Stage(scene, limits=False)
        try:
            await stage.open()
            print(f"bare {bare:,.0f}/s, ours {await ours(stage, seconds):,.0f}/s")
        finally:
            with trio.CancelScope(shield=True):
                await stage.close()


if __name__ == "__main__":
    trio.run(main, float(sys.argv[1]))
