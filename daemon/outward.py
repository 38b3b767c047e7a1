"""The way out, guarded: a connection is opened to an address that has been judged, never to a name.

A name is resolved here, once for each connection, and what was judged is what is connected to, so that a name which
leads elsewhere a moment later (rebinding) leads nowhere. Of several addresses only the good ones are tried, as RFC 8305
has it: the next one begins when the one before has failed or is slow.

Behind a proxy it is the proxy who resolves. What is written as an address is judged all the same; a name is resolved
here as well and refused if any of its addresses is, as far as this host can resolve it: where it cannot, the proxy's
own rules are what stands between a tenant's file and the proxy's neighbours.
"""

import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import httpcore
import trio

from config.outward import (
    BY_NETWORK_ONLY,
    NEVER,
    NOT_HTTP,
    Address,
    Allowed,
    entry_for,
    from_sockaddr,
    kind_of,
    literal,
)

STAGGER_S = 0.25
"""RFC 8305's delay between two attempts."""
ADDRESSES_MAX = 8
"""So many of a name's addresses are tried."""
ASIDE_S_MAX = 2.0
"""How long a name may take that is resolved for the sake of judging alone."""
UNKNOWN_S = 60.0
"""A name that cannot be resolved here is not asked about again for so long."""
UNKNOWN_MAX = 1024


class Barred(httpcore.ConnectError):
    """Nothing was sent: the configuration does not let us connect there. The text names no address that a name
    resolved to: it would tell whoever wrote the name what our network looks like."""


class Guard:
    """Judges where connections may go, by the host's own ``private_targets``. ``age`` counts how often these were
    changed, from 1 on: what was connected to at another age was judged by other rules."""

    def __init__(self, entries: tuple[str, ...]) -> None:
        """Raises ValueError for an entry that is none."""
        self._entries = entries
        self._allowed = Allowed(entries)
        self._unknown: dict[str, float] = {}
        self.age = 1

    def allow(self, entries: tuple[str, ...]) -> None:
        """These are in force, instead of those before. Raises ValueError for an entry that is none."""
        if entries != self._entries:
            self._allowed, self._entries = Allowed(entries), entries
            self.age += 1

    def barred(self, host: str, port: int, addresses: Iterable[Address]) -> list[Address]:
        """The addresses that nothing may be sent to, by port or by what they are."""
        return [each for each in addresses if self._allowed.refusal(each, host, port) is not None]

    def sound(self, host: str, port: int) -> Address | None:
        """The address that the host is, None for a name. Raises Barred for what is refused without asking anybody."""
        if port in NOT_HTTP:
            raise Barred(f"port {port} belongs to another protocol")
        try:
            address = literal(host)
        except ValueError as error:
            raise Barred(str(error)) from None
        if address is not None and (kind := self._allowed.refusal(address, host, port)) is not None:
            raise Barred(_advice(kind, host, port))
        return address

    async def through_proxy(self, host: str, port: int) -> None:
        """Judge what a proxy will be asked for. Raises Barred."""
        if self.sound(host, port) is not None:
            return
        now_s = trio.current_time()
        if self._unknown.get(host, 0.0) > now_s:
            return
        found: list[tuple[Address, str]] = []
        with trio.move_on_after(ASIDE_S_MAX):
            try:
                found = await resolved(host, port)
            except OSError:
                pass  # the proxy may know it all the same
        if not found:
            if len(self._unknown) >= UNKNOWN_MAX:
                self._unknown.clear()
            self._unknown[host] = now_s + UNKNOWN_S
        if bad := self.barred(host, port, (address for address, _ in found)):
            raise Barred(_advice(kind_of(bad[0]) or "no address", host, port, leads=True))

    async def places(self, host: str, port: int) -> list[str]:
        """The addresses to connect to, best first, at least one. Raises Barred, OSError."""
        address = self.sound(host, port)
        if address is not None:
            return [str(address)]
        found = await resolved(host, port)
        bad = set(self.barred(host, port, (each for each, _ in found)))
        good = [text for each, text in found if each not in bad]
        if not good:
            kind = kind_of(next(iter(bad))) if bad else None
            raise Barred(_advice(kind or "no address", host, port, leads=True))
        return good[:ADDRESSES_MAX]


class GuardedBackend(httpcore.TrioBackend):
    """httpcore's backend on trio, connecting to what the guard lets pass."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # httpcore's word
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve, judge, connect. Raises httpcore's ConnectError (Barred is one) and ConnectTimeout."""

        async def connect(place: str) -> httpcore.AsyncNetworkStream:
            return await super(GuardedBackend, self).connect_tcp(place, port, None, local_address, socket_options)

        try:
            with trio.fail_after(float("inf") if timeout is None else timeout):
                return await _first(connect, await self._guard.places(host, port))
        except trio.TooSlowError as error:
            raise httpcore.ConnectTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error


async def resolved(host: str, port: int) -> list[tuple[Address, str]]:
    """Each address the name leads to, and how it is written (with its zone, where it has one). Raises OSError."""
    found = await trio.socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(from_sockaddr(str(sockaddr[0])), str(sockaddr[0])) for *_, sockaddr in found]


async def _first(
    connect: Callable[[str], Awaitable[httpcore.AsyncNetworkStream]], places: Sequence[str]
) -> httpcore.AsyncNetworkStream:
    """A connection to the first place that takes one. Raises httpcore.ConnectError."""
    won: list[httpcore.AsyncNetworkStream] = []
    failed: list[httpcore.ConnectError] = []

    async def attempt(place: str, over: trio.Event) -> None:
        try:
            stream = await connect(place)
        except httpcore.ConnectError as error:
            failed.append(error)
            over.set()
            return
        if won:
            await stream.aclose()
        else:
            won.append(stream)
        attempts.cancel_scope.cancel()

    async with trio.open_nursery() as attempts:
        for place in places:
            over = trio.Event()
            attempts.start_soon(attempt, place, over)
            with trio.move_on_after(STAGGER_S):
                await over.wait()
    if not won:
        raise failed[0]
    return won[0]


def _advice(kind: str, host: str, port: int, *, leads: bool = False) -> str:
    """The text for whoever reads the lane: what it is, and what would let it pass."""
    what = f"the name leads to {kind}" if leads else kind
    if kind in NEVER:
        return f"{what}: refused"
    entry = "its network" if leads and kind in BY_NETWORK_ONLY else f'"{entry_for(host, port)}"'
    return f"{what}: refused, unless [network] private_targets in lmsyncd.toml has {entry}"
