"""Outgoing HTTP: the one place where exceptions become outcomes.

A client here is one courier slot's: a keep-alive connection that nobody else uses. It drives httpcore, the engine
inside httpx, without httpx around it: measured on one loop, 32 tasks, 600-byte posts, an ``httpx.AsyncClient`` per
task costs about 1,100 microseconds of CPU a request, its bare transport 850, a connection of httpcore's 500. All
clients share one TLS context (31 ms and 900 KiB each otherwise), and nothing is opened before the first request.

What counts is whether the vendor may have acted. A request whose body was never begun was never whole, so what breaks
before that is *not sent*; from then on everything is *lost*. Details name host and port only: addresses, headers and
bodies carry tokens.
"""

import hashlib
import ssl
from collections import OrderedDict
from collections.abc import AsyncIterable, AsyncIterator, Callable
from contextlib import suppress
from typing import NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

import httpcore
import msgspec
import trio

from actors.domain.flow import Identity, Lost, NotSent, Outcome, Request, Response
from config.model import Network
from daemon.no_proxy import Bypass
from daemon.outward import Guard, GuardedBackend
from daemon.presenting import presenting, trusting
from daemon.spelling import Address, address, headers, raw_headers, reason

BODY_BYTES_MAX = 1024 * 1024
KEEPALIVE_S = 4.0  # shorter than servers and balancers allow (5 s and more): we close first and never race them
ORIGINS_MAX = 4  # a vendor has an API and a login host, perhaps a second region
IDENTITIES_MAX = 64
CLOSE_S_MAX = 2.0
PROXY_WANTS_CREDENTIALS = 407
SURELY_BEFORE = (
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.PoolTimeout,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
    httpcore.LocalProtocolError,
)
Key = tuple[bytes, bytes, int, bytes, int]
"""An origin, the identity presented to it, and by rules of which age it was judged; 0: it was not."""
ANY_TIME = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, OSError)


