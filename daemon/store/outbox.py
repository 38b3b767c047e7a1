"""The durable outbox in SQL. Deliveries of one destination form a line; its first open row is the *head*, and only
heads are handed out. A follower becomes head in the same transaction in which the one before it leaves the line, due
when the destination may be written to again: that is order, pacing and fairness in one column.
"""

import sqlite3
from collections.abc import Sequence

import msgspec

from actors.domain.changes import AnyChange
from actors.domain.outbox import Attempt, Decision, Delivery, State
from actors.ports import Claimed, Planned, Routed, RoutedCount
from daemon.store import rows
from daemon.store.engine import Engine
from daemon.store.writer import Writer

DAY_US = 86_400_000_000


class SqlOutbox:
    """Implements ``ports.Outbox``."""

    def __init__(self, writer: Writer, reader: Engine) -> None:
        self._write = writer.submit
        self._read = reader.run

    async def cursor(self, tenant: str) -> int:
        row = await self._read(
            lambda raw: raw.execute("SELECT seq FROM cursors WHERE tenant = ?", (tenant,)).fetchone()
        )
        return row[0] if row else 0

    async def route(self, tenant: str, routed: Sequence[Routed], cursor: int) -> RoutedCount:
        return await self._write(lambda raw: route(raw, tenant, routed, cursor))

    async def claim(self, lane: str, boot: str, now_us: int, limit: int) -> Claimed:
        return await self._write(lambda raw: claim(raw, lane, boot, now_us, limit))

    async def record(
        self, delivery: Delivery, boot: str, decision: Decision, attempt: Attempt, next_due_us: int
    ) -> bool:
        return await self._write(lambda raw: record(raw, delivery, boot, decision, attempt, next_due_us))

    async def recover(self, lane: str, boot: str, now_us: int, settle_us: int) -> int:
        return await self._write(lambda raw: recover(raw, lane, boot, now_us, settle_us))

    async def suspend(self, lane: str, reason: str, now_us: int) -> None:
        await self._write(
            lambda raw: raw.execute(
                "INSERT INTO lanes (lane, suspended, suspended_us) VALUES (?, ?, ?) ON CONFLICT (lane) "
                "DO UPDATE SET suspended = excluded.suspended, suspended_us = excluded.suspended_us",
                (lane, reason, now_us),
            )
        )

    async def ail(self, lane: str, outage: str, now_us: int) -> None:
        await self._write(lambda raw: ail(raw, lane, outage, now_us))

    async def throttle(self, lane: str, until_us: int) -> None:
        await self._write(
            lambda raw: raw.execute(
                "INSERT INTO lanes (lane, throttled_until_us) VALUES (?, ?) ON CONFLICT (lane) "
                "DO UPDATE SET throttled_until_us = excluded.throttled_until_us",
                (lane, until_us),
            )
        )

    async def unsuspend(self, lane: str) -> None:
        await self._write(
            lambda raw: raw.execute("UPDATE lanes SET suspended = '', suspended_us = NULL WHERE lane = ?", (lane,))
        )


def ail(raw: sqlite3.Connection, lane: str, outage: str, now_us: int) -> None:
    """Note that the lane's vendor went out or came back, and for how long it was out."""
    raw.execute(
        "INSERT OR IGNORE INTO holds (lane, from_us, until_us, why) "
        "SELECT lane, outage_us, ?, 'outage' FROM lanes WHERE lane = ? AND outage_us IS NOT NULL AND ? = ''",
        (now_us, lane, outage),
    )
    raw.execute(
        "INSERT INTO lanes (lane, outage, outage_us) VALUES (?, ?, CASE WHEN ? = '' THEN NULL ELSE ? END) "
        "ON CONFLICT (lane) DO UPDATE SET outage = excluded.outage, "
        "outage_us = CASE WHEN excluded.outage = '' THEN NULL ELSE coalesce(outage_us, excluded.outage_us) END",
        (lane, outage, outage, now_us),
    )


