"""Conservation in the store: what became of a day's statements is counted, and the count becomes a row of the chain.

What was accepted is what the requests say that they brought, written with them in one transaction; what became of it is
counted from the log, the outcomes and the outbox. A request that brought more than there is left, and of which nobody
took that many away, has lost some. Counting goes hour by hour, so that a busy day holds nobody up.
"""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec

from actors.domain.conserving import DAY_US, FATES, Balance, Closed, Fate, Link, digest
from daemon.store.engine import Engine
from daemon.store.writer import Writer

HOUR_US = 3_600_000_000
DAYS_MAX = 40
"""Days that are closed in one go."""
LOOK_BACK_DAYS = 400
_counts: msgspec.json.Decoder[dict[Fate, int]] = msgspec.json.Decoder(dict[Fate, int])

RANKED: tuple[Fate, ...] = ("waiting", "parked", "dead", "delivered", "superseded", "shadowed", "cancelled")
"""What deliveries make of their statement, the least settled first."""
_RANK = (
    "CASE d.state WHEN 'parked' THEN 1 WHEN 'dead' THEN 2 WHEN 'delivered' THEN 3 WHEN 'superseded' THEN 4 "
    "WHEN 'shadowed' THEN 5 WHEN 'cancelled' THEN 6 ELSE 0 END"
)
FATE = (
    "CASE WHEN o.seq IS NULL THEN iif(s.seq > (SELECT coalesce(max(seq), 0) FROM cursors WHERE tenant = s.tenant), "
    "'waiting', 'lost') WHEN o.deliveries = 0 THEN 'not_routed' "
    "ELSE coalesce((SELECT min(RANK) FROM deliveries d WHERE d.statement_seq = s.seq), 'retired') END"
).replace("RANK", _RANK)
"""Of statement ``s`` with its outcome ``o``: a name, or a place in ``RANKED``."""
_BROUGHT = (
    "SELECT source, count(*), sum(fresh), sum(departed) FROM arrivals INDEXED BY arrivals_first "
    "WHERE tenant = ? AND first_seq >= ? AND first_seq < ? AND fresh > 0 GROUP BY source"
)
_THERE = (
    f"SELECT a.source, {FATE} AS fate, count(*) FROM arrivals a INDEXED BY arrivals_first "  # noqa: S608  # constants
    "JOIN statements s ON s.seq >= a.first_seq AND s.seq < a.first_seq + a.fresh AND s.arrival = a.no "
    "LEFT JOIN outcomes o ON o.seq = s.seq "
    "WHERE a.tenant = ? AND a.first_seq >= ? AND a.first_seq < ? AND a.fresh > 0 GROUP BY a.source, fate"
)
LINK = "no, tenant, day, source, accepted, counts, made_us, prev, hash"
_LAST = "SELECT no, hash FROM conserved ORDER BY no DESC LIMIT 1"
_NEWEST = (
    f"SELECT {LINK} FROM conserved WHERE no IN (SELECT max(no) FROM conserved WHERE tenant = ? AND day >= ? "  # noqa: S608
    "GROUP BY day, source) ORDER BY day DESC, source"
)
_BEFORE = f"SELECT {LINK} FROM conserved WHERE tenant = ? AND day = ? AND source = ? ORDER BY no DESC LIMIT 1"  # noqa: S608
_ADD = f"INSERT INTO conserved ({LINK}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608  # constants


class Part(msgspec.Struct):
    """Of a source and a time: what requests brought, and what became of it."""

    accepted: int = 0
    counts: Counter[Fate] = msgspec.field(default_factory=Counter)


def fate_of(found: Any) -> Fate:
    """Of what ``FATE`` told."""
    fate: Fate = RANKED[found] if isinstance(found, int) else found
    return fate


def counted(raw: sqlite3.Connection, tenant: str, from_us: int, until_us: int) -> dict[str, Part]:
    """By source: of the requests whose first statement was stored in this time."""
    parts: dict[str, Part] = defaultdict(Part)
    span = (tenant, from_us, until_us)
    for source, _, fresh, gone in raw.execute(_BROUGHT, span):
        parts[source].accepted += fresh
        parts[source].counts["departed"] += gone
    for source, fate, n in raw.execute(_THERE, span):
        parts[source].counts[fate_of(fate)] += n
    for part in parts.values():
        part.counts["lost"] += max(0, part.accepted - part.counts.total())
    return parts


def departed(raw: sqlite3.Connection, tenant: str, day: int) -> dict[str, int]:
    """By source: statements of that day whose whole request is gone."""
    return dict(raw.execute("SELECT source, n FROM departures WHERE tenant = ? AND day = ?", (tenant, day)).fetchall())


def depart(raw: sqlite3.Connection, arrivals: Counter[int]) -> None:
    """So many statements of these requests are about to leave the log; they stay counted there."""
    raw.executemany("UPDATE arrivals SET departed = departed + ? WHERE no = ?", [(n, no) for no, n in arrivals.items()])


