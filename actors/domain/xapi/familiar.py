"""Statements made of parts that were seen before: read without looking into them again.

What an LMS sends repeats itself: the same learners, verbs, courses and contexts, told again with another time. A part
(an actor, a verb, an object, a result, a context) whose bytes are those of a part that was found good is good, is
compared alike and is found by the same values. So each part is parsed and validated once, and remembered by its bytes.

This is a shorter way to the same end, never another one: whatever is not plainly alike (white space, attachments, a
sub-statement, anything wrong) is left to ``intake``, which reads it whole and says what is wrong. A property test
holds the two together.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from actors.domain.xapi.accepted import NewStatement
from actors.domain.xapi.faults import Refusal
from actors.domain.xapi.guard import DEPTH_MAX, parse, slices
from actors.domain.xapi.identity import canonical_part, derived_id, random_id
from actors.domain.xapi.keys import around, key, people
from actors.domain.xapi.moments import instant
from actors.domain.xapi.patterns import TIMESTAMP, UUID, Version
from actors.domain.xapi.rules import VOIDED
from actors.domain.xapi.shapes import part_fits
from config.recall import remembered

PART_BYTES_MAX = 4096
"""Longer parts are not remembered, so that nobody fills the memory with them."""
PARTS_MAX = 8192
_SURROUNDED = 2  # an array and a statement stand around each part
_id = re.compile(UUID)
_stamps = {version: re.compile(pattern) for version, pattern in TIMESTAMP.items()}
_encode = msgspec.json.Encoder(order="deterministic").encode


class Strange(Exception):
    """Not to be read this way."""


_take_apart = msgspec.json.Decoder(dict[str, Raw]).decode
_NAMES = {
    name: name.encode() for name in ("id", "actor", "verb", "object", "result", "context", "timestamp")
}  # the members that nearly all have, and no others


class _Known(NamedTuple):
    """What is known of a part: its canonical JSON, and the values that it is found by (``keys``)."""

    canonical: bytes
    people: tuple[str, ...] = ()
    things: tuple[str, ...] = ()
    word: str = ""
    """The verb's id, the object's type, the context's registration."""
    target: str = ""
    bound: bool = False
    """A context that only an activity may have."""


