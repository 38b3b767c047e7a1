"""HTTP/1.1 on trio's sockets, no more than the sandbox needs: keep-alive, bounded heads and bodies, and what no
ordinary server offers: to reset the connection (TCP RST) instead of answering.

Requests are taken apart by hand: benchmarks drive thousands a second through here, and h11 made that half as many.
Bodies come with a Content-Length; chunked ones are refused by name.
"""

import re
import socket
import struct
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec
import trio

from actors.domain.flow import Request, Response
from actors.ports import Answer
from daemon.sandbox.sockets import Rejoined, hold

if TYPE_CHECKING:
    from daemon.sandbox.postman import Postman

Handler = Callable[[Request], Answer]

HEAD_BYTES_MAX = 32 * 1024
BODY_BYTES_MAX = 4 * 1024 * 1024
RECEIVE_BYTES = 64 * 1024
REQUEST_TIMEOUT_S = 60.0
"""For a whole request to arrive, the pause before it included."""
CONNECTIONS_MAX = 2048
PIECES = 10
"""A trickling body comes in so many."""

BODILESS = frozenset({204, 304})
_START = re.compile(r"([A-Z]{1,20}) (/[\x21-\x7e]*) HTTP/1\.([01])", re.ASCII)
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_LENGTH = re.compile(r"[0-9]{1,15}", re.ASCII)
_REASONS = {status.value: status.phrase for status in HTTPStatus}


class BadRequest(Exception):
    """The peer does not speak HTTP as we take it."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class Head(msgspec.Struct, frozen=True):
    """A request's first lines. Header names are lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body_bytes: int
    keep_alive: bool


class Server:
    """Serves one handler on as many connections as allowed; more are closed at once. Without a postman no errands are
    run, and no connection becomes a WebSocket."""

    def __init__(self, handler: Handler, postman: "Postman | None" = None) -> None:
        self._handler = handler
        self._postman = postman
        self._open = 0

    async def serve(self, stream: trio.SocketStream) -> None:
        """One connection, to its end."""
        if self._open >= CONNECTIONS_MAX:
            reset(stream)
            return
        self._open += 1
        try:
            await self._converse(Incoming(stream), stream)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # the peer went away: there is nobody to tell
        finally:
            self._open -= 1
            with trio.CancelScope(shield=True):
                await stream.aclose()

    async def _converse(self, incoming: "Incoming", stream: trio.SocketStream) -> None:
        keep_alive = True
        while keep_alive:
            try:
                with trio.move_on_after(REQUEST_TIMEOUT_S) as patience:
                    head = await incoming.head()
                    body = await incoming.body(head) if head else b""
            except BadRequest as error:
                await stream.send_all(serialise(problem(error.status, "Bad request", str(error)), keep_alive=False))
                return
            if patience.cancelled_caught or head is None:
                return
            if "upgrade" in head.headers and await self._upgraded(head, incoming, stream):
                return
            request = Request(method=head.method, url=head.target, operation="", headers=head.headers, body=body)
            answer = self._handler(request)
            if answer.errand is not None and self._postman is not None:
                answer = await self._postman.answered(answer)
            if answer.delay_s:
                await trio.sleep(answer.delay_s)
            if answer.reset:
                reset(stream)
                return
            keep_alive = head.keep_alive and answer.response.headers.get("connection", "").lower() != "close"
            said = serialise(answer.response, keep_alive=keep_alive, bodiless=head.method == "HEAD")
            await (_trickle(stream, said, answer.body_s) if answer.body_s else stream.send_all(said))
            if answer.hangup:
                return

    async def _upgraded(self, head: "Head", incoming: "Incoming", stream: trio.SocketStream) -> bool:
        """Whether this was a WebSocket, which is over now."""
        if self._postman is None or head.headers.get("upgrade", "").lower() != "websocket":
            return False
        line = self._postman.connect(head.target)
        if line is None:
            return False
        await hold(line, Rejoined(incoming.all_of_it(), stream), self._postman)
        return True


