"""What the router decided becomes rows: an outcome for each statement, and the deliveries of each change.

Here is where *once* is decided. A change counts by its entity's canonical value (``domain.occurrence``), the count is
part of the effect key, and a key is in the ledger once. A newer value replaces what an older one left waiting, as far
as the lane is held back; what goes out in its turn is left to go out.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec

from actors.domain.changes import AnyChange
from actors.domain.occurrence import Counted, Known, count
from actors.domain.outbox import HeldFor, State
from actors.ports import Planned, Routed, RoutedCount
from daemon.store import closing, holding, latecomers, lines, reminders, rows, undoing
from daemon.store.entities import keep, known_of
from daemon.store.holding import DAY_US

OVERTAKEN = "overtaken: told when a newer value was known already"
ONLY = Counted(occurrence=1, known=Known(value="", occurrence=1, at_us=0, top=1), news="new")
"""What there is once: a statement, as such."""
IMPORTED_BEFORE = "imported_before: this change is known from an import, which announced it to nobody"


class _Tally:
    """What one call has made so far."""

    def __init__(self) -> None:
        self.deliveries: dict[str, int] = {}
        self.repeated = 0
        self.superseded = 0

    def count(self) -> RoutedCount:
        return RoutedCount(deliveries=self.deliveries, repeated=self.repeated, superseded=self.superseded)


def route(raw: sqlite3.Connection, tenant: str, routed: Sequence[Routed], cursor: int) -> RoutedCount:
    """A batch of outcomes and the cursor. Repeating it changes nothing: outcomes are kept by statement."""
    tally = _Tally()
    for given in routed:
        item = given
        if raw.execute("SELECT 1 FROM outcomes WHERE seq = ?", (item.seq,)).fetchone():
            continue
        made = 0 if item.quiet else _forwards(raw, tenant, item, tally)
        item, counted, corrects = _count(raw, tenant, item)
        change = item.change
        if change is not None and counted is not None:
            if counted.news != "repeated":
                tally.superseded += reminders.moot(raw, tenant, item, change)
            if reminders.needless(raw, tenant, change):
                item = msgspec.structs.replace(item, reason=reminders.HANDED_IN, unrouted=False)
            elif item.quiet:
                _keep_quiet(raw, tenant, item, change, counted)
            elif counted.news == "repeated" and known_quietly(raw, tenant, change, counted.occurrence):
                item = msgspec.structs.replace(item, reason=IMPORTED_BEFORE, unrouted=False)
            else:
                made += _deliveries(raw, tenant, item, change, counted, tally)
        _outcome(raw, tenant, item, counted, corrects, made)
    raw.execute(
        "INSERT INTO cursors (tenant, seq) VALUES (?, ?) "
        "ON CONFLICT (tenant) DO UPDATE SET seq = max(seq, excluded.seq)",
        (tenant, cursor),
    )
    return tally.count()


def _count(raw: sqlite3.Connection, tenant: str, item: Routed) -> tuple[Routed, Counted | None, bytes | None]:
    """The item, how its change counts, and what it takes back; a correction that nobody needs is none."""
    if item.undoes is not None:
        now_us = item.routed_us or item.accepted_us
        counted, why, corrects = undoing.undo(raw, item.undoes, item.change, item.statement_id, now_us)
        if counted is not None:
            return item, counted, corrects
        return msgspec.structs.replace(item, change=None, reason=why, unrouted=False, planned=()), None, corrects
    if item.change is None:
        return item, None, None
    return item, _told(raw, tenant, item, item.change), None


def _told(raw: sqlite3.Connection, tenant: str, item: Routed, change: AnyChange) -> Counted:
    """How it counts; that it was told again is kept, for the time when one of the statements is voided."""
    counted = occur(raw, tenant, change, item.happened_us)
    if counted.news == "repeated":
        key = rows.key(tenant, change.entity)
        raw.execute("INSERT OR IGNORE INTO tellings VALUES (?, ?, ?)", (item.seq, key, counted.occurrence))
    return counted


def _outcome(
    raw: sqlite3.Connection, tenant: str, item: Routed, counted: Counted | None, corrects: bytes | None, made: int
) -> None:
    change = item.change
    raw.execute(
        "INSERT INTO outcomes (seq, kind, reason, occurrence, deliveries, unrouted, entity, change, news, corrects) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            item.seq,
            change.kind if change else None,
            item.reason,
            counted.occurrence if counted else 0,
            made,
            int(item.unrouted),
            rows.key(tenant, change.entity) if change else None,
            rows.pack(change) if change else None,
            counted.news if counted else "retracted" if corrects else None,
            corrects,
        ),
    )


def reroute(raw: sqlite3.Connection, tenant: str, item: Routed) -> RoutedCount:
    """A kept statement by today's rules: its change keeps the number it had, and what is there already is not made
    again. Changes nothing where the statement is not one of those kept for it."""
    kept = raw.execute("SELECT occurrence FROM outcomes WHERE seq = ? AND unrouted = 1", (item.seq,)).fetchone()
    tally = _Tally()
    if kept is None or (item.change is None and not item.forwards):
        return tally.count()
    made, occurrence = _forwards(raw, tenant, item, tally), kept[0]
    if item.change is not None:
        if occurrence:
            counted = _as_counted(raw, tenant, item.change, occurrence)
        else:  # we failed on it, and only now know what it tells
            counted = _told(raw, tenant, item, item.change)
            latecomers.join(raw, tenant, item.seq, counted.news)
        occurrence = counted.occurrence
        made += _deliveries(raw, tenant, item, item.change, counted, tally)
    raw.execute(
        "UPDATE outcomes SET kind = coalesce(?, kind), reason = ?, occurrence = ?, deliveries = deliveries + ?, "
        "unrouted = ?, entity = coalesce(?, entity), change = coalesce(?, change) WHERE seq = ?",
        (
            item.change.kind if item.change else None,
            item.reason,
            occurrence,
            made,
            int(item.unrouted),
            rows.key(tenant, item.change.entity) if item.change else None,
            rows.pack(item.change) if item.change else None,
            item.seq,
        ),
    )
    return tally.count()


# ── counting ─────────────────────────────────────────────────────────────────────────────────────────


def occur(raw: sqlite3.Connection, tenant: str, change: AnyChange, happened_us: int) -> Counted:
    """The number of this change among those of its entity, kept with the entity's state."""
    key = rows.key(tenant, change.entity)
    known = known_of(raw, key)
    counted = count(known, change.value, happened_us)
    now = counted.known
    if now != known:
        keep(raw, key, now)
    if counted.news == "overtaken" and change.momentary:
        return msgspec.structs.replace(counted, news="new")
    return counted


