"""``no_proxy``: which hosts are reached without the proxy.

An entry is ``*`` (all), a host, a domain (``example.edu`` and ``.example.edu`` both mean it and all below it), an
address or a network (``10.0.0.0/8``), each with ``:port`` if only that port is meant. Names are never resolved for
this, so a network matches hosts written as addresses only. Nothing is exempt by itself, loopback included: what an
operator did not write does not happen.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network


class Bypass:
    """The entries, parsed once. Raises ValueError for a port that is none."""

    def __init__(self, entries: Iterable[str]) -> None:
        self._all = False
        self._domains: list[tuple[str, int | None]] = []
        self._networks: list[tuple[Network, int | None]] = []
        for entry in entries:
            self._add(entry.strip().lower())

    def matches(self, host: str, port: int) -> bool:
        """``host`` as in the URL, without brackets."""
        name = host.lower().rstrip(".")
        if self._all:
            return True
        literal = _literal(name)
        if literal is not None:
            return any(literal in network and only in (None, port) for network, only in self._networks)
        return any(
            (name == domain or name.endswith(f".{domain}")) and only in (None, port) for domain, only in self._domains
        )

    def _add(self, entry: str) -> None:
        if not entry:
            return
        if entry == "*":
            self._all = True
            return
        network = _network(entry)
        if network is not None:
            self._networks.append((network, None))
            return
        host, _, port = entry.rpartition(":")
        only = None
        if host:
            if not port.isdigit() or not 0 < int(port) < 65536:
                raise ValueError(f"no_proxy: {entry!r} does not end in a port")
            entry, only = host, int(port)
        network = _network(entry.strip("[]"))
        if network is not None:
            self._networks.append((network, only))
        else:
            self._domains.append((entry.removeprefix("*").strip("."), only))


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None


def _network(text: str) -> Network | None:
    try:
        return ip_network(text.strip("[]"), strict=False)
    except ValueError:
        return None
