"""The few changes of the outbox that only people make: replay, discard, annotate, pause, resume.

Each is a job over one row or one lane, kept to the rules of ``outbox``: whatever enters a line again takes its place
by ``seq``, a line has one head, and a row in somebody's hands is never overtaken. What a person did is written into
the row's history beside the attempts, so that ``why`` tells it years later.
"""

import sqlite3
from collections.abc import Iterable
from typing import Any, assert_never

import msgspec

from actors.domain.outbox import Attempt, State
from daemon.store import holding, judging, lines, rows
from daemon.store.holding import DAY_US
from daemon.store.judging import NEVER_PLACED as NEVER_PLACED
from daemon.store.judging import Does, Judged, Row
from daemon.store.judging import Replay as Replay


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


def replay(
    raw: sqlite3.Connection, wanted: Iterable[Replay], *, by: str, now_us: int, accept_double: bool
) -> list[Intervened]:
    """Dead letters wait again, with their attempts; parked ones are probed again, or sent if a double is accepted.
    What has its effect already, or is old news, is left alone unless somebody named it."""
    return [_replay(raw, one, by, now_us, accept_double) for one in wanted]


def discard(raw: sqlite3.Connection, ids: Iterable[str], *, by: str, now_us: int) -> list[Intervened]:
    """Dead letters and parked deliveries are cancelled: they are no longer anybody's concern, and stay on record."""
    return [_discard(raw, one, by, now_us) for one in ids]


def annotate(raw: sqlite3.Connection, delivery_id: str, text: str, *, by: str, now_us: int) -> Intervened:
    """A note in the delivery's history; nothing else changes, whatever its state."""
    row = judging.find(raw, delivery_id)
    if row is None:
        return _gone(delivery_id)
    history = _noted(row, "annotated", by, text, now_us)
    raw.execute("UPDATE deliveries SET history = ? WHERE seq = ?", (history, row.seq))
    return Intervened(id=delivery_id, lane=row.lane, before=row.state, after=row.state, done=True, note=text)


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


def resume(raw: sqlite3.Connection, lane: str, now_us: int) -> str:
    """Undo ``pause``; for how long it lasted is remembered. Returns who had paused it, an empty text if nobody had."""
    paused_by = _paused_by(raw, lane)
    raw.execute(
        "INSERT OR IGNORE INTO holds (lane, from_us, until_us, why) "
        "SELECT lane, paused_us, ?, 'paused' FROM lanes WHERE lane = ? AND paused_us IS NOT NULL",
        (now_us, lane),
    )
    raw.execute("UPDATE lanes SET paused_by = '', paused_us = NULL WHERE lane = ?", (lane,))
    return paused_by


def unthrottle(raw: sqlite3.Connection, lane: str, now_us: int) -> bool:
    """Forget the times that the vendor named, for the lane or for one destination; who waits at the head of a line for
    a time is due now. Whether anybody did."""
    lifted = raw.execute(
        "UPDATE lanes SET throttled_until_us = 0 WHERE lane = ? AND throttled_until_us > ?", (lane, now_us)
    ).rowcount
    waited = raw.execute(
        "UPDATE deliveries SET due_us = ? WHERE lane = ? AND head = 1 AND claimed_by IS NULL "
        "AND state = 'waiting' AND due_us > ?",
        (now_us, lane, now_us),
    ).rowcount
    return bool(lifted or waited)


def _paused_by(raw: sqlite3.Connection, lane: str) -> str:
    row = raw.execute("SELECT paused_by FROM lanes WHERE lane = ?", (lane,)).fetchone()
    return row[0] if row else ""


# ── one row ──────────────────────────────────────────────────────────────────────────────────────────


def _replay(raw: sqlite3.Connection, wanted: Replay, by: str, now_us: int, accept_double: bool) -> Intervened:
    row = judging.find(raw, wanted.id)
    judged = judging.judge(raw, wanted, row, accept_double=accept_double)
    if row is None:
        return _gone(wanted.id)
    if not judged.goes:
        return _unchanged(row, judged, named=wanted.named)
    if row.destination.startswith(NEVER_PLACED):
        return _place_anew(raw, row, judged, by, now_us)
    match judged.does:
        case Does.SEND | Does.OBSOLETE:
            return _send_again(raw, row, judged, by, now_us)
        case Does.PROBE:
            return _probe_again(raw, row, judged, by, now_us)
        case Does.PLACE | Does.HAS_EFFECT | Does.ORPHAN | Does.NOWHERE | Does.NOTHING:
            raise AssertionError(f"{judged.does} goes nowhere, or stands in no line")
        case _ as never:
            assert_never(never)


def _send_again(raw: sqlite3.Connection, row: Row, judged: Judged, by: str, now_us: int) -> Intervened:
    note = f"a double was accepted; it was parked: {row.detail}" if row.state == "parked" else _was(row)
    # A parked row's earlier send may still have landed: it keeps its sent_us, so that a later probe finds either.
    sent_us = row.sent_us if row.state == "parked" else None
    _reopen(raw, row, State.WAITING, f"replayed by {by}", sent_us, None, _noted(row, "replayed", by, note, now_us))
    lines.join(raw, row.seq, row.lane, row.destination, now_us)
    said = f"sent all the same: {judged.note}" if judged.does is Does.OBSOLETE else ""
    return Intervened(id=judged.id, lane=row.lane, before=row.state, after="waiting", done=True, note=said)


