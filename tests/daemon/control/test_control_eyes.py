"""``top``, ``watch``, ``stats`` and ``report``: what whoever watches is told, by the store and by a living campus."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import trio
from control_office import Desk, Office, ask
from world import VirtualClock, completed, graded, open_campus, route, tenant

from actors.domain.outbox import State
from daemon.cli import pulses
from daemon.control import protocol as p
from daemon.control import views as v
from daemon.control.exits import Exit
from daemon.control.verbs.statistics import moments, spans_of
from daemon.store.chronicle import Happening
from daemon.store.database import open_store

LANE = "acme/slack"
DONE = route("done", "completed", sla="1m")
GRADES = route("grades", "graded", sla="10ms")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_store(tmp_path / "s.db", VirtualClock(), inline=True) as store:
        yield Desk(Office(store, {"acme": tenant(DONE, GRADES)}))


async def arrive(desk: Desk, *statements: dict, state: State = State.DELIVERED) -> list[str]:
    await desk.tell(*statements)
    await desk.route()
    return [await desk.carry(state) for _ in statements]


# ── stats ────────────────────────────────────────────────────────────────────────────────────────────


async def test_figures_by_route_and_in_all(desk: Desk) -> None:
    await arrive(desk, completed("ada"), completed("ben"))
    await arrive(desk, graded("ada", 80))
    await arrive(desk, graded("ben", 70), state=State.DEAD)
    rows, done = await ask(desk.office, p.Stats(tenant="acme"))
    assert [(row.group, row.total) for row in rows] == [("done", False), ("grades", False), ("all", True)]
    first, second, whole = rows
    assert (first.made, first.delivered, first.kept, first.late) == (2, 2, 100.0, 0)
    assert (second.made, second.delivered, second.ended, second.late) == (2, 1, {"dead": 1}, 1)
    assert second.errors == {"faulted": 1}
    assert (second.kept, second.goal) == (0.0, 99.0)
    assert (whole.made, whole.delivered, whole.attempts, whole.posts) == (4, 3, 4, 3)
    assert whole.p50_us is not None
    assert done.exit_code == Exit.OK


async def test_figures_over_time_have_every_hour(desk: Desk) -> None:
    await arrive(desk, completed("ada"))
    rows, _ = await ask(desk.office, p.Stats(tenant="acme", by="hour", since_s=6 * 3600.0))
    *hours, whole = rows
    assert len(hours) == 7
    assert sum(row.delivered for row in hours) == whole.delivered == 1
    assert [row.until_us for row in hours[:-1]] == [row.from_us for row in hours[1:]]


async def test_nothing_is_exit_code_3(desk: Desk) -> None:
    assert await ask(desk.office, p.Stats()) == ([], p.Done(exit_code=3, note=_nothing("24 h")))
    with pytest.raises(p.Refusal, match="31 days"):
        await ask(desk.office, p.Stats(by="hour", since_s=90 * 86_400.0))
    with pytest.raises(p.Refusal) as caught:
        await ask(desk.office, p.Stats(tenant="beta"))
    assert caught.value.code == Exit.NOTHING


def _nothing(since: str) -> str:
    return f"nothing was delivered in the last {since}, by whole hours"


def test_days_are_the_tenants() -> None:
    zone = ZoneInfo("Europe/Berlin")
    since, now = datetime(2026, 10, 23, 15, tzinfo=zone), datetime(2026, 10, 26, 9, tzinfo=zone)
    since_us, now_us = (round(each.timestamp() * 1e6) for each in (since, now))
    spans = spans_of(moments("Europe/Berlin", "day", since_us, now_us), since_us, now_us)
    assert [(name, until - begun) for name, (begun, until) in spans] == [
        ("2026-10-23", 9),
        ("2026-10-24", 24),
        ("2026-10-25", 25),  # the clocks go back
        ("2026-10-26", 10),
    ]


# ── watch ────────────────────────────────────────────────────────────────────────────────────────────


async def test_watching_goes_on_where_it_ended(desk: Desk) -> None:
    await arrive(desk, completed("ada"))
    [cursor], _ = await ask(desk.office, p.Watch(wait_s=0.0))
    assert isinstance(cursor, v.WatchedRow)
    [dead] = await arrive(desk, graded("ada", 80), state=State.DEAD)
    await desk.store.chronicle.note([Happening(at_us=5, kind="deploy", words="version 2")])
    request = p.Watch(after=cursor.after, events_after=cursor.events_after, wait_s=0.0)
    made, died, event, after = (await ask(desk.office, request))[0]
    assert (made.state, died.state, died.id, died.verdict) == ("waiting", "dead", dead, "faulted")
    assert died.at_us is not None
    assert (event.what, event.words) == ("deploy", "version 2")
    assert after.after == died.no == cursor.after + 2
    again, _ = await ask(desk.office, p.Watch(after=after.after, events_after=after.events_after, wait_s=0.0))
    assert [type(row) for row in again] == [v.WatchedRow]


@pytest.mark.parametrize(
    ("what", "states", "n"),
    [("acme", (), 4), (LANE, (), 4), ("acme/grades", (), 2), ("acme/done", ("dead",), 0), ("", ("dead",), 1)],
)
async def test_watching_is_narrowed(desk: Desk, what: str, states: tuple, n: int) -> None:
    await arrive(desk, completed("ada"))
    await arrive(desk, graded("ada", 80), state=State.DEAD)
    rows, _ = await ask(desk.office, p.Watch(what=what, states=states, after=0, events=False, wait_s=0.0))
    assert len(rows) == n + 1


async def test_one_delivery_is_watched_by_its_id_or_its_statements(desk: Desk) -> None:
    [statement] = await desk.tell(completed("ada"))
    await desk.route()
    one = await desk.carry(State.DELIVERED)
    await arrive(desk, completed("ben"))
    for what in (one, one[:8], statement):
        now, *_ = (await ask(desk.office, p.Watch(what=what, wait_s=0.0)))[0]
        assert (now.no, now.id, now.state) == (0, one, "delivered")
        rows, _ = await ask(desk.office, p.Watch(what=what, after=0, wait_s=0.0))
        assert [row.state for row in rows[:-1]] == ["waiting", "delivered"]


@pytest.mark.parametrize("what", ["beta", "acme/none", "beta/slack", "0123456789"])
async def test_what_is_not_there_is_not_watched(desk: Desk, what: str) -> None:
    with pytest.raises(p.Refusal) as caught:
        await ask(desk.office, p.Watch(what=what))
    assert caught.value.code == Exit.NOTHING


async def test_no_more_than_asked_for_and_then_the_rest(desk: Desk) -> None:
    await arrive(desk, completed("ada"), completed("ben"), completed("cy"))
    seen: list[int] = []
    after = 0
    while len(seen) < 6:
        *moves, cursor = (await ask(desk.office, p.Watch(after=after, events=False, wait_s=0.0, limit=4)))[0]
        seen += [move.no for move in moves]
        after = cursor.after
    assert seen == [1, 2, 3, 4, 5, 6]


async def test_watching_waits_for_what_comes(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(DONE)) as campus:
        office = Office(campus.store, campus.tenants, campus=campus, clock=campus.clock)
        found: list[v.View] = []

        async def look() -> None:
            found.extend((await ask(office, p.Watch(after=0, events=False, wait_s=20.0)))[0])

        async with trio.open_nursery() as nursery:
            nursery.start_soon(look)
            await trio.sleep(3)
            await campus.tell(completed("ada"))
        assert isinstance(found[0], v.MoveRow)
        assert found[0].no == 1


# ── top ──────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_frame_of_a_living_campus(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(DONE, GRADES)) as campus:
        office = Office(campus.store, campus.tenants, campus=campus, clock=campus.clock)
        await campus.tell(completed("ada"), completed("ben"))
        await campus.quiet()
        rows, done = await ask(office, p.Top())
        frame, lane = rows[0], next(row for row in rows if isinstance(row, v.PulseRow) and row.lane == LANE)
        assert isinstance(frame, v.FrameRow)
        assert (frame.brief, frame.tenants, frame.loop_lag_s) == (False, 1, 0.001)
        assert frame.memory_bytes > 0
        assert (lane.state, lane.waiting, lane.attempts, lane.failed) == ("running", 0, 2, 0)
        assert lane.per_s == frame.per_s > 0
        assert lane.p95_us is not None
        assert {row.route for row in rows if isinstance(row, v.SlaRow)} == {"done", "grades"}
        assert done.exit_code == Exit.OK
        methods = (await ask(office, p.Stats(by="method")))[0]
        assert {"chat.postMessage": 2} in [row.calls for row in methods[:-1] if isinstance(row, v.FigureRow)]
        assert len({pulses.headings(row) for row in methods if isinstance(row, v.FigureRow)}) == 1, "the whole, too"
        brief, _ = await ask(office, p.Top(brief=True))
        assert not [row for row in brief if isinstance(row, v.SlaRow)]


async def test_trouble_is_shown_and_is_exit_code_2(desk: Desk) -> None:
    await arrive(desk, graded("ada", 80), state=State.DEAD)
    await desk.store.outbox.suspend(LANE, "token_revoked", 5)
    rows, done = await ask(desk.office, p.Top(tenant="acme"))
    lane = next(row for row in rows if isinstance(row, v.PulseRow) and row.lane == LANE)
    assert (lane.state, lane.stuck, lane.fault, lane.fault_words) == ("suspended", 1, "faulted", "told to be dead")
    assert "token_revoked" in lane.why
    assert done.exit_code == Exit.DEGRADED


# ── report ───────────────────────────────────────────────────────────────────────────────────────────


async def test_a_report_has_it_all_and_nobodys_name(desk: Desk) -> None:
    await arrive(desk, completed("ada"))
    await arrive(desk, graded("ada", 80), state=State.DEAD)
    [row], done = await ask(desk.office, p.Report(tenant="acme", since_s=3 * 86_400.0))
    assert isinstance(row, v.ReportRow)
    assert (row.whole.delivered, row.whole.made, done.exit_code) == (1, 2, Exit.OK)
    assert sum(day.delivered for day in row.days) == 1
    assert [each.group for each in row.routes] == ["done", "grades"]
    assert [each.group for each in row.targets] == ["slack"]
    assert [(each.cause, each.whose, each.n) for each in row.letters] == [("exhausted", "theirs", 1)]
    assert {each.route: each.red for each in row.promises} == {"done": False, "grades": False}
    assert "ada" not in repr(row)
