"""Orders about rosters become deliveries: as statements' changes do, with an effect key each, in their place's line.

They are of no statement. An order that was not sent yet may be replaced by what is known better now; one that was sent,
or may have been, is left to its end.
"""

import sqlite3
from collections.abc import Sequence

from actors.domain.rosters.order import RosterOrder
from config.model import Audience
from daemon.store import closing, lines, rows
from daemon.store.holding import DAY_US

ATTEMPTS_MAX = 8
DOUBTFUL = "resend"
"""An order tells what is to be so: repeating it does no harm."""
_OPEN_EACH = (
    "SELECT destination, sum(state = 'waiting' AND sent_us IS NULL), count(*) "
    "FROM deliveries INDEXED BY deliveries_line WHERE lane = ? AND destination > ? "
    "AND destination < ? AND state IN ('waiting', 'claimed', 'unknown') GROUP BY destination"
)
REPLACED = "planned anew before it was sent"
_OPEN = (
    "SELECT seq, state, sent_us, history FROM deliveries INDEXED BY deliveries_line WHERE lane = ? AND destination = ? "
    "AND state IN ('waiting', 'claimed', 'unknown') ORDER BY seq"
)


def destination(roster: str, unit: str) -> str:
    """The line of a place, as ``RosterOrder.destination`` has it."""
    return f"roster:{roster}|{unit}"


def order(
    raw: sqlite3.Connection,
    lane: str,
    orders: Sequence[RosterOrder],
    correlation_id: str,
    traceparent: str,
    now_us: int,
) -> int:
    """One delivery for each. How many are new: an order that was given before is not given again."""
    tenant, _, target = lane.partition("/")
    made = 0
    for each in orders:
        key = rows.key(tenant, target, each.destination, each.kind, each.entity, 1)
        if raw.execute("INSERT OR IGNORE INTO effects VALUES (?, ?)", (key, now_us // DAY_US)).rowcount == 0:
            continue
        head = not lines.first(raw, lane, each.destination)
        raw.execute(
            "INSERT INTO deliveries (id, lane, route, destination, audience, change, kind, statement_seq, "
            "statement_id, correlation_id, traceparent, doubtful, attempts_max, state, head, accepted_us, due_us, "
            "routed_us, from_us) VALUES (?, ?, ?, ?, ?, ?, ?, 0, '', ?, ?, ?, ?, 'waiting', ?, ?, ?, ?, ?)",
            (
                key, lane, each.roster, each.destination, rows.pack(Audience()), rows.pack(each), each.kind,
                correlation_id, traceparent, DOUBTFUL, ATTEMPTS_MAX, int(head), now_us, now_us, now_us, now_us,
            ),
        )  # fmt: skip
        made += 1
    return made


def open_orders(raw: sqlite3.Connection, lane: str, roster: str, unit: str) -> tuple[int, int]:
    """Of a place: how many orders were never sent, and how many were or may have been."""
    waiting = flying = 0
    for _, state, sent_us, _ in raw.execute(_OPEN, (lane, destination(roster, unit))):
        if state == "waiting" and sent_us is None:
            waiting += 1
        else:
            flying += 1
    return waiting, flying


def open_orders_each(raw: sqlite3.Connection, lane: str, roster: str) -> dict[str, tuple[int, int]]:
    """The same of all places of a rule that have any, by their line."""
    line = destination(roster, "")
    rows_ = raw.execute(_OPEN_EACH, (lane, line, line[:-1] + "}"))  # what follows on the bar
    return {where: (waiting, all_ - waiting) for where, waiting, all_ in rows_}


def withdraw(raw: sqlite3.Connection, lane: str, roster: str, unit: str, now_us: int) -> bool:
    """Nothing of what waits there is sent any more. False, with nothing done, where something may have been sent."""
    found = raw.execute(_OPEN, (lane, destination(roster, unit))).fetchall()
    if any(state != "waiting" or sent_us is not None for _, state, sent_us, _ in found):
        return False
    for seq, _, _, history in reversed(found):
        closing.close(raw, seq, REPLACED, history, now_us)
    return True
