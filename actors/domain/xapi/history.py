"""A line of an export, ours or another LRS's, to what the log takes: the same checks as for what a client sends.

What the LRS once added is kept as far as it tells something: the authority, the version, and the time stored where it
stands in for a time of its own. Everything else is kept byte for byte.
"""

import hashlib
import json
from typing import Any

import msgspec

from actors.domain.xapi.accepted import NewStatement
from actors.domain.xapi.attachments import Contents, declared
from actors.domain.xapi.faults import Fault, Refusal
from actors.domain.xapi.guard import parse
from actors.domain.xapi.intake import read_batch
from actors.domain.xapi.patterns import Version

_OTHER: dict[Version, Version] = {"1.0.3": "2.0.0", "2.0.0": "1.0.3"}
_raws = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A statement from a file. ``authority`` is empty where the line has none; ``voided``: the file says it was."""

    new: NewStatement
    version: Version
    authority: bytes = b""
    voided: bool = False


def unwrapped(line: bytes) -> tuple[bytes, bool]:
    """The statement of a line, and whether it is said to be voided. Some LRSs (and our own canonical export) write
    ``{"statement": {…}, "voided": …, …}``. Raises Refusal where that cannot be told."""
    if b'"statement"' not in line:
        return line, False
    given = parse(line)
    if (
        isinstance(given, dict)
        and "statement" in given
        and "verb" not in given
        and isinstance(given["statement"], dict)
    ):
        return bytes(_raws(line)["statement"]), given.get("voided") is True
    return line, False


def contents_of(statement: bytes) -> frozenset[str]:
    """The sha2, in lower case, of every content that it declares; nothing where it is too wrong to tell."""
    given: Any = parse(statement)
    try:
        return frozenset(attachment["sha2"].lower() for _, attachment in declared(given))
    except (KeyError, TypeError, AttributeError):
        return frozenset()  # what is wrong is said by whoever reads it


def read_told(
    statement: bytes, *, tenant: str, source: str, fallback: Version, contents: Contents | None = None
) -> Told:
    """``fallback`` is the version of those that name none. What comes without an id gets one from its content, so that
    bringing it in again is nothing new. Raises Refusal."""
    seen = _look(statement)
    version: Version = fallback
    if isinstance(seen.version, str):
        version = "2.0.0" if seen.version.startswith("2.") else "1.0.3"
    try:
        new = _read(statement, version, tenant, source, contents)
    except Refusal as refusal:
        try:
            new = _read(statement, _OTHER[version], tenant, source, contents)
        except Refusal:
            raise refusal from None
        version = _OTHER[version]
    return Told(
        new=new,
        version=version,
        authority=_authority(bytes(seen.authority)) if seen.authority else b"",
    )


def _read(statement: bytes, version: Version, tenant: str, source: str, contents: Contents | None) -> NewStatement:
    [new] = read_batch(
        statement,
        tenant=tenant,
        source=source,
        dedupe=True,
        version=version,
        fresh_id=lambda: hashlib.sha256(statement).hexdigest()[:32],
        contents=contents,
    )
    return new


def _look(statement: bytes) -> "_Seen":
    """Quickly: the intake reads it properly. Raises Refusal for what is no object."""
    try:
        return _seen(statement)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        parse(statement)  # says what is wrong with it, where it is no JSON
        raise Refusal((Fault("", "must be a statement, a JSON object"),)) from None


def _authority(raw: bytes) -> bytes:
    """In one spelling: byte for byte as it was where the line is of our own making, because who reads only what is
    their own is recognised by it."""
    given = msgspec.json.decode(raw)
    return raw if raw == json.dumps(given, separators=(",", ":")).encode() else _encode(given)


class _Seen(msgspec.Struct):
    version: object = None
    authority: msgspec.Raw = msgspec.field(default_factory=msgspec.Raw)


_seen = msgspec.json.Decoder(_Seen).decode
