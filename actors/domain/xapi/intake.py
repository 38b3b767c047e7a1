"""A request's body to what the log takes: parsed, validated, named, or refused whole.

The statement's own bytes are kept where they can be, so that numbers come back as they were written. They are encoded
anew only where something must change: what the LRS sets itself is dropped, an id is put in lower case, and a context
activity that stands alone becomes an array, as xAPI wants it returned.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Raw

from actors.domain.xapi.accepted import Enclosed, NewStatement
from actors.domain.xapi.attachments import Contents, enclosed_with, require_no_other
from actors.domain.xapi.familiar import read_familiar
from actors.domain.xapi.faults import Fault, Refusal
from actors.domain.xapi.guard import parse, slices
from actors.domain.xapi.identity import derived_id, digest, random_id
from actors.domain.xapi.keys import keys, target
from actors.domain.xapi.patterns import Version
from actors.domain.xapi.rules import VOIDED
from actors.domain.xapi.signature import Signatures
from actors.domain.xapi.validate import validate

_SET_BY_LRS = ("stored", "authority")
_WHITE = b" \t\r\n"


def read_batch(
    body: bytes,
    *,
    tenant: str,
    source: str,
    dedupe: bool,
    version: Version,
    fresh_id: Callable[[], str],
    contents: Contents | None = None,
    put_id: str | None = None,
) -> list[NewStatement]:
    """One statement or an array of them, in the order sent. ``fresh_id`` gives 32 hexadecimal digits for those that
    come with neither id nor (``dedupe``) timestamp; ``contents`` are those of attachments sent along. With ``put_id``
    (a UUID) it is one statement and that is its id. Raises Refusal, and nothing else whatever ``body`` is.
    """
    if put_id is None and not contents:
        familiar = read_familiar(body, tenant=tenant, source=source, dedupe=dedupe, version=version, fresh_id=fresh_id)
        if familiar is not None:
            return familiar
    return read_whole(
        body,
        tenant=tenant,
        source=source,
        dedupe=dedupe,
        version=version,
        fresh_id=fresh_id,
        contents=contents,
        put_id=put_id,
    )


def read_whole(
    body: bytes,
    *,
    tenant: str,
    source: str,
    dedupe: bool,
    version: Version,
    fresh_id: Callable[[], str],
    contents: Contents | None = None,
    put_id: str | None = None,
) -> list[NewStatement]:
    """The same, whatever was seen before."""
    given = _parse(body)
    batch: list[Any]
    if put_id is not None:
        batch, raws = [_put(given, put_id)], [_named(body.strip(_WHITE), given, put_id)]
    elif isinstance(given, list):
        batch, raws = given, slices(body)
    else:
        batch, raws = [given], [body.strip(_WHITE)]
    contents = contents or {}
    signatures = Signatures(contents, version)
    used: set[str] = set()
    equals: Counter[bytes] = Counter()
    named: set[str] = set()
    accepted = []
    for index, (statement, raw) in enumerate(zip(batch, raws, strict=True)):
        validate(statement, version, index)
        content = digest(statement)
        enclosed: tuple[Enclosed, ...] = ()
        if "attachments" in statement or statement["object"].get("objectType") == "SubStatement":
            enclosed = enclosed_with(statement, contents, index)
            signatures.check(statement, content, index)
            used.update(one.sha2.lower() for one in enclosed)
        given_id = "id" in statement
        if given_id:
            name = statement["id"].lower()
            if name in named:
                raise Refusal((Fault("id", "is the id of an earlier statement of this batch"),), index)
            named.add(name)
        elif dedupe and "timestamp" in statement:
            name = derived_id(content, tenant=tenant, source=source, rank=equals[content])
            equals[content] += 1
        else:
            name = random_id(fresh_id())
        accepted.append(
            NewStatement(
                id=name,
                body=_body(statement, raw, name),
                digest=content,
                timestamp=statement.get("timestamp", ""),
                given_id=given_id,
                voids=statement["object"]["id"].lower() if statement["verb"]["id"] == VOIDED else None,
                enclosed=enclosed,
                keys=keys(statement, tenant),
                target=target(statement),
            )
        )
    require_no_other(contents, used)
    return accepted


def _parse(body: bytes) -> object:
    try:
        return parse(body)
    except Refusal as refusal:
        raise Refusal(refusal.faults, _culprit(body)) from None


def _put(given: object, put_id: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise Refusal((Fault("", "must be one statement, a JSON object"),))
    named = given.get("id", put_id)
    if isinstance(named, str) and named.lower() != put_id.lower():
        raise Refusal((Fault("id", "differs from the statementId of the request"),))
    return {"id": named, **given}


def _named(raw: bytes, given: object, put_id: str) -> bytes:
    return raw if isinstance(given, dict) and "id" in given else b'{"id":"' + put_id.encode() + b'",' + raw[1:]


def _culprit(body: bytes) -> int | None:
    """Which statement of the array it is that cannot be parsed, if the array itself can."""
    try:
        raws = slices(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    for index, raw in enumerate(raws):
        try:
            parse(raw)
        except Refusal:
            return index
    return None


def _body(statement: dict[str, Any], raw: bytes, name: str) -> bytes:
    inner = statement["object"] if statement["object"].get("objectType") == "SubStatement" else _NOTHING
    lone, lone_within = _has_lone_activity(statement), _has_lone_activity(inner)
    if not (lone or lone_within) and not any(key in statement for key in _SET_BY_LRS):
        if "id" not in statement:
            return b'{"id":"' + name.encode() + b'",' + raw[1:]
        if statement["id"] == name:
            return raw
    parts = _members(raw)
    kept = {"id": Raw(f'"{name}"'), **{key: part for key, part in parts.items() if key not in ("id", *_SET_BY_LRS)}}
    if lone:
        kept["context"] = _with_arrays(parts["context"])
    if lone_within:
        within = _members(parts["object"])
        kept["object"] = Raw(_encode({**within, "context": _with_arrays(within["context"])}))
    return _encode(kept)


def _has_lone_activity(event: dict[str, Any]) -> bool:
    activities = event.get("context", _NOTHING).get("contextActivities", _NOTHING)
    return any(isinstance(given, dict) for given in activities.values())


def _with_arrays(raw: Raw) -> Raw:
    """A context in which every kind of context activity is an array."""
    context = _members(raw)
    activities = _members(context["contextActivities"]).items()
    arrays = {
        kind: given if bytes(given).startswith(b"[") else Raw(b"[" + bytes(given) + b"]") for kind, given in activities
    }
    return Raw(_encode({**context, "contextActivities": Raw(_encode(arrays))}))


_members = msgspec.json.Decoder(dict[str, Raw]).decode
_encode = msgspec.json.Encoder().encode
_NOTHING: dict[str, Any] = {}
