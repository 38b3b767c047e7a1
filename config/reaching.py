"""Addresses in a tenant's file that the host would not connect to, as far as the file alone shows it: what is written
as an address. What a name leads to is judged when it is connected to.
"""

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from config.outward import NEVER, NOT_HTTP, Allowed, entry_for, literal, stands_for_this_host
from config.walk import Finding, Steps

DEPTH_MAX = 8
NOT_CONNECTED_TO = frozenset({"public_url", "redirect_url", "logout_url"})
"""Addresses for browsers."""


def out_of_reach(tree: Mapping[str, object], allowed: Allowed, path: Steps = ()) -> Iterator[Finding]:
    """Every address in the tree that nothing would be sent to, each with the line that would change that."""
    for key, node in tree.items():
        where: Steps = (*path, key)
        if isinstance(node, dict) and len(where) < DEPTH_MAX:
            yield from out_of_reach(node, allowed, where)
        elif isinstance(node, list) and len(where) < DEPTH_MAX:
            for index, each in enumerate(node):
                if isinstance(each, dict):
                    yield from out_of_reach(each, allowed, (*where, index))
        elif isinstance(node, str) and _is_address(key) and (found := _refusal(node, allowed)):
            yield Finding(where, *found)


def _is_address(key: str) -> bool:
    return (key in ("url", "endpoint", "issuer") or key.endswith("_url")) and key not in NOT_CONNECTED_TO


def _refusal(url: str, allowed: Allowed) -> tuple[str, str] | None:
    """What is wrong with it, and what to do; None where nothing is, or where others say so: it is no URL at all."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host:
        return None
    if port in NOT_HTTP:
        return f"nothing is sent to port {port}: it belongs to another protocol", "another port"
    try:
        address = literal("127.0.0.1" if stands_for_this_host(host) else host)
    except ValueError as error:
        return str(error), ""
    kind = None if address is None else allowed.refusal(address, host, port)
    if kind is None:
        return None
    if kind in NEVER:
        return f"nothing is sent to {kind}", ""
    line = f'[network] private_targets = ["{entry_for(host, port)}"]'
    return f"nothing is sent to {kind} unless the host allows it", f"in lmsyncd.toml: {line}"
