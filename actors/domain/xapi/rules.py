"""What a statement must be, as tables: which properties, of which form, and the rules that span several.

The precise validator: slow, complete, and it names what it finds. ``shapes`` says the same without reasons;
a property test holds the two together. Both versions live here; what differs asks for the version.
"""

import re
from collections.abc import Iterator
from typing import Any

from actors.domain.xapi import patterns
from actors.domain.xapi.checks import (
    DOUBLE_MAX,
    Check,
    array,
    boolean,
    by_type,
    count,
    join,
    kind_of,
    mapping,
    number,
    one_of,
    struct,
    text,
)
from actors.domain.xapi.faults import Fault
from actors.domain.xapi.moments import instant
from actors.domain.xapi.patterns import Version

VOIDED = "http://adlnet.gov/expapi/verbs/voided"
INTERACTIONS = {
    "true-false": (),
    "choice": ("choices",),
    "fill-in": (),
    "long-fill-in": (),
    "matching": ("source", "target"),
    "performance": ("steps",),
    "sequencing": ("choices",),
    "likert": ("scale",),
    "numeric": (),
    "other": (),
}
"""Interaction types, and the component lists each may have."""
COMPONENT_LISTS = ("choices", "scale", "source", "target", "steps")
IDENTIFIERS = ("mbox", "mbox_sha1sum", "openid", "account")


def faults(statement: object, version: Version) -> Iterator[Fault]:
    """Every broken rule, in the order of the tables. Nothing if this is a statement."""
    yield from _statement(statement, "", version)


def agent_faults(agent: object, version: Version) -> Iterator[Fault]:
    """The same of an agent or identified group that is asked for."""
    yield from _who(agent, "", version)


def timestamp_faults(timestamp: object, version: Version) -> Iterator[Fault]:
    """The same of a timestamp that is asked for."""
    yield from _timestamp(timestamp, "", version)


def _timestamp(value: Any, path: str, version: Version) -> Iterator[Fault]:
    if not isinstance(value, str):
        yield Fault(path, f"must be a string, is {kind_of(value)}")
    elif not _STAMPS[version].search(value):
        form = "ISO 8601" if version == "1.0.3" else "RFC 3339"
        yield Fault(path, f"must be a date and time by {form}, its zone not -00:00")
    elif instant(value) is None:
        yield Fault(path, "names a date, time or zone that does not exist")


_STAMPS = {version: re.compile(pattern) for version, pattern in patterns.TIMESTAMP.items()}
_VERSIONS = {version: re.compile(pattern) for version, pattern in patterns.STATEMENT_VERSION.items()}


def _version(value: Any, path: str, version: Version) -> Iterator[Fault]:
    if not isinstance(value, str) or not _VERSIONS[version].search(value):
        yield Fault(path, "must be 1.0 or 1.0.x" + ("" if version == "1.0.3" else ", 2.0 or 2.0.x"))


_any_text = text()
_iri = text(patterns.IRI, "must be an IRI with a scheme")
_uuid = text(patterns.UUID, "must be a UUID")
_language = text(patterns.LANGUAGE, "must be a language tag by RFC 5646")
_language_map = mapping(patterns.LANGUAGE, "a key is not a language tag by RFC 5646", _any_text)
_extensions = mapping(patterns.IRI, "a key is not an IRI", None)

# ── who ──────────────────────────────────────────────────────────────────────────────────────────────

_account = struct({"homePage": _iri, "name": text(r"^[^\x00]*\Z", "must not contain NUL")}, {})
_identity: dict[str, Check] = {
    "name": _any_text,
    "mbox": text(patterns.MAILTO, "must be mailto: and one address"),
    "mbox_sha1sum": text(patterns.SHA1_HEX, "must be 40 hexadecimal digits"),
    "openid": _iri,
    "account": _account,
}


def _identifiers(value: Any) -> list[str]:
    return [name for name in IDENTIFIERS if name in value]


