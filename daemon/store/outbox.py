"""The durable outbox in SQL: what is handed out, and what became of it. Deliveries of one destination form a line
(``lines``), and only its head is handed out: that is order, pacing and fairness in one column.
"""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from actors.domain.outbox import Attempt, Decision, Delivery, State
from actors.ports import Caused, Claimed, Routed, RoutedCount
from daemon.store import calling_off, failing, figures, holding, propagation, rostering, rows, undoing
from daemon.store.engine import Engine
from daemon.store.holding import DAY_US as DAY_US
from daemon.store.lines import advance as advance
from daemon.store.lines import step_back
from daemon.store.planning import reroute as reroute
from daemon.store.planning import route as route
from daemon.store.writer import Writer

_MORE = "kind, entity, revise"
_REVISED = (
    "SELECT receipt FROM deliveries INDEXED BY deliveries_entity WHERE entity = ? "
    "AND state IN ('waiting', 'held', 'delivered') AND state = 'delivered' AND lane = ? AND destination = ? "
    "AND digest IS NULL ORDER BY seq DESC LIMIT 1"
)


class SqlOutbox:
    """Implements ``ports.Outbox``."""

    def __init__(self, writer: Writer, reader: Engine) -> None:
        self._write = writer.submit
        self._read = reader.run
        self.mask: Callable[[str], str] = str
        """The same text without our secrets: a vendor may repeat in its refusal what it was sent."""

    async def cursor(self, tenant: str) -> int:
        row = await self._read(
            lambda raw: raw.execute("SELECT seq FROM cursors WHERE tenant = ?", (tenant,)).fetchone()
        )
        return row[0] if row else 0

    async def caused(self, tenant: str, statement_id: str, by_seq: int) -> Caused | None:
        return await self._read(lambda raw: undoing.caused(raw, tenant, statement_id, by_seq))

    async def route(self, tenant: str, routed: Sequence[Routed], cursor: int) -> RoutedCount:
        return await self._write(lambda raw: route(raw, tenant, routed, cursor))

    async def claim(self, lane: str, boot: str, now_us: int, limit: int, *, theirs_us: int | None = None) -> Claimed:
        return await self._write(lambda raw: claim(raw, lane, boot, now_us, limit, theirs_us))

    async def record(
        self, delivery: Delivery, boot: str, decision: Decision, attempt: Attempt, next_due_us: int
    ) -> bool:
        decision = msgspec.structs.replace(decision, detail=self.mask(decision.detail))
        attempt = msgspec.structs.replace(attempt, detail=self.mask(attempt.detail))
        return await self._write(lambda raw: record(raw, delivery, boot, decision, attempt, next_due_us))

    async def recover(self, lane: str, boot: str, now_us: int, settle_us: int) -> int:
        return await self._write(lambda raw: recover(raw, lane, boot, now_us, settle_us))

    async def readmit(self, lane: str, routes: Sequence[str], now_us: int) -> int:
        return await self._write(lambda raw: holding.readmit(raw, lane, routes, now_us))

    async def clock_stepped(self, lane: str, step_us: int) -> None:
        await self._write(lambda raw: clock_stepped(raw, lane, step_us))

    async def suspend(self, lane: str, reason: str, now_us: int) -> None:
        reason = self.mask(reason)
        await self._write(
            lambda raw: raw.execute(
                "INSERT INTO lanes (lane, suspended, suspended_us) VALUES (?, ?, ?) ON CONFLICT (lane) DO UPDATE SET "
                "suspended = excluded.suspended, suspended_us = coalesce(suspended_us, excluded.suspended_us)",
                (lane, reason, now_us),
            )
        )

    async def ail(self, lane: str, outage: str, now_us: int) -> None:
        outage = self.mask(outage)
        await self._write(lambda raw: ail(raw, lane, outage, now_us))

    async def throttle(self, lane: str, until_us: int) -> None:
        await self._write(
            lambda raw: raw.execute(
                "INSERT INTO lanes (lane, throttled_until_us) VALUES (?, ?) ON CONFLICT (lane) "
                "DO UPDATE SET throttled_until_us = excluded.throttled_until_us",
                (lane, until_us),
            )
        )

    async def unsuspend(self, lane: str, now_us: int) -> None:
        await self._write(lambda raw: unsuspend(raw, lane, now_us))

    async def blame(self, lane: str, since_us: int) -> str:
        return await self._read(lambda raw: blame(raw, lane, since_us))


def ail(raw: sqlite3.Connection, lane: str, outage: str, now_us: int) -> None:
    """Note that the lane's vendor went out or came back, and for how long it was out."""
    if outage:
        raw.execute(
            "INSERT INTO lanes (lane, outage, outage_us) VALUES (?, ?, ?) ON CONFLICT (lane) DO UPDATE SET "
            "outage = excluded.outage, outage_us = coalesce(outage_us, excluded.outage_us)",
            (lane, outage, now_us),
        )
        return
    raw.execute(
        "INSERT OR IGNORE INTO holds (lane, from_us, until_us, why) "
        "SELECT lane, outage_us, ?, 'outage' FROM lanes WHERE lane = ? AND outage_us IS NOT NULL",
        (now_us, lane),
    )
    raw.execute("UPDATE lanes SET outage = '', outage_us = NULL WHERE lane = ? AND outage_us IS NOT NULL", (lane,))


