"""What a replay would do with a delivery, and why: judged from its row, the ledger, and what was delivered since.

``plan`` shows the judgement and ``replay`` acts on it, so that neither can tell anything else than the other.
"""

import sqlite3
from collections.abc import Sequence
from enum import Enum
from typing import Any

import msgspec

from actors.domain.outbox import Carried, Place
from actors.domain.speech import moment_of
from actors.domain.verdicts import Refused
from daemon.store import relations, rows

NEVER_PLACED = "?"
"""A destination that starts like this is a route's name: no place was found when the delivery was planned."""

NEWER_MAX = 100
"""How many deliveries of one entity are looked at for a newer one, latest first."""

_ROW = (
    "SELECT seq, lane, destination, state, attempts, cause, detail, sent_us, done_us, history, change, kind, "
    "statement_seq, accepted_us, undone FROM deliveries WHERE id = ?"
)
DELIVERED = (
    "SELECT d.id, d.seq, o.occurrence FROM deliveries d INDEXED BY deliveries_entity "
    "LEFT JOIN outcomes o ON o.seq = d.statement_seq WHERE d.entity = ? "
    "AND d.state IN ('waiting', 'held', 'delivered') AND d.state = 'delivered' "
    "AND d.lane = ? AND d.destination = ? ORDER BY d.seq DESC LIMIT ?"
)


class Does(Enum):
    """What a replay does with one delivery."""

    SEND = "send"
    PROBE = "probe"
    """It is looked for at the vendor first: its outcome is unknown."""
    PLACE = "place"
    """It never had a destination and is planned anew."""
    HAS_EFFECT = "has_effect"
    """What it should bring about is there already, or on its way."""
    OBSOLETE = "obsolete"
    """It would be old news: a newer value was delivered, it is older than the effect horizon, or it was taken back."""
    ORPHAN = "orphan"
    """Its lane is not configured any more."""
    NOWHERE = "nowhere"
    """There is still no destination for it."""
    NOTHING = "nothing"
    """It is no dead letter (any more)."""


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery to be tried again, with what the configuration says of it."""

    id: str
    place: Place | Refused | None = None
    """Set for those that never had a destination."""
    orphan: bool = False
    named: bool = True
    """Somebody asked for this very one; else it is one of all."""
    horizon_us: int = 0
    """What happened before this is never posted any more."""


class Row(msgspec.Struct, frozen=True):
    """What a replay needs of a row."""

    seq: int
    lane: str
    destination: str
    state: str
    attempts: int
    cause: str | None
    detail: str
    sent_us: int | None
    done_us: int | None
    history: str
    change: bytes
    kind: str
    statement_seq: int
    accepted_us: int
    undone: int
    """1 where its statement was voided."""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """``goes``: a replay would act on it. ``destination``: where it stands, or would be placed."""

    id: str
    lane: str
    state: str
    attempts: int
    does: Does
    goes: bool
    destination: str = ""
    note: str = ""
    forward: bool = False
    """The statement itself is meant, not its change."""


def find(raw: sqlite3.Connection, delivery_id: str) -> Row | None:
    row = raw.execute(_ROW, (bytes.fromhex(delivery_id),)).fetchone()
    return Row(*row) if row else None


def judge(raw: sqlite3.Connection, wanted: Replay, row: Row | None, *, accept_double: bool) -> Judged:
    """What a replay would do with it now."""
    if row is None:
        return Judged(
            id=wanted.id, lane="", state="", attempts=0, does=Does.NOTHING, goes=False, note="there is no such delivery"
        )
    does, goes, note = _judge(raw, wanted, row, accept_double)
    destination = wanted.place.destination if isinstance(wanted.place, Place) else row.destination
    return Judged(
        id=wanted.id,
        lane=row.lane,
        state=row.state,
        attempts=row.attempts,
        does=does,
        goes=goes,
        destination=destination,
        note=note,
    )


def _judge(raw: sqlite3.Connection, wanted: Replay, row: Row, accept_double: bool) -> tuple[Does, bool, str]:
    unplaced = row.destination.startswith(NEVER_PLACED)
    replaced = row.state == "superseded" and not unplaced
    if row.state not in {"dead", "parked"} and not replaced:
        return Does.NOTHING, False, f"it is {row.state}: there is nothing to replay"
    if wanted.orphan:
        note = (
            f"{row.lane} is not configured any more: nobody would carry it; discard it, or configure the target again"
        )
        return Does.ORPHAN, False, note
    if row.undone:
        return Does.OBSOLETE, False, f"its statement was voided{_by(raw, row)}: refused; dlq discard lets it be"
    change = rows.unpack_carried(row.change)
    if happened_us(change, row.accepted_us) < wanted.horizon_us:
        return Does.OBSOLETE, False, f"it happened at {change.at}, before the effect horizon: refused"
    destination = row.destination
    if unplaced:
        match wanted.place:
            case None:
                return Does.NOWHERE, False, "no place was looked for: its target is not configured"
            case Refused(detail=detail):
                return Does.NOWHERE, False, f"there is still no destination: {detail}"
            case Place(destination=destination):
                pass
        if known := _known(raw, row, change, destination):
            return Does.HAS_EFFECT, wanted.named, known
    if replaced:
        return Does.OBSOLETE, wanted.named, f"it was superseded: {row.detail}"
    if newer := _newer(raw, row, change, destination):
        return Does.OBSOLETE, wanted.named, f"{destination} has a newer value already: delivery {newer}"
    if unplaced:
        return Does.PLACE, True, f"goes to {destination}"
    if row.state == "parked" and not accept_double:
        return Does.PROBE, True, "it is looked for at the vendor first, and sent if it surely is not there"
    return Does.SEND, True, "a double is accepted" if row.state == "parked" else ""


def _by(raw: sqlite3.Connection, row: Row) -> str:
    by = relations.voided_by(raw, row.statement_seq)
    return f" by {by}" if by else ""


def happened_us(change: Carried, accepted_us: int) -> int:
    """The event's own time, never later than its acceptance."""
    moment = moment_of(change.at)
    return accepted_us if moment is None else min(accepted_us, int(moment.timestamp() * 1e6))