def _identified_once(value: Any, path: str, version: Version) -> Iterator[Fault]:
    if len(given := _identifiers(value)) != 1:
        yield Fault(path, f"must have exactly one of {', '.join(IDENTIFIERS)}, has {len(given)}")


def _identified_or_members(value: Any, path: str, version: Version) -> Iterator[Fault]:
    given = _identifiers(value)
    if len(given) > 1:
        yield Fault(path, f"must have at most one of {', '.join(IDENTIFIERS)}, has {len(given)}")
    elif not given and not value.get("member"):
        yield Fault(join(path, "member"), "is required in a group without an identifier")


def _pair_of_members(value: Any, path: str, version: Version) -> Iterator[Fault]:
    members = value.get("member")
    if _identifiers(value) or not isinstance(members, list) or len(members) != 2:
        yield Fault(path, "an authority that is a group must be anonymous with exactly two members")


_agent = struct({}, {"objectType": one_of("Agent"), **_identity}, _identified_once)
_group_parts: dict[str, Check] = {**_identity, "member": array(_agent)}
_group = struct({"objectType": one_of("Group")}, _group_parts, _identified_or_members)
_oauth_group = struct({"objectType": one_of("Group")}, _group_parts, _identified_or_members, _pair_of_members)
_who = by_type("Agent", {"Agent": _agent, "Group": _group})
_authority = by_type("Agent", {"Agent": _agent, "Group": _oauth_group})

# ── what ─────────────────────────────────────────────────────────────────────────────────────────────

_verb = struct({"id": _iri}, {"display": _language_map})
_component = struct({"id": text(r"^[^\x00]+\Z", "must not be empty nor contain NUL")}, {"description": _language_map})


def _distinct_components(value: Any, path: str, version: Version) -> Iterator[Fault]:
    yield from array(_component)(value, path, version)
    if isinstance(value, list):
        ids = [item["id"] for item in value if isinstance(item, dict) and isinstance(item.get("id"), str)]
        if len(set(ids)) != len(ids):
            yield Fault(path, "each id may be given only once")


def _interaction(value: Any, path: str, version: Version) -> Iterator[Fault]:
    kind = value.get("interactionType")
    if "interactionType" not in value:
        if any(name in value for name in (*COMPONENT_LISTS, "correctResponsesPattern")):
            yield Fault(join(path, "interactionType"), "is required where there are other interaction properties")
        return
    if isinstance(kind, str) and kind in INTERACTIONS:
        for name in COMPONENT_LISTS:
            if name in value and name not in INTERACTIONS[kind]:
                yield Fault(join(path, name), f"does not belong to the interaction type {kind}")


_definition = struct(
    {},
    {
        "name": _language_map,
        "description": _language_map,
        "type": _iri,
        "moreInfo": _iri,
        "extensions": _extensions,
        "interactionType": one_of(*INTERACTIONS),
        "correctResponsesPattern": array(_any_text),
        **dict.fromkeys(COMPONENT_LISTS, _distinct_components),
    },
    _interaction,
)
_activity = struct({"id": _iri}, {"objectType": one_of("Activity"), "definition": _definition})
_reference = struct({"objectType": one_of("StatementRef"), "id": _uuid}, {})

# ── how it went, and where ───────────────────────────────────────────────────────────────────────────


def _score_order(value: Any, path: str, version: Version) -> Iterator[Fault]:
    numbers = {
        name: float(number)
        for name in ("scaled", "raw", "min", "max")
        if isinstance(number := value.get(name), int | float)
        and not isinstance(number, bool)
        and abs(number) <= DOUBLE_MAX
    }
    low, high, raw = numbers.get("min"), numbers.get("max"), numbers.get("raw")
    if not -1 <= numbers.get("scaled", 0) <= 1:
        yield Fault(join(path, "scaled"), "must lie between -1 and 1")
    if low is not None and high is not None and low >= high:
        yield Fault(join(path, "min"), "must be less than max")
    if raw is not None and low is not None and raw < low:
        yield Fault(join(path, "raw"), "must not be less than min")
    if raw is not None and high is not None and raw > high:
        yield Fault(join(path, "raw"), "must not be more than max")