def read_familiar(
    body: bytes, *, tenant: str, source: str, dedupe: bool, version: Version, fresh_id: Callable[[], str]
) -> list[NewStatement] | None:
    """As ``intake.read_batch`` reads it; None if it should."""
    try:
        raws = slices(body) if body.startswith(b"[") else [body] if body.startswith(b"{") else None
        if raws is None:
            return None
        equals: Counter[bytes] = Counter()
        named: set[str] = set()
        read = [_read(raw, tenant, source, dedupe, version, fresh_id, equals, named) for raw in raws]
    except (Strange, Refusal, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return read


def _read(
    raw: bytes,
    tenant: str,
    source: str,
    dedupe: bool,
    version: Version,
    fresh_id: Callable[[], str],
    equals: Counter[bytes],
    named: set[str],
) -> NewStatement:
    parts = _members(raw)
    actor, verb = _known("actor", parts["actor"], version), _known("verb", parts["verb"], version)
    thing = _known("object", parts["object"], version)
    said = [b'{"actor":', actor.canonical]
    context = None
    if "context" in parts:
        context = _known("context", parts["context"], version)
        if context.bound and thing.word != "Activity":
            raise Strange
        said += (b',"context":', context.canonical)
    said += (b',"object":', thing.canonical)
    if "result" in parts:
        said += (b',"result":', _known("result", parts["result"], version).canonical)
    stamp = ""
    if "timestamp" in parts:
        stamp, canonical_stamp = _stamp(parts["timestamp"], version)
        said += (b',"timestamp":"', canonical_stamp, b'"')
    if verb.word == VOIDED and not thing.target:
        raise Strange
    said += (b',"verb":', verb.canonical, b"}")
    content = hashlib.sha256(b"".join(said)).digest()
    given = "id" in parts
    if given:
        name = _name(parts["id"], named)
    elif dedupe and stamp:
        name = derived_id(content, tenant=tenant, source=source, rank=equals[content])
        equals[content] += 1
    else:
        name = random_id(fresh_id())
    return NewStatement(
        id=name,
        body=raw if given else b'{"id":"%b",%b' % (name.encode(), raw[1:]),
        digest=content,
        timestamp=stamp,
        given_id=given,
        voids=thing.target if verb.word == VOIDED else None,
        keys=_keys(tenant, actor, verb, thing, context),
        target=thing.target or None,
    )


def _members(raw: bytes) -> dict[str, bytes]:
    """A statement's members as they stand there. That they make up the whole shows that none was given twice."""
    parts = {name: bytes(part) for name, part in _take_apart(raw).items()}
    if not parts.keys() <= _NAMES.keys() or not {"actor", "verb", "object"} <= parts.keys():
        raise Strange
    length = 1 + sum([len(name) + len(part) + 4 for name, part in parts.items()])
    colon, comma = (b'":', b',"') if len(raw) == length else (b'": ', b', "')  # as most encoders write it, or as Python
    if raw != b'{"%b}' % comma.join([b"%b%b%b" % (_NAMES[name], colon, part) for name, part in parts.items()]):
        raise Strange
    return parts


def _name(given: bytes, named: set[str]) -> str:
    name = given[1:-1].decode("ascii", "replace")
    if not _id.search(name) or name != name.lower() or name in named:
        raise Strange
    named.add(name)
    return name


def _stamp(given: bytes, version: Version) -> tuple[str, bytes]:
    """As it was sent, and in one spelling."""
    stamp = given[1:-1].decode("ascii", "replace")
    moment = instant(stamp) if _stamps[version].search(stamp) else None
    if moment is None:
        raise Strange
    return stamp, moment.encode()


def _keys(tenant: str, actor: _Known, verb: _Known, thing: _Known, context: _Known | None) -> tuple[int, ...]:
    """As ``keys.keys`` finds them."""
    folk = actor.people + thing.people if thing.people else actor.people
    found = {key(tenant, "verb", verb.word)}
    found.update([key(tenant, "agent", value) for value in folk])
    found.update([key(tenant, "activity", value) for value in thing.things])
    if context is not None:
        if context.word:
            found.add(key(tenant, "registration", context.word))
        found.update([key(tenant, "further agent", value) for value in context.people if value not in folk])
        found.update([key(tenant, "further activity", value) for value in context.things if value not in thing.things])
    return tuple(found)


def _known(name: str, part: bytes, version: Version) -> _Known:
    """Raises Strange, or what is wrong with the part."""
    if len(part) > PART_BYTES_MAX:
        raise Strange
    return _remembered(name, part, version)


@remembered("xapi_parts", PARTS_MAX)
def _remembered(name: str, part: bytes, version: Version) -> _Known:
    value: Any = parse(part, DEPTH_MAX - _SURROUNDED)
    if not part_fits(name, value, version):
        raise Strange
    canonical = _encode(canonical_part(name, value))
    match name:
        case "actor":
            return _Known(canonical, people=tuple(people(value)))
        case "verb":
            return _Known(canonical, word=value["id"])
        case "object":
            return _object(value, canonical)
        case "context":
            return _context(value, canonical)
        case _:
            return _Known(canonical)


def _object(value: dict[str, Any], canonical: bytes) -> _Known:
    kind = value.get("objectType", "Activity")
    match kind:
        case "Activity":
            return _Known(canonical, things=(value["id"],), word=kind)
        case "Agent" | "Group":
            return _Known(canonical, people=tuple(people(value)), word=kind)
        case "StatementRef":
            return _Known(canonical, word=kind, target=value["id"].lower())
        case _:
            raise Strange


def _context(value: dict[str, Any], canonical: bytes) -> _Known:
    if any(isinstance(given, dict) for given in value.get("contextActivities", {}).values()):
        raise Strange  # it is kept as an array
    folk: list[str] = []
    things: list[str] = []
    around(value, folk, things)
    return _Known(
        canonical,
        people=tuple(folk),
        things=tuple(things),
        word=value.get("registration", "").lower(),
        bound="platform" in value or "revision" in value,
    )
