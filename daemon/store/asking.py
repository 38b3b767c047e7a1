"""How operators' questions read in SQL, and the rows that answer them. Each is a job on the reading connection."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from actors.domain.outbox import Attempt, Delivery, HeldFor, State
from actors.domain.verdicts import Cause
from daemon.store import rows

UNROUTED_COUNT_MAX = 10_000
DONE_LOOKBACK = 50_000
"""How many of the newest rows are looked through for delivered ones, which have no index of their own."""

KEPT = (
    f"{rows.DELIVERY}, head, claimed_by, cause, detail, receipt, done_us, history, statement_seq, kind, held_for, "
    "digest, revise, undone, rendered"
)
_KEPT_FROM = len(rows.DELIVERY.split(","))


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery with all that its row tells."""

    delivery: Delivery
    head: bool
    claimed_by: str | None
    cause: Cause | None
    detail: str
    receipt: dict[str, str] | None
    done_us: int | None
    history: list[Attempt]
    statement_seq: int
    kind: str
    """Of its change, or ``digest``."""
    held_for: HeldFor = HeldFor.PERSON
    digest: int | None = None
    """The digest it stands in, by its place in the outbox."""
    revise: bool = False
    """It rewrites the earlier post of the same entity, where there is one."""
    undone: bool = False
    """Its statement was voided: if it turns out not to have been made, it is made no more."""
    rendered: str = ""
    """What would have been sent, of what is only rehearsed."""