def _as_counted(raw: sqlite3.Connection, tenant: str, change: AnyChange, occurrence: int) -> Counted:
    """A change that was counted before: overtaken, if its entity has gone on since."""
    known = known_of(raw, rows.key(tenant, change.entity))
    if known is None:  # retention has forgotten the entity: nothing newer is known
        known = Known(value=change.value, occurrence=occurrence, at_us=0, top=occurrence)
    passed = known.occurrence != occurrence and not change.momentary
    return Counted(occurrence=occurrence, known=known, news="overtaken" if passed else "new")


def _keep_quiet(raw: sqlite3.Connection, tenant: str, item: Routed, change: AnyChange, counted: Counted) -> None:
    """A change that nobody is told of stays so when it is told again, whatever the routes are then."""
    if counted.news != "repeated":
        key = _quiet_key(tenant, change, counted.occurrence)
        raw.execute("INSERT OR IGNORE INTO effects VALUES (?, ?)", (key, item.accepted_us // DAY_US))


def known_quietly(raw: sqlite3.Connection, tenant: str, change: AnyChange, occurrence: int) -> bool:
    """Whether it was an import that told this change first."""
    key = _quiet_key(tenant, change, occurrence)
    return raw.execute("SELECT 1 FROM effects WHERE key = ?", (key,)).fetchone() is not None


def _quiet_key(tenant: str, change: AnyChange, occurrence: int) -> bytes:
    """In the ledger of effects: nobody at all is a destination too."""
    return rows.key(tenant, change.entity, occurrence)


# ── planning ─────────────────────────────────────────────────────────────────────────────────────────


def _deliveries(
    raw: sqlite3.Connection, tenant: str, item: Routed, change: AnyChange, counted: Counted, tally: _Tally
) -> int:
    """The change's deliveries, and what it replaces. How many are new."""
    made: dict[tuple[str, str], str] = {}
    for planned in item.planned:
        seq = _plan(raw, tenant, item, change, planned, counted)
        if seq is None:
            tally.repeated += 1
            continue
        tally.deliveries[planned.target] = tally.deliveries.get(planned.target, 0) + 1
        made[f"{tenant}/{planned.target}", planned.destination] = seq
    if change.standing and counted.news == "new":
        tally.superseded += _supersede(raw, tenant, item, change, made)
    return len(made)


def _forwards(raw: sqlite3.Connection, tenant: str, item: Routed, tally: _Tally) -> int:
    """The statement's own deliveries: a statement is stored once, so nothing of it needs to be counted."""
    if item.statement is None:
        return 0
    made = 0
    for planned in item.forwards:
        if _plan(raw, tenant, item, item.statement, planned, ONLY) is None:
            tally.repeated += 1
        else:
            tally.deliveries[planned.target] = tally.deliveries.get(planned.target, 0) + 1
            made += 1
    return made


def _plan(
    raw: sqlite3.Connection, tenant: str, item: Routed, change: AnyChange, planned: Planned, counted: Counted
) -> str | None:
    """Insert one delivery, unless its effect is in the ledger already. Its id if it is new."""
    key = rows.key(tenant, planned.target, planned.destination, change.kind, change.entity, counted.occurrence)
    day = item.accepted_us // DAY_US
    if raw.execute("INSERT OR IGNORE INTO effects VALUES (?, ?)", (key, day)).rowcount == 0:
        return None
    lane = f"{tenant}/{planned.target}"
    state, due_us = _born(raw, lane, planned, counted, item)
    head = state is State.WAITING and not lines.first(raw, lane, planned.destination)
    refused = planned.refused if state is State.DEAD else None
    raw.execute(
        "INSERT INTO deliveries (id, lane, route, destination, audience, change, kind, statement_seq, statement_id, "
        "correlation_id, traceparent, template, doubtful, attempts_max, state, head, accepted_us, due_us, cause, "
        "detail, done_us, entity, held_for, revise, routed_us, sla_us, from_us) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            key,
            lane,
            planned.route,
            planned.destination,
            rows.pack(planned.audience),
            rows.pack(change),
            change.kind,
            item.seq,
            item.statement_id,
            item.correlation_id,
            item.traceparent,
            planned.template,
            planned.doubtful,
            planned.attempts_max,
            state.value,
            int(head),
            item.accepted_us,
            due_us,
            refused.cause.value if refused else None,
            refused.detail if refused else OVERTAKEN if state is State.SUPERSEDED else "",
            None if state in {State.WAITING, State.HELD} else item.routed_us or item.accepted_us,
            rows.key(tenant, change.entity) if change.standing else None,
            planned.held_for.value if state is State.HELD else "",
            int(planned.revise),
            item.routed_us or item.accepted_us,
            planned.sla_us,
            due_us if state is State.HELD else item.accepted_us,
        ),
    )
    return key.hex()


def _born(raw: sqlite3.Connection, lane: str, planned: Planned, counted: Counted, item: Routed) -> tuple[State, int]:
    """The first state, and when it is due."""
    if planned.refused is not None:
        return State.DEAD, item.accepted_us
    if counted.news == "overtaken":
        return State.SUPERSEDED, item.accepted_us
    if planned.held_for is HeldFor.PERSON:
        return State.WAITING, item.accepted_us
    due_us = planned.held_until_us
    if planned.held_for is HeldFor.DIGEST and holding.left(raw, lane, planned.destination, planned.route, due_us):
        due_us = planned.held_next_us
    return State.HELD, due_us


# ── replacing ────────────────────────────────────────────────────────────────────────────────────────


def _supersede(
    raw: sqlite3.Connection, tenant: str, item: Routed, change: AnyChange, made: dict[tuple[str, str], str]
) -> int:
    """Older values of the same entity that still wait, where they are held back (for a digest, for quiet hours, by a
    lane that stands still) or would be rewritten anyway: they are not sent any more. How many."""
    now_us = item.routed_us or item.accepted_us
    waiting: list[Any] = raw.execute(
        "SELECT seq, lower(hex(id)), lane, destination, state, revise, history FROM deliveries "
        "INDEXED BY deliveries_entity WHERE entity = ? AND state IN ('waiting', 'held', 'delivered') "
        "AND state IN ('waiting', 'held') AND sent_us IS NULL AND digest IS NULL",  # what may have landed is no draft
        (rows.key(tenant, change.entity),),
    ).fetchall()
    n = 0
    for seq, delivery_id, lane, destination, state, revise, history in waiting:
        newer = made.get((lane, destination))
        if delivery_id == newer or not (state == "held" or revise or _stands_still(raw, lane, now_us)):
            continue
        by = (
            f"delivery {newer}"
            if newer
            else f"statement {item.statement_id} ({change.kind}), which is posted nowhere here"
        )
        closing.close(raw, seq, f"replaced before it was sent, by {by}", history, now_us)
        n += 1
    return n


def _stands_still(raw: sqlite3.Connection, lane: str, now_us: int) -> bool:
    row = raw.execute(
        "SELECT 1 FROM lanes WHERE lane = ? "
        "AND (paused_by <> '' OR suspended <> '' OR outage <> '' OR throttled_until_us > ?)",
        (lane, now_us),
    ).fetchone()
    return row is not None
