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
from daemon.store import closing, handed_in, holding, latecomers, lines, many, piloting, rows, undoing
from daemon.store.entities import Entities
from daemon.store.holding import DAY_US

OVERTAKEN = "overtaken: told when a newer value was known already"
ONLY = Counted(occurrence=1, known=Known(value="", occurrence=1, at_us=0, top=1), news="new")
"""What there is once: a statement, as such."""
_OUTCOME = "INSERT INTO outcomes (seq, kind, reason, occurrence, deliveries, unrouted, entity, change, news, corrects)"
_TELLING = "INSERT OR IGNORE INTO tellings"
IMPORTED_BEFORE = "imported_before: this change is known from an import, which announced it to nobody"


class _Batch:
    """What one call is about, and what it has made so far. Outcomes, tellings and entities are written at its end."""

    def __init__(self, raw: sqlite3.Connection, tenant: str, routed: Sequence[Routed]) -> None:
        self.keys = {item.seq: rows.key(tenant, item.change.entity) for item in routed if item.change is not None}
        self.entities = Entities(raw, self.keys.values())
        self.outcomes: list[tuple[object, ...]] = []
        self.tellings: list[tuple[int, bytes, int]] = []
        self.deliveries: dict[str, int] = {}
        self.repeated = 0
        self.superseded = 0

    def write(self, raw: sqlite3.Connection) -> None:
        self.entities.write()
        many.insert(raw, _TELLING, self.tellings)
        many.insert(raw, _OUTCOME, self.outcomes)
        self.tellings, self.outcomes = [], []

    def count(self) -> RoutedCount:
        return RoutedCount(deliveries=self.deliveries, repeated=self.repeated, superseded=self.superseded)


def route(raw: sqlite3.Connection, tenant: str, routed: Sequence[Routed], cursor: int) -> RoutedCount:
    """A batch of outcomes and the cursor. Repeating it changes nothing: outcomes are kept by statement."""
    done = _done(raw, routed)
    routed = [item for item in routed if item.seq not in done]
    batch = _Batch(raw, tenant, routed)
    for given in routed:
        item = given
        made = 0 if item.quiet else _forwards(raw, tenant, item, batch)
        item, counted, corrects = _count(raw, tenant, item, batch)
        change = item.change
        if change is not None and counted is not None:
            if counted.news != "repeated":
                batch.superseded += handed_in.moot(raw, tenant, item, change)
            if handed_in.needless(batch.entities, tenant, change):
                item = msgspec.structs.replace(item, reason=handed_in.REASON, unrouted=False)
            elif item.quiet:
                _keep_quiet(raw, tenant, item, change, counted)
            elif counted.news == "repeated" and known_quietly(raw, tenant, change, counted.occurrence):
                item = msgspec.structs.replace(item, reason=IMPORTED_BEFORE, unrouted=False)
            else:
                made += _deliveries(raw, tenant, item, change, counted, batch)
        batch.outcomes.append(_outcome(tenant, item, batch, counted, corrects, made))
    batch.write(raw)
    raw.execute(
        "INSERT INTO cursors (tenant, seq) VALUES (?, ?) "
        "ON CONFLICT (tenant) DO UPDATE SET seq = max(seq, excluded.seq)",
        (tenant, cursor),
    )
    return batch.count()


def _done(raw: sqlite3.Connection, routed: Sequence[Routed]) -> set[int]:
    """Those that have an outcome already."""
    done: set[int] = set()
    for seqs in many.some([item.seq for item in routed]):
        marks = ",".join("?" * len(seqs))
        done.update(row[0] for row in raw.execute(f"SELECT seq FROM outcomes WHERE seq IN ({marks})", seqs))  # noqa: S608  # marks only
    return done


def _count(
    raw: sqlite3.Connection, tenant: str, item: Routed, batch: _Batch
) -> tuple[Routed, Counted | None, bytes | None]:
    """The item, how its change counts, and what it takes back; a correction that nobody needs is none."""
    if item.undoes is not None:
        batch.write(raw)  # it asks what is known, and changes that
        now_us = item.routed_us or item.accepted_us
        counted, why, corrects = undoing.undo(raw, item.undoes, item.change, item.statement_id, now_us)
        batch.entities = Entities(raw)
        if counted is not None:
            return item, counted, corrects
        return msgspec.structs.replace(item, change=None, reason=why, unrouted=False, planned=()), None, corrects
    if item.change is None:
        return item, None, None
    return item, _told(batch, item, item.change), None


def _told(batch: _Batch, item: Routed, change: AnyChange) -> Counted:
    """How it counts; that it was told again is kept, for the time when one of the statements is voided."""
    key = batch.keys[item.seq]
    counted = occur(batch.entities, key, change, item.happened_us)
    if counted.news == "repeated":
        batch.tellings.append((item.seq, key, counted.occurrence))
    return counted


