"""A store whose audit has some rows, and ways to damage it that its own triggers would forbid."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

from actors.ports.audit import Deed
from daemon.store.audit_proof import Anchor, Proof, prove
from daemon.store.audit_rows import Head, head
from daemon.store.database import Store, open_store

DAY_US = 86_400_000_000


class Wall:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.at_us = 1_800_000_000_000_000

    def now_us(self) -> int:
        self.at_us += 1_000
        return self.at_us


def deed(what: str = "pause", who: str = "ada (uid 1000)", **more: Any) -> Deed:
    return Deed(who=who, where="control socket, pid 7", what=what, on="acme/slack", **more)


@asynccontextmanager
async def audited(path: Path, clock: Wall | None = None) -> AsyncIterator[Store]:
    async with open_store(path, clock or Wall(), inline=True) as store:
        yield store


async def filled(path: Path, rows: int = 12) -> None:
    """Two tenants and the host, each with deeds that were done, that failed, and one that was refused."""
    async with audited(path) as store:
        for n in range(rows):
            tenant = ("acme", "globex", "")[n % 3]
            no = await store.audit.intend(tenant, deed(arguments={"n": n}, correlation_id=f"c-{n}"))
            if n % 4:
                await store.audit.conclude(tenant, no, "done" if n % 2 else "failed", f"so it went, {n}")
        store.audit.refused("acme", deed("gateway.refused", who="unknown"), "credentials")
        await store.audit.flush(all_of_them=True)


def damage(path: Path, *changes: str | Callable[[sqlite3.Connection], object]) -> None:
    """As somebody would who can write the file: triggers and all checks are out of the way."""
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("PRAGMA ignore_check_constraints = ON")
        for (name,) in raw.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'audit%'"
        ).fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        for name in ("audit_tenant", "audit_concluded"):
            raw.execute(f"DROP INDEX IF EXISTS {name}")
        for change in changes:
            raw.execute(change) if isinstance(change, str) else change(raw)


def proven(path: Path, *anchors: Anchor) -> Proof:
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        return prove(raw, anchors)


def newest(path: Path) -> Head:
    with closing(sqlite3.connect(path)) as raw:
        return head(raw)


def anchored(path: Path) -> Anchor:
    """What somebody else remembers now."""
    found = newest(path)
    return Anchor(seq=found.seq, hash=found.hash, where="the test")
