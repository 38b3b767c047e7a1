"""A statement is voided: what it led to is taken back, as far as it can be.

What waits is cancelled, what is on its way is not tried again. The entity stands as it stood before; where somebody may
have heard of the change, its correction is told instead. A change that another statement told too stays as it is.
"""

import sqlite3
from typing import NamedTuple
from uuid import UUID

from actors.domain.changes import AnyChange
from actors.domain.occurrence import Counted, Known, correct, retract
from actors.domain.outbox import Attempt, Decision, State
from actors.ports import Caused
from daemon.store import lines, rows
from daemon.store.entities import keep, known_of

STANDS = "voiding: another statement told the same; nothing is taken back"
OLDER = "voiding: taken back from what was before; it is not in force any more, so nothing needs to be told"
UNTOLD = "voiding: taken back before anybody was told"
LANDED = "; an earlier attempt may have landed"
SILENT = "voiding: taken back; no word of ours says so, so nothing is told"

_STATEMENT = (
    "SELECT s.seq, o.change, o.entity, o.occurrence FROM statements s JOIN outcomes o ON o.seq = s.seq "
    "JOIN voids v ON v.tenant = s.tenant AND v.id = s.id "
    "WHERE s.tenant = ? AND s.id = ? AND s.voided = 1 AND v.by_seq = ? AND o.change IS NOT NULL"
)
_OWN = "statement_seq = ? AND kind NOT IN ('statement', 'digest')"  # one that carries others is nobody's own
_OPEN = (
    "SELECT seq, lane, destination, state, history, state = 'waiting' AND sent_us IS NOT NULL FROM deliveries "  # noqa: S608  # constants only
    f"WHERE {_OWN} AND digest IS NULL AND state IN ('held', 'dead', 'waiting')"
)
_HEARD = (
    f"SELECT count(*) FROM deliveries WHERE {_OWN} "  # noqa: S608  # constants only
    "AND (state IN ('delivered', 'claimed', 'unknown', 'parked') OR digest IS NOT NULL "
    "OR (state = 'waiting' AND sent_us IS NOT NULL) "
    "OR (state = 'cancelled' AND detail LIKE 'discarded by %; it was parked%'))"
)
_PASSED_OVER = (
    "SELECT 1 FROM outcomes INDEXED BY outcomes_overtaken WHERE entity = ?1 AND news = 'overtaken' "
    "AND occurrence = ?2 UNION ALL "
    "SELECT 1 FROM deliveries d INDEXED BY deliveries_passed JOIN outcomes o ON o.seq = d.statement_seq "
    "WHERE d.entity = ?1 AND d.state = 'superseded' AND o.occurrence = ?2 AND substr(d.destination, 1, 1) <> '?' "
    "LIMIT 1"
)
_KEPT = "SELECT count(*) FROM deliveries WHERE statement_seq = ? AND kind <> 'digest'"


def caused(raw: sqlite3.Connection, tenant: str, statement_id: str, by_seq: int) -> Caused | None:
    """See ``ports.Outbox.caused``."""
    row = raw.execute(_STATEMENT, (tenant, UUID(statement_id).bytes, by_seq)).fetchone()
    if row is None:
        return None
    seq, change, entity, occurrence = row
    known = known_of(raw, entity)
    left = None if known is None else retract(known, occurrence)
    stands = left is None or known is None or known.occurrence != occurrence or _told_by(raw, entity, occurrence) != ()
    return Caused(seq=seq, change=rows.unpack_change(change), before=left.value if left else "", stands=stands)


class Undone(NamedTuple):
    """How the correction counts, or None and ``why`` it is not told. ``corrects`` names what was taken back
    (``rows.change_id``), if anything was."""

    counted: Counted | None
    why: str
    corrects: bytes | None


def undo(raw: sqlite3.Connection, seq: int, change: AnyChange | None, by: str, now_us: int) -> Undone:
    """Take back what the statement at ``seq`` told; ``change`` is the correction, ``by`` the id of the voiding one."""
    row = raw.execute(
        "SELECT entity, occurrence, deliveries, coalesce(origin, seq) FROM outcomes WHERE seq = ?", (seq,)
    ).fetchone()
    if row is None or row[0] is None:
        return Undone(None, OLDER, None)
    entity, occurrence, planned, origin = row
    others = _told_by(raw, entity, occurrence)
    if others:
        leaves = seq if seq in others else others[0]
        if leaves != seq:  # the next one takes the place of the first
            raw.execute("UPDATE outcomes SET origin = ? WHERE seq = ?", (origin, leaves))
        raw.execute("DELETE FROM tellings WHERE seq = ?", (leaves,))
        return Undone(None, STANDS, None)
    [heard], [kept] = raw.execute(_HEARD, (origin,)).fetchone(), raw.execute(_KEPT, (origin,)).fetchone()
    _cancel(raw, origin, by, now_us)
    known, corrects = known_of(raw, entity), rows.change_id(entity, occurrence)
    if known is None:
        return Undone(None, OLDER, corrects)
    left = retract(known, occurrence)
    corrected = correct(known, occurrence, change.value) if change is not None else None
    may_have_heard = heard or planned > kept  # retention took some
    if corrected is not None and (may_have_heard or _passed_over(raw, entity, left)):
        keep(raw, entity, corrected.known)
        return Undone(corrected, "", corrects)
    if left is not None:
        keep(raw, entity, left)
    older = left is None or known.occurrence != occurrence
    return Undone(None, OLDER if older else SILENT if heard else UNTOLD, corrects)


def _told_by(raw: sqlite3.Connection, entity: bytes, occurrence: int) -> tuple[int, ...]:
    """Statements that told this change when it was known already."""
    found = raw.execute("SELECT seq FROM tellings WHERE entity = ? AND occurrence = ?", (entity, occurrence))
    return tuple(row[0] for row in found)


def _passed_over(raw: sqlite3.Connection, entity: bytes, left: Known | None) -> bool:
    """Whether what is in force now was kept from somebody because of what is taken back: they never heard of it."""
    return left is not None and raw.execute(_PASSED_OVER, (entity, left.occurrence)).fetchone() is not None


def _cancel(raw: sqlite3.Connection, seq: int, by: str, now_us: int) -> None:
    """What waits is not sent. What is on its way is left to whoever carries it, and not tried again."""
    detail = f"its statement was voided by {by}"
    line = Attempt(number=0, kind="router", started_us=now_us, ended_us=now_us, verdict="cancelled", detail=detail)
    for delivery, lane, destination, state, history, doubted in raw.execute(_OPEN, (seq,)).fetchall():
        raw.execute(
            "UPDATE deliveries SET state = 'cancelled', head = 0, held_for = '', cause = NULL, detail = ?, "
            "done_us = ?, history = ? WHERE seq = ?",
            (detail + LANDED if doubted else detail, now_us, rows.longer_history(history, line), delivery),
        )
        if state == "waiting":
            lines.advance(raw, lane, destination, now_us)
    raw.execute(
        f"UPDATE deliveries SET undone = 1 WHERE {_OWN} "  # noqa: S608  # constants only
        "AND state IN ('claimed', 'unknown', 'parked', 'superseded')",
        (seq,),
    )


def settled(decision: Decision) -> Decision:
    """What becomes of a delivery whose statement was voided meanwhile: what was not done is not done any more."""
    if decision.state not in (State.WAITING, State.HELD):
        return decision
    detail = f"its statement was voided; {decision.detail}".rstrip("; ")
    return Decision(state=State.CANCELLED, refund=decision.refund, detail=detail)
