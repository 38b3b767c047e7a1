"""Which addresses a tenant's file may lead us to.

Whoever writes a tenant's file names receivers (webhooks) that this host then connects to. Without a bound they could
name what only this host can reach: its own services, its neighbours, a cloud's metadata. So every address that is not
of the public internet is refused, in whatever way it is written, unless the host's own ``[network] private_targets``
allows it. Judged are addresses, never names: a name may lead elsewhere a moment later.

Pure: no name is resolved here.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from re import ASCII, compile
from typing import NamedTuple

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

METADATA = frozenset({IPv4Address("169.254.169.254"), IPv4Address("169.254.170.2"), IPv6Address("fd00:ec2::254")})
"""Where clouds tell a machine its own credentials."""

_V4 = (
    ("0.0.0.0/8", "this host itself"),
    ("10.0.0.0/8", "a private address"),
    ("100.64.0.0/10", "a carrier's shared address"),
    ("127.0.0.0/8", "a loopback address"),
    ("169.254.0.0/16", "a link-local address"),
    ("172.16.0.0/12", "a private address"),
    ("192.0.0.0/24", "a reserved address"),
    ("192.0.2.0/24", "a reserved address"),
    ("192.88.99.0/24", "a reserved address"),
    ("192.168.0.0/16", "a private address"),
    ("198.18.0.0/15", "a reserved address"),
    ("198.51.100.0/24", "a reserved address"),
    ("203.0.113.0/24", "a reserved address"),
    ("224.0.0.0/4", "a multicast address"),
    ("240.0.0.0/4", "a reserved address"),
)
_V6 = (
    ("::/128", "this host itself"),
    ("::1/128", "a loopback address"),
    ("fc00::/7", "a private address"),
    ("fe80::/10", "a link-local address"),
    ("fec0::/10", "a private address"),
    ("ff00::/8", "a multicast address"),
    ("2001:db8::/32", "a reserved address"),
    ("2001::/23", "a reserved address"),  # Teredo is in it: where it leads is not to be seen
    ("3fff::/20", "a reserved address"),
)
SPECIAL: tuple[tuple[Network, str], ...] = tuple((ip_network(text), kind) for text, kind in (*_V4, *_V6))
UNICAST = IPv6Network("2000::/3")
NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
SIX_TO_FOUR = IPv6Network("2002::/16")
NEVER = frozenset({"this host itself", "a multicast address"})
"""No configuration allows these: nobody is a target there."""
BY_NETWORK_ONLY = frozenset({"a link-local address", "a reserved address"})
"""An entry that is a name does not allow these: it takes the network, written out."""
NOT_HTTP = frozenset(
    {1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110}
    | {111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 445, 465, 512, 513, 514, 515, 526, 530}
    | {531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190}
    | {5060, 5061, 6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080, 11211}
)
"""Ports of other protocols, some of which would take a request for commands. Browsers refuse most of these too."""
ISATAP = (0x0000_5EFE, 0x0200_5EFE)

_HOST = compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*", ASCII)
_NUMBER = compile(r"[0-9]+|0x[0-9a-f]*", ASCII)
_QUAD = compile(r"(?:(?:0|[1-9][0-9]{0,2})\.){3}(?:0|[1-9][0-9]{0,2})", ASCII)


class Rule(NamedTuple):
    """An entry that is a name: that host, with ``below`` all hosts in that domain; ``port`` None is any."""

    name: str
    below: bool
    port: int | None


class Allowed:
    """``private_targets``, parsed once. Raises ValueError for an entry that is none."""

    def __init__(self, entries: Iterable[str] = ()) -> None:
        self._networks: list[tuple[Network, int | None]] = []
        self._rules: list[Rule] = []
        for entry in entries:
            self._add(entry.strip().lower())

    def refusal(self, address: Address, host: str, port: int) -> str | None:
        """Why nothing is sent to this address; None: it may be. ``host`` is what the URL names (the address itself,
        where that is what it names)."""
        meant = unwrapped(address)
        kind = kind_of(address)
        if kind is None:
            return None
        if kind in NEVER:
            return kind
        if any(meant in network and only in (None, port) for network, only in self._networks):
            return None
        if kind in BY_NETWORK_ONLY or meant in METADATA:
            return kind
        return None if self._named(host.lower().rstrip("."), port) else kind

    def _named(self, host: str, port: int) -> bool:
        return any(
            rule.port in (None, port) and (host == rule.name or (rule.below and host.endswith(f".{rule.name}")))
            for rule in self._rules
        )

    def _add(self, entry: str) -> None:
        network = _network(entry)
        host, _, port_text = entry.rpartition(":")
        port = None
        if network is None and host and port_text.isdigit():
            if not 0 < int(port_text) < 65_536:
                raise ValueError(f"private_targets: {entry!r} does not end in a port")
            entry, port = host, int(port_text)
            network = _network(entry)
        if network is not None:
            self._networks.append((network, port))
            return
        below = entry.startswith(".")
        name = entry.strip(".")
        if not _HOST.fullmatch(name):
            raise ValueError(
                f"private_targets: {entry!r} is neither a network (10.20.0.0/16, ::1) nor a name (moodle.internal, "
                ".campus.internal)"
            )
        self._rules.append(Rule(name, below, port))


def kind_of(address: Address) -> str | None:
    """What kind of address this is if it is not one of the public internet; None: it is."""
    meant = unwrapped(address)
    for network, kind in SPECIAL:
        if meant in network:
            return kind
    if isinstance(meant, IPv6Address) and meant not in UNICAST:
        return "a reserved address"
    return None


def unwrapped(address: Address) -> Address:
    """The IPv4 address inside of an IPv6 one that only wraps it (mapped, compatible, NAT64, 6to4, ISATAP)."""
    if isinstance(address, IPv4Address):
        return address
    number = int(address)
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if number >> 32 == 0 and number > 1:
        return IPv4Address(number)
    if any(address in network for network in NAT64) or (number >> 32) & 0xFFFF_FFFF in ISATAP:
        return IPv4Address(number & 0xFFFF_FFFF)
    if address in SIX_TO_FOUR:
        return IPv4Address((number >> 80) & 0xFFFF_FFFF)
    return address


def literal(host: str) -> Address | None:
    """The address, where a URL's host is one; None where it is a name. Raises ValueError for what is neither: an
    address in disguise (``2130706433``, ``0x7f.1``, ``127.1``, ``0177.0.0.1``), or characters that no host has."""
    name = host.lower().rstrip(".")
    if ":" in name:
        if "%" in name:
            raise ValueError("an address with a zone (%) is no host")
        try:
            return IPv6Address(name.strip("[]"))
        except ValueError:
            raise ValueError("this is no host") from None
    if not _HOST.fullmatch(name) or len(name) > 253:
        raise ValueError("this is no host")
    if _NUMBER.fullmatch(name.rpartition(".")[2]):
        if not _QUAD.fullmatch(name):
            raise ValueError("an address is written as four decimal numbers (192.0.2.7)")
        try:
            return IPv4Address(name)
        except ValueError:
            raise ValueError("an address is written as four decimal numbers (192.0.2.7)") from None
    return None


def entry_for(host: str, port: int) -> str:
    """What of ``private_targets`` allows this host of a URL, and no more: an address or a name, with its port. Raises
    ValueError for what is no host."""
    address = literal(host)
    meant = host.lower().rstrip(".") if address is None else str(unwrapped(address))
    return f"[{meant}]:{port}" if ":" in meant else f"{meant}:{port}"


def stands_for_this_host(host: str) -> bool:
    """Names that never lead elsewhere (RFC 6761)."""
    name = host.lower().rstrip(".")
    return name == "localhost" or name.endswith(".localhost")


def from_sockaddr(text: str) -> Address:
    """An address as the resolver tells it, without its zone."""
    return ip_address(text.partition("%")[0])


def _network(text: str) -> Network | None:
    try:
        return ip_network(text.strip("[]"), strict=False)
    except ValueError:
        return None