class LaneHold(msgspec.Struct, frozen=True, kw_only=True):
    """Why a lane is held back, if it is: *paused* by an operator, *suspended* because the vendor revoked us, in an
    *outage* of the vendor, *throttled* because it named a time (which may have passed)."""

    paused_by: str = ""
    paused_us: int | None = None
    suspended: str = ""
    suspended_us: int | None = None
    outage: str = ""
    outage_us: int | None = None
    throttled_until_us: int = 0


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the router made of a statement."""

    kind: str | None
    reason: str
    occurrence: int
    deliveries: int
    unrouted: bool = False
    """Kept, and replayable: no enabled route took it, or we failed on it."""
    news: str = ""
    """Whether its change was news when it was told (``occurrence.News``), or it took one back (``retracted``)."""


class Untaken(msgspec.Struct, frozen=True, kw_only=True):
    """A statement that is kept because no enabled route took it (or not all that it could have gone to)."""

    seq: int
    tenant: str
    kind: str | None
    reason: str
    occurrence: int
    deliveries: int


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """One accepted request. ``fresh`` of its statements were new, ``collapsed`` were stored before."""

    no: int
    tenant: str
    source: str
    correlation_id: str
    traceparent: str
    version: str
    authority: bytes
    at_us: int
    fresh: int
    collapsed: int


HOLDS = (
    "SELECT lane, paused_by, paused_us, suspended, suspended_us, outage, outage_us, throttled_until_us FROM lanes "
    "WHERE paused_by <> '' OR suspended <> '' OR outage <> '' OR throttled_until_us > 0"
)
UNTAKEN_LOOKED = 2_000
"""Kept statements of all tenants that are looked at in one read."""
_UNTAKEN = (
    "SELECT o.seq, s.tenant, o.kind, o.reason, o.occurrence, o.deliveries FROM (SELECT * FROM outcomes "  # noqa: S608
    "INDEXED BY outcomes_unrouted WHERE unrouted = 1 AND seq {bound} ? ORDER BY seq {way} "
    f"LIMIT {UNTAKEN_LOOKED}) o CROSS JOIN statements s ON s.seq = o.seq ORDER BY o.seq {{way}}"
)
UNTAKEN_OLDEST = _UNTAKEN.format(bound=">", way="ASC")
UNTAKEN_NEWEST = _UNTAKEN.format(bound="<", way="DESC")
UNROUTED = (
    "SELECT count(*) FROM (SELECT 1 FROM statements WHERE tenant = ? AND seq > "  # noqa: S608  # a constant only
    f"coalesce((SELECT seq FROM cursors WHERE tenant = ?), 0) LIMIT {UNROUTED_COUNT_MAX})"
)
STUCK = (
    f"SELECT {KEPT} FROM deliveries INDEXED BY deliveries_stuck WHERE lane = ? AND state IN ('dead', 'parked') "  # noqa: S608
    "AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?"
)
COUNTED = (
    "SELECT seq, cause, done_us FROM deliveries INDEXED BY deliveries_stuck WHERE lane = ? "
    "AND state IN ('dead', 'parked') AND seq > ? ORDER BY seq LIMIT ?"
)
ITEMS = f"SELECT {KEPT} FROM deliveries WHERE digest = ? ORDER BY seq LIMIT ?"  # noqa: S608  # columns only
BY_SEQ = f"SELECT {KEPT} FROM deliveries WHERE seq = ?"  # noqa: S608  # columns only
BY_ID = f"SELECT {KEPT} FROM deliveries WHERE id = ?"  # noqa: S608  # columns only
DELIVERIES_LIKE = f"SELECT {KEPT} FROM deliveries WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?"  # noqa: S608
DELIVERIES_OF = f"SELECT {KEPT} FROM deliveries WHERE statement_seq = ? ORDER BY seq"  # noqa: S608
IN_FRONT = (
    f"SELECT {KEPT} FROM deliveries INDEXED BY deliveries_line WHERE lane = ? AND destination = ? "  # noqa: S608
    "AND state IN ('waiting', 'claimed', 'unknown') AND head = 1"
)
FROM_STATEMENTS = f"SELECT s.tenant, {rows.STATEMENT} FROM statements s JOIN arrivals a ON a.no = s.arrival "  # noqa: S608
STATEMENT = FROM_STATEMENTS + "WHERE s.seq = ?"
STATEMENTS_FROM = (
    FROM_STATEMENTS + "WHERE s.seq IN (SELECT seq FROM statements WHERE seq >= ? ORDER BY seq LIMIT ?) "  # noqa: S608
    "AND s.arrival = ? ORDER BY s.seq"
)
ENDS = (  # apart: SQLite answers either from the end of the table, but both at once only by walking it
    "SELECT coalesce((SELECT min(seq) FROM statements), 0), coalesce((SELECT max(seq) FROM statements), -1)"
)
ARRIVALS = (
    "SELECT no, tenant, source, correlation_id, traceparent, version, authority, at_us, fresh, collapsed "
    "FROM arrivals WHERE correlation_id = ? ORDER BY no DESC LIMIT ?"
)


_OPEN = "'waiting', 'claimed', 'unknown'"
_RARE = "'unknown', 'parked', 'held', 'superseded', 'shadowed', 'cancelled'"


def _in_state(index: str, states: str) -> str:
    """The index's own condition is repeated: a partial index serves only what is seen to lie within it."""
    return (
        f"SELECT {KEPT} FROM deliveries INDEXED BY {index} WHERE lane = ? AND state IN ({states}) AND state = ? "  # noqa: S608
        "AND seq > ? ORDER BY seq LIMIT ?"
    )


LISTS: dict[State, str] = {
    State.WAITING: _in_state("deliveries_open", _OPEN),
    State.CLAIMED: (
        f"SELECT {KEPT} FROM deliveries INDEXED BY deliveries_claimed WHERE lane = ? AND claimed_by IS NOT NULL "  # noqa: S608
        "AND state = ? AND seq > ? ORDER BY seq LIMIT ?"
    ),
    State.DEAD: _in_state("deliveries_stuck", "'dead', 'parked'"),
    State.UNKNOWN: _in_state("deliveries_rare", _RARE),
    State.PARKED: _in_state("deliveries_rare", _RARE),
    State.HELD: _in_state("deliveries_rare", _RARE),
    State.SUPERSEDED: _in_state("deliveries_rare", _RARE),
    State.SHADOWED: _in_state("deliveries_rare", _RARE),
    State.CANCELLED: _in_state("deliveries_rare", _RARE),
    State.DELIVERED: (
        f"SELECT {KEPT} FROM deliveries NOT INDEXED WHERE lane = ? AND state = ? "  # noqa: S608
        f"AND seq > max(?, (SELECT coalesce(max(seq), 0) FROM deliveries) - {DONE_LOOKBACK}) ORDER BY seq DESC LIMIT ?"
    ),
}
"""How each state is listed: (lane, state, after_seq, limit)."""