def _probe_again(raw: sqlite3.Connection, row: Row, judged: Judged, by: str, now_us: int) -> Intervened:
    history = _noted(row, "probe_asked", by, f"it was {row.state}: {row.detail}", now_us)
    doubt_us = row.done_us or now_us  # when it was parked: no earlier than the doubt, so no absence is believed early
    _reopen(raw, row, State.UNKNOWN, f"to be probed again, says {by}", row.sent_us or doubt_us, doubt_us, history)
    lines.join(raw, row.seq, row.lane, row.destination, now_us)
    return Intervened(id=judged.id, lane=row.lane, before=row.state, after="unknown", done=True)


def _reopen(
    raw: sqlite3.Connection,
    row: Row,
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


def _place_anew(raw: sqlite3.Connection, row: Row, judged: Judged, by: str, now_us: int) -> Intervened:
    """A new delivery at the place that is now known. The effect ledger decides, as for any other, whether the post
    was made there already; either way the old row is superseded."""
    made = _copy(raw, row, judged.destination, by, now_us)
    note = f"placed at {judged.destination}" if made else judged.note
    history = _noted(row, "placed", by, f"{note}; {_was(row)}", now_us)
    detail = f"{note} by {by}" + (f" as {made}" if made else "")
    _close(raw, row, State.SUPERSEDED, detail, history, now_us)
    return Intervened(
        id=judged.id, lane=row.lane, before=row.state, after="superseded", done=True, note=note, made=made
    )


def _copy(raw: sqlite3.Connection, row: Row, destination: str, by: str, now_us: int) -> str:
    """The delivery planned again for a destination, its occurrence kept; an empty text if that effect is known."""
    change = rows.unpack_carried(row.change)
    key = judging.effect_key(raw, row, change, destination)
    if not raw.execute("INSERT OR IGNORE INTO effects VALUES (?, ?)", (key, now_us // DAY_US)).rowcount:
        return ""
    old: Any = raw.execute("SELECT id FROM deliveries WHERE seq = ?", (row.seq,)).fetchone()
    history = rows.longer_history("", _note("placed", by, f"in place of {old[0].hex()}; {_was(row)}", now_us))
    seq = raw.execute(
        "INSERT INTO deliveries (id, lane, route, destination, audience, change, kind, statement_seq, statement_id, "
        "correlation_id, traceparent, template, doubtful, attempts_max, state, accepted_us, due_us, detail, history, "
        "entity, revise, routed_us, sla_us, from_us) "
        "SELECT ?, lane, route, ?, audience, change, kind, statement_seq, statement_id, correlation_id, traceparent, "
        "template, doubtful, attempts_max, 'waiting', accepted_us, ?, ?, ?, entity, revise, routed_us, sla_us, from_us "
        "FROM deliveries WHERE seq = ?",
        (key, destination, now_us, f"placed by {by}", history, row.seq),
    ).lastrowid
    assert seq is not None  # noqa: S101  # an INSERT always has one
    lines.join(raw, seq, row.lane, destination, now_us)
    return key.hex()


def _discard(raw: sqlite3.Connection, delivery_id: str, by: str, now_us: int) -> Intervened:
    row = judging.find(raw, delivery_id)
    if row is None:
        return _gone(delivery_id)
    if row.state not in {"dead", "parked"}:
        note = f"it is {row.state}: only dead and parked deliveries can be discarded"
        return Intervened(id=delivery_id, lane=row.lane, before=row.state, after=row.state, done=False, note=note)
    history = _noted(row, "discarded", by, _was(row), now_us)
    _close(raw, row, State.CANCELLED, f"discarded by {by}; {_was(row)}", history, now_us)
    if row.kind == "digest":
        holding.settle_items(raw, row.seq, State.CANCELLED, None, now_us, delivery_id)
    return Intervened(id=delivery_id, lane=row.lane, before=row.state, after="cancelled", done=True)


def _close(raw: sqlite3.Connection, row: Row, state: State, detail: str, history: str, now_us: int) -> None:
    """From one state outside the line to another: nobody's turn changes."""
    raw.execute(
        "UPDATE deliveries SET state = ?, cause = NULL, detail = ?, done_us = ?, history = ? WHERE seq = ?",
        (state.value, detail, now_us, history, row.seq),
    )


def _was(row: Row) -> str:
    return f"it was {row.state}, {row.cause}: {row.detail}" if row.cause else f"it was {row.state}: {row.detail}"


def _note(verdict: str, by: str, detail: str, now_us: int, number: int = 0) -> Attempt:
    return Attempt(
        number=number, kind="person", started_us=now_us, ended_us=now_us, verdict=verdict, detail=f"by {by}; {detail}"
    )


def _noted(row: Row, verdict: str, by: str, detail: str, now_us: int) -> str:
    return rows.longer_history(row.history, _note(verdict, by, detail, now_us, row.attempts))


def _gone(delivery_id: str) -> Intervened:
    return Intervened(id=delivery_id, lane="", before="", after="", done=False, note="there is no such delivery")


def _unchanged(row: Row, judged: Judged, *, named: bool) -> Intervened:
    spared = judged.does in {Does.OBSOLETE, Does.HAS_EFFECT} and not named and not judged.note.endswith("refused")
    note = f"left alone: {judged.note}; name its id to replay it all the same" if spared else judged.note
    return Intervened(id=judged.id, lane=row.lane, before=row.state, after=row.state, done=False, note=note)
