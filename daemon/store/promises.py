"""How well routes keep their promise: counts by bucket, what was late, and what has run out of its error budget.

All of it is read from what was counted when deliveries arrived (``propagation``, ``late``), by whole hours.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from actors.domain.sla import Promise
from daemon.store.propagation import HOUR_US

BUCKETS = (
    "SELECT bucket, sum(n), sum(late) FROM propagation WHERE tenant = ? AND route = ? AND hour >= ? GROUP BY bucket"
)
SUMS = (
    "SELECT coalesce(sum(n), 0), coalesce(sum(late), 0) FROM propagation WHERE tenant = ? AND route = ? AND hour >= ?"
)
_LATE = "seq, lower(hex(id)), tenant, route, done_us, took_us, sla_us, stage, stages"
ANY_LATE = "SELECT 1 FROM late INDEXED BY late_route WHERE tenant = ? AND route = ? AND done_us >= ? LIMIT 1"
_stages = msgspec.json.Decoder(dict[str, int])


class Durations(msgspec.Struct, frozen=True, kw_only=True):
    """A route's deliveries that arrived: how many by bucket (``sla.bucket``), and how many of all were late."""

    counted: dict[int, int]
    late: int

    @property
    def n(self) -> int:
        return sum(self.counted.values())


class Late(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that broke its promise. ``stages``: microseconds by stage; ``stage``: the one to blame."""

    seq: int
    id: str
    tenant: str
    route: str
    done_us: int
    took_us: int
    sla_us: int
    stage: str
    stages: dict[str, int]


class Goal(msgspec.Struct, frozen=True, kw_only=True):
    """A route that promises something. ``percent`` of its deliveries must be in time."""

    tenant: str
    route: str
    percent: float


def durations(raw: sqlite3.Connection, tenant: str, route: str, since_us: int) -> Durations:
    """Since the beginning of that hour."""
    found = raw.execute(BUCKETS, (tenant, route, since_us // HOUR_US)).fetchall()
    return Durations(counted={row[0]: row[1] for row in found}, late=sum(row[2] for row in found))


def red(raw: sqlite3.Connection, goals: Iterable[Goal], since_us: int) -> list[tuple[Goal, Promise]]:
    """The routes whose error budget is spent. Only those with something late are added up."""
    found = []
    for goal in goals:
        if raw.execute(ANY_LATE, (goal.tenant, goal.route, since_us)).fetchone() is None:
            continue
        n, late = raw.execute(SUMS, (goal.tenant, goal.route, since_us // HOUR_US)).fetchone()
        promise = Promise(n=n, late=late, goal=goal.percent)
        if promise.red:
            found.append((goal, promise))
    return found


def late(raw: sqlite3.Connection, tenant: str, route: str, since_us: int, limit: int) -> list[Late]:
    """A route's late deliveries, newest first."""
    found = raw.execute(
        f"SELECT {_LATE} FROM late INDEXED BY late_route WHERE tenant = ? AND route = ? AND done_us >= ? "  # noqa: S608
        "ORDER BY done_us DESC LIMIT ?",
        (tenant, route, since_us, limit),
    ).fetchall()
    return [_late(row) for row in found]


def late_one(raw: sqlite3.Connection, seq: int) -> Late | None:
    """Whether, and how, this delivery was late."""
    row = raw.execute(f"SELECT {_LATE} FROM late WHERE seq = ?", (seq,)).fetchone()  # noqa: S608
    return _late(row) if row else None


def _late(row: Sequence[Any]) -> Late:
    fields = dict(zip(Late.__struct_fields__, row, strict=True))
    return Late(**{**fields, "stages": _stages.decode(fields["stages"])})