def unsuspend(raw: sqlite3.Connection, lane: str, now_us: int) -> None:
    """The credentials live again; how long they were dead is remembered."""
    raw.execute(
        "INSERT OR IGNORE INTO holds (lane, from_us, until_us, why) "
        "SELECT lane, suspended_us, ?, 'suspended' FROM lanes WHERE lane = ? AND suspended_us IS NOT NULL",
        (now_us, lane),
    )
    raw.execute("UPDATE lanes SET suspended = '', suspended_us = NULL WHERE lane = ?", (lane,))


def blame(raw: sqlite3.Connection, lane: str, since_us: int) -> str:
    """What held the lane back longest since then (``paused``, ``suspended``, ``outage``); empty: nothing did."""
    row = raw.execute(
        "SELECT why FROM holds WHERE lane = ? AND until_us > ? GROUP BY why "
        "ORDER BY sum(until_us - max(from_us, ?)) DESC LIMIT 1",
        (lane, since_us, since_us),
    ).fetchone()
    return row[0] if row else ""


def claim(
    raw: sqlite3.Connection, lane: str, boot: str, now_us: int, limit: int, theirs_us: int | None = None
) -> Claimed:
    """Due heads, oldest due first; nothing while the lane is held back, or what a stopped pilot left is in the way."""
    if not calling_off.clear(raw, lane, now_us):
        return Claimed(next_due_us=now_us)
    sent_us = now_us if theirs_us is None else theirs_us
    held = raw.execute(
        "SELECT paused_by, suspended, throttled_until_us FROM lanes WHERE lane = ? "
        "AND (paused_by <> '' OR suspended <> '' OR throttled_until_us > ?)",
        (lane, now_us),
    ).fetchone()
    if held:
        return Claimed(paused_by=held[0], suspended=held[1], throttled_until_us=held[2])
    holding.release(raw, lane, now_us)
    due = raw.execute(
        f"SELECT {rows.DELIVERY}, {_MORE} FROM deliveries INDEXED BY deliveries_ready WHERE lane = ? AND head = 1 "  # noqa: S608
        "AND claimed_by IS NULL AND state IN ('waiting', 'unknown') AND due_us <= ? ORDER BY due_us, seq LIMIT ?",
        (lane, now_us, limit),
    ).fetchall()
    found = [_whole(raw, row) for row in due]
    raw.executemany(
        "UPDATE deliveries SET state = 'claimed', attempts = attempts + 1, claimed_by = ?, "
        "sent_us = min(coalesce(sent_us, ?), ?) WHERE seq = ?",  # never in the future: a clock may have been set
        [(boot, sent_us, sent_us, delivery.seq) for delivery in found if delivery.state is State.WAITING],
    )
    raw.executemany(
        "UPDATE deliveries SET claimed_by = ? WHERE seq = ?",
        [(boot, delivery.seq) for delivery in found if delivery.state is State.UNKNOWN],
    )
    claimed = tuple(_claimed(delivery, sent_us) for delivery in found)
    return Claimed(deliveries=claimed, next_due_us=_next_due(raw, lane))


def _whole(raw: sqlite3.Connection, row: Sequence[Any]) -> Delivery:
    """The delivery with what its courier needs beside its row: a digest's items, the post it rewrites."""
    delivery = rows.delivery(row)
    kind, entity, revise = row[-3:]
    if kind == "digest":
        return holding.with_items(raw, delivery)
    if revise and entity is not None:
        earlier = raw.execute(_REVISED, (entity, delivery.lane, delivery.destination)).fetchone()
        return msgspec.structs.replace(delivery, revises=rows.unpack_receipt(earlier[0]) if earlier else None)
    return delivery


def _claimed(delivery: Delivery, sent_us: int) -> Delivery:
    """The row as the claim left it (what the UPDATE did, without reading it again)."""
    if delivery.state is State.UNKNOWN:
        return delivery
    return msgspec.structs.replace(
        delivery,
        state=State.CLAIMED,
        attempts=delivery.attempts + 1,
        sent_us=sent_us if delivery.sent_us is None else min(sent_us, delivery.sent_us),
        doubted=delivery.sent_us is not None,
    )


def _next_due(raw: sqlite3.Connection, lane: str) -> int | None:
    """When the next head is due, or the next of those that are held."""
    row = raw.execute(
        "SELECT due_us FROM deliveries INDEXED BY deliveries_ready WHERE lane = ? AND head = 1 "
        "AND claimed_by IS NULL AND state IN ('waiting', 'unknown') ORDER BY due_us LIMIT 1",
        (lane,),
    ).fetchone()
    due = [at_us for at_us in (row[0] if row else None, holding.next_due(raw, lane)) if at_us is not None]
    return min(due, default=None)


