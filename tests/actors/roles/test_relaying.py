"""Statements that are read elsewhere: once each, as they were; what is wrong with one is kept and holds up no other."""

import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from xapi_samples import Json, simple

from actors.domain.correcting import Correction
from actors.domain.harvest import Statements
from actors.domain.xapi.faults import Fault, Refusal
from actors.ports.records import Relayed
from actors.roles import relaying
from actors.roles.relaying import Relay
from daemon.store.database import Store, open_store
from daemon.store.relaying import SqlRelays

ID = "0d3cd6f4-3f2b-4c52-9c9d-5a3f6a8a5a01"
OTHER = "0d3cd6f4-3f2b-4c52-9c9d-5a3f6a8a5a02"
AUTHORITY = {"objectType": "Agent", "account": {"homePage": "https://lrs.example.edu", "name": "moodle"}}


class Died(Exception):
    """The process, at this very place."""


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
        raws = tuple(one if isinstance(one, bytes) else json.dumps(one).encode() for one in statements)
        return await self.relay(quiet=quiet).take(Statements(statements=raws, **more))

    def relay(self, *, quiet: bool = False) -> Relay:
        return Relay(
            "acme",
            "other",
            1,
            relays=self.store.relays,
            records=self.store.records,
            fallback="1.0.3",
            quiet=quiet,
            correlation_id="c1",
        )

    async def correct(self, path: str, value: str, was: str) -> None:
        """As ``quarantine edit`` does, of the first record."""
        put = Correction(path=path, value=value, was=was, by="ada", at_us=1)
        await self.store.quarantine.correct(1, [put], [])

    async def states(self) -> list[str]:
        return [row[0] for row in await self.rows("SELECT state FROM records ORDER BY no")]

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
        relayed, flawed = await world.read(with_one)
        assert (relayed.known, flawed) == (1, 0), "it is here with its content: that it comes without is no flaw"
        _, flawed = await world.read(shown(id=ID, attachments=with_one["attachments"], verb={"id": GOOD}))
        assert flawed == 1, "another one is not here"


BAD = "no IRI"
GOOD = "http://example.org/verbs/did"


@pytest.mark.parametrize("quiet", [False, True])
async def test_one_that_a_person_corrected_is_let_in_and_stays_so(tmp_path: Path, quiet: bool) -> None:
    async with here(tmp_path) as world:
        bad = shown(id=ID, verb={"id": BAD})
        await world.read(bad, quiet=quiet)
        assert (await world.relay().again([1])).fresh == 0
        assert await world.states() == ["quarantined"]
        await world.correct("verb.id", json.dumps(GOOD), json.dumps(BAD))
        assert (await world.relay().again([1])).fresh == 1
        assert await world.states() == ["gone"]
        [row] = await world.store.statements.after("acme", 0, 10)
        assert (json.loads(row.body)["verb"]["id"], row.quiet) == (GOOD, quiet), "quiet, if it went there quietly"
        relayed, flawed = await world.read(bad)
        assert (relayed.known, flawed) == (1, 0), "read again it is read as it was corrected"
        assert await world.states() == ["gone"]


async def test_what_the_rules_refused_once_is_let_in_when_they_do_not_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusing(*_: object, **__: object) -> None:
        raise Refusal((Fault("verb", "must be what a former version of us believed"),))

    async with here(tmp_path) as world:
        with monkeypatch.context() as former:
            former.setattr(relaying, "read_told", refusing)
            await world.read(shown(id=ID), shown(id=OTHER))
        assert await world.states() == ["quarantined", "quarantined"]
        assert (await world.relay().again([1, 2])).fresh == 2
        assert await world.states() == ["gone", "gone"]


async def test_of_a_conflict_a_person_decides(tmp_path: Path) -> None:
    async with here(tmp_path) as world:
        await world.read(shown(id=ID))
        clash = shown(id=ID, verb={"id": GOOD})
        await world.read(clash)
        assert (await world.relay().again([1])).conflicts == (ID,)
        assert await world.states() == ["quarantined"]
        await world.correct("id", json.dumps(OTHER), json.dumps(ID))
        assert (await world.relay().again([1])).fresh == 1
        assert await world.states() == ["gone"]
        relayed, flawed = await world.read(clash)
        assert (relayed.known, relayed.conflicts, flawed) == (1, (), 0)


async def test_a_conflict_with_what_is_read_too_stays_one_entry(tmp_path: Path) -> None:
    async with here(tmp_path) as world:
        one, other = shown(id=ID), shown(id=ID, verb={"id": GOOD})
        for number in range(3):
            await world.read(one)
            _, flawed = await world.read(other)
            assert flawed == (number == 0), "it is told once"
            assert await world.states() == ["quarantined"]
        await world.read(one, shown(id=OTHER))
        assert await world.states() == ["quarantined"]


async def test_what_is_wrong_in_two_ways_is_one_entry(tmp_path: Path) -> None:
    async with here(tmp_path) as world:
        counts = [(await world.read(shown(id=ID, verb={"id": wrong})))[1] for wrong in ("no IRI", "nor this")]
        assert counts == [1, 0]
        assert await world.states() == ["quarantined"]


async def test_one_that_stands_here_beside_another_with_its_id_is_not_taken_for_that_one(tmp_path: Path) -> None:
    async with here(tmp_path) as world:
        this, other = shown(id=ID), shown(id=ID, verb={"id": GOOD})
        _, flawed = await world.read(this, other, this)
        assert flawed == 1
        [(kept,)] = await world.rows("SELECT raw FROM records")
        assert json.loads(kept)["verb"] == {"id": GOOD}


async def read_and_died(world: Here, patched: pytest.MonkeyPatch, *statements: Json) -> None:
    """Up to ``2``, by a process that dies before any record is kept."""
    whole = SqlRelays.relay

    async def dies(self: SqlRelays, source: int, tenant: str, batches: Any, flawed: Any, cursor: Any) -> Relayed:
        if flawed:
            raise Died
        return await whole(self, source, tenant, batches, flawed, cursor)

    with patched.context() as patch:
        patch.setattr(SqlRelays, "relay", dies)
        with pytest.raises(Died):
            await world.read(*statements, cursor={"stored": "2"})
    assert await world.rows("SELECT cursor FROM sources") == [('{"stored":"1"}',)]


async def test_whoever_dies_before_it_is_kept_that_one_is_right_now_reads_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with here(tmp_path) as world:
        await world.read(shown(id=ID, verb={"id": BAD}), cursor={"stored": "1"})
        right = shown(id=ID, verb={"id": GOOD})
        await read_and_died(world, monkeypatch, right)
        relayed, _ = await world.read(right, cursor={"stored": "2"})
        assert (relayed.known, await world.states()) == (1, ["gone"])


async def test_whoever_dies_before_a_conflict_is_kept_has_not_read_beyond_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with here(tmp_path) as world:
        await world.read(shown(id=ID), cursor={"stored": "1"})
        other = shown(id=ID, verb={"id": "http://adlnet.gov/expapi/verbs/failed"})
        await read_and_died(world, monkeypatch, other, shown(id=OTHER))
        await world.read(other, shown(id=OTHER), cursor={"stored": "2"})
        assert await world.states() == ["quarantined"]
        assert await world.rows("SELECT cursor FROM sources") == [('{"stored":"2"}',)]
        await world.read(other, cursor={"stored": "3"})
        assert await world.rows("SELECT cursor FROM sources") == [('{"stored":"3"}',)], "known as a conflict"
