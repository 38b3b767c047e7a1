"""What statements have to do with one another, for ``why``: who voids whom, and who told the same change again."""

import sqlite3
from uuid import UUID

import msgspec

from actors.domain.changes import AnyChange
from daemon.store import rows

RETOLD_MAX = 5

_VOIDED_BY = (
    "SELECT w.id FROM statements s JOIN voids v ON v.tenant = s.tenant AND v.id = s.id "
    "JOIN statements w ON w.seq = v.by_seq WHERE s.seq = ? AND s.voided = 1"
)
_VOIDED = (
    "SELECT s.seq, s.voided, o.kind, o.change, v.by_seq, w.id FROM statements s LEFT JOIN outcomes o ON o.seq = s.seq "
    "LEFT JOIN voids v ON v.tenant = s.tenant AND v.id = s.id LEFT JOIN statements w ON w.seq = v.by_seq "
    "WHERE s.tenant = ? AND s.id = ?"
)
_RETOLD = (
    "SELECT s.id FROM outcomes o JOIN tellings t ON t.entity = o.entity AND t.occurrence = o.occurrence "
    "JOIN statements s ON s.seq = t.seq WHERE o.seq = ?1 AND t.seq <> ?1 ORDER BY t.seq LIMIT ?2"
)


class Voided(msgspec.Struct, frozen=True, kw_only=True):
    """A statement that another one voids. ``seq`` is None where it is not in the log; ``voided`` whether it counts as
    voided (a voiding one never does); ``first_by``: who voids it, if that is somebody else."""

    id: str
    seq: int | None = None
    voided: bool = False
    kind: str = ""
    change: AnyChange | None = None
    first_by: str = ""


class Relations(msgspec.Struct, frozen=True, kw_only=True):
    """Of one statement. ``retold_by``: later statements that told its change when it was known, ``RETOLD_MAX`` at
    most."""

    voided_by: str = ""
    voids: Voided | None = None
    retold_by: tuple[str, ...] = ()


def voided_by(raw: sqlite3.Connection, seq: int) -> str:
    """The id of the statement that voids the one there; empty if none does."""
    row = raw.execute(_VOIDED_BY, (seq,)).fetchone()
    return str(UUID(bytes=row[0])) if row else ""


def relations(raw: sqlite3.Connection, tenant: str, seq: int, voids: str | None) -> Relations:
    """``voids``: the id of the statement that this one says it voids."""
    retold = raw.execute(_RETOLD, (seq, RETOLD_MAX)).fetchall()
    return Relations(
        voided_by=voided_by(raw, seq),
        voids=None if voids is None else _voided(raw, tenant, seq, voids),
        retold_by=tuple(str(UUID(bytes=row[0])) for row in retold),
    )


def _voided(raw: sqlite3.Connection, tenant: str, by_seq: int, statement_id: str) -> Voided:
    row = raw.execute(_VOIDED, (tenant, UUID(statement_id).bytes)).fetchone()
    if row is None:
        return Voided(id=statement_id)
    seq, voided, kind, change, first_seq, first = row
    return Voided(
        id=statement_id,
        seq=seq,
        voided=bool(voided),
        kind=kind or "",
        change=rows.unpack_change(change) if change else None,
        first_by=str(UUID(bytes=first)) if first is not None and first_seq != by_seq else "",
    )
