"""Retention on an opened store: the database's own thread, the one writer, closing and opening again."""

import sqlite3
from collections import Counter
from pathlib import Path

import trio_asyncio
from housekeeping import START_US, days, identity
from world import tenant

from actors.domain.retention import DAY_US
from actors.ports import NewStatement, Provenance, Routed
from actors.roles.janitor import tidy
from config.model import Retention
from daemon.store.database import Store, open_store
from daemon.store.migrate import migrate
from daemon.store.retention import space

ACME = tenant(retention=Retention(statements="5d", deliveries="5d", dead_letters="5d", effect_horizon="30d"))
FROM = Provenance(tenant="acme", source="lms", correlation_id="c", traceparent="", version="1.0.3")


class Days:
    """A clock that is set."""

    def __init__(self) -> None:
        self.at_us = START_US

    def now_us(self) -> int:
        return self.at_us


async def told(store: Store, n: int) -> None:
    batch = [
        NewStatement(id=identity(number), body=b"x" * 2_000, digest=b"d", timestamp="", given_id=True)
        for number in range(n)
    ]
    await store.statements.append(batch, FROM)
    for first in range(0, n, 200):
        seen = await store.statements.after("acme", await store.outbox.cursor("acme"), 200)
        routed = [
            Routed(
                seq=one.seq,
                statement_id=one.id,
                correlation_id="c",
                traceparent="",
                accepted_us=one.seq,
                reason="unknown_verb: x",
            )
            for one in seen
        ]
        assert first + len(seen) <= n
        await store.outbox.route("acme", routed, seen[-1].seq)


async def test_a_run_on_the_databases_own_thread_and_the_next_start(tmp_path: Path) -> None:
    clock = Days()
    path = tmp_path / "s.db"
    removed: Counter[str] = Counter()
    async with trio_asyncio.open_loop(), open_store(path, clock) as store:
        await told(store, 1_000)
        clock.at_us += 10 * DAY_US
        await tidy(ACME, {"acme": days(horizon=30).horizon_us}, store.housekeeping, clock, removed)
        assert (removed["statements"], removed["requests"]) == (1_000, 1)
        assert removed["pages"] > 0
        assert (await store.housekeeping.space()).spare == 0
        kept = {one.what: one for one in await store.housekeeping.kept("acme")}
        assert (kept["statements"].n, kept["statements"].removed) == (0, 1_000)
    async with trio_asyncio.open_loop(), open_store(path, clock) as store:
        again = [NewStatement(id=identity(7), body=b"x", digest=b"d", timestamp="", given_id=True)]
        assert (await store.statements.append(again, FROM)).collapsed == 1


async def test_a_store_of_an_earlier_version_is_opened_and_returns_space_from_then_on(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    raw = sqlite3.connect(path, isolation_level=None)
    migrate(raw, START_US)
    assert not space(raw).returns
    raw.close()
    async with trio_asyncio.open_loop(), open_store(path, Days()) as store:
        assert (await store.housekeeping.space()).returns
