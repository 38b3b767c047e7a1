"""Deliveries that name a person: those about them that are not done are cancelled, and all stay on record, without
them. So are orders about rosters that name them with others: those are planned anew. See ``erasing``.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec

from actors.domain.erasing import Eraser, Fate
from actors.domain.likeness import SAID
from actors.domain.piloting import subject_of
from actors.domain.rosters.order import RosterOrder
from daemon.store import lines, piloting, rows
from daemon.store.erasing import Counts, Room, Rows, bounded

CANCELLED = "its learner was erased"
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode

_DELIVERIES = (
    "SELECT seq, change, destination, detail, history, receipt, state, lane, head, kind, audience, digest, sent_us "
    "FROM deliveries WHERE {} ORDER BY seq"
)
_OPEN = frozenset({"waiting", "claimed", "unknown", "held", "dead", "parked"})
_FLYING = frozenset({"claimed", "unknown"})
ORDER = RosterOrder.__struct_config__.tag
_REPLAN = (
    "UPDATE roster_places SET due = max(due, 1), due_us = 0, marks = marks + 1 WHERE lane = ? "
    "AND 'roster:' || rule || '|' || unit = ?"
)
_HEIR = (
    "SELECT change, statement_seq, statement_id, correlation_id, traceparent FROM deliveries "
    "WHERE digest = ? ORDER BY seq"
)


def find_deliveries(raw: sqlite3.Connection, tenant: str, after: int) -> Rows:
    found = raw.execute(_DELIVERIES.format("seq > ? AND lane > ? AND lane < ?"), (after, f"{tenant}/", f"{tenant}0"))
    return bounded(found, lambda row: len(row[1]) + len(row[4]))


def fate_of_delivery(eraser: Eraser, row: Any) -> Fate:
    """It goes where it is about them; it never leaves its table. An order of several people that was sent, or may have
    been, is left to its end: what it names is the vendor's own."""
    if row[9] == ORDER and (row[6] in _FLYING or (row[6] == "waiting" and row[12] is not None)):
        return Fate.STAYS
    if _may_concern(eraser, row[1]):
        change = _decode(row[1])
        if eraser.is_about(change):
            return Fate.GOES
        if eraser.mentions(change):
            return Fate.GOES if row[9] == ORDER and row[6] in _OPEN else Fate.CHANGED
    return Fate.CHANGED if any(text and eraser.mentions(text) for text in row[2:5]) else Fate.STAYS


def count_deliveries(raw: sqlite3.Connection, tenant: str, judged: Sequence[tuple[Any, Fate]]) -> Counts:
    cancelled = sum(fate is Fate.GOES and row[6] in _OPEN and row[9] != "digest" for row, fate in judged)
    return {"deliveries_cancelled": cancelled, "deliveries_changed": len(judged) - cancelled}


def apply_to_deliveries(raw: sqlite3.Connection, tenant: str, eraser: Eraser, rows_: Rows, now_us: int) -> Counts:
    cancelled = changed = 0
    for row in rows_:
        now = raw.execute(_DELIVERIES.format("seq = ?"), (row[0],)).fetchone()
        fate = Fate.STAYS if now is None else fate_of_delivery(eraser, now)
        if fate is Fate.STAYS:
            continue
        if fate is Fate.GOES and now[6] in _OPEN and not (now[9] == "digest" and _inherit(raw, now[0])):
            _cancel(raw, now, now_us)
            if now[9] == ORDER:  # it is planned anew, without them
                raw.execute(_REPLAN, (now[7], now[2]))
            cancelled += 1
        else:
            changed += 1
        _rewrite(raw, eraser, now[0])
    return {"deliveries_cancelled": cancelled, "deliveries_changed": changed}


def _inherit(raw: sqlite3.Connection, digest: int) -> bool:
    """A digest goes on without them, in the name of the next change in it; False where it has no other."""
    heir = raw.execute(_HEIR, (digest,)).fetchone()
    if heir is None:
        return False
    raw.execute(
        "UPDATE deliveries SET change = ?, statement_seq = ?, statement_id = ?, correlation_id = ?, traceparent = ? "
        "WHERE seq = ?",
        (*heir, digest),
    )
    return True


def _cancel(raw: sqlite3.Connection, row: Any, now_us: int) -> None:
    """Whoever has it in hand finds the claim gone. What stands in a digest stands there no more."""
    seq, _, destination, _, _, _, _, lane, head, *_ = row
    raw.execute(
        "UPDATE deliveries SET state = 'cancelled', head = 0, claimed_by = NULL, held_for = '', digest = NULL, "
        "cause = NULL, receipt = NULL, done_us = ?, detail = ? WHERE seq = ?",
        (now_us, CANCELLED, seq),
    )
    if head:
        lines.advance(raw, lane, destination, now_us)


def _rewrite(raw: sqlite3.Connection, eraser: Eraser, seq: int) -> None:
    """Its texts, without them. The vendor's names of a conversation with them are no use to anybody any more."""
    row = raw.execute(_DELIVERIES.format("seq = ?"), (seq,)).fetchone()
    _, change, destination, detail, history, receipt, _, _, _, kind, audience, _, _ = row
    told = _decode(change)
    if kind == ORDER and receipt is not None:
        receipt = eraser.encoded(receipt)
    about = eraser.is_about(told)
    if about:
        _leave_pilots(raw, change, seq)
    private = about and bool(_decode(audience).get("learner"))
    fresh = _encode(eraser.without(told))
    rows.unpack_carried(fresh)  # what cannot be read any more is not stored
    raw.execute(
        "UPDATE deliveries SET change = ?, destination = ?, detail = ?, history = ?, receipt = ?, entity = ?, "
        "rendered = NULL WHERE seq = ?",
        (
            fresh,
            f"learner:{eraser.pseudonym}" if private else eraser.text(destination),
            eraser.text(detail),
            _history(eraser, history, private=private),
            b"{}" if private and receipt is not None else _unsaid(receipt),
            None if about else raw.execute("SELECT entity FROM deliveries WHERE seq = ?", (seq,)).fetchone()[0],
            seq,
        ),
    )


def _leave_pilots(raw: sqlite3.Connection, change: bytes, seq: int) -> None:
    """No pilot remembers them as somebody of its cohort."""
    lane, pilot = raw.execute("SELECT lane, pilot FROM deliveries WHERE seq = ?", (seq,)).fetchone()
    if pilot is not None:
        subject = subject_of(rows.unpack_change(change))
        piloting.forget(raw, lane.partition("/")[0], subject.names)


def _unsaid(receipt: bytes | None) -> bytes | None:
    """A receipt without the print of words that were theirs."""
    told = {} if receipt is None else _decode(receipt)
    return receipt if SAID not in told else _encode({name: value for name, value in told.items() if name != SAID})


def _history(eraser: Eraser, history: str, *, private: bool) -> str:
    if not history:
        return history
    kept = eraser.without(_decode(f"[{history}]"))
    if private:
        for line in kept:
            line["request_ids"] = {}
    return _encode(kept).decode()[1:-1]


def _may_concern(eraser: Eraser, *texts: bytes | str | None) -> bool:
    return any(text and eraser.may_concern(text) for text in texts)


DELIVERIES = Room("deliveries", find_deliveries, fate_of_delivery, apply_to_deliveries, count_deliveries)
