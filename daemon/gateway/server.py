"""Sockets, TLS and the graceful end. Hypercorn speaks HTTP on each connection; accepting them is ours, so that one
broken connection never takes the others along and there is a bound on how many there are, of one caller and of all.
"""

import socket
import ssl
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import trio
from hypercorn.config import Config
from hypercorn.trio.worker_context import WorkerContext
from starlette.types import ASGIApp

from config.durations import seconds
from config.model import Gateway, Tls
from daemon.gateway.app import GatewayApp
from daemon.gateway.callers import NOBODY, Callers
from daemon.gateway.connection import Connection
from daemon.gateway.ports import Trouble

CONNECTIONS_MAX = 1024
CONNECTIONS_OF_ONE_MAX = 256
"""Of one crowd (``callers``): nobody takes all of them."""
GRACE_S = 5.0
"""How long requests in flight may take to finish when the daemon stops."""
BACKLOG = 1024


async def serve(
    app: GatewayApp,
    gateway: Gateway,
    sockets: Sequence[socket.socket] | None = None,
    *,
    task_status: trio.TaskStatus[list[str]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Until cancelled: then nothing new is accepted, what is in flight has GRACE_S to finish. ``sockets`` are the
    public ones if systemd has opened them. Reports the addresses listened on. Raises OSError if one is taken."""
    config = _config(gateway)
    context = WorkerContext(None)
    tls = _tls(gateway.tls) if gateway.tls is not None else None
    opened: list[trio.SocketListener] = []
    try:
        public = await _listen(gateway.listen, opened, sockets)
        admin = await _listen(gateway.admin_listen, opened)
    except BaseException:
        for listener in opened:
            listener.socket.close()
        raise
    stopping = trio.Event()
    async with trio.open_nursery() as outside:
        outside.start_soon(_set_when_cancelled, stopping)
        with trio.CancelScope(shield=True) as lasting:
            async with trio.open_nursery() as connections:
                acceptors, entrances = [], _Entrances(Callers(gateway.proxies), connections, app.trouble)
                for listeners, face, secure in ((public, app.public, tls), (admin, app.admin, None)):
                    handler = _Handler(face, app, config, context, entrances, seconds(gateway.body_timeout))
                    acceptors.append(trio.CancelScope())
                    connections.start_soon(_accept, acceptors[-1], handler, _secured(listeners, secure), connections)
                task_status.started([_name(listener) for listener in opened])
                await stopping.wait()
                for accepting in acceptors:
                    accepting.cancel()
                await context.terminated.set()
                lasting.deadline = trio.current_time() + GRACE_S
        outside.cancel_scope.cancel()


async def _set_when_cancelled(event: trio.Event) -> None:
    try:
        await trio.sleep_forever()
    finally:
        event.set()


async def _accept(
    accepting: trio.CancelScope, handler: "_Handler", listeners: Sequence[Any], connections: trio.Nursery
) -> None:
    with accepting:
        if listeners:
            await trio.serve_listeners(handler, list(listeners), handler_nursery=connections)


class _Entrances:
    """How many connections there are. Of a crowd that has too many it is said once, until none is left."""

    def __init__(self, callers: Callers, connections: trio.Nursery, trouble: Trouble) -> None:
        self._callers = callers
        self._connections = connections
        self._trouble = trouble
        self._open: Counter[str] = Counter()
        self._told: set[str] = set()

    @contextmanager
    def enter(self, stream: Any) -> Iterator[bool]:
        """Whether there is room for this one."""
        if len(self._connections.child_tasks) > CONNECTIONS_MAX:
            self._trouble("gateway.too_many_connections", None, maximum=CONNECTIONS_MAX)
            yield False
            return
        crowd = self._callers.crowd_at(_peer(stream))
        if crowd != NOBODY and self._open[crowd] >= CONNECTIONS_OF_ONE_MAX:
            if crowd not in self._told:
                self._told.add(crowd)
                self._trouble("gateway.too_many_connections", None, maximum=CONNECTIONS_OF_ONE_MAX, address=crowd)
            yield False
            return
        self._open[crowd] += 1
        try:
            yield True
        finally:
            self._open[crowd] -= 1
            if not self._open[crowd]:
                del self._open[crowd]
                self._told.discard(crowd)


def _peer(stream: Any) -> str:
    """From where; empty for one who is gone already, or has no address."""
    transport = stream.transport_stream if isinstance(stream, trio.SSLStream) else stream
    try:
        name = transport.socket.getpeername()
    except OSError:
        return ""
    return str(name[0]) if isinstance(name, tuple) else ""


class _Handler:
    """One connection after the other, each on its own."""

    def __init__(
        self,
        face: ASGIApp,
        app: GatewayApp,
        config: Config,
        context: WorkerContext,
        entrances: _Entrances,
        write_s_max: float,
    ) -> None:
        self._face = face
        self._trouble = app.trouble
        self._config = config
        self._context = context
        self._entrances = entrances
        self._write_s_max = write_s_max

    async def __call__(self, stream: Any) -> None:
        try:
            with self._entrances.enter(stream) as room:
                if room:
                    await Connection(self._face, self._config, self._context, stream, self._write_s_max).run()
        except Exception as error:  # noqa: BLE001  # whatever a peer provoked ends with its connection
            self._trouble("gateway.connection_failed", error)
        finally:
            with trio.CancelScope(shield=True):
                await trio.aclose_forcefully(stream)


async def _listen(
    addresses: Sequence[str], opened: list[trio.SocketListener], given: Sequence[socket.socket] | None = None
) -> list[trio.SocketListener]:
    """Listeners for the sockets given, else for the addresses; also added to ``opened`` as they come."""
    listeners = []
    for sock in given or ():
        sock.setblocking(False)
        listeners.append(trio.SocketListener(trio.socket.from_stdlib_socket(sock)))
        opened.append(listeners[-1])
    for address in () if given else addresses:
        host, port = address.rsplit(":", 1)
        try:
            found = await trio.open_tcp_listeners(int(port), host=host.strip("[]"), backlog=BACKLOG)
        except OSError as error:  # as it comes it does not say which address
            raise OSError(f"the gateway cannot listen on {address}: {error.strerror or error}") from error
        listeners += found
        opened += found
    return listeners


def _secured(listeners: Sequence[trio.SocketListener], tls: ssl.SSLContext | None) -> Sequence[Any]:
    if tls is None:
        return listeners
    return [trio.SSLListener(listener, tls, https_compatible=True) for listener in listeners]


def _tls(words: Tls) -> ssl.SSLContext:
    """TLS 1.2 or newer; with ``client_ca``, nobody gets in without a certificate signed by it."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    with _named(f"gateway.tls: {words.certificate} and {words.key} are no PEM certificate and its key"):
        context.load_cert_chain(words.certificate, words.key)
    if words.client_ca is not None:
        with _named(f"gateway.tls.client_ca: {words.client_ca} has no PEM certificate"):
            context.load_verify_locations(words.client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@contextmanager
def _named(trouble: str) -> Iterator[None]:
    """OpenSSL's errors say neither which file nor which key of the configuration."""
    try:
        yield
    except ssl.SSLError as error:
        raise OSError(f"{trouble}: {error.reason or error}") from error


def _config(gateway: Gateway) -> Config:
    """Hypercorn's own words. ``keep_alive_timeout`` bounds idle connections and slow heads of requests alike."""
    config = Config()
    config.accesslog = None
    config.errorlog = None
    config.include_server_header = False
    config.keep_alive_timeout = seconds(gateway.header_timeout)
    config.keep_alive_max_requests = 1_000_000
    return config


def _name(listener: trio.SocketListener) -> str:
    address = listener.socket.getsockname()
    return f"{address[0]}:{address[1]}" if isinstance(address, tuple) else str(address)