def close_requests(raw: sqlite3.Connection, numbers: Sequence[int]) -> None:
    """These requests are about to go with the last of what they brought."""
    raw.executemany(
        "INSERT INTO departures (tenant, day, source, n) SELECT tenant, first_seq / ?, source, fresh FROM arrivals "
        "WHERE no = ? AND fresh > 0 ON CONFLICT DO UPDATE SET n = n + excluded.n",
        [(DAY_US, no) for no in numbers],
    )


def link_of(row: Sequence[Any]) -> tuple[Link, bytes]:
    """From the columns ``LINK``. Raises msgspec.DecodeError, TypeError or ValueError for what no lmsyncd wrote."""
    no, tenant, day, source, accepted, counts, made_us, prev, hash_ = row
    told = Balance(tenant=tenant, day=day, source=source, accepted=accepted, counts=_counts.decode(counts))
    return Link(no=no, balance=told, made_us=made_us, prev=prev), hash_


class SqlConserving:
    """Implements ``ports.Conserving``."""

    def __init__(self, writer: Writer, reader: Engine) -> None:
        self._write = writer.submit
        self._read = reader.run

    async def due(self, tenant: str, now_us: int) -> Sequence[int]:
        return await self._read(lambda raw: due(raw, tenant, now_us // DAY_US))

    async def count(self, tenant: str, day: int) -> tuple[Balance, ...]:
        parts: dict[str, Part] = defaultdict(Part)
        for hour in range(24):
            for source, part in (await self._read(partial(_hour, tenant=tenant, day=day, hour=hour))).items():
                parts[source].accepted += part.accepted
                parts[source].counts.update(part.counts)
        for source, n in (await self._read(lambda raw: departed(raw, tenant, day))).items():
            parts[source].accepted += n
            parts[source].counts["departed"] += n
        return tuple(
            Balance(
                tenant=tenant,
                day=day,
                source=source,
                accepted=part.accepted,
                counts={fate: part.counts[fate] for fate in FATES if part.counts[fate]},
            )
            for source, part in sorted(parts.items())
        )

    async def close(self, tenant: str, day: int, balances: Sequence[Balance], now_us: int) -> Closed:
        return await self._write(lambda raw: close(raw, tenant, day, balances, now_us))

    async def days(self, tenant: str, since_day: int) -> tuple[Balance, ...]:
        return await self._read(lambda raw: newest(raw, tenant, since_day))


def _hour(raw: sqlite3.Connection, tenant: str, day: int, hour: int) -> dict[str, Part]:
    from_us = day * DAY_US + hour * HOUR_US
    return counted(raw, tenant, from_us, from_us + HOUR_US)


def due(raw: sqlite3.Connection, tenant: str, today: int) -> list[int]:
    """Days that are over and not written, or written with something that may have moved on; the oldest first."""
    first = raw.execute(
        "SELECT first_seq FROM arrivals INDEXED BY arrivals_first WHERE tenant = ? AND first_seq >= ? AND fresh > 0 "
        "ORDER BY first_seq LIMIT 1",
        (tenant, (today - LOOK_BACK_DAYS) * DAY_US),
    ).fetchone()
    through, looked = raw.execute(
        "SELECT through, looked FROM conserved_at WHERE tenant = ?", (tenant,)
    ).fetchone() or (-1, -1)
    again = [] if looked >= today else _open_days(raw, tenant, today)
    fresh = range(max(through + 1, first[0] // DAY_US if first else today), today)
    return sorted({*again, *fresh})[:DAYS_MAX]


def _open_days(raw: sqlite3.Connection, tenant: str, today: int) -> list[int]:
    return [told.day for told in newest(raw, tenant, today - LOOK_BACK_DAYS) if told.is_open]


def newest(raw: sqlite3.Connection, tenant: str, since_day: int) -> tuple[Balance, ...]:
    return tuple(link_of(row)[0].balance for row in raw.execute(_NEWEST, (tenant, since_day)))


def close(raw: sqlite3.Connection, tenant: str, day: int, balances: Sequence[Balance], now_us: int) -> Closed:
    """Write those that are new or other than they were. A day that is as it was counts as looked at."""
    before, prev = raw.execute(_LAST).fetchone() or (0, b"")
    no = before
    for told in balances:
        written = raw.execute(_BEFORE, (told.tenant, told.day, told.source)).fetchone()
        if written is not None and link_of(written)[0].balance == told:
            continue
        no += 1
        link = Link(no=no, balance=told, made_us=now_us, prev=prev)
        prev = digest(link)
        counts = msgspec.json.encode(told.counts).decode()
        raw.execute(_ADD, (no, told.tenant, told.day, told.source, told.accepted, counts, now_us, link.prev, prev))
    raw.execute(
        "INSERT INTO conserved_at VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET "
        "through = max(through, excluded.through), looked = excluded.looked",
        (tenant, day, now_us // DAY_US),
    )
    return Closed(links=no - before, no=no, head=bytes(prev))
