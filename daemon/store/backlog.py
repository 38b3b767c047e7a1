"""A lane's backlog by destination, and the ways to make it smaller after an outage.

Looking never walks the whole of it: each destination is counted up to a bound, and the lane's own count, which the
store keeps, tells what is left. Changing goes in chunks, each a transaction, in which lines keep one head.
"""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from actors.domain.outbox import Attempt
from daemon.store import lines, rows

DESTINATIONS_MAX = 5_000
COUNT_MAX = 10_000
"""So many rows of one destination are counted one by one."""
CHUNK_DESTINATIONS = 200
CHUNK_ROWS = 20_000
FOLD_MAX = 5_000
"""Deliveries of one destination folded in one transaction; what is more makes another digest."""

# What may have landed already (it waits to be repeated) is neither replaced nor folded: it would be told twice.
_OPEN = "state IN ('waiting', 'claimed', 'unknown')"
NEXT = (
    f"SELECT destination FROM deliveries INDEXED BY deliveries_line WHERE lane = ? AND {_OPEN} "  # noqa: S608
    "AND destination > ? ORDER BY destination LIMIT 1"
)
COUNT = (
    f"SELECT count(*) FROM (SELECT 1 FROM deliveries INDEXED BY deliveries_line WHERE lane = ? AND {_OPEN} "  # noqa: S608
    "AND destination = ? LIMIT ?)"
)
WAITING = (
    "SELECT seq, destination, entity, accepted_us, history FROM deliveries INDEXED BY deliveries_open "  # noqa: S608
    f"WHERE lane = ? AND {_OPEN} AND state = 'waiting' AND sent_us IS NULL AND seq > ? AND seq <= ? "
    "ORDER BY seq LIMIT ?"
)
NEWEST = (
    "SELECT id, seq FROM deliveries INDEXED BY deliveries_entity WHERE entity = ? "
    "AND state IN ('waiting', 'held', 'delivered') AND state IN ('waiting', 'held') "
    "AND lane = ? AND destination = ? ORDER BY seq DESC LIMIT 1"
)
FOLDABLE = (
    f"SELECT seq, route, head, history FROM deliveries INDEXED BY deliveries_line WHERE lane = ? AND {_OPEN} "  # noqa: S608
    "AND destination = ? AND state = 'waiting' AND sent_us IS NULL AND kind <> 'digest' AND accepted_us < ? "
    "ORDER BY seq LIMIT ?"
)


class Pile(msgspec.Struct, frozen=True, kw_only=True):
    """What is open for one destination; ``more``: there are at least that many."""

    destination: str
    n: int
    more: bool = False


class Replaced(msgspec.Struct, frozen=True, kw_only=True):
    """A waiting delivery that is not sent any more, and the one that stays."""

    destination: str
    by: str


def piles(raw: sqlite3.Connection, lane: str, after: str) -> list[Pile]:
    """The next destinations with open deliveries, by name; empty at the end."""
    found: list[Pile] = []
    looked = 0
    while len(found) < CHUNK_DESTINATIONS and looked < CHUNK_ROWS:
        row = raw.execute(NEXT, (lane, after)).fetchone()
        if row is None:
            break
        after = row[0]
        n = raw.execute(COUNT, (lane, after, COUNT_MAX + 1)).fetchone()[0]
        found.append(Pile(destination=after, n=min(n, COUNT_MAX), more=n > COUNT_MAX))
        looked += n
    return found


def complete(found: Sequence[Pile], total: int, *, every: bool) -> tuple[list[Pile], bool]:
    """The piles with what was not counted shared out among them, and whether that is a guess. ``every``: all of the
    lane's destinations are among them."""
    rest = max(0, total - sum(pile.n for pile in found))
    great = [pile for pile in found if pile.more]
    takers = great or (list(found) if not every else [])
    if not rest or not takers:
        return list(found), False
    share, over = divmod(rest, len(takers))
    given = {pile.destination: share + (place < over) for place, pile in enumerate(takers)}
    whole = [msgspec.structs.replace(pile, n=pile.n + given.get(pile.destination, 0)) for pile in found]
    return whole, len(great) > 1 or not every


def latest(
    raw: sqlite3.Connection, lane: str, *, after_seq: int, up_to_seq: int, before_us: int, by: str, now_us: int
) -> tuple[list[Replaced], int | None]:
    """Of the waiting deliveries accepted before ``before_us``, those whose entity has a newer one at the same
    destination are superseded by the newest. One chunk, oldest first: (what was replaced, where to go on from, None
    at the end). Held ones need no look: a newer value has replaced them when it came."""
    chunk: Sequence[Any] = raw.execute(WAITING, (lane, after_seq, up_to_seq, CHUNK_ROWS // 10)).fetchall()
    found = []
    for seq, destination, entity, accepted_us, history in chunk:
        if entity is None or accepted_us >= before_us:
            continue
        newest = raw.execute(NEWEST, (entity, lane, destination)).fetchone()
        if newest is None or newest[1] <= seq:
            continue
        detail = f"only the newest is sent, as {by} chose: delivery {newest[0].hex()}"
        [head] = raw.execute("SELECT head FROM deliveries WHERE seq = ?", (seq,)).fetchone()  # others have left since
        raw.execute(
            "UPDATE deliveries SET state = 'superseded', head = 0, detail = ?, done_us = ?, history = ? WHERE seq = ?",
            (detail, now_us, _noted(history, detail, now_us), seq),
        )
        if head:
            lines.advance(raw, lane, destination, now_us)
        found.append(Replaced(destination=destination, by=newest[0].hex()))
    return found, chunk[-1][0] if chunk else None


def fold(raw: sqlite3.Connection, lane: str, destination: str, *, before_us: int, due_us: int, by: str) -> int:
    """Waiting deliveries of one destination, accepted before ``before_us``, are held for a digest that is due at
    ``due_us``: one for each route that has at least two of them. How many."""
    chunk: Sequence[Any] = raw.execute(FOLDABLE, (lane, destination, before_us, FOLD_MAX)).fetchall()
    counted = Counter(row[1] for row in chunk)
    folded = [row for row in chunk if counted[row[1]] > 1]
    detail = f"folded into a digest, as {by} chose"
    raw.executemany(
        "UPDATE deliveries SET state = 'held', held_for = 'digest', head = 0, due_us = ?, detail = ?, history = ? "
        "WHERE seq = ?",
        [(due_us, detail, _noted(row[3], detail, due_us), row[0]) for row in folded],
    )
    if any(row[2] for row in folded):
        lines.advance(raw, lane, destination, due_us)
    return len(folded)


def _noted(history: str, detail: str, now_us: int) -> str:
    line = Attempt(number=0, kind="person", started_us=now_us, ended_us=now_us, verdict="caught_up", detail=detail)
    return rows.longer_history(history, line)