def listed(raw: sqlite3.Connection, lane: str, state: State, limit: int, after_seq: int) -> list[Any]:
    return raw.execute(LISTS[state], (lane, state.value, after_seq, limit)).fetchall()


def kept(row: Sequence[Any]) -> Kept:
    """From the columns ``KEPT``."""
    head, claimed_by, cause, detail, receipt, done_us, history, statement_seq, *more = row[_KEPT_FROM:]
    kind, held_for, digest, revise, undone, rendered = more
    return Kept(
        delivery=rows.delivery(row),
        head=bool(head),
        claimed_by=claimed_by,
        cause=None if cause is None else Cause(cause),
        detail=detail,
        receipt=rows.unpack_receipt(receipt),
        done_us=done_us,
        history=rows.unpack_history(history),
        statement_seq=statement_seq,
        kind=kind,
        held_for=HeldFor(held_for),
        digest=digest,
        revise=bool(revise),
        undone=bool(undone),
        rendered="" if rendered is None else rendered.decode(errors="replace"),
    )


def oldest_open(raw: sqlite3.Connection, lanes: Sequence[str]) -> dict[str, int]:
    sql = (
        "SELECT accepted_us FROM deliveries INDEXED BY deliveries_open WHERE lane = ? "
        "AND state IN ('waiting', 'claimed', 'unknown') ORDER BY seq LIMIT 1"  # as the index has it, to the letter
    )
    found = {lane: raw.execute(sql, (lane,)).fetchone() for lane in lanes}
    return {lane: row[0] for lane, row in found.items() if row}


def addresses(raw: sqlite3.Connection, lane: str, emails: Iterable[str]) -> set[str]:
    sql = "SELECT 1 FROM addresses WHERE lane = ? AND email = ?"
    return {email for email in emails if raw.execute(sql, (lane, email)).fetchone()}


def statements_at(raw: sqlite3.Connection, seqs: Iterable[int]) -> list[Any]:
    """Those that are there still."""
    found = (raw.execute(STATEMENT, (seq,)).fetchone() for seq in seqs)
    return [row for row in found if row]


def bounds(prefix: str) -> tuple[bytes, bytes]:
    """The least and the greatest 128-bit id that start with these digits."""
    return bytes.fromhex(prefix.ljust(32, "0")), bytes.fromhex(prefix.ljust(32, "f"))


def statements_like(raw: sqlite3.Connection, tenants: Iterable[str], low: bytes, high: bytes, limit: int) -> list[Any]:
    found: list[Any] = []
    for tenant in tenants:
        found += raw.execute(
            FROM_STATEMENTS + "WHERE s.tenant = ? AND s.id BETWEEN ? AND ? LIMIT ?", (tenant, low, high, limit)
        ).fetchall()
        if len(found) >= limit:
            break
    return found[:limit]


def statements_of(raw: sqlite3.Connection, arrival: int, limit: int) -> list[Any]:
    """Arrival numbers and places in the log grow together, so the first statement of a request is found by halving:
    an index for this one question would cost every statement that is stored."""
    low, high = raw.execute(ENDS).fetchone()
    high += 1
    while low < high:
        middle = (low + high) // 2
        row = raw.execute(
            "SELECT seq, arrival FROM statements WHERE seq >= ? ORDER BY seq LIMIT 1", (middle,)
        ).fetchone()
        if row[1] < arrival:
            low = row[0] + 1
        else:
            high = middle
    return raw.execute(STATEMENTS_FROM, (low, limit, arrival)).fetchall()
