"""Addresses and networks as an operator writes them: ``127.0.0.1``, ``10.20.0.0/16``, ``fd00::/8``."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_network

IpNetwork = IPv4Network | IPv6Network


def networks(texts: Iterable[str]) -> tuple[IpNetwork, ...]:
    """Raises ValueError, in words for whoever wrote it."""
    found: list[IpNetwork] = []
    for text in texts:
        try:
            found.append(ip_network(text))
        except ValueError:
            raise ValueError(f'{text!r} is neither an address nor a network: "127.0.0.1", "10.20.0.0/16"') from None
    return tuple(found)
