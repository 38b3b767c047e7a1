"""What the store remembers of its pages is bounded for all connections together, however large it grows."""

import sqlite3
from pathlib import Path

from daemon.clock import SystemClock
from daemon.store.database import open_store

ALL_KIB = 32 * 1024


def _cache_kib(raw: sqlite3.Connection) -> int:
    """SQLite tells kibibytes as a negative number, and pages as a positive one."""
    return -int(raw.execute("PRAGMA cache_size").fetchone()[0])


async def test_the_caches_of_all_connections_have_32_mib_together(tmp_path: Path) -> None:
    async with open_store(tmp_path / "s.db", SystemClock(), inline=True) as store:
        sizes = [
            await store.writer.apart(_cache_kib),
            await store.lrs_reader.run(_cache_kib),
            await store.statements._read(_cache_kib),
        ]
    assert min(sizes) > 0
    assert sum(sizes) <= ALL_KIB
