"""The audit's rows in the store: appended by the one writer, read back as they stand."""

import sqlite3
from collections.abc import Iterator, Sequence
from secrets import token_bytes
from typing import Any, NamedTuple

import msgspec

from daemon.store.audit_chain import (
    FIELDS,
    SALT_BYTES,
    SUM_BYTES,
    Kind,
    Row,
    Told,
    commitment,
    digest,
    split,
)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A row to be."""

    tenant: str
    kind: Kind
    what: str
    told: Told
    of: int = 0
    result: str = ""
    times: int = 1


class Head(NamedTuple):
    """How far the audit has come: the newest row's number and hash. ``seq`` 0: there is none."""

    seq: int = 0
    hash: bytes = b""


class Appended(NamedTuple):
    """The head that a new row is, and its number within its tenant."""

    head: Head
    no: int


class Kept(NamedTuple):
    """A row as it stands: with its hash, and what is told of it (None: it is gone)."""

    row: Row
    hash: bytes
    told: Told | None
    salts: tuple[bytes, ...]


COLUMNS = (
    "a.seq, a.v, a.tenant, a.no, a.at_us, a.kind, a.of, a.what, a.result, a.times, a.sums, a.prev, a.before, a.hash, "
    "t.who, t.place, t.object, t.arguments, t.correlation_id, t.detail, t.salts"
)
_TYPES = (int, int, str, int, int, str, int, str, str, int, bytes, bytes, bytes, bytes)
KEPT = f"SELECT {COLUMNS} FROM audit a LEFT JOIN audit_told t ON t.seq = a.seq"  # noqa: S608  # constants only


def head(raw: sqlite3.Connection) -> Head:
    row = raw.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    return Head(*row) if row else Head()


def append(raw: sqlite3.Connection, entry: Entry, at_us: int, floor: int = 0) -> Appended:
    """One row more, numbered behind ``floor``."""
    last = head(raw)
    mine = raw.execute(
        "SELECT no, hash FROM audit WHERE tenant = ? ORDER BY no DESC LIMIT 1", (entry.tenant,)
    ).fetchone() or (0, b"")
    texts = entry.told.texts()
    salts = [token_bytes(SALT_BYTES) for _ in texts]
    row = Row(
        seq=max(last.seq, floor) + 1,
        tenant=entry.tenant,
        no=mine[0] + 1,
        at_us=at_us,
        kind=entry.kind,
        of=entry.of,
        what=entry.what,
        result=entry.result,
        times=entry.times,
        sums=tuple(commitment(salt, text) for salt, text in zip(salts, texts, strict=True)),
        prev=mine[1],
        before=last.hash,
    )
    hashed = digest(row)
    raw.execute(
        "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            row.seq, row.v, row.tenant, row.no, row.at_us, row.kind, row.of, row.what, row.result, row.times,
            b"".join(row.sums), row.prev, row.before, hashed,
        ),
    )  # fmt: skip
    raw.execute("INSERT INTO audit_told VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (row.seq, *texts, b"".join(salts)))
    return Appended(Head(row.seq, hashed), row.no)


def kept(found: Sequence[Any]) -> Kept:
    """From the columns ``COLUMNS``. Raises ValueError for a row that no lmsyncd wrote."""
    if tuple(map(type, found[:14])) != _TYPES or not (
        found[14] is None or tuple(map(type, found[14:])) == (*[str] * len(FIELDS), bytes)
    ):
        raise ValueError("something in it is of another type than it must be")
    row = Row(
        v=found[1],
        seq=found[0],
        tenant=found[2],
        no=found[3],
        at_us=found[4],
        kind=found[5],
        of=found[6],
        what=found[7],
        result=found[8],
        times=found[9],
        sums=split(found[10], SUM_BYTES),
        prev=found[11],
        before=found[12],
    )
    told = None if found[14] is None else Told(**dict(zip(FIELDS, found[14:20], strict=True)))
    return Kept(row, found[13], told, split(found[20], SALT_BYTES) if told is not None else ())


def page(raw: sqlite3.Connection, after: int, through: int, limit: int) -> Iterator[Kept]:
    """In the order of ``seq``."""
    sql = f"{KEPT} WHERE a.seq > ? AND a.seq <= ? ORDER BY a.seq LIMIT ?"
    return map(kept, raw.execute(sql, (after, through, limit)))
