"""The same statement again: from its sender, from whoever read it here, from a file; and all agrees with itself."""

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio_asyncio
from xapi_samples import Json, learner, simple

from actors.domain.xapi.exact import exact
from actors.domain.xapi.history import read_told
from actors.domain.xapi.intake import read_batch
from actors.ports import NewStatement, Provenance, StatementConflict
from actors.ports.records import Batch
from daemon.store.database import Store, open_store
from daemon.store.soundness import unsound

ID = "0d3cd6f4-3f2b-4c52-9c9d-5a3f6a8a5a01"
STAMP = "2026-11-23T15:29:17.123Z"
FROM = Provenance(tenant="acme", source="campus", correlation_id="c", traceparent="", version="1.0.3", authority=b"{}")


class Ticking:
    def __init__(self) -> None:
        self.at_us = 1_800_000_000_000_000

    def now_us(self) -> int:
        self.at_us += 1
        return self.at_us


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Store]:
    async with trio_asyncio.open_loop(), open_store(folder / "s.db", Ticking()) as store:
        yield store
    with sqlite3.connect(folder / "s.db") as raw:
        assert unsound(raw, whole=True) == "", "what is stored agrees with itself"
    raw.close()


def sent(statement: Json) -> NewStatement:
    common: dict[str, Any] = {"tenant": "acme", "source": "campus", "dedupe": False, "version": "1.0.3"}
    [new] = read_batch(json.dumps(statement).encode(), fresh_id=lambda: "0" * 32, **common)
    return new


def from_file(line: bytes) -> Batch:
    told = read_told(line, tenant="acme", source="import", fallback="1.0.3")
    return Batch(statements=(told.new,), provenance=FROM)


async def shown(store: Store) -> bytes:
    """As it is answered, or exported."""
    row = await store.finding.get("acme", ID)
    assert row is not None
    return exact(
        row.body,
        stored_us=row.stored_us,
        timestamp=row.timestamp,
        arrived=row.version,
        authority=b'{"mbox":"mailto:x@y"}',
    )


async def bring_in(store: Store, line: bytes) -> tuple[int, int, tuple[str, ...]]:
    got = await store.imports.bring_in("acme", [from_file(line)], [], [], [], dry_run=False)
    return got.fresh, got.known, got.conflicts


@pytest.mark.parametrize("more", [{}, {"timestamp": STAMP}])
async def test_what_was_read_comes_back_as_the_same_by_either_way(tmp_path: Path, more: Json) -> None:
    async with opened(tmp_path) as store:
        assert (await store.statements.append([sent(simple(id=ID, **more))], FROM)).fresh == 1
        line = await shown(store)
        assert (await store.statements.append([sent(json.loads(line))], FROM)).collapsed == 1
        assert await bring_in(store, line) == (0, 1, ())
        changed = {**json.loads(line), "actor": learner("other")}
        with pytest.raises(StatementConflict):
            await store.statements.append([sent(changed)], FROM)
        assert await bring_in(store, json.dumps(changed).encode()) == (0, 0, (ID,))


async def test_what_a_file_brought_its_sender_may_send_again_without_the_time(tmp_path: Path) -> None:
    async with opened(tmp_path) as other:
        await other.statements.append([sent(simple(id=ID))], FROM)
        line = await shown(other)
    (tmp_path / "new").mkdir()
    async with opened(tmp_path / "new") as store:
        assert await bring_in(store, line) == (1, 0, ())
        assert (await store.statements.append([sent(simple(id=ID))], FROM)).collapsed == 1
        with pytest.raises(StatementConflict):
            await store.statements.append([sent(simple(id=ID, timestamp=STAMP))], FROM)
