"""How much of what vendors said is remembered on disk, and since when."""

import sqlite3
from typing import NamedTuple

from daemon.store.engine import Engine

_TABLES = {"addresses": "addresses", "accounts": "roster_accounts"}
"""By the names of ``config.recall``."""


class Lain(NamedTuple):
    """Of one lane."""

    entries: int
    oldest_us: int


class Remembering:
    """Reads only. Raises StoreUnavailable or ``sqlite3.Error``."""

    def __init__(self, reader: Engine) -> None:
        self._read = reader.run

    async def lain(self) -> dict[tuple[str, str], Lain]:
        """By (name, lane)."""
        found: dict[tuple[str, str], Lain] = {}
        for name, table in _TABLES.items():
            sql = f"SELECT lane, count(*), min(found_us) FROM {table} GROUP BY lane ORDER BY lane"  # noqa: S608  # ours

            def job(raw: sqlite3.Connection, sql: str = sql) -> list[tuple[str, int, int]]:
                return raw.execute(sql).fetchall()

            for lane, entries, oldest_us in await self._read(job):
                found[name, lane] = Lain(entries, oldest_us)
        return found

    async def addresses_since(self, lane: str, since_us: int) -> int:
        """How many learners' addresses are remembered of a lane that were found since then."""
        sql = "SELECT count(*) FROM addresses WHERE lane = ? AND found_us >= ?"
        [n] = await self._read(lambda raw: raw.execute(sql, (lane, since_us)).fetchone())
        return int(n)
