"""The few changes of the outbox that only people make: replay, discard, pause, resume.

Each is a job over one row or one lane, kept to the rules of ``outbox``: whatever enters a line again takes its place
by ``seq``, a line has one head, and a row in somebody's hands is never overtaken. What a person did is written into
the row's history beside the attempts, so that ``why`` tells it years later.
"""

import sqlite3
from collections.abc import Iterable
from typing import Any

import msgspec

from actors.domain.outbox import Attempt, Place, State
from actors.domain.verdicts import Refused
from daemon.store import outbox, rows

NEVER_PLACED = "?"
"""A destination that starts like this is a route's name: no place was found when the delivery was planned."""


class Intervened(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one row. ``done`` is False where nothing was changed; ``note`` says why, or what else happened.
    ``made`` is the id of the delivery that took its place."""

    id: str
    lane: str
    before: str
    after: str
    done: bool
    note: str = ""
    made: str = ""


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """One dead letter to be tried again. ``place`` is set for those that never had a destination."""

    id: str
    place: Place | Refused | None = None


class _Row(msgspec.Struct, frozen=True):
    """What an intervention needs of a row."""

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


def replay(
    raw: sqlite3.Connection, wanted: Iterable[Replay], *, by: str, now_us: int, accept_double: bool
) -> list[Intervened]:
    """Dead letters wait again, with their attempts; parked ones are probed again, or sent if a double is accepted."""
    return [_replay(raw, one, by, now_us, accept_double) for one in wanted]


def discard(raw: sqlite3.Connection, ids: Iterable[str], *, by: str, now_us: int) -> list[Intervened]:
    """Dead letters and parked deliveries are cancelled: they are no longer anybody's concern, and stay on record."""
    return [_discard(raw, one, by, now_us) for one in ids]


def pause(raw: sqlite3.Connection, lane: str, by: str, now_us: int) -> str:
    """Hold the lane back until somebody resumes it. Returns who had paused it already, else an empty text."""
    paused_by = _paused_by(raw, lane)
    if not paused_by:
        raw.execute(
            "INSERT INTO lanes (lane, paused_by, paused_us) VALUES (?, ?, ?) ON CONFLICT (lane) "
            "DO UPDATE SET paused_by = excluded.paused_by, paused_us = excluded.paused_us",
            (lane, by, now_us),
        )
    return paused_by


def resume(raw: sqlite3.Connection, lane: str) -> str:
    """Undo ``pause``. Returns who had paused it, an empty text if nobody had."""
    paused_by = _paused_by(raw, lane)
    raw.execute("UPDATE lanes SET paused_by = '', paused_us = NULL WHERE lane = ?", (lane,))
    return paused_by


def unthrottle(raw: sqlite3.Connection, lane: str, now_us: int) -> bool:
    """Forget the time that the vendor named; who waits at the head of a line for it is due now. Whether it had."""
    lifted = raw.execute(
        "UPDATE lanes SET throttled_until_us = 0 WHERE lane = ? AND throttled_until_us > ?", (lane, now_us)
    ).rowcount
    if lifted:
        raw.execute(
            "UPDATE deliveries SET due_us = ? WHERE lane = ? AND head = 1 AND claimed_by IS NULL "
            "AND state = 'waiting' AND due_us > ?",
            (now_us, lane, now_us),
        )
    return bool(lifted)


def _paused_by(raw: sqlite3.Connection, lane: str) -> str:
    row = raw.execute("SELECT paused_by FROM lanes WHERE lane = ?", (lane,)).fetchone()
    return row[0] if row else ""


# ── one row ──────────────────────────────────────────────────────────────────────────────────────────


def _replay(raw: sqlite3.Connection, wanted: Replay, by: str, now_us: int, accept_double: bool) -> Intervened:
    row = _find(raw, wanted.id)
    if row is None:
        return _gone(wanted.id)
    if row.state == "parked" and not accept_double:
        return _probe_again(raw, wanted.id, row, by, now_us)
    if row.state not in {"dead", "parked"}:
        return _unchanged(wanted.id, row, f"it is {row.state}: there is nothing to replay")
    if row.destination.startswith(NEVER_PLACED):
        return _place_anew(raw, wanted, row, by, now_us)
    note = f"a double was accepted; it was parked: {row.detail}" if row.state == "parked" else _was(row)
    # A parked row's earlier send may still have landed: it keeps its sent_us, so that a later probe finds either.
    sent_us = row.sent_us if row.state == "parked" else None
    _reopen(raw, row, State.WAITING, f"replayed by {by}", sent_us, None, _noted(row, "replayed", by, note, now_us))
    _join_line(raw, row, now_us)
    return Intervened(id=wanted.id, lane=row.lane, before=row.state, after="waiting", done=True)


def _probe_again(raw: sqlite3.Connection, delivery_id: str, row: _Row, by: str, now_us: int) -> Intervened:
    history = _noted(row, "probe_asked", by, f"it was parked: {row.detail}", now_us)
    doubt_us = row.done_us or now_us  # when it was parked: no earlier than the doubt, so no absence is believed early
    _reopen(raw, row, State.UNKNOWN, f"to be probed again, says {by}", row.sent_us or doubt_us, doubt_us, history)
    _join_line(raw, row, now_us)
    return Intervened(id=delivery_id, lane=row.lane, before="parked", after="unknown", done=True)


def _reopen(
    raw: sqlite3.Connection,
    row: _Row,
    state: State,
    detail: str,
    sent_us: int | None,
    doubt_us: int | None,
    history: str,
) -> None:
    raw.execute(
        "UPDATE deliveries SET state = ?, head = 0, attempts = 0, sent_us = ?, doubt_us = ?, cause = NULL, "
        "detail = ?, done_us = NULL, history = ? WHERE seq = ?",
        (state.value, sent_us, doubt_us, detail, history, row.seq),
    )


def _join_line(raw: sqlite3.Connection, row: _Row, now_us: int) -> None:
    """Take the place in line that ``seq`` gives. A waiting head steps back for an older row; a claimed or
    unknown one goes first, and the line moves on in order after it."""
    head = raw.execute(
        "SELECT seq, state, due_us FROM deliveries INDEXED BY deliveries_line WHERE lane = ? "
        "AND destination = ? AND state IN ('waiting', 'claimed', 'unknown') AND head = 1",
        (row.lane, row.destination),
    ).fetchone()
    due_us = now_us
    if head is not None:
        if head[0] < row.seq or head[1] != "waiting":
            raw.execute("UPDATE deliveries SET due_us = ? WHERE seq = ?", (now_us, row.seq))
            return
        raw.execute("UPDATE deliveries SET head = 0 WHERE seq = ?", (head[0],))
        due_us = max(now_us, head[2])  # the destination may have been told to wait
    raw.execute("UPDATE deliveries SET due_us = ? WHERE seq = ?", (due_us, row.seq))
    outbox.advance(raw, row.lane, row.destination, due_us)


def _place_anew(raw: sqlite3.Connection, wanted: Replay, row: _Row, by: str, now_us: int) -> Intervened:
    """A new delivery at the place that is now known. The effect ledger decides, as for any other, whether the post
    was made there already; either way the old row is superseded."""
    match wanted.place:
        case None:
            return _unchanged(wanted.id, row, "no place was looked for: its target is not configured")
        case Refused(detail=detail):
            return _unchanged(wanted.id, row, f"there is still no destination: {detail}")
        case Place(destination=destination):
            pass
    made = _copy(raw, row, destination, by, now_us)
    note = f"placed at {destination}" if made else f"{destination} has this post already"
    history = _noted(row, "placed", by, f"{note}; {_was(row)}", now_us)
    detail = f"{note} by {by}" + (f" as {made}" if made else "")
    _close(raw, row, State.SUPERSEDED, detail, history, now_us)
    return Intervened(
        id=wanted.id, lane=row.lane, before=row.state, after="superseded", done=True, note=note, made=made
    )


def _copy(raw: sqlite3.Connection, row: _Row, destination: str, by: str, now_us: int) -> str:
    """The delivery planned again for a destination, its occurrence kept; an empty text if that effect is known."""
    old: Any = raw.execute(
        "SELECT d.id, d.change, d.kind, coalesce(o.occurrence, 1) FROM deliveries d "
        "LEFT JOIN outcomes o ON o.seq = d.statement_seq WHERE d.seq = ?",
        (row.seq,),
    ).fetchone()
    tenant, _, target = row.lane.partition("/")
    entity = rows.unpack_change(old[1]).entity
    key = rows.key(tenant, target, destination, old[2], entity, old[3])
    if not raw.execute("INSERT OR IGNORE INTO effects VALUES (?, ?)", (key, now_us // outbox.DAY_US)).rowcount:
        return ""
    history = rows.longer_history("", _note("placed", by, f"in place of {old[0].hex()}; {_was(row)}", now_us))
    seq = raw.execute(
        "INSERT INTO deliveries (id, lane, route, destination, audience, change, kind, statement_seq, statement_id, "
        "correlation_id, traceparent, template, doubtful, attempts_max, state, accepted_us, due_us, detail, history) "
        "SELECT ?, lane, route, ?, audience, change, kind, statement_seq, statement_id, correlation_id, traceparent, "
        "template, doubtful, attempts_max, 'waiting', accepted_us, ?, ?, ? FROM deliveries WHERE seq = ?",
        (key, destination, now_us, f"placed by {by}", history, row.seq),
    ).lastrowid
    _join_line(raw, msgspec.structs.replace(row, seq=seq, destination=destination), now_us)
    return key.hex()


def _discard(raw: sqlite3.Connection, delivery_id: str, by: str, now_us: int) -> Intervened:
    row = _find(raw, delivery_id)
    if row is None:
        return _gone(delivery_id)
    if row.state not in {"dead", "parked"}:
        return _unchanged(delivery_id, row, f"it is {row.state}: only dead and parked deliveries can be discarded")
    history = _noted(row, "discarded", by, _was(row), now_us)
    _close(raw, row, State.CANCELLED, f"discarded by {by}; {_was(row)}", history, now_us)
    return Intervened(id=delivery_id, lane=row.lane, before=row.state, after="cancelled", done=True)


def _close(raw: sqlite3.Connection, row: _Row, state: State, detail: str, history: str, now_us: int) -> None:
    """From one state outside the line to another: nobody's turn changes."""
    raw.execute(
        "UPDATE deliveries SET state = ?, cause = NULL, detail = ?, done_us = ?, history = ? WHERE seq = ?",
        (state.value, detail, now_us, history, row.seq),
    )


def _find(raw: sqlite3.Connection, delivery_id: str) -> _Row | None:
    row = raw.execute(
        "SELECT seq, lane, destination, state, attempts, cause, detail, sent_us, done_us, history "
        "FROM deliveries WHERE id = ?",
        (bytes.fromhex(delivery_id),),
    ).fetchone()
    return _Row(*row) if row else None


def _was(row: _Row) -> str:
    return f"it was {row.state}, {row.cause}: {row.detail}"


def _note(verdict: str, by: str, detail: str, now_us: int, number: int = 0) -> Attempt:
    return Attempt(
        number=number, kind="person", started_us=now_us, ended_us=now_us, verdict=verdict, detail=f"by {by}; {detail}"
    )


def _noted(row: _Row, verdict: str, by: str, detail: str, now_us: int) -> str:
    return rows.longer_history(row.history, _note(verdict, by, detail, now_us, row.attempts))


def _gone(delivery_id: str) -> Intervened:
    return Intervened(id=delivery_id, lane="", before="", after="", done=False, note="there is no such delivery")


def _unchanged(delivery_id: str, row: _Row, note: str) -> Intervened:
    return Intervened(id=delivery_id, lane=row.lane, before=row.state, after=row.state, done=False, note=note)
