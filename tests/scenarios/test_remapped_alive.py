"""A mapping is changed under a source that is alive: it waits, goes on where it was after a kill, and says nothing."""

import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
import trio
import world
from toy_mapping import MAPPING
from world import Campus, open_campus, source, tenant

from actors.domain.mapping import compile_tables
from actors.ports import SourceName
from actors.roles.remapping import carry_on
from daemon.store import remapping

SECOND = """
version = 2
extends = 1
note = "Names are in capitals."
[user.row]
display_name = { path = "name", as = ["name", "upper"], required = true }
"""
CAMPUS = SourceName(tenant="acme", name="campus", kind="toy")


@pytest.fixture(autouse=True)
def versions(monkeypatch: pytest.MonkeyPatch) -> None:
    mapped, wrong = compile_tables({1: tomllib.loads(MAPPING), 2: tomllib.loads(SECOND)})
    assert not wrong, wrong
    monkeypatch.setattr(world, "toy_tables", lambda: mapped)
    monkeypatch.setattr(remapping, "PAGE", 5)


@asynccontextmanager
async def read(path: Path) -> AsyncIterator[Campus]:
    acme = tenant(sources=source("toy", every="1h", every_max="1h", first_sync="announce", mapping=1))
    async with open_campus(path, acme, limited=False) as campus:
        await campus.until_read()
        await campus.quiet()
        yield campus


async def told(campus: Campus) -> int:
    [(n,)] = await campus.rows("SELECT count(*) FROM statements")
    return int(n)


async def names(campus: Campus) -> set[bool]:
    """Whether names are in capitals."""
    rows = await campus.rows("SELECT canonical FROM records WHERE entity = 'user'")
    return {str(msgspec.json.decode(row[0])["display_name"]).isupper() for row in rows}


async def test_one_that_was_begun_before_a_kill_is_finished_before_anything_is_read(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with read(tmp_path) as campus:
        said, state = await told(campus), await campus.store.sources.state(CAMPUS)
        await campus.die()
        begun = await campus.store.remappings.begin(state.no, 2, "kim", campus.clock.now_us())
        assert begun.state == "running"
        person = next(iter(campus.school.people.values()))
        campus.school.change_person(person, campus.clock.now_us() / 1e6, email="new@example.edu")
        await campus.again()
        await campus.sync("full")
        await campus.quiet()
        assert await names(campus) == {True}
        assert await campus.store.remappings.in_force(state.no) == (2, False)
        assert len(campus.notes.named("mapping.finished")) == 1
        assert await told(campus) == said + 1  # the new address, and no name
        await campus.sync("full")
        assert await told(campus) == said + 1


async def test_a_reading_under_way_takes_nothing_more_in_by_the_old_mapping(
    tmp_path: Path, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with read(tmp_path) as campus:
        said, state = await told(campus), await campus.store.sources.state(CAMPUS)
        for person in campus.school.people.values():
            campus.school.change_person(person, campus.clock.now_us() / 1e6, email=f"x{person.id}@example.edu")
        world_ = campus.world("office", campus.store.statements, campus.store.outbox, campus.store.ledger, campus.http)
        tables = world_.meanings
        acme = campus.tenants["acme"]
        async with trio.open_nursery() as nursery, campus.switchboard.alone("acme/campus"):
            nursery.start_soon(campus.sync, "full")
            await trio.sleep(5)  # it has begun, and waits for its first page
            begun = await campus.store.remappings.begin(state.no, 2, "kim", campus.clock.now_us())
            before, after = (tables.meaning(acme, "campus", "http://sandbox.test/toy", n) for n in (1, 2))
            await carry_on(begun, before, after, campus.store.remappings, campus.store.records, campus.clock.now_us)
        await campus.until_read(3)
        await campus.quiet()
        assert await names(campus) == {True}
        assert await told(campus) == said + len(campus.school.people)