class Incoming:
    """What has arrived and was not yet asked for."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._buffer = bytearray()
        self._head = b""

    def all_of_it(self) -> bytes:
        """The last head as it came, and what came behind it."""
        return self._head + bytes(self._buffer)

    async def head(self) -> Head | None:
        """The next request's head; None when the peer has closed. Raises BadRequest."""
        searched = 0
        while (end := self._buffer.find(b"\r\n\r\n", searched)) < 0:
            searched = max(0, len(self._buffer) - 3)
            if searched > HEAD_BYTES_MAX:
                raise BadRequest(431, f"a head has at most {HEAD_BYTES_MAX} bytes")
            if not await self._more():
                return None
        self._head = bytes(self._buffer[: end + 4])
        head = parse_head(self._head[:-4].decode("latin-1"))
        del self._buffer[: end + 4]
        return head

    async def body(self, head: Head) -> bytes:
        """As many bytes as the head announced. Raises BadRequest, and BrokenResourceError when they do not come."""
        if head.headers.get("expect", "").lower() == "100-continue" and len(self._buffer) < head.body_bytes:
            await self._stream.send_all(b"HTTP/1.1 100 Continue\r\n\r\n")
        while len(self._buffer) < head.body_bytes:
            if not await self._more():
                raise trio.BrokenResourceError("the body ended early")
        body = bytes(self._buffer[: head.body_bytes])
        del self._buffer[: head.body_bytes]
        return body

    async def _more(self) -> bool:
        data = await self._stream.receive_some(RECEIVE_BYTES)
        self._buffer += data
        return bool(data)


async def _trickle(stream: trio.SocketStream, said: bytes, body_s: float) -> None:
    """The head at once, the body in pieces, the last of them after ``body_s``."""
    end = said.index(b"\r\n\r\n") + 4
    head, body = said[:end], said[end:]
    await stream.send_all(head)
    for piece in range(PIECES):
        await trio.sleep(body_s / PIECES)
        part = body[len(body) * piece // PIECES : len(body) * (piece + 1) // PIECES]
        if part:
            await stream.send_all(part)


def parse_head(text: str) -> Head:
    """Raises BadRequest."""
    first, *lines = text.split("\r\n")
    start = _START.fullmatch(first)
    if start is None:
        raise BadRequest(400, "the first line is not METHOD /path HTTP/1.1")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not _NAME.fullmatch(name):
            raise BadRequest(400, "a header line is not NAME: VALUE")
        name, value = name.lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    if "transfer-encoding" in headers:
        raise BadRequest(501, "no Transfer-Encoding here: send a Content-Length")
    length = headers.get("content-length", "0")
    if not _LENGTH.fullmatch(length):
        raise BadRequest(400, "Content-Length is not a number")
    if int(length) > BODY_BYTES_MAX:
        raise BadRequest(413, f"a body has at most {BODY_BYTES_MAX} bytes")
    wish = headers.get("connection", "").lower()
    keep_alive = wish != "close" if start[3] == "1" else wish == "keep-alive"
    return Head(start[1], start[2], headers, int(length), keep_alive)


def serialise(response: Response, *, keep_alive: bool, bodiless: bool = False) -> bytes:
    """The answer as bytes, with its own Content-Length. ``bodiless``: the answer to a HEAD."""
    status = response.status
    lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Unknown')}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items() if name not in _OURS]
    if status not in BODILESS:
        lines.append(f"content-length: {len(response.body)}")
    if not keep_alive:
        lines.append("connection: close")
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
    return head if bodiless or status in BODILESS else head + response.body


_OURS = frozenset({"content-length", "connection"})


def reset(stream: trio.SocketStream) -> None:
    """Close so that the peer gets a reset: what is unsent is thrown away and no farewell is said."""
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stream.socket.close()


def problem(status: int, title: str, detail: str) -> Response:
    """RFC 9457."""
    body = msgspec.json.encode({"type": "about:blank", "title": title, "status": status, "detail": detail})
    return Response(status=status, headers={"content-type": "application/problem+json"}, body=body)
