"""One connection of the gateway: Hypercorn's, held to HTTP/1.1 and to our patience.

Hypercorn would let a peer change to HTTP/2 on an open connection, where it waits without a deadline for the rest of
a frame; and it shields its writes from cancellation, so that a peer who does not read could keep us from stopping.

It also starts a task at each request's end to wait for the next one, and sends an answer in three writes: here an idle
connection has a deadline, and what belongs together goes out together.
"""

import math
from typing import Any

import h11
import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.trio.task_group import TaskGroup
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ConnectionState
from hypercorn.utils import parse_socket_addr
from starlette.types import ASGIApp

HANDSHAKE_S_MAX = 10.0
RECEIVED_BYTES_MAX = 65_536


class _Http1(H11Protocol):
    _head = b""

    async def _check_protocol(self, _request: Any) -> None:
        """An offer to change the protocol may be ignored (RFC 9110, 7.8), and is."""

    async def _send_h11_event(self, event: Any) -> None:
        """The head of an answer waits for what follows it, which Hypercorn has in hand already or will have soon."""
        try:
            data = self.connection.send(event)
        except h11.LocalProtocolError:
            if self.connection.their_state != h11.ERROR:
                raise
            return
        if isinstance(event, h11.Response):
            self._head = data
            return
        data, self._head = self._head + data, b""
        if data:
            await self.send(RawData(data=data))


class Connection(TCPServer):
    """``stream`` is trio's SocketStream or SSLStream; closing it is the caller's. ``write_s_max``: a peer who does not
    read for so long is given up."""

    def __init__(self, app: ASGIApp, config: Config, context: WorkerContext, stream: Any, write_s_max: float) -> None:
        wrapped: Any = ASGIWrapper(app)  # type: ignore[arg-type]  # Starlette's and Hypercorn's words for the same
        super().__init__(wrapped, config, context, ConnectionState({}), stream)
        self._secure = isinstance(stream, trio.SSLStream)
        self._write_s_max = write_s_max
        self._patience = trio.CancelScope()
        """Around all reading: its deadline is set while the connection is idle, or a request's head is coming in."""
        self._staying = trio.CancelScope()

    async def run(self) -> None:
        """Until either side closes it."""
        try:
            if self._secure:
                with trio.fail_after(HANDSHAKE_S_MAX):
                    await self.stream.do_handshake()
            transport: Any = self.stream.transport_stream if self._secure else self.stream
            family = transport.socket.family
            peer = parse_socket_addr(family, transport.socket.getpeername())
            own = parse_socket_addr(family, transport.socket.getsockname())
        except (trio.BrokenResourceError, trio.TooSlowError, OSError):
            return  # nobody there that we could talk to
        try:
            async with TaskGroup() as tasks:
                self._task_group = tasks
                self.protocol: Any = _Http1(
                    self.app,
                    self.config,
                    self.context,
                    tasks,
                    ConnectionState({}),
                    self._secure,
                    peer,
                    own,
                    self.protocol_send,
                )
                tasks.spawn(self._leave_when_told)
                self._wait(idle=True)
                with self._patience:
                    await self._read_data()
                if self._patience.cancelled_caught:
                    await self.protocol.handle(Closed())
                    await self.stream.aclose()
                self._staying.cancel()
        except OSError:
            return  # the network's, not ours

    def _wait(self, *, idle: bool) -> None:
        """Nobody waits for ever for a request's head."""
        seconds = self.config.keep_alive_timeout if idle else math.inf
        self._patience.deadline = trio.current_time() + seconds

    async def _leave_when_told(self) -> None:
        """When the server ends, an idle connection is closed; one in use closes behind its answer."""
        with self._staying:
            await self.context.terminated.wait()
            if self._patience.deadline != math.inf:
                self._patience.cancel()

    async def protocol_send(self, event: Event) -> None:
        """What the protocol wants of the network."""
        if isinstance(event, Updated):
            self._wait(idle=event.idle)
        elif isinstance(event, RawData):
            await self._write(event.data)
        else:
            await super().protocol_send(event)

    async def _read_data(self) -> None:
        try:
            while data := await self.stream.receive_some(RECEIVED_BYTES_MAX):
                await self.protocol.handle(RawData(bytes(data)))
            await self.protocol.handle(RawData(b""))  # the peer will send no more
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # gone, or closed by us
        await self.protocol.handle(Closed())

    async def _write(self, data: bytes) -> None:
        try:
            async with self.send_lock:
                with trio.CancelScope(deadline=trio.current_time() + self._write_s_max) as patience:
                    await self.stream.send_all(data)
            if patience.cancelled_caught:
                await trio.aclose_forcefully(self.stream)
                await self.protocol.handle(Closed())
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            await self.protocol.handle(Closed())
