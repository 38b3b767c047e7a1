"""Statements that are read elsewhere: once each, as they were; what is wrong with one is kept and holds up no other."""

import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from xapi_samples import Json, simple

from actors.domain.harvest import Statements
from actors.ports.records import Relayed
from actors.roles.relaying import Relay
from daemon.store.database import Store, open_store

ID = "0d3cd6f4-3f2b-4c52-9c9d-5a3f6a8a5a01"
OTHER = "0d3cd6f4-3f2b-4c52-9c9d-5a3f6a8a5a02"
AUTHORITY = {"objectType": "Agent", "account": {"homePage": "https://lrs.example.edu", "name": "moodle"}}


class Ticking:
    def __init__(self) -> None:
        self.at_us = 1_800_000_000_000_000

    def now_us(self) -> int:
        self.at_us += 1
        return self.at_us


class Here:
    """A store with one source in it, and a relay."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def read(self, *statements: Json | bytes, quiet: bool = False, **more: Any) -> tuple[Relayed, int]:
        relay = Relay(
            "acme",
            "other",
            1,
            relays=self.store.relays,
            records=self.store.records,
            fallback="1.0.3",
            quiet=quiet,
            correlation_id="c1",
        )
        raws = tuple(one if isinstance(one, bytes) else json.dumps(one).encode() for one in statements)
        return await relay.take(Statements(statements=raws, **more))

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return await self.store.writer.submit(lambda raw: raw.execute(sql).fetchall())


@asynccontextmanager
async def here(folder: Path) -> AsyncIterator[Here]:
    async with open_store(folder / "s.db", Ticking(), inline=True) as store:
        await store.writer.submit(
            lambda raw: raw.execute("INSERT INTO sources (no, tenant, name, kind) VALUES (1, 'acme', 'other', 'lrs')")
        )
        yield Here(store)


def shown(**more: Any) -> Json:
    """As another LRS shows it."""
    return simple(stored="2026-11-28T10:00:00.000001Z", timestamp="2026-11-28T09:00:00Z", **more)


async def test_it_stands_here_as_it_stood_there(tmp_path: Path) -> None:
    async with here(tmp_path) as world:
        relayed, flawed = await world.read(shown(id=ID, authority=AUTHORITY, version="1.0.0"), cursor={"stored": "x"})
        assert (relayed.fresh, flawed) == (1, 0)
        [row] = await world.store.statements.after("acme", 0, 10)
        assert (row.id, row.source, row.quiet) == (ID, "other", False)
        assert json.loads(row.authority) == AUTHORITY
        assert await world.rows("SELECT cursor FROM sources") == [('{"stored":"x"}',)]


async def test_read_again_it_writes_nothing(tmp_path: Path) -> None:
    async with here(tmp_path) as world:
        await world.read(shown(id=ID), shown(id=OTHER))
        before = await world.rows("SELECT total_changes()")
        relayed, _ = await world.read(shown(id=ID), shown(id=OTHER))
        assert (relayed.fresh, relayed.known) == (0, 2)
        [(now,)] = await world.rows("SELECT total_changes()")
        assert now - before[0][0] <= 1, "the count of commits, no more"


async def test_history_is_quiet(tmp_path: Path) -> None:
    async with here(tmp_path) as world:
        await world.read(shown(id=ID), quiet=True)
        [row] = await world.store.statements.after("acme", 0, 10)
        assert row.quiet


async def test_what_is_wrong_holds_up_no_other(tmp_path: Path) -> None:
    async with here(tmp_path) as world:
        bad = shown(id=OTHER, verb={"id": "no IRI"})
        for _ in range(2):
            relayed, flawed = await world.read(shown(id=ID), bad, b"[]")
        assert (relayed.known, flawed) == (1, 0), "the second time it is known"
        kept = await world.rows("SELECT entity, id, state FROM records ORDER BY no")
        assert kept[0] == ("statement", OTHER, "quarantined")
        assert len(kept) == 2
        assert [row[0] for row in await world.rows("SELECT path FROM flaws WHERE record = 1")] == ["verb.id"]


async def test_another_one_with_the_same_id_is_told(tmp_path: Path) -> None:
    async with here(tmp_path) as world:
        await world.read(shown(id=ID))
        for fresh in (1, 0):
            relayed, flawed = await world.read(shown(id=ID, verb={"id": "http://example.org/other"}))
            assert (relayed.conflicts, flawed) == ((ID,), fresh)
        assert await world.rows("SELECT rule FROM flaws") == [("conflict",)]
        [row] = await world.store.statements.after("acme", 0, 10)
        assert b"example.org/other" not in row.body


async def test_attachments_come_along_or_the_statement_waits(tmp_path: Path) -> None:
    content = b"a certificate"
    sha2 = hashlib.sha256(content).hexdigest()
    with_one = shown(
        id=ID,
        attachments=[
            {
                "usageType": "http://example.org/u",
                "display": {"en": "A"},
                "contentType": "text/plain",
                "length": len(content),
                "sha2": sha2,
            }
        ],
    )
    async with here(tmp_path) as world:
        _, flawed = await world.read(with_one)
        assert flawed == 1
        relayed, _ = await world.read(with_one, shown(id=OTHER), contents={sha2: content})
        assert relayed.fresh == 2
        assert await world.rows("SELECT state FROM records") == [("gone",)]
        assert await world.rows("SELECT count(*) FROM flaws") == [(0,)]
