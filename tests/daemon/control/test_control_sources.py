"""``source``: list, pause, resume, sync, backfill."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
from control_office import Office, ask
from world import Campus, open_campus, source, tenant

from daemon.control import protocol as p
from daemon.control.exits import Exit
from daemon.control.views import ReadingRow, SourceRow

ACME = tenant(sources={**source(full=None), **source("xapi", "pushed")})
CAMPUS = "acme/campus"


@asynccontextmanager
async def operated(path: Path) -> AsyncIterator[tuple[Campus, Office]]:
    async with open_campus(path, ACME) as campus:
        await campus.until_read()
        await trio.sleep(1)
        yield campus, Office(campus.store, campus.tenants, campus=campus)


async def listed(office: Office) -> tuple[SourceRow, int]:
    rows, end = await ask(office, p.SourceList())
    return next(row for row in rows if row.source == CAMPUS), end.exit_code


async def test_a_list_says_when_it_was_read_and_what_that_brought(tmp_path: Path, autojump_clock: object) -> None:
    async with operated(tmp_path) as (campus, office):
        rows, end = await ask(office, p.SourceList(tenant="acme"))
        assert end.exit_code == Exit.OK
        read, pushed = rows
        assert (read.source, read.platform, read.state, read.mapping) == (CAMPUS, "toy", "resting", 1)
        assert read.last == ReadingRow(
            source=CAMPUS,
            mode="full",
            began_us=read.last.began_us,
            ended_us=read.last.ended_us,
            how="finished",
            requests=read.last.requests,
            told=51,
            changed=51,
            statements=read.last.statements,
        )
        assert (read.next_mode, read.next_us > campus.clock.now_us()) == ("delta", True)
        assert (pushed.platform, pushed.state, pushed.last) == ("xapi", "listening", None)


async def test_paused_it_is_read_no_more_until_it_is_resumed(tmp_path: Path, autojump_clock: object) -> None:
    async with operated(tmp_path) as (campus, office):
        rows, _ = await ask(office, p.SourcePause(source=CAMPUS, dry_run=True))
        assert (rows[0].done, rows[0].dry_run) == (False, True)
        await trio.sleep(1)
        assert (await listed(office))[0].state == "resting"
        await ask(office, p.SourcePause(source=CAMPUS))
        rows, _ = await ask(office, p.SourcePause(source=CAMPUS))
        assert (rows[0].done, rows[0].note) == (False, "it was paused already, by ada (uid 1000)")
        await trio.sleep(86_400)
        assert len(campus.readings()) == 1
        assert (await listed(office))[0].state == "paused"
        with pytest.raises(p.Refusal, match="it is paused"):
            await ask(office, p.SourceSync(source=CAMPUS))
        await campus.stop()
        await campus.again()
        await trio.sleep(86_400)
        assert len(campus.readings()) == 1, "a restart does not resume it"
        await ask(office, p.SourceResume(source=CAMPUS))
        await campus.until_read(2)
        with pytest.raises(p.Refusal, match="is not paused") as refused:
            await ask(office, p.SourceResume(source=CAMPUS))
        assert refused.value.code == Exit.NOTHING


async def test_sync_reads_now_and_waits_for_the_end(tmp_path: Path, autojump_clock: object) -> None:
    async with operated(tmp_path) as (campus, office):
        campus.school.add_person("Alan", "Turing", campus.clock.now_us() / 1e6)
        rows, end = await ask(office, p.SourceSync(source=CAMPUS, wait=True))
        assert end.exit_code == Exit.OK
        assert (rows[-1].mode, rows[-1].how, rows[-1].changed) == ("delta", "finished", 1)
        rows, end = await ask(office, p.SourceSync(source=CAMPUS, full=True, wait=True))
        assert (rows[-1].mode, rows[-1].told, rows[-1].changed) == ("full", 52, 0)
        rows, end = await ask(office, p.SourceSync(source=CAMPUS, full=True, dry_run=True))
        assert rows[0].after == "read whole"
        await trio.sleep(5)
        assert len(campus.readings()) == 3


async def test_a_long_reading_tells_how_far_it_is(tmp_path: Path, autojump_clock: object) -> None:
    async with operated(tmp_path) as (campus, office):
        campus.sources["toy"].fault(_slow(7))
        rows, end = await ask(office, p.SourceSync(source=CAMPUS, full=True, wait=True))
        assert {row.what for row in rows[:-1]} >= {"users", "grades"}
        assert end.exit_code == Exit.OK


async def test_braked_it_asks_for_approval(tmp_path: Path, autojump_clock: object) -> None:
    brake = {"percent_max": 10, "count_max": 3}
    async with open_campus(tmp_path, tenant(sources=source(removals=brake))) as campus:
        office = Office(campus.store, campus.tenants, campus=campus)
        await campus.until_read()
        for person in list(campus.school.people.values())[:6]:
            person.deleted = True
        rows, end = await ask(office, p.SourceSync(source=CAMPUS, full=True, wait=True))
        assert end.exit_code == Exit.STALE
        assert (rows[-1].how, rows[-1].gone) == ("braked", 0)
        assert "6 of 12 users would be gone" in end.note
        assert "--accept-removals" in end.note
        await trio.sleep(1)
        row, code = await listed(office)
        assert (row.state, row.braked, code) == ("braked", "6 of 12 users would be gone", Exit.DEGRADED)
        assert campus.notes.troubles[-1][0] == "source.braked"
        rows, end = await ask(office, p.SourceSync(source=CAMPUS, accept_removals=True, wait=True))
        assert (end.exit_code, rows[-1].gone) == (Exit.OK, 6)
        await trio.sleep(1)
        assert (await listed(office))[0].braked == ""


async def test_a_backfill_is_told_to_nobody_and_moves_no_cursor(tmp_path: Path, autojump_clock: object) -> None:
    async with operated(tmp_path) as (campus, office):
        before = await campus.rows("SELECT cursor, full_us FROM sources")
        rows, end = await ask(office, p.SourceBackfill(source=CAMPUS, since="2026-11-01", wait=True))
        assert (rows[-1].mode, rows[-1].how, end.exit_code) == ("backfill", "finished", Exit.OK)
        assert await campus.rows("SELECT cursor, full_us FROM sources") == before
        rows, _ = await ask(office, p.SourceBackfill(source=CAMPUS, since="2026-11-01", dry_run=True))
        assert rows[0].after == "read from 2026-11-01T00:00:00Z to now"


def _slow(seconds: float) -> Any:
    from actors.ports import Fault

    return Fault(kind="slow", value=str(seconds), times=0)


@pytest.mark.parametrize(
    ("request_", "code", "said"),
    [
        (p.SourceSync(source="campus"), Exit.USAGE, "is not a source"),
        (p.SourceSync(source="nowhere/campus"), Exit.NOTHING, "no tenant"),
        (p.SourcePause(source="acme/nothing"), Exit.NOTHING, "has no source 'nothing'"),
        (p.SourcePause(source="acme/pushed"), Exit.NOTHING, "statements are pushed to it"),
        (p.SourceBackfill(source=CAMPUS, since="yesterday"), Exit.USAGE, "'yesterday' is no time"),
        (p.SourceBackfill(source=CAMPUS, since="2026-11-02", until="2026-11-01"), Exit.USAGE, "before since"),
        (p.SourceList(tenant="nowhere"), Exit.NOTHING, "no tenant"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    tmp_path: Path, autojump_clock: object, request_: Any, code: Exit, said: str
) -> None:
    async with operated(tmp_path) as (_, office):
        with pytest.raises(p.Refusal, match=said) as refused:
            await ask(office, request_)
        assert refused.value.code == code
