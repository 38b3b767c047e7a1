"""``queue forecast`` and ``queue catchup``: what a backlog costs, and what becomes of it after an outage."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trio
from control_office import Desk, Office, ask
from world import VirtualClock, completed, graded, open_campus, route, tenant

from actors.domain.outbox import State
from config.model import Audience
from daemon.control import protocol as p
from daemon.control.exits import Exit
from daemon.control.verbs import backlog as backlog_verbs
from daemon.control.views import CaughtUpRow, ForecastRow
from daemon.store import backlog
from daemon.store.database import open_store

LANE = "acme/slack"
LINE = "C0GENERAL1"
SECOND = "C0SECOND01"
DONE = route("done", "completed")
GRADES = route("grades", "graded")
MINE = route("mine", "completed", audience=Audience(learner=True))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_store(tmp_path / "b.db", VirtualClock(), inline=True) as store:
        yield Desk(Office(store, {"acme": tenant(DONE, GRADES)}))


async def waiting(desk: Desk, *statements: dict) -> None:
    await desk.tell(*statements)
    await desk.route()


async def forecast(desk: Desk, lane: str = LANE) -> ForecastRow:
    [row], done = await ask(desk.office, p.QueueForecast(lane=lane))
    assert isinstance(row, ForecastRow)
    assert done.exit_code == Exit.OK
    return row


async def catchup(desk: Desk, how: Any, **more: Any) -> tuple[list[CaughtUpRow], p.Done]:
    return await ask(desk.office, p.QueueCatchup(lane=LANE, how=how, **more))


# ── forecast ─────────────────────────────────────────────────────────────────────────────────────────


async def test_a_channel_takes_a_second_for_each(desk: Desk) -> None:
    """One post a second and channel; the lane as a whole allows more."""
    await waiting(desk, *(completed(f"learner{number}") for number in range(60)))
    row = await forecast(desk)
    assert (row.n, row.calls, row.destinations, row.estimate) == (60, 60, 1, False)
    assert 50 <= row.seconds <= 60
    assert row.limited_by == f"channel:{LINE}"
    [worst] = row.worst
    assert (worst.destination, worst.n) == (LINE, 60)


async def test_learners_are_looked_up_once(desk: Desk) -> None:
    desk.office.tenants["acme"] = tenant(MINE)
    await waiting(desk, completed("ada"), completed("ada", "essay"), completed("ben"))
    assert (await forecast(desk)).calls == 3 + 2 * 2
    await desk.store.ledger.remember(LANE, "ada@example.edu", "D1", 1)
    assert (await forecast(desk)).calls == 3 + 2


async def test_what_holds_the_lane_back_is_said(desk: Desk) -> None:
    await waiting(desk, completed("ada"))
    now_us = desk.office.clock.now_us()
    await desk.store.queries.pause(LANE, by="ben", now_us=now_us)
    await desk.store.outbox.suspend(LANE, "token_revoked", now_us)
    await desk.store.outbox.ail(LANE, "connection refused", now_us)
    await desk.store.outbox.throttle(LANE, now_us + 90_000_000)
    held = " ".join((await forecast(desk)).held)
    for words in ("paused by ben", "token_revoked", "connection refused", "throttled by the vendor until"):
        assert words in held


async def test_a_lane_without_a_backlog_and_one_without_a_configuration(desk: Desk) -> None:
    assert (await ask(desk.office, p.QueueForecast()))[1].exit_code == Exit.NOTHING
    row = await forecast(desk)
    assert (row.n, row.calls, row.seconds) == (0, 0, 0.0)
    with pytest.raises(p.Refusal):
        await ask(desk.office, p.QueueForecast(lane="acme/fax"))
    await waiting(desk, completed("ada"))
    desk.office.tenants.pop("acme")
    [row], _ = await ask(desk.office, p.QueueForecast())
    assert (row.n, row.calls) == (1, 0)
    assert "not configured any more" in row.held[0]


async def test_a_great_backlog_is_estimated(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog_verbs, "DESTINATIONS_MAX", 1)
    desk.office.tenants["acme"] = tenant(DONE, route("two", "completed", audience=Audience(channel=SECOND)))
    await waiting(desk, *(completed(f"learner{number}") for number in range(10)))
    row = await forecast(desk)
    assert (row.n, row.destinations, row.estimate, row.calls) == (20, 1, True, 20)


async def test_a_backlog_drains_in_the_time_foretold(tmp_path: Path, autojump_clock: object) -> None:
    """The daemon itself, at the fake vendor's limits."""
    routes = (DONE, route("two", "graded", audience=Audience(channel=SECOND)))
    async with open_campus(tmp_path, tenant(*routes)) as campus:
        office = Office(campus.store, campus.tenants, campus=campus, clock=campus.clock)
        await ask(office, p.Pause(lane=LANE))
        people = [f"learner{number}" for number in range(40)]
        await campus.tell(*(completed(who) for who in people), *(graded(who, 80) for who in people[:10]))
        await trio.sleep(5)
        [row], _ = await ask(office, p.QueueForecast(lane=LANE))
        assert (row.n, row.calls, row.limited_by) == (50, 50, f"channel:{LINE}")
        await ask(office, p.Resume(lane=LANE))
        before_s = trio.current_time()
        await campus.quiet(3600)
        took_s = trio.current_time() - before_s
        assert row.seconds <= took_s <= 1.15 * row.seconds + 1
        assert len(campus.journal("slack")) == 50


