"""How much of the disk each tenant's rows take, by kind, and how many come a day: measured on a snapshot, only reading.

What tables and indexes take is SQLite's own account (``dbstat``), where it was compiled in. Else rows are sampled and
the size of the whole file is shared out by that. Among tenants a kind's bytes are shared by their rows.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import msgspec

from daemon.store.aside import reading
from daemon.store.audit_proof import hurry

DAY_US = 86_400_000_000
Kind = Literal["statements", "deliveries", "attachments", "records", "documents", "audit", "effects", "other"]
KINDS: tuple[Kind, ...] = (
    "statements", "deliveries", "attachments", "records", "documents", "audit", "effects", "other",
)  # fmt: skip
_TABLES: Mapping[str, Kind] = {
    "statements": "statements",
    "outcomes": "statements",
    "arrivals": "statements",
    "finder": "statements",
    "referrers": "statements",
    "voids": "statements",
    "deliveries": "deliveries",
    "contents": "attachments",
    "pieces": "attachments",
    "attachments": "attachments",
    "records": "records",
    "flaws": "records",
    "documents": "documents",
    "audit": "audit",
    "audit_told": "audit",
    "effects": "effects",
    "entities": "effects",
    "forgotten": "effects",
}
"""Whose account a table (with its indexes) is on; every other one is on ``other``."""
_LANE_TENANT = "substr(lane, 1, instr(lane, '/') - 1)"
_ROWS: Mapping[Kind, str] = {
    "statements": "SELECT tenant, count(*), min(seq) FROM statements INDEXED BY statements_tenant GROUP BY tenant",
    "deliveries": (
        f"SELECT {_LANE_TENANT} AS t, sum(n), (SELECT min(statement_seq) FROM deliveries) FROM depths GROUP BY t"  # noqa: S608
    ),
    "attachments": "SELECT tenant, count(*), (SELECT min(seq) FROM attachments) FROM contents GROUP BY tenant",
    "records": (
        "SELECT s.tenant, count(*), min(r.first_us) FROM records r JOIN sources s ON s.no = r.source GROUP BY s.tenant"
    ),
    "documents": "SELECT tenant, count(*), NULL FROM documents GROUP BY tenant",
    "audit": "SELECT tenant, count(*), min(at_us) FROM audit GROUP BY tenant",
    "effects": "SELECT '', count(*), min(day) * 86400000000 FROM effects",
}
"""(tenant, rows, the oldest)"""
_FRESH: Mapping[Kind, str] = {
    "statements": "SELECT tenant, sum(fresh) FROM arrivals WHERE at_us >= ? GROUP BY tenant",
    "deliveries": f"SELECT {_LANE_TENANT} AS t, count(*) FROM deliveries WHERE statement_seq >= ? GROUP BY t",  # noqa: S608
    "attachments": (
        "SELECT c.tenant, count(*) FROM contents c WHERE EXISTS (SELECT 1 FROM attachments a WHERE a.content = c.no "
        "AND a.seq >= ?1) AND NOT EXISTS (SELECT 1 FROM attachments a WHERE a.content = c.no AND a.seq < ?1) "
        "GROUP BY c.tenant"
    ),
    "records": (
        "SELECT s.tenant, count(*) FROM records r JOIN sources s ON s.no = r.source WHERE r.first_us >= ? "
        "GROUP BY s.tenant"
    ),
    "audit": "SELECT tenant, count(*) FROM audit WHERE at_us >= ? GROUP BY tenant",
    "effects": "SELECT '', count(*) FROM effects WHERE day >= ? / 86400000000",
}
"""(tenant, how many came since)"""
_SAMPLES: Mapping[Kind, str] = {
    "statements": "SELECT avg(length(body) + 400) FROM (SELECT body FROM statements ORDER BY seq DESC LIMIT 200)",
    "deliveries": (
        "SELECT avg(length(audience) + length(change) + length(history) + 400) FROM "
        "(SELECT audience, change, history FROM deliveries ORDER BY seq DESC LIMIT 200)"
    ),
    "attachments": "SELECT avg(bytes) + 200 FROM contents",
    "records": (
        "SELECT avg(length(raw) + length(canonical) + 300) FROM (SELECT raw, canonical FROM records "
        "ORDER BY no DESC LIMIT 200)"
    ),
    "documents": "SELECT avg(length(body) + 300) FROM (SELECT body FROM documents ORDER BY no DESC LIMIT 200)",
    "audit": "SELECT 600.0",
    "effects": "SELECT 60.0",
}


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of one kind of one tenant (empty: of all together). ``oldest_us`` 0: not known."""

    tenant: str
    kind: Kind
    rows: int
    bytes: int
    per_day: float
    oldest_us: int