_score = struct({}, dict.fromkeys(("scaled", "raw", "min", "max"), number), _score_order)
_result = struct(
    {},
    {
        "score": _score,
        "success": boolean,
        "completion": boolean,
        "response": _any_text,
        "duration": text(patterns.DURATION, "must be a duration by ISO 8601"),
        "extensions": _extensions,
    },
)


def _one_or_more_activities(value: Any, path: str, version: Version) -> Iterator[Fault]:
    check = array(_activity) if isinstance(value, list) else _activity
    yield from check(value, path, version)


_context_activities = struct({}, dict.fromkeys(("parent", "grouping", "category", "other"), _one_or_more_activities))
_relevant: dict[str, Check] = {"relevantTypes": array(_iri, filled=True)}
_context_agent = struct({"objectType": one_of("contextAgent"), "agent": _agent}, _relevant)
_context_group = struct({"objectType": one_of("contextGroup"), "group": _group}, _relevant)
_context_parts: dict[str, Check] = {
    "registration": _uuid,
    "instructor": _who,
    "team": _group,
    "contextActivities": _context_activities,
    "revision": _any_text,
    "platform": _any_text,
    "language": _language,
    "statement": _reference,
    "extensions": _extensions,
}
_contexts = {
    "1.0.3": struct({}, _context_parts),
    "2.0.0": struct(
        {}, {**_context_parts, "contextAgents": array(_context_agent), "contextGroups": array(_context_group)}
    ),
}


def _context(value: Any, path: str, version: Version) -> Iterator[Fault]:
    yield from _contexts[version](value, path, version)


_attachment = struct(
    {
        "usageType": _iri,
        "display": _language_map,
        "contentType": text(patterns.MEDIA_TYPE, "must be an Internet media type"),
        "length": count,
        "sha2": text(patterns.SHA2_HEX, "must be a SHA-2 hash in hexadecimal digits"),
    },
    {"description": _language_map, "fileUrl": _iri},
)

# ── the whole ────────────────────────────────────────────────────────────────────────────────────────


def _activity_context(value: Any, path: str, version: Version) -> Iterator[Fault]:
    context, target = value.get("context"), value.get("object")
    if isinstance(context, dict) and isinstance(target, dict) and target.get("objectType", "Activity") != "Activity":
        for name in ("revision", "platform"):
            if name in context:
                yield Fault(join(path, f"context.{name}"), "is allowed only where the object is an Activity")


def _voiding(value: Any, path: str, version: Version) -> Iterator[Fault]:
    verb, target = value.get("verb"), value.get("object")
    voids = isinstance(verb, dict) and verb.get("id") == VOIDED
    if voids and isinstance(target, dict) and target.get("objectType") != "StatementRef":
        yield Fault(join(path, "object.objectType"), 'must be "StatementRef" where the verb is voided')


_event: dict[str, Check] = {
    "result": _result,
    "context": _context,
    "timestamp": _timestamp,
    "attachments": array(_attachment),
}
_things: dict[str, Check] = {"Activity": _activity, "Agent": _agent, "Group": _group, "StatementRef": _reference}
_sub_statement = struct(
    {
        "objectType": one_of("SubStatement"),
        "actor": _who,
        "verb": _verb,
        "object": by_type("Activity", _things),
    },
    _event,
    _activity_context,
)
_statement = struct(
    {"actor": _who, "verb": _verb, "object": by_type("Activity", {**_things, "SubStatement": _sub_statement})},
    {**_event, "id": _uuid, "stored": _timestamp, "authority": _authority, "version": _version},
    _activity_context,
    _voiding,
)
