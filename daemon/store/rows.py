"""Rows to structs and back: the one place that knows how a delivery is kept."""

import sqlite3
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any
from uuid import UUID

import msgspec

from actors.domain.changes import AnyChange
from actors.domain.outbox import Attempt, Carried, Delivery, State
from actors.ports import LoggedStatement
from config.model import Audience

HISTORY_BYTES_MAX = 16_384  # an endless outage must not grow a row without end

_encode = msgspec.json.Encoder().encode
_change: msgspec.json.Decoder[AnyChange] = msgspec.json.Decoder(AnyChange)
_carried: msgspec.json.Decoder[Carried] = msgspec.json.Decoder(Carried)
_audience = msgspec.json.Decoder(Audience)
_receipt = msgspec.json.Decoder(dict[str, str])
_history = msgspec.json.Decoder(list[Attempt])

DELIVERY = (
    "seq, id, lane, route, destination, audience, change, statement_id, correlation_id, traceparent, template, "
    "doubtful, attempts_max, attempts, state, accepted_us, due_us, sent_us, doubt_us, crashes, routed_us, sla_us, "
    "from_us"
)
STATEMENT = (
    "s.seq, s.id, s.body, s.timestamp, a.source, a.correlation_id, a.traceparent, a.version, a.authority, s.voided, "
    "a.quiet"
)


def delivery(row: Sequence[Any]) -> Delivery:
    """From the columns ``DELIVERY``."""
    tenant, _, target = row[2].partition("/")
    return Delivery(
        seq=row[0],
        id=row[1].hex(),
        tenant=tenant,
        target=target,
        route=row[3],
        destination=row[4],
        audience=_audience.decode(row[5]),
        change=_carried.decode(row[6]),
        statement_id=row[7],
        correlation_id=row[8],
        traceparent=row[9],
        template=row[10],
        doubtful=row[11],
        attempts_max=row[12],
        attempts=row[13],
        state=State(row[14]),
        accepted_us=row[15],
        due_us=row[16],
        sent_us=row[17],
        doubt_us=row[18],
        crashes=row[19],
        routed_us=row[20],
        sla_us=row[21],
        from_us=row[22],
    )


def statement(row: Sequence[Any]) -> LoggedStatement:
    """From the columns ``STATEMENT`` of statements s joined with arrivals a."""
    return LoggedStatement(
        seq=row[0],
        id=str(UUID(bytes=row[1])),
        body=row[2],
        stored_us=row[0],
        timestamp=row[3],
        source=row[4],
        correlation_id=row[5],
        traceparent=row[6],
        version=row[7],
        authority=row[8],
        voided=bool(row[9]),
        quiet=bool(row[10]),
    )


def key(*parts: object) -> bytes:
    """A 128-bit key of its parts; unlike a join, no two lists of parts run together."""
    return blake2b(_encode(parts), digest_size=16).digest()


def change_id(entity: bytes, occurrence: int) -> bytes:
    """A change's name for others, however often and by whomever it is told. ``entity`` is the key in entities."""
    return key(entity.hex(), occurrence)


def pack(value: object) -> bytes:
    return _encode(value)


def unpack_receipt(raw: bytes | None) -> dict[str, str] | None:
    return None if raw is None else _receipt.decode(raw)


def unpack_history(raw: str) -> list[Attempt]:
    return _history.decode(f"[{raw}]".encode())


def unpack_change(raw: bytes) -> AnyChange:
    """Of an outcome."""
    return _change.decode(raw)


def unpack_carried(raw: bytes) -> Carried:
    """Of a delivery."""
    return _carried.decode(raw)


def longer_history(raw: str, attempt: Attempt) -> str:
    """The history with one more line; the oldest lines after the first go where it would grow beyond its bound."""
    line = _encode(attempt).decode()
    if len(raw) + len(line) > HISTORY_BYTES_MAX:
        kept = unpack_history(raw)
        raw = ",".join(_encode(entry).decode() for entry in kept[:1] + kept[len(kept) // 2 :])
    return f"{raw},{line}" if raw else line


def changed(raw: sqlite3.Connection) -> int:
    """Rows touched by the last statement."""
    return int(raw.execute("SELECT changes()").fetchone()[0])
