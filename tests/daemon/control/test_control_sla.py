"""``sla``: what routes promised, kept and broke; and ``status`` and ``why`` telling of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio
from control_office import Desk, Office, ask
from world import VirtualClock, completed, graded, open_campus, route, tenant

from actors.domain.outbox import State
from actors.domain.sla import Stage
from daemon.control import protocol as p
from daemon.control.exits import Exit
from daemon.control.views import LateRow, Overall, SlaRow
from daemon.control.words import stage_in_words
from daemon.store.database import open_store

LANE = "acme/slack"
KEPT = route("kept", "completed", sla="1m")
BROKEN = route("broken", "graded", sla="10ms")
FREE = route("free", "enrolled")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_store(tmp_path / "s.db", VirtualClock(), inline=True) as store:
        yield Desk(Office(store, {"acme": tenant(KEPT, BROKEN, FREE)}))


async def arrive(desk: Desk, *statements: dict) -> list[str]:
    await desk.tell(*statements)
    await desk.route()
    return [await desk.carry(State.DELIVERED) for _ in statements]


async def test_every_route_is_told(desk: Desk) -> None:
    rows, done = await ask(desk.office, p.Sla())
    assert [(row.route, row.n, row.p99_us) for row in rows] == [
        ("kept", 0, None),
        ("broken", 0, None),
        ("free", 0, None),
    ]
    assert (done.exit_code, done.note) == (Exit.OK, "in the last 24 h; no error budget is spent")
    await arrive(desk, completed("ada"))
    [row], _ = await ask(desk.office, p.Sla(what="acme/kept"))
    assert isinstance(row, SlaRow)
    assert (row.n, row.late, row.kept, row.goal, row.red) == (1, 0, 100.0, 99.0, False)
    assert row.sla_us == 60_000_000
    assert row.p50_us is not None
    assert row.p99_us is not None
    assert 1_000_000 < row.p50_us <= row.p99_us < 2_000_000
    [row], _ = await ask(desk.office, p.Sla(what="acme/free"))
    assert (row.sla_us, row.goal, row.kept) == (None, None, None)


async def test_a_spent_budget_is_exit_code_2_here_and_in_status(desk: Desk) -> None:
    [late] = await arrive(desk, graded("ada", 80))
    rows, done = await ask(desk.office, p.Sla(what="acme"))
    assert [row.route for row in rows if row.red] == ["broken"]
    assert (done.exit_code, "acme/broken" in done.note) == (Exit.DEGRADED, True)
    overall, *_ = (await ask(desk.office, p.AskStatus()))[0]
    assert isinstance(overall, Overall)
    assert overall.red == ("acme/broken",)
    assert any("1 of 1 were late" in reason for reason in overall.degraded)
    [_, story], _ = await ask(desk.office, p.Why(what=late))
    assert "It was late: 1 s instead of 0 s" in " ".join(story.next)
    assert sum(story.stages.values()) > 1_000_000


async def test_late_ones_are_listed_with_what_made_them_late(desk: Desk) -> None:
    [late] = await arrive(desk, graded("ada", 80))
    await arrive(desk, completed("ada"))
    [row], done = await ask(desk.office, p.Sla(late=True))
    assert isinstance(row, LateRow)
    assert (row.id, row.route, row.sla_us, done.exit_code) == (late, "broken", 10_000, Exit.DEGRADED)
    assert row.explanation
    assert sum(row.stages.values()) == row.took_us
    assert (await ask(desk.office, p.Sla(what="acme/kept", late=True)))[1].exit_code == Exit.NOTHING


@pytest.mark.parametrize("what", ["beta", "acme/none", "acme/"])
async def test_what_is_not_there(desk: Desk, what: str) -> None:
    if what == "acme/":
        assert len((await ask(desk.office, p.Sla(what=what)))[0]) == 3
        return
    with pytest.raises(p.Refusal) as caught:
        await ask(desk.office, p.Sla(what=what))
    assert caught.value.code == Exit.NOTHING


async def test_a_pause_is_what_made_it_late(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(route("soon", "completed", sla="30s"))) as campus:
        office = Office(campus.store, campus.tenants, campus=campus, clock=campus.clock)
        await ask(office, p.Pause(lane=LANE))
        [statement] = await campus.tell(completed("ada"))
        await trio.sleep(300)
        [_, story], _ = await ask(office, p.Why(what=statement))
        assert "It is late already: 5 min, and 30 s are promised." in " ".join(story.next).replace("300 s", "5 min")
        await ask(office, p.Resume(lane=LANE))
        await campus.quiet()
        [row], _ = await ask(office, p.Sla(late=True))
        assert (row.stage, row.explanation) == ("paused", "an operator had paused the lane")
        assert row.stages["paused"] >= 299_000_000


async def test_an_outage_is_shown_and_was_what_made_it_late(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(route("soon", "completed", sla="30s"))) as campus:
        office = Office(campus.store, campus.tenants, campus=campus, clock=campus.clock)
        campus.fault("slack", "status", value="503", times=0)
        await campus.tell(completed("ada"), completed("ben"))
        await trio.sleep(600)
        rows, done = await ask(office, p.AskStatus())
        assert done.exit_code == Exit.DEGRADED
        [lane] = [row for row in rows[1:] if row.lane == LANE]
        assert lane.outage
        assert lane.outage_us is not None
        assert "the vendor is out since" in " ".join(lane.held)
        campus.fakes["slack"].clear_faults()
        await campus.quiet(3600)
        rows, _ = await ask(office, p.Sla(late=True))
        assert {row.stage for row in rows} == {"outage"}


@pytest.mark.parametrize("stage", Stage, ids=str)
def test_every_stage_has_words(stage: Stage) -> None:
    assert stage_in_words(stage.value)
    assert stage_in_words("of another version") == ""