def _outcome(
    tenant: str, item: Routed, batch: _Batch, counted: Counted | None, corrects: bytes | None, made: int
) -> tuple[object, ...]:
    """As ``_OUTCOME`` takes it."""
    change = item.change
    return (
        item.seq,
        change.kind if change else None,
        item.reason,
        counted.occurrence if counted else 0,
        made,
        int(item.unrouted),
        batch.keys[item.seq] if change else None,
        rows.pack(change) if change else None,
        counted.news if counted else "retracted" if corrects else None,
        corrects,
    )


def reroute(raw: sqlite3.Connection, tenant: str, item: Routed) -> RoutedCount:
    """A kept statement by today's rules: its change keeps the number it had, and what is there already is not made
    again. Changes nothing where the statement is not one of those kept for it."""
    kept = raw.execute("SELECT occurrence FROM outcomes WHERE seq = ? AND unrouted = 1", (item.seq,)).fetchone()
    batch = _Batch(raw, tenant, [item])
    if kept is None or (item.change is None and not item.forwards):
        return batch.count()
    made, occurrence = _forwards(raw, tenant, item, batch), kept[0]
    if item.change is not None:
        if occurrence:
            counted = _as_counted(batch.entities.of(batch.keys[item.seq]), item.change, occurrence)
        else:  # we failed on it, and only now know what it tells
            counted = _told(batch, item, item.change)
            latecomers.join(raw, tenant, item.seq, counted.news)
        occurrence = counted.occurrence
        made += _deliveries(raw, tenant, item, item.change, counted, batch)
    batch.write(raw)
    raw.execute(
        "UPDATE outcomes SET kind = coalesce(?, kind), reason = ?, occurrence = ?, deliveries = deliveries + ?, "
        "unrouted = ?, entity = coalesce(?, entity), change = coalesce(?, change) WHERE seq = ?",
        (
            item.change.kind if item.change else None,
            item.reason,
            occurrence,
            made,
            int(item.unrouted),
            batch.keys.get(item.seq),
            rows.pack(item.change) if item.change else None,
            item.seq,
        ),
    )
    return batch.count()


# ── counting ─────────────────────────────────────────────────────────────────────────────────────────


def occur(entities: Entities, key: bytes, change: AnyChange, happened_us: int) -> Counted:
    """The number of this change among those of its entity (``key``), kept with the entity's state."""
    known = entities.of(key)
    counted = count(known, change.value, happened_us)
    if counted.known != known:
        entities.keep(key, counted.known)
    if counted.news == "overtaken" and change.momentary:
        return msgspec.structs.replace(counted, news="new")
    return counted


def _as_counted(known: Known | None, change: AnyChange, occurrence: int) -> Counted:
    """A change that was counted before: overtaken, if its entity has gone on since."""
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
    raw: sqlite3.Connection, tenant: str, item: Routed, change: AnyChange, counted: Counted, batch: _Batch
) -> int:
    """The change's deliveries, and what it replaces. How many are new."""
    made: dict[tuple[str, str], str] = {}
    for planned in item.planned:
        seq = _plan(raw, tenant, item, change, planned, counted)
        if seq is None:
            batch.repeated += 1
            continue
        batch.deliveries[planned.target] = batch.deliveries.get(planned.target, 0) + 1
        made[f"{tenant}/{planned.target}", planned.destination] = seq
    if change.standing and counted.news == "new":
        batch.superseded += _supersede(raw, tenant, item, change, made)
    return len(made)


def _forwards(raw: sqlite3.Connection, tenant: str, item: Routed, batch: _Batch) -> int:
    """The statement's own deliveries: a statement is stored once, so nothing of it needs to be counted."""
    if item.statement is None:
        return 0
    made = 0
    for planned in item.forwards:
        if _plan(raw, tenant, item, item.statement, planned, ONLY) is None:
            batch.repeated += 1
        else:
            batch.deliveries[planned.target] = batch.deliveries.get(planned.target, 0) + 1
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
    judged = piloting.judge(raw, tenant, planned.piloted)
    if judged.why and state is not State.SUPERSEDED:
        state, due_us = State.SHADOWED, item.accepted_us
    head = state is State.WAITING and not lines.first(raw, lane, planned.destination)
    refused = planned.refused if state is State.DEAD else None
    raw.execute(
        "INSERT INTO deliveries (id, lane, route, destination, audience, change, kind, statement_seq, statement_id, "
        "correlation_id, traceparent, template, doubtful, attempts_max, state, head, accepted_us, due_us, cause, "
        "detail, done_us, entity, held_for, revise, routed_us, sla_us, from_us, pilot, rendered) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
            refused.detail if refused else OVERTAKEN if state is State.SUPERSEDED else judged.why,
            None if state in {State.WAITING, State.HELD} else item.routed_us or item.accepted_us,
            rows.key(tenant, change.entity) if change.standing else None,
            planned.held_for.value if state is State.HELD else "",
            int(planned.revise),
            item.routed_us or item.accepted_us,
            planned.sla_us,
            due_us if state is State.HELD else item.accepted_us,
            judged.pilot,
            judged.rendered if state in {State.SHADOWED, State.WAITING, State.HELD} else None,
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