def record(
    raw: sqlite3.Connection, delivery: Delivery, boot: str, decision: Decision, attempt: Attempt, next_due_us: int
) -> bool:
    """One transition after an attempt or a probe, fenced by the claim."""
    held = raw.execute("SELECT claimed_by, history, undone FROM deliveries WHERE seq = ?", (delivery.seq,)).fetchone()
    if held is None or held[0] != boot:
        return False
    if held[2]:
        decision = undoing.settled(decision)
    state = decision.state
    history = rows.longer_history(held[1], attempt)
    raw.execute(
        "UPDATE deliveries SET state = ?, head = ?, claimed_by = NULL, due_us = ?, attempts = attempts - ?, "
        "sent_us = CASE WHEN ? THEN NULL ELSE sent_us END, doubt_us = ?, cause = ?, detail = ?, receipt = ?, "
        "done_us = ?, history = ?, held_for = ? WHERE seq = ?",
        (
            state.value,
            int(state.open),
            decision.due_us or delivery.due_us,
            int(decision.refund),
            _nothing_landed(delivery, decision, attempt),
            _doubt(delivery, state, attempt),
            decision.cause.value if decision.cause else None,
            decision.detail,
            None if decision.receipt is None else rows.pack(decision.receipt),
            None if state.open or state is State.HELD else attempt.ended_us,
            history,
            decision.held_for.value if state is State.HELD else "",
            delivery.seq,
        ),
    )
    if state is State.DELIVERED:
        propagation.keep(raw, delivery, history, attempt.ended_us)
        if delivery.items:
            holding.settle_items(raw, delivery.seq, state, decision.receipt, attempt.ended_us, delivery.id)
    figures.keep(raw, delivery, attempt)
    rostering.settle(raw, delivery, decision, attempt.ended_us)
    failing.settle(raw, delivery, decision, attempt.ended_us)
    if not state.open:
        advance(raw, delivery.lane, delivery.destination, next_due_us)
    elif state is State.WAITING:
        step_back(raw, delivery.seq, delivery.lane, delivery.destination, decision.due_us or delivery.due_us)
    return True


def _nothing_landed(delivery: Delivery, decision: Decision, attempt: Attempt) -> bool:
    """Whether no attempt so far can have landed. A send that surely did nothing tells only of itself."""
    if attempt.kind == "probe":
        return decision.forget_sends
    return not delivery.doubted and (decision.state is State.WAITING or decision.forget_sends)


def _doubt(delivery: Delivery, state: State, attempt: Attempt) -> int | None:
    """The late-landing window counts from when the doubt arose, however often it is probed."""
    if state is not State.UNKNOWN:
        return None
    return attempt.ended_us if delivery.doubt_us is None else delivery.doubt_us


def clock_stepped(raw: sqlite3.Connection, lane: str, step_us: int) -> None:
    """Stamps of the old clock read by the new one. Whether a stamp was made before or after the clock was set is not
    known, so that a probe looks from the earlier time, and believes in absence after the later one."""
    raw.execute(
        "UPDATE deliveries SET sent_us = min(sent_us, sent_us + ?), doubt_us = max(doubt_us, doubt_us + ?), "
        "due_us = min(due_us, due_us + ?) WHERE lane = ? AND state IN ('waiting', 'claimed', 'unknown') AND head = 1",
        (step_us, step_us, step_us, lane),
    )


def recover(raw: sqlite3.Connection, lane: str, boot: str, now_us: int, settle_us: int) -> int:
    """Claims of this lane left by somebody else: their outcome is unknown, whatever the clock says. Whether the vendor
    is out, a new life finds out for itself."""
    ail(raw, lane, "", now_us)
    raw.execute(
        "UPDATE deliveries SET claimed_by = NULL WHERE lane = ? AND claimed_by IS NOT NULL AND claimed_by <> ? "
        "AND state = 'unknown'",
        (lane, boot),
    )
    raw.execute(
        "UPDATE deliveries INDEXED BY deliveries_ready SET doubt_us = ?, due_us = ? WHERE lane = ? AND head = 1 "
        "AND claimed_by IS NULL AND state IN ('waiting', 'unknown') AND state = 'unknown'",
        (now_us, now_us + settle_us, lane),
    )
    raw.execute(
        "UPDATE deliveries SET state = 'unknown', claimed_by = NULL, doubt_us = ?, due_us = ?, crashes = crashes + 1, "
        "detail = 'left claimed by a process or courier that died' "
        "WHERE lane = ? AND claimed_by IS NOT NULL AND claimed_by <> ? AND state = 'claimed'",
        (now_us, now_us + settle_us, lane, boot),
    )
    return rows.changed(raw)