def route(raw: sqlite3.Connection, tenant: str, routed: Sequence[Routed], cursor: int) -> RoutedCount:
    """A batch of outcomes and the cursor. Repeating it changes nothing: outcomes are kept by statement."""
    made: dict[str, int] = {}
    repeated = 0
    for item in routed:
        if raw.execute("SELECT 1 FROM outcomes WHERE seq = ?", (item.seq,)).fetchone():
            continue
        count = 0
        occurrence = 0
        if item.change is not None:
            occurrence = occur(raw, tenant, item.change.entity, item.change.value)
            for planned in item.planned:
                if plan(raw, tenant, item, item.change, planned, occurrence):
                    made[planned.target] = made.get(planned.target, 0) + 1
                    count += 1
                else:
                    repeated += 1
        raw.execute(
            "INSERT INTO outcomes (seq, kind, reason, occurrence, deliveries) VALUES (?, ?, ?, ?, ?)",
            (item.seq, item.change.kind if item.change else None, item.reason, occurrence, count),
        )
    raw.execute(
        "INSERT INTO cursors VALUES (?, ?) ON CONFLICT (tenant) DO UPDATE SET seq = max(seq, excluded.seq)",
        (tenant, cursor),
    )
    return RoutedCount(deliveries=made, repeated=repeated)


def occur(raw: sqlite3.Connection, tenant: str, entity: str, value: str) -> int:
    """The number of this change among those of its entity: it grows when the canonical value does change."""
    key = rows.key(tenant, entity)
    known = raw.execute("SELECT value, occurrence FROM entities WHERE key = ?", (key,)).fetchone()
    if known is None:
        raw.execute("INSERT INTO entities (key, value, occurrence, top) VALUES (?, ?, 1, 1)", (key, value))
        return 1
    if known[0] == value:
        return int(known[1])
    raw.execute("UPDATE entities SET value = ?1, occurrence = ?2, top = ?2 WHERE key = ?3", (value, known[1] + 1, key))
    return int(known[1]) + 1


def plan(
    raw: sqlite3.Connection, tenant: str, item: Routed, change: AnyChange, planned: Planned, occurrence: int
) -> bool:
    """Insert one delivery, unless its effect is in the ledger already. True if it is new."""
    key = rows.key(tenant, planned.target, planned.destination, change.kind, change.entity, occurrence)
    day = item.accepted_us // DAY_US
    if raw.execute("INSERT OR IGNORE INTO effects VALUES (?, ?)", (key, day)).rowcount == 0:
        return False
    lane = f"{tenant}/{planned.target}"
    refused = planned.refused
    head = refused is None and not _line(raw, lane, planned.destination)
    raw.execute(
        "INSERT INTO deliveries (id, lane, route, destination, audience, change, kind, statement_seq, statement_id, "
        "correlation_id, traceparent, template, doubtful, attempts_max, state, head, accepted_us, due_us, cause, "
        "detail, done_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
            (State.DEAD if refused else State.WAITING).value,
            int(head),
            item.accepted_us,
            item.accepted_us,
            refused.cause.value if refused else None,
            refused.detail if refused else "",
            item.accepted_us if refused else None,
        ),
    )
    return True


def _line(raw: sqlite3.Connection, lane: str, destination: str) -> int | None:
    """The first open row of a destination's line."""
    row = raw.execute(
        "SELECT seq FROM deliveries WHERE lane = ? AND destination = ? "
        "AND state IN ('waiting', 'claimed', 'unknown') ORDER BY seq LIMIT 1",
        (lane, destination),
    ).fetchone()
    return row[0] if row else None


def claim(raw: sqlite3.Connection, lane: str, boot: str, now_us: int, limit: int) -> Claimed:
    """Due heads, oldest due first; nothing while the lane is held back."""
    held = raw.execute(
        "SELECT paused_by, suspended, throttled_until_us FROM lanes WHERE lane = ? "
        "AND (paused_by <> '' OR suspended <> '' OR throttled_until_us > ?)",
        (lane, now_us),
    ).fetchone()
    if held:
        return Claimed(paused_by=held[0], suspended=held[1], throttled_until_us=held[2])
    due = raw.execute(
        f"SELECT {rows.DELIVERY} FROM deliveries INDEXED BY deliveries_ready WHERE lane = ? AND head = 1 "  # noqa: S608
        "AND claimed_by IS NULL AND state IN ('waiting', 'unknown') AND due_us <= ? ORDER BY due_us, seq LIMIT ?",
        (lane, now_us, limit),
    ).fetchall()
    found = [rows.delivery(row) for row in due]
    raw.executemany(
        "UPDATE deliveries SET state = 'claimed', attempts = attempts + 1, claimed_by = ?, "
        "sent_us = coalesce(sent_us, ?) WHERE seq = ?",
        [(boot, now_us, delivery.seq) for delivery in found if delivery.state is State.WAITING],
    )
    raw.executemany(
        "UPDATE deliveries SET claimed_by = ? WHERE seq = ?",
        [(boot, delivery.seq) for delivery in found if delivery.state is State.UNKNOWN],
    )
    claimed = tuple(_claimed(delivery, now_us) for delivery in found)
    return Claimed(deliveries=claimed, next_due_us=_next_due(raw, lane))


