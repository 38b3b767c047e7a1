"""Statements that no enabled route took: what a replay would do with each by today's rules, and doing it.

Their change keeps the number that it was given when it was told, so that the effect ledger holds: what is there
already is not made again, however often somebody asks.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any, assert_never

import msgspec

from actors.domain.changes import AnyChange
from actors.domain.occurrence import count
from actors.domain.outbox import Attempt, HeldFor
from actors.ports import Planned, Routed
from daemon.store import judging, planning, rows
from daemon.store.entities import known_of
from daemon.store.interventions import Intervened
from daemon.store.judging import Does, Judged

UNROUTED = "unrouted"
"""The state of a statement that is kept for a replay, as plans show it."""


class Retold(msgspec.Struct, frozen=True, kw_only=True):
    """A kept statement with what the tenant's rules make of it now. ``named``: somebody asked for this very one."""

    routed: Routed
    named: bool = True


def judged(raw: sqlite3.Connection, tenant: str, wanted: Sequence[Retold]) -> list[Judged]:
    """What a replay would do, a row for each delivery of each statement (one row where there is none)."""
    return [one for retold in wanted for one, _ in _judge(raw, tenant, retold)]


def replay(raw: sqlite3.Connection, tenant: str, wanted: Sequence[Retold], *, by: str, now_us: int) -> list[Intervened]:
    """Route them again, as far as there is anything to do."""
    return [one for retold in wanted for one in _replay(raw, tenant, retold, by, now_us)]


def _judge(raw: sqlite3.Connection, tenant: str, retold: Retold) -> list[tuple[Judged, bytes]]:
    """Each with its effect key; an empty one where no delivery is meant."""
    routed, change = retold.routed, retold.routed.change
    kept = raw.execute("SELECT occurrence, unrouted FROM outcomes WHERE seq = ?", (routed.seq,)).fetchone()
    if kept is None or not kept[1]:
        state = "not routed yet" if kept is None else "routed"
        return [(_without(routed, state, Does.NOTHING, f"it is {state}: there is nothing to replay"), b"")]
    forwards = _forwards(raw, tenant, retold)
    if change is None or not routed.planned:
        does = Does.OBSOLETE if routed.reason.startswith("too_old") else Does.NOWHERE
        return forwards or [(_without(routed, UNROUTED, does, routed.reason), b"")]
    known = known_of(raw, rows.key(tenant, change.entity))
    occurrence = kept[0] or count(known, change.value, routed.happened_us).occurrence
    overtaken = known is not None and kept[0] and known.occurrence != occurrence and not change.momentary
    found = [_delivery(raw, tenant, retold, planned, change, occurrence, bool(overtaken)) for planned in routed.planned]
    return found + forwards


def _forwards(raw: sqlite3.Connection, tenant: str, retold: Retold) -> list[tuple[Judged, bytes]]:
    """The statement's own deliveries."""
    routed, statement = retold.routed, retold.routed.statement
    if statement is None:
        return []
    return [_delivery(raw, tenant, retold, planned, statement, 1, False) for planned in routed.forwards]


def _delivery(
    raw: sqlite3.Connection,
    tenant: str,
    retold: Retold,
    planned: Planned,
    change: AnyChange,
    occurrence: int,
    overtaken: bool,
) -> tuple[Judged, bytes]:
    key = rows.key(tenant, planned.target, planned.destination, change.kind, change.entity, occurrence)
    does, goes, note = _one(raw, key, planned, change, retold.named, overtaken)
    one = Judged(
        id=retold.routed.statement_id,
        lane=f"{tenant}/{planned.target}",
        state=UNROUTED,
        attempts=0,
        does=does,
        goes=goes,
        destination=planned.destination,
        note=note,
        forward=change is retold.routed.statement,
    )
    return one, key


def _one(
    raw: sqlite3.Connection, key: bytes, planned: Planned, change: AnyChange, named: bool, overtaken: bool
) -> tuple[Does, bool, str]:
    if there := judging.at_destination(raw, key, planned.destination):
        return Does.HAS_EFFECT, named, there
    if planned.refused is not None:
        return Does.NOWHERE, True, f"becomes a dead letter: {planned.refused.detail}"
    if overtaken:
        note = f"a newer value of the same {change.aspect} is known: it is put on record as superseded, and not sent"
        return Does.OBSOLETE, named, note
    match planned.held_for:
        case HeldFor.DIGEST:
            return Does.SEND, True, "in the next digest"
        case HeldFor.QUIET:
            return Does.SEND, True, "after the quiet hours"
        case HeldFor.ROUTE:
            return Does.SEND, True, "once its route is enabled"
        case HeldFor.PERSON:
            return Does.SEND, True, ""
        case _ as never:
            assert_never(never)


def _without(routed: Routed, state: str, does: Does, note: str) -> Judged:
    return Judged(id=routed.statement_id, lane="", state=state, attempts=0, does=does, goes=False, note=note)


def _replay(raw: sqlite3.Connection, tenant: str, retold: Retold, by: str, now_us: int) -> list[Intervened]:
    shown = _judge(raw, tenant, retold)
    if not any(one.goes for one, _ in shown):
        return [_left(one, retold.named) for one, _ in shown]
    planning.reroute(raw, tenant, retold.routed)
    return [_made(raw, one, key, by, now_us) for one, key in shown]


def _made(raw: sqlite3.Connection, one: Judged, key: bytes, by: str, now_us: int) -> Intervened:
    """What became of one delivery. Its promise begins to run now, and its history begins with who asked for it."""
    if one.does is Does.HAS_EFFECT:
        return Intervened(id=one.id, lane=one.lane, before=one.state, after="routed", done=one.goes, note=one.note)
    row: Any = raw.execute("SELECT state, history FROM deliveries WHERE id = ?", (key,)).fetchone()
    line = Attempt(number=0, kind="person", started_us=now_us, ended_us=now_us, verdict="rerouted", detail=f"by {by}")
    raw.execute(
        "UPDATE deliveries SET history = ?, from_us = max(from_us, ?) WHERE id = ?",
        (rows.longer_history(row[1], line), now_us, key),
    )
    return Intervened(
        id=one.id, lane=one.lane, before=one.state, after=row[0], done=True, note=one.note, made=key.hex()
    )


def _left(one: Judged, named: bool) -> Intervened:
    spared = one.does in {Does.OBSOLETE, Does.HAS_EFFECT} and not named and one.lane
    note = f"left alone: {one.note}; name its id to settle it all the same" if spared else one.note
    return Intervened(id=one.id, lane=one.lane, before=one.state, after=one.state, done=False, note=note)
