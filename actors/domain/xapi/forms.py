"""The forms in which a statement is shown: ``exact``, ``ids``, ``canonical``, and its times in UTC for 2.0.

What a form does not touch is handed on as the bytes that came, so that numbers and texts are never spelt anew:
statements are taken apart only as far as something in them changes.
"""

import re
from collections.abc import Mapping
from typing import Literal, Protocol

import msgspec
from msgspec import UNSET, Raw, UnsetType

from actors.domain.xapi.definitions import COMPONENTS, Component, Definition, Words, read_definition
from actors.domain.xapi.languages import Range, chosen
from actors.domain.xapi.moments import instant
from actors.domain.xapi.rules import IDENTIFIERS

Format = Literal["ids", "exact", "canonical"]
FORMATS: tuple[Format, ...] = ("exact", "ids", "canonical")

Parts = dict[str, Raw]
_parts = msgspec.json.Decoder(Parts).decode
_list = msgspec.json.Decoder(list[Raw]).decode
_text = msgspec.json.Decoder(str).decode
_words = msgspec.json.Decoder(Words).decode
_encode = msgspec.json.Encoder().encode
_GROUP = Raw(b'"Group"')
_AGENT = Raw(b'"Agent"')


class Form(Protocol):
    """What becomes of the objects within a statement."""

    def who(self, raw: Raw) -> Raw: ...

    def verb(self, raw: Raw) -> Raw: ...

    def activity(self, raw: Raw) -> Raw: ...


def reshaped(statement: bytes, form: Form) -> bytes:
    """A valid statement in another form."""
    return _encode(_event(_parts(statement), form))


class Ids:
    """Nothing but what tells agents, activities, verbs and groups apart; of an anonymous group, its members."""

    def who(self, raw: Raw) -> Raw:
        given = _parts(raw)
        kept = {name: given[name] for name in IDENTIFIERS if name in given}
        if _kind(given, "Agent") == "Group":
            kept = {"objectType": _GROUP, **kept}
            if len(kept) == 1:
                kept["member"] = Raw(_encode([self.who(member) for member in _list(given["member"])]))
        return Raw(_encode(kept))

    def verb(self, raw: Raw) -> Raw:
        return Raw(_encode({"id": _parts(raw)["id"]}))

    def activity(self, raw: Raw) -> Raw:
        return Raw(_encode({"id": _parts(raw)["id"]}))


class Canonical:
    """Activities as ``definitions`` (JSON by activity id) has them, else as they came; one language in each of their
    language maps and in verbs' display. Agents and groups as they came. For one statement: it may name an activity any
    number of times, so definitions of ``room_bytes`` in all are filled in, and what follows stays as it came."""

    def __init__(self, definitions: Mapping[str, bytes], ranges: tuple[Range, ...], room_bytes: int) -> None:
        self._definitions = definitions
        self._ranges = ranges
        self._room_bytes = room_bytes

    def who(self, raw: Raw) -> Raw:
        return raw

    def verb(self, raw: Raw) -> Raw:
        given = _parts(raw)
        if "display" not in given:
            return raw
        return Raw(_encode({**given, "display": Raw(_encode(self._one(_words(given["display"]))))}))

    def activity(self, raw: Raw) -> Raw:
        given = _parts(raw)
        definition = self._known(_text(given["id"])) or given.get("definition")
        if definition is None:
            return raw
        return Raw(_encode({**given, "definition": Raw(_encode(self._spoken(read_definition(definition))))}))

    def _known(self, activity: str) -> bytes | None:
        known = self._definitions.get(activity)
        if known is None or len(known) > self._room_bytes:
            return None
        self._room_bytes -= len(known)
        return known

    def _spoken(self, definition: Definition) -> Definition:
        definition.name = self._one(definition.name)
        definition.description = self._one(definition.description)
        for name in COMPONENTS:
            given: list[Component] | UnsetType = getattr(definition, name)
            for component in given or ():
                component.description = self._one(component.description)
        return definition

    def _one(self, words: Words | UnsetType) -> Words | UnsetType:
        if words is UNSET or len(words) < 2:
            return words
        tag = chosen(tuple(words), self._ranges)
        return {tag: words[tag]}


# ── the way through a statement ──────────────────────────────────────────────────────────────────────


def _event(parts: Parts, form: Form) -> Parts:
    """A statement or sub-statement."""
    for name, raw in parts.items():
        match name:
            case "actor" | "authority":
                parts[name] = form.who(raw)
            case "verb":
                parts[name] = form.verb(raw)
            case "object":
                parts[name] = _thing(raw, form)
            case "context":
                parts[name] = Raw(_encode(_context(_parts(raw), form)))
            case _:
                pass
    return parts


def _thing(raw: Raw, form: Form) -> Raw:
    given = _parts(raw)
    match _kind(given, "Activity"):
        case "Activity":
            return form.activity(raw)
        case "Agent":  # without its type it would be taken for an activity
            return Raw(_encode({"objectType": _AGENT, **_parts(form.who(raw))}))
        case "Group":
            return form.who(raw)
        case "SubStatement":
            return Raw(_encode(_event(given, form)))
        case _:
            return raw


def _context(parts: Parts, form: Form) -> Parts:
    for name, raw in parts.items():
        match name:
            case "instructor" | "team":
                parts[name] = form.who(raw)
            case "contextActivities":
                parts[name] = Raw(_encode({key: _activities(given, form) for key, given in _parts(raw).items()}))
            case "contextAgents":
                parts[name] = _each(raw, "agent", form)
            case "contextGroups":
                parts[name] = _each(raw, "group", form)
            case _:
                pass
    return parts


def _activities(raw: Raw, form: Form) -> Raw:
    alone = bytes(raw).lstrip().startswith(b"{")
    return Raw(_encode([form.activity(each) for each in ([raw] if alone else _list(raw))]))


def _each(raw: Raw, name: str, form: Form) -> Raw:
    items = [_parts(item) for item in _list(raw)]
    return Raw(_encode([{**item, name: form.who(item[name])} for item in items]))


def _kind(parts: Parts, default: str) -> str:
    return _text(parts["objectType"]) if "objectType" in parts else default


# ── times ────────────────────────────────────────────────────────────────────────────────────────────

_UTC = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|\+00:00)")
_FRACTION = re.compile(r"[.,]([0-9]+)")


def utc(timestamp: str) -> str:
    """A valid timestamp by RFC 3339 in UTC, with all its digits; unchanged if it is that already."""
    if _UTC.fullmatch(timestamp):
        return timestamp
    moment = instant(timestamp)
    if moment is None:
        return timestamp
    whole = moment.partition(".")[0]
    fraction = _FRACTION.search(timestamp)
    return f"{whole}.{fraction[1]}Z" if fraction else f"{whole}Z"


def in_utc(body: bytes, timestamp: str) -> bytes:
    """A statement with its times in UTC, as 2.0 wants them returned; ``timestamp`` is its own, empty if it has none.
    Almost always the very bytes that were given."""
    apart = bool(timestamp) and utc(timestamp) is not timestamp
    if not apart and b"SubStatement" not in body and b"\\u" not in body:
        return body
    parts = _parts(body)
    if apart:
        parts["timestamp"] = Raw(_encode(utc(timestamp)))
    thing = _parts(parts["object"])
    if _kind(thing, "Activity") == "SubStatement" and "timestamp" in thing:
        inner = _text(thing["timestamp"])
        if utc(inner) is not inner:
            apart = True
            parts["object"] = Raw(_encode({**thing, "timestamp": Raw(_encode(utc(inner)))}))
    return _encode(parts) if apart else body
