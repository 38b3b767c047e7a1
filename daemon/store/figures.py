"""What became of deliveries, by hour: counted as attempts are recorded and (by triggers) as states change, in the same
transaction, so that figures hold over restarts and nobody ever adds up a million deliveries.

A transaction appends what is to be counted; every 256th row adds up those before it. Whoever asks reads both
(``figures_all``), so that what is answered is exact.

``figures`` is keyed by tenant and hour: a question reads the hours it asks for and nothing else. How long deliveries
took from acceptance to receipt is ``propagation``'s, read here beside it.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from actors.domain.outbox import Attempt, Delivery
from actors.domain.sla import bucket
from daemon.store.engine import Engine, Job
from daemon.store.promises import Durations, Goal, durations
from daemon.store.propagation import HOUR_US

HOURS_READ = 72
"""So much is read at once."""
UNCOUNTED_MAX = 256
"""So many rows wait at most to be added up (as the triggers have it)."""
CHARS_MAX = 80
"""Of a vendor's operation."""
FAULTS = frozenset({"throttled", "unavailable", "doubtful", "refused", "revoked", "faulted"})
"""Verdicts that are no success; ``not_sent`` and what a probe finds are none of anybody's faults."""
By = Literal["", "route", "target"]
_COUNTS = ("states", "sends", "probes", "calls", "took", "lasted")
Span = tuple[int, int]
"""Hours since the epoch, the second not included."""