class Timeouts(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds. ``total_s`` bounds a whole exchange, however busily a slow peer trickles."""

    connect_s: float = 5.0
    read_s: float = 15.0
    write_s: float = 15.0
    total_s: float = 30.0


class Connection(Protocol):
    """What httpcore's connections (straight, forwarded, tunnelled) have in common."""

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response: ...

    def has_expired(self) -> bool: ...

    def is_available(self) -> bool: ...

    async def aclose(self) -> None: ...


class Ways(NamedTuple):
    """Makers of connections that present one identity (or none): straight, and through the proxy."""

    straight: httpcore.AsyncConnectionPool
    proxied: httpcore.AsyncHTTPProxy | None


class Outbound:
    """The way out as configured: proxy, exceptions from it, trusted CAs, and where it may lead. Makes the clients.

    Certificates are always verified: nothing turns that off. Raises OSError (ssl.SSLError included) where ``ca_file``
    cannot be used, ValueError for a bad proxy address or a bad entry of ``private_targets``.
    """

    def __init__(
        self, network: Network, timeouts: Timeouts | None = None, *, body_bytes_max: int = BODY_BYTES_MAX
    ) -> None:
        self.timeouts = timeouts or Timeouts()
        self.body_bytes_max = body_bytes_max
        self.tls = trusting(network.ca_file)
        self._network = network
        self._bypass = Bypass(network.no_proxy)
        self._guard = Guard(network.private_targets)
        self._nobody = {outward: self._ways(self.tls, outward=outward) for outward in (False, True)}
        self._identified: OrderedDict[tuple[bytes, bool], Ways] = OrderedDict()

    def allow(self, private_targets: tuple[str, ...]) -> None:
        """Another ``private_targets`` is in force: for every connection from now on, and none that was made before is
        used again. Raises ValueError for a bad entry."""
        self._guard.allow(private_targets)

    @property
    def age(self) -> int:
        """See ``Guard.age``."""
        return self._guard.age

    def client(self) -> "HttpClient":
        """One slot's client: one request at a time."""
        return HttpClient(self)

    async def connection(
        self, where: Address, identity: Identity | None = None, *, outward: bool = False
    ) -> Connection:
        """A connection, not opened yet. (httpcore's pools serve us only to make them.) Raises Barred where a proxy is
        not to be asked for it, Unpresentable where the identity is no certificate and key."""
        origin = where.url.origin
        ways = self._nobody[outward] if identity is None else self._presenting(identity, outward)
        host = origin.host.decode("ascii")
        if ways.proxied is None or self._bypass.matches(host, origin.port):
            return ways.straight.create_connection(origin)
        if outward:
            await self._guard.through_proxy(host, origin.port)
        return ways.proxied.create_connection(origin)

    def _ways(self, tls: ssl.SSLContext, *, outward: bool) -> Ways:
        backend = GuardedBackend(self._guard) if outward else httpcore.TrioBackend()
        straight = httpcore.AsyncConnectionPool(ssl_context=tls, keepalive_expiry=KEEPALIVE_S, network_backend=backend)
        proxy = self._network.proxy
        return Ways(straight, proxied(proxy, tls, self.tls) if proxy else None)

    def _presenting(self, identity: Identity, outward: bool) -> Ways:
        """Kept, as long as there are few: a TLS context takes 31 ms and 900 KiB to make."""
        name = print_of(identity), outward
        ways = self._identified.get(name)
        if ways is None:
            ways = self._identified[name] = self._ways(presenting(self._network.ca_file, identity), outward=outward)
            if len(self._identified) > IDENTITIES_MAX:
                self._identified.popitem(last=False)
        self._identified.move_to_end(name)
        return ways


class HttpClient:
    """Implements ``ports.Http``. Keeps a connection for each of the few origins it talks to."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound
        self._connections: dict[Key, Connection] = {}
        timeouts = outbound.timeouts
        self._extensions = {
            "timeout": {"connect": timeouts.connect_s, "read": timeouts.read_s, "write": timeouts.write_s}
        }

    async def send(self, request: Request) -> Outcome:
        """Never raises for what the network does. A redirect is an answer like any other."""
        return await self._send(request, None)

    async def save(self, request: Request, into: Callable[[bytes], object]) -> Outcome:
        """As ``send``, but the body of a 200 goes to ``into`` as it comes and is not in the answer. ``into`` never
        raises; once it answers False no more is read, as if the body were too large."""
        return await self._send(request, into)

    async def _send(self, request: Request, into: Callable[[bytes], object] | None) -> Outcome:
        try:
            where = address(request.url)
            headers = raw_headers(request, where)
            shown = b"" if request.identity is None else print_of(request.identity)
            key: Key = (*where.key, shown, self._outbound.age if request.outward else 0)
        except ValueError as error:
            return NotSent(str(error))
        body = Body(request.body)
        total_s = request.patience_s or self._outbound.timeouts.total_s
        extensions = self._extensions if request.patience_s is None else self._patient(request.patience_s)
        call = httpcore.Request(request.method, where.url, headers=headers, content=body, extensions=extensions)
        with trio.move_on_after(total_s):
            try:
                bytes_max = request.answer_bytes_max or self._outbound.body_bytes_max
                return await self._exchange(where, key, request.identity, call, bytes_max, into)
            except SURELY_BEFORE as error:
                return NotSent(f"{where.named}: {reason(error)}")
            except ANY_TIME as error:
                return body.failed(f"{where.named}: {reason(error)}")
        return body.failed(f"{where.named}: no whole answer within {total_s:g} s")

    def _patient(self, patience_s: float) -> dict[str, dict[str, float]]:
        """The same, but whoever is asked may think for so long before the first byte."""
        return {"timeout": {**self._extensions["timeout"], "read": patience_s}}

    async def aclose(self) -> None:
        for key in list(self._connections):
            await self._drop(key)

    async def _exchange(
        self,
        where: Address,
        key: Key,
        identity: Identity | None,
        call: httpcore.Request,
        bytes_max: int,
        into: Callable[[bytes], object] | None,
    ) -> Outcome:
        connection = await self._connection(where, key, identity)
        reusable = False
        try:
            answer = await connection.handle_async_request(call)
            content, whole = await self._read(answer, key, bytes_max, into if answer.status == 200 else None)
            if whole:
                await answer.aclose()
                reusable = True
        finally:
            if not reusable:
                await self._drop(key)
        if answer.status == PROXY_WANTS_CREDENTIALS:
            return NotSent(f"{where.named}: the proxy wants credentials (407)")
        if not whole and answer.status < 300:  # an error's status speaks for itself; half a success proves nothing
            return Lost(f"{where.named}: the answer is larger than {bytes_max} bytes")
        return Response(status=answer.status, headers=headers(answer.headers), body=content)

    async def _read(
        self, answer: httpcore.Response, key: Key, bytes_max: int, into: Callable[[bytes], object] | None
    ) -> tuple[bytes, bool]:
        """The body up to the bound, and whether that was all of it."""
        assert isinstance(answer.stream, AsyncIterable)  # noqa: S101 - httpcore's type covers its sync side too
        chunks: list[bytes] = []
        keep = into or chunks.append
        room = bytes_max
        try:
            async for chunk in answer.stream:
                wanted = keep(chunk[: max(room, 0)])
                room = room - len(chunk) if wanted is not False else -1
                if room < 0:  # httpcore's generators want to run to their end, so the end is brought about
                    await self._drop(key)
        except httpcore.NetworkError:
            if room >= 0:
                raise
        return b"".join(chunks), room >= 0

    async def _connection(self, where: Address, key: Key, identity: Identity | None) -> Connection:
        for stale in [each for each in self._connections if each[-1] not in (0, self._outbound.age)]:
            await self._drop(stale)
        connection = self._connections.get(key)
        if connection is not None and (connection.has_expired() or not connection.is_available()):
            await self._drop(key)
            connection = None
        if connection is None:
            if len(self._connections) >= ORIGINS_MAX:
                await self._drop(next(iter(self._connections)))
            outward = key[-1] > 0
            connection = self._connections[key] = await self._outbound.connection(where, identity, outward=outward)
        return connection

    async def _drop(self, key: Key) -> None:
        """Close for good, also while being cancelled, but not for ever."""
        connection = self._connections.pop(key, None)
        if connection is not None:
            with trio.move_on_after(CLOSE_S_MAX, shield=True), suppress(OSError, trio.BrokenResourceError):
                await connection.aclose()


class Body:
    """The request's body as a stream, which knows whether it was ever asked for. (No generator: one that is broken off
    in the middle, by a peer who hangs up, would be left to the garbage collector.)"""

    __slots__ = ("_begun", "_content", "_left")

    def __init__(self, content: bytes) -> None:
        self._content = self._left = content
        self._begun = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        self._begun = True
        return self

    async def __anext__(self) -> bytes:
        chunk, self._left = self._left, b""
        if not chunk:
            raise StopAsyncIteration
        return chunk

    def failed(self, detail: str) -> NotSent | Lost:
        """Without a body there is no telling: the head alone is a whole request."""
        return NotSent(detail) if self._content and not self._begun else Lost(detail)


def print_of(identity: Identity) -> bytes:
    """What tells identities apart, without being one."""
    return hashlib.sha256(f"{identity.certificate}\0{identity.key}".encode()).digest()


def proxied(proxy: str, tls: ssl.SSLContext, to_proxy: ssl.SSLContext) -> httpcore.AsyncHTTPProxy:
    """A maker of connections through the proxy: plain http forwarded, https tunnelled. The proxy itself is the
    operator's, so its address is not judged, and it is shown no identity."""
    parts = urlsplit(proxy)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("the proxy must be an address like http://proxy.example.edu:3128")
    auth = None
    if parts.username is not None:
        auth = (unquote(parts.username), unquote(parts.password or ""))
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return httpcore.AsyncHTTPProxy(
        proxy_url=httpcore.URL(scheme=parts.scheme.encode(), host=parts.hostname.encode(), port=port, target=b"/"),
        proxy_auth=auth,
        ssl_context=tls,
        proxy_ssl_context=to_proxy if parts.scheme == "https" else None,
        keepalive_expiry=KEEPALIVE_S,
        network_backend=httpcore.TrioBackend(),
    )
