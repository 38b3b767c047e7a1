"""A TCP server on loopback that does exactly what a test tells it, also what no HTTP server would."""

import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import msgspec
import trio

Handler = Callable[[trio.abc.Stream], Awaitable[None]]


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it came over the wire; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class RawServer:
    """``requests`` are those read with ``read_request``; ``connections`` counts what was accepted."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.connections = 0
        self.requests: list[Seen] = []

    async def read_request(self, stream: trio.abc.Stream) -> Seen | None:
        """The next request with its whole body, or None where the peer has gone."""
        data = b""
        while b"\r\n\r\n" not in data:
            more = await stream.receive_some(65536)
            if not more:
                return None
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        while len(body) < int(headers.get("content-length", "0")):
            body += await stream.receive_some(65536)
        method, target, _ = lines[0].split(" ")
        seen = Seen(method=method, target=target, headers=headers, body=body)
        self.requests.append(seen)
        return seen


def reply(body: bytes = b"{}", status: str = "200 OK", headers: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n{headers}\r\n".encode() + body


async def reset(stream: trio.abc.Stream) -> None:
    """Close with RST instead of FIN."""
    assert isinstance(stream, trio.SocketStream)
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    await stream.aclose()


@asynccontextmanager
async def serving(
    handle: Callable[[RawServer, trio.abc.Stream], Awaitable[None]], tls: ssl.SSLContext | None = None
) -> AsyncIterator[RawServer]:
    """Serve on a free port of 127.0.0.1 until the block ends."""
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    server = RawServer(listener.socket.getsockname()[1])

    async def connection(stream: trio.SocketStream) -> None:
        server.connections += 1
        talk: trio.abc.Stream = stream
        if tls is not None:
            talk = trio.SSLStream(stream, tls, server_side=True, https_compatible=True)
        try:
            await handle(server, talk)
        except* (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # the client went away first, which many of these tests are about

    async with trio.open_nursery() as nursery:
        await nursery.start(trio.serve_listeners, connection, [listener])
        try:
            yield server
        finally:
            nursery.cancel_scope.cancel()
