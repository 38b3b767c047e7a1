"""What a request on the control socket is in the words of the audit and of the log: who, from where, what, on what,
with which arguments, and whose audit it belongs to.
"""

from collections.abc import Collection
from typing import assert_never

import msgspec

from actors.ports.audit import HOST, Deed, Result
from daemon.control.exits import Exit
from daemon.control.protocol import Ask, Change, Done, Error
from daemon.control.roles import Peer
from daemon.store.audit_chain import SECRET_NAMES

UNTOLD = frozenset({"v", "id", "verb", "statement", "lines", "bytes", "persons"})
"""Fields that are not told: what is always there, what is long, and who is to be erased."""
_OBJECTS = ("lane", "source", "names", "name", "what", "tenant", "path", "delivery", "deliveries", "records", "record")
"""Fields that say what something is done to."""
_PLACED = ("lane", "source", "names", "name", "what", "connection")
"""Fields that may be written TENANT/SOMETHING."""


def acts(request: Ask) -> bool:
    """Whether something is about to be changed, or taken along: a dry run does neither."""
    return request.mutates and not (isinstance(request, Change) and request.dry_run)


def deed_of(peer: Peer, request: Ask, correlation_id: str = "") -> Deed:
    return Deed(
        who=peer.name,
        where=f"control socket, pid {peer.pid}",
        what=request.verb,
        on=", ".join(_texts(request, _OBJECTS)[:10]),
        arguments=_arguments(request),
        correlation_id=correlation_id,
    )


def told(request: Ask) -> dict[str, object]:
    """What it says, for the log; nothing secret."""
    said = {name: getattr(request, name) for name in request.__struct_fields__ if name not in UNTOLD}
    return {
        name: "***" if name in SECRET_NAMES and value else msgspec.to_builtins(value) for name, value in said.items()
    }


def _arguments(request: Ask) -> dict[str, object]:
    """Of these, what differs from what it says by itself."""
    defaults = {field.name: field.default for field in msgspec.structs.fields(request)}
    return {name: value for name, value in told(request).items() if value and value != defaults.get(name)}


def tenant_of(request: Ask, configured: Collection[str]) -> str:
    """The tenant that the request is about; the host where it is about none, about several or about a stranger."""
    named = {text for text in _texts(request, ("tenant", "unrouted")) if text in configured}
    placed = {text.partition("/")[0] for text in _texts(request, _PLACED) if "/" in text}
    found = named | {name for name in placed if name in configured}
    if not found and len(configured) == 1 and getattr(request, "tenant", None) == "":
        return next(iter(configured))
    return found.pop() if len(found) == 1 else HOST


def result_of(reply: Done | Error) -> Result:
    """In one word."""
    match reply:
        case Done():
            return "done" if reply.exit_code in {Exit.OK, Exit.DEGRADED, Exit.NOTHING} else "failed"
        case Error():
            return "refused" if reply.exit_code in {Exit.USAGE, Exit.NOTHING, Exit.STALE, Exit.FORBIDDEN} else "failed"
        case _ as never:
            assert_never(never)


def _texts(request: Ask, names: tuple[str, ...]) -> list[str]:
    found: list[str] = []
    for name in names:
        match getattr(request, name, None):
            case str(text) if text:
                found.append(text)
            case tuple(several):
                found += [text for text in several if isinstance(text, str) and text]
            case _:
                pass
    return list(dict.fromkeys(found))