_COUNT = (
    "INSERT INTO attempted (tenant, hour, route, target, what, verdict, bucket, call, calls) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
GROUP = "tenant, hour, route, target, what, which, bucket"
_ADD_UP = (
    f"INSERT INTO figures SELECT {GROUP}, sum(n) FROM figures_new WHERE true GROUP BY {GROUP} "  # noqa: S608
    "ON CONFLICT DO UPDATE SET n = n + excluded.n",
    "UPDATE moves SET made_us = NULL, done_us = NULL WHERE no > (SELECT max(no) FROM moves) / 256 * 256",
    "DELETE FROM attempted",
)
_SUMS = (
    "SELECT {column}, what, which, bucket, sum(n) FROM figures_all WHERE tenant = ? AND hour >= ? AND hour < ? "
    "GROUP BY {column}, what, which, bucket"
)
SUMS: dict[By, str] = {
    "": _SUMS.format(column="''"),
    "route": _SUMS.format(column="route"),
    "target": _SUMS.format(column="target"),
}
LASTING = (
    "SELECT bucket, sum(n), sum(late) FROM propagation WHERE tenant = ? AND route = ? AND hour >= ? AND hour < ? "
    "GROUP BY bucket"
)
ROUTE_AFTER = "SELECT min(route) FROM propagation WHERE tenant = ? AND route > ?"
_FAULT = (
    "SELECT f.lane, f.seq, f.at_us, f.verdict, coalesce(d.detail, '') FROM lane_faults f "
    "LEFT JOIN deliveries d ON d.seq = f.seq"
)
_NONE = ((None, None),)
_CONFLICTS = (
    "SELECT kind, count(*), min(raised_us) FROM conflicts WHERE tenant = ? AND state = 'open' GROUP BY kind "
    "ORDER BY count(*) DESC, kind"
)


class Figure(msgspec.Struct, kw_only=True):
    """One group's counts. ``key``: the route or target; empty where there is one group only. ``states``: deliveries by
    the state they came to (``made``: they came to be); ``sends`` and ``probes``: attempts by verdict; ``calls``:
    requests by the vendor's operation; ``took``: sends by how long they took, ``lasted``: posts by how long after
    acceptance they arrived (both by ``sla.bucket``); ``late`` of these broke their promise."""

    key: str = ""
    states: dict[str, int] = msgspec.field(default_factory=dict)
    sends: dict[str, int] = msgspec.field(default_factory=dict)
    probes: dict[str, int] = msgspec.field(default_factory=dict)
    calls: dict[str, int] = msgspec.field(default_factory=dict)
    took: dict[int, int] = msgspec.field(default_factory=dict)
    lasted: dict[int, int] = msgspec.field(default_factory=dict)
    late: int = 0


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong last in a lane; ``detail`` is what its delivery says now."""

    lane: str
    seq: int
    at_us: int
    verdict: str
    detail: str


def keep(raw: sqlite3.Connection, delivery: Delivery, attempt: Attempt) -> None:
    """An attempt or a probe has ended."""
    what = "probe" if attempt.kind == "probe" else "send"
    place = (delivery.tenant, attempt.ended_us // HOUR_US, delivery.route, delivery.target)
    first, *others = attempt.calls.items() or _NONE
    took = bucket(attempt.ended_us - attempt.started_us)
    raw.execute(_COUNT, (*place, what, attempt.verdict, took, first[0] and first[0][:CHARS_MAX], first[1]))
    for operation, n in others:
        raw.execute(_COUNT, (*place, None, None, None, operation[:CHARS_MAX], n))
    if attempt.verdict in FAULTS:
        raw.execute(
            "INSERT OR REPLACE INTO lane_faults VALUES (?, ?, ?, ?)",
            (delivery.lane, delivery.seq, attempt.ended_us, attempt.verdict),
        )


def add_up(raw: sqlite3.Connection) -> None:
    """What is not in ``figures`` yet is now, before its time."""
    for sql in _ADD_UP:
        raw.execute(sql)


class SqlFigures:
    """Reads only, on the connection for what is asked from outside. All raise StoreUnavailable or ``sqlite3.Error``."""

    def __init__(self, reader: Engine) -> None:
        self._read = reader.run

    async def figures(self, tenant: str, spans: Sequence[Span], by: By = "") -> list[list[Figure]]:
        """For each span its groups, by name; a span in which nothing happened has none. Read by some days at a time, so
        that nobody else waits for all of them."""

        def of(part: Span) -> Job[list[Figure]]:
            return lambda raw: figures(raw, tenant, part, by)

        return [merged([one for part in _parts(span) for one in await self._read(of(part))]) for span in spans]

    async def by_target(self, tenants: Sequence[str], span: Span) -> dict[str, Figure]:
        """By lane, of all these tenants in one read."""
        return await self._read(
            lambda raw: {
                f"{tenant}/{each.key}": each for tenant in tenants for each in figures(raw, tenant, span, "target")
            }
        )

    async def promised(self, goals: Sequence[Goal], since_us: int) -> list[tuple[Goal, Durations]]:
        """How each of these routes has kept its promise, in one read."""
        return await self._read(
            lambda raw: [(each, durations(raw, each.tenant, each.route, since_us)) for each in goals]
        )

    async def conflicts(self, tenant: str) -> list[tuple[str, int, int]]:
        """(kind, how many, since when the oldest) of a tenant's open conflicts."""
        return await self._read(lambda raw: raw.execute(_CONFLICTS, (tenant,)).fetchall())

    async def faults(self) -> dict[str, Fault]:
        """What went wrong last, by lane."""
        rows = await self._read(lambda raw: raw.execute(_FAULT).fetchall())
        return {row[0]: Fault(**dict(zip(Fault.__struct_fields__, row, strict=True))) for row in rows}


def _parts(span: Span) -> list[Span]:
    begin, end = span
    return [(hour, min(end, hour + HOURS_READ)) for hour in range(begin, end, HOURS_READ)]


def merged(some: Iterable[Figure]) -> list[Figure]:
    """Those of one key as one, by key."""
    found: dict[str, Figure] = {}
    for each in some:
        one = found.setdefault(each.key, Figure(key=each.key))
        for name in _COUNTS:
            known = getattr(one, name)
            for what, n in getattr(each, name).items():
                known[what] = known.get(what, 0) + n
        one.late += each.late
    return [found[key] for key in sorted(found)]


def figures(raw: sqlite3.Connection, tenant: str, span: Span, by: By) -> list[Figure]:
    found: dict[str, Figure] = {}
    for key, what, which, number, n in raw.execute(SUMS[by], (tenant, *span)):
        one = found.setdefault(key, Figure(key=key))
        match what:
            case "state":
                one.states[which] = one.states.get(which, 0) + n
            case "send":
                one.sends[which] = one.sends.get(which, 0) + n
                if which != "not_sent":
                    one.took[number] = one.took.get(number, 0) + n
            case "probe":
                one.probes[which] = one.probes.get(which, 0) + n
            case _:
                one.calls[which] = one.calls.get(which, 0) + n
    if by != "target":
        for route in routes(raw, tenant):
            _lasting(raw, tenant, route, span, found, route if by == "route" else "")
    return [found[key] for key in sorted(found)]


def _lasting(raw: sqlite3.Connection, tenant: str, route: str, span: Span, found: dict[str, Figure], key: str) -> None:
    for number, n, late in raw.execute(LASTING, (tenant, route, *span)):
        one = found.setdefault(key, Figure(key=key))
        one.lasted[number] = one.lasted.get(number, 0) + n
        one.late += late


def routes(raw: sqlite3.Connection, tenant: str) -> Iterable[str]:
    """Those of which anything arrived, by leaps from one to the next."""
    route = raw.execute(ROUTE_AFTER, (tenant, "")).fetchone()[0]
    while route is not None:
        yield route
        route = raw.execute(ROUTE_AFTER, (tenant, route)).fetchone()[0]
