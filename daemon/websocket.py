"""Sockets that we open: WebSockets over the same way out as every other request, with its proxy and its authorities.
``httpcore`` makes the connection and upgrades it, ``wsproto`` knows the frames.

A side that says nothing for a while is asked whether it is there (ping); one that does not answer is gone. Addresses
carry secrets, so no text of ours tells them.
"""

import base64
import hashlib
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpcore
import trio
from wsproto import ConnectionType
from wsproto.connection import Connection
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from actors.ports.listening import Wire
from daemon.http import Connection as Joined
from daemon.http import Outbound
from daemon.presenting import Unpresentable
from daemon.spelling import address

OPEN_S_MAX = 20.0
QUIET_S = 30.0
"""Silent for so long, it is asked whether it is there; and as long again, and it is gone."""
CLOSE_S_MAX = 2.0
READ_BYTES = 64 * 1024
MESSAGE_CHARS_MAX = 1024 * 1024
MESSAGES_MAX = 100
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_SCHEMES = {"wss:": "https:", "ws:": "http:"}
BROKEN = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, OSError, trio.BrokenResourceError)


class HttpSockets:
    """Implements ``ports.listening.Sockets``. ``token`` gives 32 hexadecimal digits nobody has seen before."""

    def __init__(self, outbound: Outbound, token: Callable[[], str]) -> None:
        self._outbound = outbound
        self._token = token

    @asynccontextmanager
    async def open(self, url: str) -> AsyncIterator[Wire | str]:
        stack: list[Joined] = []
        opened: OpenWire | str = "no connection in time"
        try:
            with trio.move_on_after(OPEN_S_MAX):
                opened = await self._opened(url, stack)
            yield opened
        finally:
            with trio.move_on_after(CLOSE_S_MAX, shield=True):
                if isinstance(opened, OpenWire):
                    await opened.aclose()
                for connection in stack:
                    try:
                        await connection.aclose()
                    except BROKEN:
                        continue  # it is closed, whatever it says

    async def _opened(self, url: str, stack: list[Joined]) -> "OpenWire | str":
        scheme, colon, rest = url.partition(":")
        try:
            where = address(_SCHEMES.get(f"{scheme.lower()}{colon}", "?:") + rest)
        except ValueError:
            return "what the vendor named is no address of a socket"
        key = base64.b64encode(bytes.fromhex(self._token())).decode()
        headers = {
            b"host": where.host,
            b"upgrade": b"websocket",
            b"connection": b"Upgrade",
            b"sec-websocket-key": key.encode(),
            b"sec-websocket-version": b"13",
            b"user-agent": b"lmsyncd",
        }
        timeouts = {"connect": OPEN_S_MAX, "read": OPEN_S_MAX, "write": OPEN_S_MAX}
        request = httpcore.Request("GET", where.url, headers=list(headers.items()), extensions={"timeout": timeouts})
        try:
            connection = await self._outbound.connection(where)
            stack.append(connection)
            answer = await connection.handle_async_request(request)
        except (*BROKEN, httpcore.ProxyError, Unpresentable) as error:
            return f"{where.named}: {_why(error)}"
        told = {name.lower(): value for name, value in answer.headers}
        wanted = base64.b64encode(hashlib.sha1(f"{key}{_GUID}".encode()).digest())  # noqa: S324  # RFC 6455
        if answer.status != 101 or told.get(b"sec-websocket-accept") != wanted:
            return f"{where.named}: HTTP {answer.status} instead of a socket"
        return OpenWire(answer.extensions["network_stream"])


class OpenWire:
    """Implements ``ports.listening.Wire``. One task receives, any may send."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._frames = Connection(ConnectionType.CLIENT)
        self._ready: deque[str] = deque()
        self._parts: list[str] = []
        self._sending = trio.Lock()
        self._over = False

    async def receive(self) -> str | None:
        asked = False
        while not self._ready:
            if self._over:
                return None
            try:
                data = await self._stream.read(READ_BYTES, timeout=QUIET_S)
            except httpcore.ReadTimeout:
                if asked or not await self._send(Ping()):
                    return None
                asked = True
                continue
            except BROKEN:
                return None
            asked = False
            if not data or not await self._take(data):
                self._over = True
        return self._ready.popleft()

    async def send(self, text: str) -> bool:
        return not self._over and await self._send(TextMessage(data=text))

    async def aclose(self) -> None:
        """Say goodbye, as far as it is heard."""
        if not self._over:
            await self._send(CloseConnection(code=CloseReason.NORMAL_CLOSURE))
        self._over = True
        try:
            await self._stream.aclose()
        except BROKEN:
            return  # it is closed, whatever it says

    async def _take(self, data: bytes) -> bool:
        """What came, in frames. False: it is over."""
        try:
            self._frames.receive_data(data)
            for event in self._frames.events():
                match event:
                    case TextMessage(data=part, message_finished=finished):
                        if not self._keep(str(part), finished):
                            return False
                    case Ping():
                        if not await self._send(event.response()):
                            return False
                    case CloseConnection():
                        await self._send(event.response())
                        return False
                    case BytesMessage():
                        return False  # nobody sends us any
                    case _:
                        pass
        except (RemoteProtocolError, LocalProtocolError):
            return False
        return True

    def _keep(self, part: str, finished: bool) -> bool:
        """Within its bounds."""
        self._parts.append(part)
        if sum(map(len, self._parts)) > MESSAGE_CHARS_MAX or len(self._ready) >= MESSAGES_MAX:
            return False
        if finished:
            self._ready.append("".join(self._parts))
            self._parts = []
        return True

    async def _send(self, event: Ping | Pong | TextMessage | CloseConnection) -> bool:
        async with self._sending:
            try:
                await self._stream.write(self._frames.send(event), timeout=QUIET_S)
            except (*BROKEN, LocalProtocolError):
                return False
        return True


def _why(error: BaseException) -> str:
    """The system's or OpenSSL's own words, from the bottom of the chain."""
    text = type(error).__name__
    cause: BaseException | None = error
    while cause is not None:
        text = str(cause) or text
        cause = cause.__cause__
    return text[:200]
