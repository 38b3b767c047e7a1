"""Following the outbox: each change of a delivery's state in the order in which it was committed.

Triggers write ``moves``; the newest tens of thousands stay. Numbers have no gaps, so that whoever reads on from a
number misses nothing, or knows how much it missed.
"""

import sqlite3
from collections.abc import Sequence

import msgspec

from daemon.store import asking
from daemon.store.asking import Kept
from daemon.store.engine import Engine

LOOKED_MAX = 500
"""Moves that one read looks at."""
RATE_US = 60_000_000
RATE_LOOKED_MAX = 10_000
PAGE = "SELECT no, seq, lane, route, state, at_us FROM moves WHERE no > ? ORDER BY no LIMIT ?"
ENDS = "SELECT (SELECT min(no) FROM moves), (SELECT max(no) FROM moves)"
BY_SEQ = asking.BY_SEQ
RATES = (
    "SELECT lane, count(*), min(at_us) FROM (SELECT lane, state, at_us FROM moves ORDER BY no DESC LIMIT ?) "
    "WHERE state = 'delivered' AND at_us > ? GROUP BY lane"
)


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery came to a state. ``kept``: it as it is now; None where retention has taken it since. ``at_us`` None:
    its history tells."""

    no: int
    seq: int
    lane: str
    route: str
    state: str
    at_us: int | None
    kept: Kept | None = None


class Moves(msgspec.Struct, frozen=True, kw_only=True):
    """Some of them, oldest first. ``after``: where to go on; ``missed``: so many had left before they were read;
    ``more``: there may be some behind it already."""

    moves: Sequence[Move]
    after: int
    missed: int = 0
    more: bool = False


class SqlMoves:
    """Reads only. All raise StoreUnavailable or ``sqlite3.Error``."""

    def __init__(self, reader: Engine) -> None:
        self._read = reader.run

    async def last(self) -> int:
        """The newest move's number; 0 before the first."""
        return await self._read(lambda raw: int(raw.execute(ENDS).fetchone()[1] or 0))

    async def following(
        self, after: int, *, lanes: str = "", route: str = "", states: Sequence[str] = (), seqs: Sequence[int] = ()
    ) -> Moves:
        """Those behind ``after``, as far as one read looks. ``lanes``: a lane, or a tenant with its slash; each of the
        others narrows it where it is given."""
        return await self._read(lambda raw: following(raw, after, lanes, route, states, seqs))

    async def rates(self, now_us: int) -> dict[str, float]:
        """Deliveries a second, by lane, of the last minute (or as far back as is looked)."""
        return await self._read(lambda raw: rates(raw, now_us))


def following(
    raw: sqlite3.Connection, after: int, lanes: str, route: str, states: Sequence[str], seqs: Sequence[int]
) -> Moves:
    first, last = raw.execute(ENDS).fetchone()
    if last is None:
        return Moves(moves=(), after=after)
    after = min(after, last)  # a number of another store, from before it was restored say
    missed = max(0, first - after - 1)
    found = raw.execute(PAGE, (after, LOOKED_MAX)).fetchall()
    chosen = [
        Move(no=no, seq=seq, lane=lane, route=its_route, state=state, at_us=at_us, kept=_kept(raw, seq))
        for no, seq, lane, its_route, state, at_us in found
        if (lane == lanes or not lanes or (lanes.endswith("/") and lane.startswith(lanes)))
        and (not route or its_route == route)
        and (not states or state in states)
        and (not seqs or seq in seqs)
    ]
    return Moves(moves=chosen, after=found[-1][0] if found else after, missed=missed, more=len(found) == LOOKED_MAX)


def rates(raw: sqlite3.Connection, now_us: int) -> dict[str, float]:
    found = raw.execute(RATES, (RATE_LOOKED_MAX, now_us - RATE_US)).fetchall()
    counted = sum(n for _, n, _ in found)
    reach_us = RATE_US if counted < RATE_LOOKED_MAX // 3 else max(1, now_us - min(first for _, _, first in found))
    return {lane: n / (reach_us / 1e6) for lane, n, _ in found}


def _kept(raw: sqlite3.Connection, seq: int) -> Kept | None:
    row = raw.execute(BY_SEQ, (seq,)).fetchone()
    return asking.kept(row) if row else None
