"""One connection of the gateway: Hypercorn's, held to HTTP/1.1 and to our patience.

Hypercorn would let a peer change to HTTP/2 on an open connection, where it waits without a deadline for the rest of
a frame; and it shields its writes from cancellation, so that a peer who does not read could keep us from stopping.
"""

from typing import Any

import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.trio.task_group import TaskGroup
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ConnectionState
from hypercorn.utils import parse_socket_addr
from starlette.types import ASGIApp

HANDSHAKE_S_MAX = 10.0


class _Http1(H11Protocol):
    async def _check_protocol(self, _request: Any) -> None:
        """An offer to change the protocol may be ignored (RFC 9110, 7.8), and is."""


class _Bounded:
    """A stream that gives up on a peer who does not read for so long."""

    def __init__(self, stream: Any, write_s_max: float) -> None:
        self._stream = stream
        self._write_s_max = write_s_max

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    async def send_all(self, data: bytes) -> None:
        try:
            with trio.fail_after(self._write_s_max):
                await self._stream.send_all(data)
        except trio.TooSlowError:
            await trio.aclose_forcefully(self._stream)
            raise trio.BrokenResourceError("the peer does not read") from None


class Connection(TCPServer):
    """``stream`` is trio's SocketStream or SSLStream; closing it is the caller's."""

    def __init__(self, app: ASGIApp, config: Config, context: WorkerContext, stream: Any, write_s_max: float) -> None:
        wrapped: Any = ASGIWrapper(app)  # type: ignore[arg-type]  # Starlette's and Hypercorn's words for the same
        bounded: Any = _Bounded(stream, write_s_max)
        super().__init__(wrapped, config, context, ConnectionState({}), bounded)
        self._secure = isinstance(stream, trio.SSLStream)

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
                await self.protocol.initiate()
                await self.idle_task.restart(tasks, self._idle_timeout)
                await self._read_data()
        except OSError:
            return  # the network's, not ours
