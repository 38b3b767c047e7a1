"""From where a request comes: the address that connects to us or, where that is a reverse proxy of ours, the one that
the proxy names.

``X-Forwarded-For`` is a list to which each proxy adds whom it heard. Anybody can send one, so it is read from its end,
and only as far as it was written by proxies that are configured (``[gateway] proxies``).

A *crowd* is those whom we cannot tell apart by their address, and what one of them causes counts for all of them: an
IPv4 address, or 64 bits of IPv6, which one line has at its disposal. Behind a proxy that is not configured all are one.
"""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

from starlette.requests import Request
from starlette.types import Scope

from config.networks import networks

HOPS_MAX = 20
FORWARDED_CHARS_MAX = 4_096
NOBODY = ""
"""The crowd of those of whom it cannot be told: they came from this machine itself, where a proxy may stand."""


class Callers:
    """``proxies`` are addresses and networks of reverse proxies whose word counts."""

    def __init__(self, proxies: Iterable[str] = ()) -> None:
        self._proxies = networks(proxies)

    def settle(self, scope: Scope) -> None:
        """Write it into the request itself, once: ``client`` is from then on whoever called."""
        client = scope.get("client")
        if not self._proxies or client is None:
            return
        told = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
        address = self.called(str(client[0]), told)
        if address != client[0]:
            scope["client"] = (address, 0)

    def called(self, peer: str, forwarded: Sequence[str]) -> str:
        """Who called. ``forwarded``: the values of the header, in their order."""
        hops = ",".join(forwarded)[-FORWARDED_CHARS_MAX:].split(",")[-HOPS_MAX:] if forwarded else []
        here = peer
        while hops and self._ours(here):
            told = _address(hops.pop())
            if told is None:
                return here
            here = str(told)
        return here

    def crowd_at(self, peer: str) -> str:
        """Of whoever connects; a proxy of ours stands for everybody."""
        return NOBODY if self._ours(peer) else crowd(peer)

    def _ours(self, text: str) -> bool:
        address = _address(text)
        return address is not None and any(address in each for each in self._proxies)


def crowd_of(request: Request) -> str:
    """Whose doing a request counts for."""
    return NOBODY if request.client is None else crowd(request.client.host)


def crowd(text: str) -> str:
    """That of an address; nobody's, for what is none."""
    address = _address(text)
    if address is None or address.is_loopback:
        return NOBODY
    if isinstance(address, IPv6Address):
        return str(IPv6Address(int(address) >> 64 << 64))
    return str(address)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Also with a port, as some proxies write it, or a zone; IPv4 that is written as IPv6 is IPv4."""
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        found = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found