def _claimed(delivery: Delivery, now_us: int) -> Delivery:
    """The row as the claim left it (what the UPDATE did, without reading it again)."""
    if delivery.state is State.UNKNOWN:
        return delivery
    return msgspec.structs.replace(
        delivery,
        state=State.CLAIMED,
        attempts=delivery.attempts + 1,
        sent_us=now_us if delivery.sent_us is None else delivery.sent_us,
    )


def _next_due(raw: sqlite3.Connection, lane: str) -> int | None:
    row = raw.execute(
        "SELECT due_us FROM deliveries INDEXED BY deliveries_ready WHERE lane = ? AND head = 1 "
        "AND claimed_by IS NULL AND state IN ('waiting', 'unknown') ORDER BY due_us LIMIT 1",
        (lane,),
    ).fetchone()
    return row[0] if row else None


def record(
    raw: sqlite3.Connection, delivery: Delivery, boot: str, decision: Decision, attempt: Attempt, next_due_us: int
) -> bool:
    """One transition after an attempt or a probe, fenced by the claim."""
    held = raw.execute("SELECT claimed_by, history FROM deliveries WHERE seq = ?", (delivery.seq,)).fetchone()
    if held is None or held[0] != boot:
        return False
    state = decision.state
    raw.execute(
        "UPDATE deliveries SET state = ?, head = ?, claimed_by = NULL, due_us = ?, attempts = attempts - ?, "
        "sent_us = CASE WHEN ? THEN NULL ELSE sent_us END, doubt_us = ?, cause = ?, detail = ?, receipt = ?, "
        "done_us = ?, history = ? WHERE seq = ?",
        (
            state.value,
            int(state.open),
            decision.due_us or delivery.due_us,
            int(decision.refund),
            state is State.WAITING or decision.forget_sends,
            _doubt(delivery, state, attempt),
            decision.cause.value if decision.cause else None,
            decision.detail,
            None if decision.receipt is None else rows.pack(decision.receipt),
            None if state.open or state is State.HELD else attempt.ended_us,
            rows.longer_history(held[1], attempt),
            delivery.seq,
        ),
    )
    if not state.open:
        advance(raw, delivery.lane, delivery.destination, next_due_us)
    return True


def _doubt(delivery: Delivery, state: State, attempt: Attempt) -> int | None:
    """The late-landing window counts from when the doubt arose, however often it is probed."""
    if state is not State.UNKNOWN:
        return None
    return attempt.ended_us if delivery.doubt_us is None else delivery.doubt_us


def advance(raw: sqlite3.Connection, lane: str, destination: str, due_us: int) -> None:
    """Make the next open row of the line its head."""
    head = _line(raw, lane, destination)
    if head is not None:
        raw.execute(
            "UPDATE deliveries SET head = 1, due_us = max(due_us, ?) WHERE seq = ? AND head = 0", (due_us, head)
        )


def recover(raw: sqlite3.Connection, lane: str, boot: str, now_us: int, settle_us: int) -> int:
    """Claims of this lane left by somebody else: their outcome is unknown, whatever the clock says."""
    raw.execute(
        "UPDATE deliveries SET claimed_by = NULL WHERE lane = ? AND claimed_by IS NOT NULL AND claimed_by <> ? "
        "AND state = 'unknown'",
        (lane, boot),
    )
    raw.execute(
        "UPDATE deliveries SET state = 'unknown', claimed_by = NULL, doubt_us = ?, due_us = ?, "
        "detail = 'left claimed by a process or courier that died' "
        "WHERE lane = ? AND claimed_by IS NOT NULL AND claimed_by <> ? AND state = 'claimed'",
        (now_us, now_us + settle_us, lane, boot),
    )
    return rows.changed(raw)
