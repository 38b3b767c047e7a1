"""Deliveries that wait outside of their lines for a time to come: the end of quiet hours, their digest, their route.

Whoever claims lets go first what is due, in the same transaction, so that nobody else keeps time for them. The changes
of one route for one destination and one time become one digest: a delivery of its own, with an effect key of its own.
Where the route changed its pilot in the meantime there is one for each, so that each ends as its pilot does.
They stay on record as the digest's items, and are delivered when it is.
"""

import sqlite3
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import msgspec

from actors.domain.outbox import Delivery, Item, State
from daemon.store import lines, rows

RELEASED_MAX = 1_000  # rows looked at by one claim; the next one goes on
ITEMS_MAX = 200
"""How many of its changes a digest lists; the rest is counted."""
DAY_US = 86_400_000_000
_MARK = "digest"

_DUE = (
    "SELECT due_us, route, destination, held_for, seq, pilot FROM deliveries INDEXED BY deliveries_held WHERE lane = ? "
    "AND held_for <> '' AND digest IS NULL AND due_us <= ? ORDER BY due_us, route, destination, seq LIMIT ?"
)
_GROUP = (
    "SELECT due_us, route, destination, held_for, seq, pilot FROM deliveries INDEXED BY deliveries_held WHERE lane = ? "
    "AND held_for <> '' AND digest IS NULL AND due_us = ? AND route = ? AND destination = ?"
)


def digest_key(tenant: str, target: str, destination: str, route: str, window_us: int, part: int = 0) -> bytes:
    """The effect key of a digest. More than one part there is only where the clock went back, or pilots changed."""
    return rows.key(tenant, target, destination, _MARK, route, window_us, *([part] if part else []))


def left(raw: sqlite3.Connection, lane: str, destination: str, route: str, window_us: int) -> bool:
    """Whether that digest has been made already."""
    tenant, _, target = lane.partition("/")
    key = digest_key(tenant, target, destination, route, window_us)
    return raw.execute("SELECT 1 FROM effects WHERE key = ?", (key,)).fetchone() is not None


def release(raw: sqlite3.Connection, lane: str, now_us: int) -> None:
    """Let go what has waited long enough."""
    due = raw.execute(_DUE, (lane, now_us, RELEASED_MAX)).fetchall()
    groups = [list(group) for _, group in groupby(due, key=lambda row: (row[0], row[1], row[2], row[3]))]
    if len(due) == RELEASED_MAX:  # the last group may go on beyond what was read
        last = groups.pop()
        if not groups:
            whole = raw.execute(_GROUP, (lane, *last[0][:3])).fetchall()
            groups.append([row for row in whole if row[3] == last[0][3]])
    for group in groups:
        if group[0][3] == _MARK:
            for pilot in dict.fromkeys(row[5] for row in group):  # mostly one: its route names the same pilot, or none
                _fold(raw, lane, [row for row in group if row[5] == pilot], now_us)
        else:
            _let_go(raw, lane, group, now_us)


def readmit(raw: sqlite3.Connection, lane: str, routes: Sequence[str], now_us: int) -> int:
    """What was held because one of these routes was disabled is due now. How many."""
    marks = ",".join("?" * len(routes))
    return raw.execute(
        "UPDATE deliveries SET due_us = ? WHERE lane = ? AND held_for = 'route' AND held_for <> '' "  # noqa: S608
        f"AND digest IS NULL AND route IN ({marks})",
        (now_us, lane, *routes),
    ).rowcount


def next_due(raw: sqlite3.Connection, lane: str) -> int | None:
    """When the next one is due."""
    row = raw.execute(
        "SELECT due_us FROM deliveries INDEXED BY deliveries_held WHERE lane = ? AND held_for <> '' "
        "AND digest IS NULL ORDER BY due_us LIMIT 1",
        (lane,),
    ).fetchone()
    return row[0] if row else None


def _let_go(raw: sqlite3.Connection, lane: str, group: Sequence[Any], now_us: int) -> None:
    """Its time has come: back into the line, at the old place."""
    for due_us, _, destination, _, seq, _ in group:
        raw.execute(
            "UPDATE deliveries SET state = 'waiting', held_for = '', head = 0, from_us = max(from_us, ?), detail = '' "
            "WHERE seq = ?",
            (due_us, seq),
        )
        lines.join(raw, seq, lane, destination, now_us)


def _fold(raw: sqlite3.Connection, lane: str, group: Sequence[Any], now_us: int) -> None:
    """One digest out of the changes that waited for it; the first one's trace goes on in it."""
    window_us, route, destination, _, first, _ = group[0]
    tenant, _, target = lane.partition("/")
    part = 0
    key = digest_key(tenant, target, destination, route, window_us)
    while not raw.execute("INSERT OR IGNORE INTO effects VALUES (?, ?)", (key, now_us // DAY_US)).rowcount:
        part += 1
        key = digest_key(tenant, target, destination, route, window_us, part)
    seq = raw.execute(
        "INSERT INTO deliveries (id, lane, route, destination, audience, change, kind, statement_seq, statement_id, "
        "correlation_id, traceparent, template, doubtful, attempts_max, state, accepted_us, due_us, routed_us, sla_us, "
        "from_us, pilot) SELECT ?, lane, route, destination, audience, change, 'digest', statement_seq, statement_id, "
        "correlation_id, traceparent, template, doubtful, attempts_max, 'waiting', accepted_us, ?, ?, sla_us, ?, "
        "pilot FROM deliveries WHERE seq = ?",
        (key, now_us, now_us, window_us, first),
    ).lastrowid
    assert seq is not None  # noqa: S101  # an INSERT always has one
    raw.executemany("UPDATE deliveries SET digest = ? WHERE seq = ?", [(seq, row[4]) for row in group])
    lines.join(raw, seq, lane, destination, now_us)


def with_items(raw: sqlite3.Connection, digest: Delivery) -> Delivery:
    """The digest with the changes that stand in it, oldest first."""
    found = raw.execute(
        "SELECT id, change, statement_id, correlation_id, traceparent, accepted_us FROM deliveries "
        "WHERE digest = ? ORDER BY seq LIMIT ?",
        (digest.seq, ITEMS_MAX),
    ).fetchall()
    items = tuple(
        Item(
            id=row[0].hex(),
            change=rows.unpack_change(row[1]),
            statement_id=row[2],
            correlation_id=row[3],
            traceparent=row[4],
            accepted_us=row[5],
        )
        for row in found
    )
    more = 0
    if len(items) == ITEMS_MAX:
        more = raw.execute("SELECT count(*) FROM deliveries WHERE digest = ?", (digest.seq,)).fetchone()[0] - ITEMS_MAX
    return msgspec.structs.replace(digest, items=items, more=more)


def settle_items(
    raw: sqlite3.Connection, seq: int, state: State, receipt: dict[str, str] | None, now_us: int, delivery_id: str
) -> None:
    """The digest is delivered or cancelled, and so is everything in it. While it is dead or parked they stay held."""
    raw.execute(
        "UPDATE deliveries SET state = ?, held_for = '', receipt = ?, done_us = ?, detail = ? "
        "WHERE digest = ? AND state = 'held'",
        (state.value, None if receipt is None else rows.pack(receipt), now_us, f"in digest {delivery_id}", seq),
    )