def occurrence(raw: sqlite3.Connection, statement_seq: int) -> int:
    """The number of the change that a statement told; 1 where nothing is known of it any more."""
    row = raw.execute("SELECT occurrence FROM outcomes WHERE seq = ?", (statement_seq,)).fetchone()
    return int(row[0]) if row and row[0] else 1


def effect_key(raw: sqlite3.Connection, row: Row, change: Carried, destination: str) -> bytes:
    """Of the same change at another destination."""
    tenant, _, target = row.lane.partition("/")
    return rows.key(tenant, target, destination, row.kind, change.entity, occurrence(raw, row.statement_seq))


def _known(raw: sqlite3.Connection, row: Row, change: Carried, destination: str) -> str:
    """Who brought it about at that destination, or will; empty if nobody."""
    return at_destination(raw, effect_key(raw, row, change, destination), destination)


def at_destination(raw: sqlite3.Connection, key: bytes, destination: str) -> str:
    """What the ledger knows of an effect, in words; empty if it is new."""
    if raw.execute("SELECT 1 FROM effects WHERE key = ?", (key,)).fetchone() is None:
        return ""
    row = raw.execute("SELECT state FROM deliveries WHERE id = ?", (key,)).fetchone()
    if row is None or row[0] == "delivered":
        return f"{destination} has this post already"
    return f"{destination} has a delivery for it already, {row[0]}: {key.hex()}"


def _newer(raw: sqlite3.Connection, row: Row, change: Carried, destination: str) -> str:
    """The delivery that brought a newer value of the same entity there; empty if none did. What was counted is
    compared where it is still known, else the order in which they were planned."""
    if not change.standing or row.kind != change.kind:
        return ""
    tenant, _, _ = row.lane.partition("/")
    own = raw.execute("SELECT occurrence FROM outcomes WHERE seq = ?", (row.statement_seq,)).fetchone()
    found: Sequence[Any] = raw.execute(
        DELIVERED, (rows.key(tenant, change.entity), row.lane, destination, NEWER_MAX)
    ).fetchall()
    for delivery_id, seq, counted in found:
        if (counted > own[0]) if own is not None and counted is not None else (seq > row.seq):
            return str(delivery_id.hex())
    return ""
