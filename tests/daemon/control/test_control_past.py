"""A reading of the past that was asked for is made until it has ended, whoever dies, or until somebody pauses."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from control_office import Office, ask
from world import Campus, open_campus, source, tenant

from actors.messages import Backfill
from actors.ports import Fault
from daemon.control import protocol as p
from daemon.control.exits import Exit

ACME = tenant(sources=source(full=None))
CAMPUS = "acme/campus"
SLOW = Fault(kind="slow", value="7")
LOUD = p.SourceBackfill(source=CAMPUS, since="2026-11-01", announce=True)
IN_WORDS = "announced backfill from 2026-11-01T00:00:00Z to now"


@asynccontextmanager
async def struck(path: Path, fault: Fault) -> AsyncIterator[tuple[Campus, Office]]:
    """A source that was read, and fails now."""
    async with open_campus(path, ACME) as campus:
        await campus.until_read()
        await trio.sleep(1)
        campus.sources["toy"].fault(fault)
        yield campus, Office(campus.store, campus.tenants, campus=campus)


async def past(office: Office) -> str:
    rows, _ = await ask(office, p.SourceList())
    return str(rows[0].past)


def modes(campus: Campus) -> list[tuple[str, str]]:
    return [(each.mode, each.how) for each in campus.readings()][1:]


async def test_killed_it_is_made_again_at_the_next_start(tmp_path: Path, autojump_clock: object) -> None:
    async with struck(tmp_path, SLOW) as (campus, office):
        await ask(office, LOUD)
        await trio.sleep(2)
        assert (campus.view().state, await past(office)) == ("running", IN_WORDS)
        await campus.die()
        await campus.again()
        await campus.until_read(2)
        await trio.sleep(5)
        assert modes(campus) == [("backfill", "finished")]
        assert await past(office) == ""
        await campus.until_read(4)
        assert [mode for mode, _ in modes(campus)] == ["backfill", "delta", "delta"]


async def test_killed_before_it_began_it_is_made(tmp_path: Path, autojump_clock: object) -> None:
    async with struck(tmp_path, SLOW) as (campus, office):
        await ask(office, LOUD)
        await campus.die()
        await campus.again()
        await campus.until_read(2)
        assert modes(campus) == [("backfill", "finished")]


async def test_pausing_forgets_it(tmp_path: Path, autojump_clock: object) -> None:
    async with struck(tmp_path, SLOW) as (campus, office):
        await ask(office, LOUD)
        await trio.sleep(2)
        _, end = await ask(office, p.SourcePause(source=CAMPUS))
        assert end.note.startswith(f"the {IN_WORDS} is forgotten; ")
        await trio.sleep(2)
        assert (modes(campus), await past(office)) == ([("backfill", "stopped")], "")
        await ask(office, p.SourceResume(source=CAMPUS))
        await campus.until_read(3)
        assert modes(campus)[1:] == [("delta", "finished")]


async def test_while_the_source_is_down_it_waits(tmp_path: Path, autojump_clock: object) -> None:
    """And what is new is read as well, before it and between its attempts."""
    async with struck(tmp_path, Fault(kind="status", value="503", times=3)) as (campus, office):
        rows, end = await ask(office, p.SourceBackfill(source=CAMPUS, since="2026-11-01", announce=True, wait=True))
        assert (rows[-1].how, end.exit_code) == ("unavailable", Exit.AGAIN)
        assert await past(office) == IN_WORDS
        with trio.fail_after(7_200):
            while await past(office):
                await trio.sleep(1)
        assert modes(campus)[0] == ("backfill", "unavailable")
        assert modes(campus)[-2:] == [("delta", "finished"), ("backfill", "finished")]


async def test_what_a_person_must_mend_ends_it(tmp_path: Path, autojump_clock: object) -> None:
    async with struck(tmp_path, Fault(kind="status", value="403")) as (_, office):
        rows, end = await ask(office, p.SourceBackfill(source=CAMPUS, since="2026-11-01", announce=True, wait=True))
        assert (rows[-1].how, end.exit_code) == ("refused", Exit.FAILURE)
        assert await past(office) == ""


async def test_whoever_asks_while_it_is_asked_for_may_come_again(tmp_path: Path, autojump_clock: object) -> None:
    async with struck(tmp_path, SLOW) as (_, office):
        await ask(office, LOUD)
        with pytest.raises(p.Refusal, match="asked for a backfill already") as refused:
            await ask(office, LOUD)
        assert refused.value.code == Exit.AGAIN
        assert "source pause acme/campus forgets it" in refused.value.advice
        await trio.sleep(1)
        await ask(office, p.SourceSync(source=CAMPUS))
        with pytest.raises(p.Refusal, match="asked for a reading already") as refused:
            await ask(office, p.SourceSync(source=CAMPUS))
        assert refused.value.code == Exit.AGAIN


async def test_nothing_is_promised_that_is_not_on_disk(tmp_path: Path, autojump_clock: object) -> None:
    async with struck(tmp_path, SLOW) as (campus, _):
        why = await campus.switchboard.harvesters[CAMPUS].ask(lambda reply: Backfill("2026-11-01", "", True, reply))
        assert not why
        assert await campus.rows("SELECT past <> '' FROM sources") == [(1,)]
