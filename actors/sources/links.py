"""Where a listing goes on: Link headers, and addresses that our credentials may follow.

What is quoted in a Link header is no relation. And whoever tells of an address at another origin gets no token of ours.
"""

import re
from urllib.parse import SplitResult, urljoin, urlsplit

from actors.domain.answers import one_line
from actors.domain.harvest import Halted

HEADER_CHARS_MAX = 16_384
PORTS = {"https": 443, "http": 80}
_LINK = re.compile(r"<([^<>]*)>\s*((?:;(?:[^;,\"]|\"[^\"]*\")*)*)")
_PARAMETER = re.compile(r";\s*([^\s;,=\"]+)\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]+))")


def links(header: str) -> dict[str, str]:
    """Addresses by relation, of a Link header (RFC 8288). ``rel`` may stand among other parameters, be quoted or not,
    and hold several words; of two addresses with one relation the first counts."""
    found: dict[str, str] = {}
    for match in _LINK.finditer(header[:HEADER_CHARS_MAX]):
        address = match[1].strip()
        for name, quoted, bare in _PARAMETER.findall(match[2]) if address else ():
            if name.lower() == "rel":
                for relation in (quoted or bare).lower().split():
                    found.setdefault(relation, address)
    return found


def onward(url: str, where: str) -> str | None:
    """Where an answer to ``url`` leads, as a whole address; None where that is another origin, or no address."""
    try:
        whole = urljoin(url, where)
    except ValueError:
        return None
    return whole if same_origin(url, whole) else None


def elsewhere(asked: str, where: str) -> Halted:
    """What was asked for goes on at ``where``, of another origin."""
    there = one_line(where.partition("?")[0], 120)
    detail = f"{asked} goes on at {there}, which gets no credentials: write the address as the system itself does"
    return Halted(why="refused", detail=detail)


def same_origin(one: str, other: str) -> bool:
    """Whether what may be sent to the one may be sent to the other."""
    try:
        return _origin(urlsplit(one)) == _origin(urlsplit(other))
    except ValueError:
        return False


def _origin(parts: SplitResult) -> tuple[object, ...]:
    """Raises ValueError for a port that is none."""
    return parts.scheme, parts.username, parts.password, parts.hostname, parts.port or PORTS.get(parts.scheme)
