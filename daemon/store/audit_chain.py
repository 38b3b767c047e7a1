"""How a row of the audit is hashed: the encoding, its version, and what is in clear beside it. Pure.

A row names the hash of the one before it twice: of its own tenant's (``prev``), so that one tenant's rows prove
themselves to somebody who sees no others, and of the row before it among all (``before``), so that one hash stands
for everything that was ever written. What a person may have left in a row (who, from where, on what, with which
arguments, in which correlation, how it ended) is not in the chain itself but as a commitment, SHA-256 over 16 random
bytes and the text. Without its random bytes a commitment tells nothing: when a person is erased, text and bytes go, a
row of the kind ``erased`` has the commitments to what stands there instead, and every hash still fits.
"""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Literal, get_args

import msgspec

VERSION = 1
MAGIC = "lmsyncd-audit-1"
SALT_BYTES = 16
SUM_BYTES = 32
Kind = Literal["intended", "concluded", "noted", "refused", "cut", "erased"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Field = Literal["who", "place", "object", "arguments", "correlation_id", "detail"]
FIELDS: tuple[Field, ...] = get_args(Field)
"""What is in clear beside the chain, in the order of its commitments."""
Sums = tuple[bytes, ...]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in clear. ``arguments`` is a JSON object."""

    who: str = ""
    place: str = ""
    object: str = ""
    arguments: str = "{}"
    correlation_id: str = ""
    detail: str = ""

    def texts(self) -> tuple[str, ...]:
        """In the order of ``FIELDS``."""
        return tuple(getattr(self, name) for name in FIELDS)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the chain. ``of``: of a conclusion, its intention's number; of a cut, the last number that is gone.
    ``times``: how often a refusal was met. ``prev`` and ``before`` are empty where there is no row before."""

    v: int = VERSION
    seq: int
    tenant: str
    no: int
    at_us: int
    kind: Kind
    of: int = 0
    what: str
    result: str = ""
    times: int = 1
    sums: Sums
    prev: bytes
    before: bytes


def commitment(salt: bytes, text: str) -> bytes:
    return sha256(salt + text.encode()).digest()


def encoded(row: Row) -> bytes:
    """The canonical bytes: a JSON array without spaces, text in ASCII with escapes, hashes in lower hexadecimal."""
    parts: list[object] = [
        MAGIC, row.seq, row.tenant, row.no, row.at_us, row.kind, row.of, row.what, row.result, row.times,
        [one.hex() for one in row.sums], row.prev.hex(), row.before.hex(),
    ]  # fmt: skip
    return json.dumps(parts, separators=(",", ":")).encode()


def digest(row: Row) -> bytes:
    return sha256(encoded(row)).digest()


def split(raw: bytes, size: int) -> tuple[bytes, ...]:
    """Of commitments or salts that stand one after the other."""
    return tuple(raw[at : at + size] for at in range(0, len(raw), size))


# ── what is told, made fit ───────────────────────────────────────────────────────────────────────────

TEXT_CHARS_MAX = 300
ARGUMENTS_CHARS_MAX = 4_000
ITEMS_MAX = 50
DEPTH_MAX = 4
SECRET_NAMES = frozenset({
    "secret", "secrets", "token", "access_token", "refresh_token", "id_token", "password", "passphrase", "value",
    "client_secret", "client_assertion", "assertion", "code", "code_verifier", "verifier", "authorization", "cookie",
    "pin", "key",
})  # fmt: skip
"""Whatever an argument of such a name says is not written."""


def fit(text: str, chars_max: int = TEXT_CHARS_MAX) -> str:
    """As it can be kept and read: without halves of characters, and not for ever."""
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= chars_max else f"{text[: chars_max - 1]}…"


def fit_arguments(arguments: Mapping[str, object]) -> str:
    """JSON of so much of them as a row takes: nothing secret by its name, long texts and lists cut."""
    said = json.dumps(_plain(arguments, DEPTH_MAX), separators=(",", ":"), ensure_ascii=False, sort_keys=True)
    if len(said) <= ARGUMENTS_CHARS_MAX:
        return said
    names = [fit(str(name), 40) for name in list(arguments)[:ITEMS_MAX]]
    return json.dumps({"too_long_to_keep": names}, separators=(",", ":"), ensure_ascii=False)


def _plain(value: object, depth: int) -> Any:
    match value:
        case None | bool():
            return value
        case int():
            return value if abs(value) < 1 << 63 else str(value)
        case str():
            return fit(value)
        case Mapping() if depth:
            kept = {
                fit(str(name), 80): _kept(str(name), inner, depth) for name, inner in list(value.items())[:ITEMS_MAX]
            }
            return {**kept, "…": len(value) - ITEMS_MAX} if len(value) > ITEMS_MAX else kept
        case Sequence() if depth and not isinstance(value, bytes | bytearray):
            listed = [_plain(inner, depth - 1) for inner in value[:ITEMS_MAX]]
            return [*listed, f"… and {len(value) - ITEMS_MAX} more"] if len(value) > ITEMS_MAX else listed
        case bytes() | bytearray():
            return f"{len(value)} bytes"
        case _:
            return fit(str(value))


def _kept(name: str, value: object, depth: int) -> Any:
    return "***" if name.casefold() in SECRET_NAMES and value else _plain(value, depth - 1)
