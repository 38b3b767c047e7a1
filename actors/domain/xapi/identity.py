"""What makes two statements the same, and names for statements that came without one.

The canonical form leaves out what xAPI says comparison ignores: what the LRS sets, verbs' display, activities'
definitions, attachments, the order of a group's members, the spelling of a point in time, capitals in UUIDs and in
language tags, what a duration says beyond the hundredth of a second. Everything else counts, and nothing depends on
the version in which a statement came.
All functions here expect a valid statement and leave it as it is.
"""

import hashlib
import re
from typing import Any

import msgspec

from actors.domain.xapi.moments import instant

_IGNORED = frozenset(("id", "stored", "authority", "version", "attachments"))
_encode = msgspec.json.Encoder(order="deterministic").encode
_FINER_THAN_CENTISECONDS = re.compile(r"[.,]([0-9]{2})[0-9]+S\Z")


def digest(statement: dict[str, Any]) -> bytes:
    """32 bytes; equal exactly if the statements' canonical forms are."""
    return hashlib.sha256(_encode(canonical(statement))).digest()


def differ_by_stamp(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether nothing but a timestamp tells two statements apart that have different digests, and only one of them has
    any: an LRS may have given it to that one, which is no difference."""
    if ("timestamp" in one) == ("timestamp" in other):
        return False
    first, second = canonical(one), canonical(other)
    first.pop("timestamp", None)
    second.pop("timestamp", None)
    return bool(_encode(first) == _encode(second))


def derived_id(content: bytes, *, tenant: str, source: str, rank: int) -> str:
    """The id of a statement that came without one: from its digest, and its rank among equals in its batch.

    Built like a UUID of version 5 (a hash of a name), the newest that older clients accept; the hash is SHA-256.
    """
    name = content + rank.to_bytes(4) + f"{tenant}\0{source}".encode()
    return _uuid(hashlib.sha256(name).hexdigest(), "5")


def random_id(token: str) -> str:
    """A UUID of version 4 from 32 random hexadecimal digits."""
    return _uuid(token, "4")


def _uuid(digits: str, kind: str) -> str:
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-{kind}{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"


def canonical(statement: dict[str, Any]) -> dict[str, Any]:
    """The part of a statement (or sub-statement) that is compared, in one spelling."""
    return {name: canonical_part(name, value) for name, value in statement.items() if name not in _IGNORED}


def canonical_part(name: str, value: Any) -> Any:
    """One member of a statement, as it is compared."""
    match name:
        case "verb":
            return value["id"]
        case "actor":
            return _sorted_members(value)
        case "object":
            return _thing(value)
        case "timestamp":
            return instant(value)
        case "context":
            return _context(value)
        case "result" if "duration" in value:
            return {**value, "duration": _FINER_THAN_CENTISECONDS.sub(r".\1S", value["duration"])}
        case _:
            return value


def _thing(thing: dict[str, Any]) -> dict[str, Any]:
    match thing.get("objectType", "Activity"):
        case "Activity":
            return _undefined(thing)
        case "SubStatement":
            return canonical(thing)
        case "StatementRef":
            return {**thing, "id": thing["id"].lower()}
        case _:
            return _sorted_members(thing)


def _undefined(activity: dict[str, Any]) -> dict[str, Any]:
    if "definition" not in activity:
        return activity
    return {name: value for name, value in activity.items() if name != "definition"}


def _sorted_members(who: dict[str, Any]) -> dict[str, Any]:
    if "member" not in who or len(who["member"]) < 2:
        return who
    return {**who, "member": sorted(who["member"], key=_encode)}


def _context(context: dict[str, Any]) -> dict[str, Any]:
    core = dict(context)
    for name in ("registration", "language"):  # a UUID, a language tag: capitals do not matter
        if name in core:
            core[name] = core[name].lower()
    if "statement" in core:
        core["statement"] = {**core["statement"], "id": core["statement"]["id"].lower()}
    if "contextActivities" in core:
        core["contextActivities"] = {
            name: [_undefined(activity) for activity in (given if isinstance(given, list) else (given,))]
            for name, given in core["contextActivities"].items()
        }
    for name in ("instructor", "team"):
        if name in core:
            core[name] = _sorted_members(core[name])
    if "contextGroups" in core:
        core["contextGroups"] = [{**item, "group": _sorted_members(item["group"])} for item in core["contextGroups"]]
    return core