class Storage(msgspec.Struct, frozen=True, kw_only=True):
    """``measured``: dbstat or sampled. Rates are of the last ``days``."""

    stored: tuple[Stored, ...]
    measured: Literal["dbstat", "sampled"]
    days: float
    database_bytes: int
    reusable_bytes: int


def measure(
    path: Path, now_us: int, days: float, rest: Callable[[], None] = hurry, *, sampled: bool = False
) -> Storage:
    """Blocks, and reads every page where it can: call it in a thread. ``days``: how far back rates are taken from, less
    where the store is younger. Raises StoreRefused."""
    with reading(path, "arrivals", "arrivals") as raw:
        raw.execute("BEGIN")
        [born_us] = raw.execute("SELECT applied_us FROM migrations WHERE version = 1").fetchone()
        days = max(1.0, min(days, (now_us - born_us) / DAY_US))
        since_us = now_us - round(days * DAY_US)
        page_bytes, pages, free = (
            int(raw.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_size", "page_count", "freelist_count")
        )
        rows: dict[tuple[Kind, str], tuple[int, int]] = {}
        fresh: dict[tuple[Kind, str], int] = defaultdict(int)
        for kind, sql in _ROWS.items():
            rows |= {(kind, tenant): (int(n), int(oldest or 0)) for tenant, n, oldest in raw.execute(sql) if n}
            rest()
        for kind, sql in _FRESH.items():
            for tenant, n in raw.execute(sql, (since_us,)):
                fresh[kind, tenant] += int(n or 0)
            rest()
        totals = {kind: sum(n for (each, _), (n, _) in rows.items() if each == kind) for kind in KINDS}
        sizes = None if sampled else _by_dbstat(raw)
        known = sizes or _by_sample(raw, totals, (pages - free) * page_bytes)
        raw.execute("ROLLBACK")
    stored = [
        Stored(
            tenant=tenant,
            kind=kind,
            rows=n,
            bytes=known.get(kind, 0) * n // max(1, totals[kind]),
            per_day=fresh[kind, tenant] / days,
            oldest_us=oldest_us,
        )
        for (kind, tenant), (n, oldest_us) in sorted(rows.items())
    ]
    rest_bytes = sum(known.values()) - sum(each.bytes for each in stored)  # of empty kinds too
    stored.append(Stored(tenant="", kind="other", rows=0, bytes=rest_bytes, per_day=0.0, oldest_us=0))
    return Storage(
        stored=tuple(stored),
        measured="dbstat" if sizes else "sampled",
        days=round(days, 2),
        database_bytes=pages * page_bytes,
        reusable_bytes=free * page_bytes,
    )


def _by_dbstat(raw: sqlite3.Connection) -> dict[Kind, int] | None:
    """Bytes by kind; None where SQLite was built without it."""
    try:
        found = raw.execute("SELECT name, pgsize FROM dbstat WHERE aggregate = TRUE").fetchall()
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise
        return None
    owners = dict(raw.execute("SELECT name, tbl_name FROM sqlite_master"))
    sizes: dict[Kind, int] = defaultdict(int)
    for name, size in found:
        sizes[_TABLES.get(str(owners.get(name, name)), "other")] += int(size)
    return sizes


def _by_sample(raw: sqlite3.Connection, totals: Mapping[Kind, int], used_bytes: int) -> dict[Kind, int]:
    """What is used, shared out by sampled rows: indexes are taken to be in proportion."""
    weights = {
        kind: totals[kind] * float(raw.execute(sql).fetchone()[0] or 0)
        for kind, sql in _SAMPLES.items()
        if totals[kind]
    }
    whole = sum(weights.values())
    return {kind: round(used_bytes * weight / whole) for kind, weight in weights.items()} if whole else {}