# ── catching up ──────────────────────────────────────────────────────────────────────────────────────


async def test_everything_is_what_happens_anyway(desk: Desk) -> None:
    await waiting(desk, completed("ada"))
    rows, done = await catchup(desk, "all")
    assert (rows, done.exit_code) == ([], Exit.OK)
    assert await desk.states() == {"waiting": 1}


async def test_only_the_latest_values(desk: Desk) -> None:
    await waiting(desk, *(graded("ada", points, at=f"2026-11-23T1{points % 10}:00:00Z") for points in (80, 81, 82)))
    await waiting(desk, completed("ada"))
    rehearsed, done = await catchup(desk, "latest", dry_run=True)
    assert [(row.destination, row.superseded, row.dry_run) for row in rehearsed] == [(LINE, 2, True)]
    assert done.note == "2 deliveries would be replaced by newer ones"
    assert await desk.states() == {"waiting": 4}
    [row], done = await catchup(desk, "latest")
    assert (row.superseded, done.note) == (2, "2 deliveries were replaced by newer ones")
    assert await desk.states() == {"waiting": 2, "superseded": 2}
    assert (await catchup(desk, "latest"))[1].exit_code == Exit.NOTHING
    old, *_ = await desk.store.queries.listed(LANE, State.SUPERSEDED, 1)
    [_, story], _ = await ask(desk.office, p.Why(what=old.delivery.id))
    assert "only the newest is sent, as ada (uid 1000) chose: delivery" in story.next[0]
    assert "dlq replay" in story.next[1]


async def test_only_what_is_old_enough(desk: Desk) -> None:
    await waiting(desk, graded("ada", 80), graded("ada", 85, at="2026-11-23T11:00:00Z"))
    for how in ("latest", "digest"):
        rows, done = await catchup(desk, how, older_than_s=3600.0)
        assert (rows, done.exit_code) == ([], Exit.NOTHING)
        assert "older than 60 min" in done.note
    await desk.store.writer.submit(lambda raw: raw.execute("UPDATE deliveries SET accepted_us = 1 WHERE seq = 1"))
    rows, _ = await catchup(desk, "latest", older_than_s=3600.0)
    assert [row.superseded for row in rows] == [1]


async def test_digests_by_destination(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "FOLD_MAX", 2)
    desk.office.tenants["acme"] = tenant(DONE, route("two", "completed", audience=Audience(channel=SECOND)), GRADES)
    await waiting(desk, *(completed(who) for who in ("ada", "ben", "eve", "kim")), graded("ada", 80))
    rehearsed, _ = await catchup(desk, "digest", dry_run=True)
    assert {row.destination for row in rehearsed} == {LINE, SECOND}
    assert await desk.states() == {"waiting": 9}
    rows, done = await catchup(desk, "digest")
    assert [(row.destination, row.folded) for row in rows] == [(LINE, 4), (SECOND, 4)]
    assert done.note == "8 deliveries were folded into digests"
    assert await desk.states() == {"waiting": 1, "held": 8}
    [one, *_] = await desk.store.queries.listed(LANE, State.HELD, 1)
    [_, story], _ = await ask(desk.office, p.Why(what=one.delivery.id))
    assert "collected for the digest of route done (folded into a digest, as ada (uid 1000) chose)" in story.next[0]


async def test_a_lane_that_nobody_has_is_refused(desk: Desk) -> None:
    with pytest.raises(p.Refusal):
        await ask(desk.office, p.QueueCatchup(lane="acme/fax", how="latest"))


async def test_after_an_outage_each_channel_gets_one_post(tmp_path: Path, autojump_clock: object) -> None:
    """While the lane stands still, and then it goes on by itself."""
    async with open_campus(tmp_path, tenant(DONE)) as campus:
        office = Office(campus.store, campus.tenants, campus=campus, clock=campus.clock)
        await ask(office, p.Pause(lane=LANE))
        await campus.tell(*(completed(f"learner{number}") for number in range(20)))
        await trio.sleep(5)
        [row], _ = await ask(office, p.QueueCatchup(lane=LANE, how="digest"))
        assert row.folded == 20
        await ask(office, p.Resume(lane=LANE))
        await trio.sleep(1)
        await campus.quiet(3600)
        assert len(campus.journal("slack")) == 1
        assert await campus.states() == {"delivered": 21}
        [digest] = await campus.store.queries.listed(LANE, State.DELIVERED, 1)
        assert digest.kind == "digest"
        [_, story], _ = await ask(office, p.Why(what=digest.delivery.id))
        assert len(story.items) == 20
        [item] = await campus.store.queries.deliveries_like(story.items[0].rpartition("(")[2].rstrip(")"))
        [_, story], _ = await ask(office, p.Why(what=item.delivery.id))
        assert f"told in digest {digest.delivery.id}" in story.next[0]
