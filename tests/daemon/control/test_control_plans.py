"""``dlq plan`` and ``dlq replay --plan``: what was shown is done, exactly or not at all; and what no route took."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from control_office import Desk, Office, ask
from dlq_desk import DONE, GRADES, LANE, LINE, desk, planned, refusal
from world import completed, graded, open_campus, route, tenant

from actors.domain.outbox import State
from actors.domain.verdicts import Cause
from config.model import Audience
from daemon.control import protocol as p
from daemon.control.exits import Exit
from daemon.control.verbs import letters, piles, replaying
from daemon.control.views import CauseRow

__all__ = ["desk"]


async def stuck(desk: Desk, *states: State, **more: Any) -> list[str]:
    await desk.tell(*(completed(f"learner{number}-{states}-{more}") for number in range(len(states))))
    await desk.route()
    return [await desk.carry(state, **more) for state in states]


# ── plans ────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_plan_says_what_how_long_and_how_many_calls(desk: Desk) -> None:
    [dead, parked] = await stuck(desk, State.DEAD, State.PARKED)
    rows, plan = await planned(desk, everything=True)
    assert [(row.id, row.does, row.goes) for row in rows] == [(dead, "send", True), (parked, "probe", True)]
    assert rows[0].about.startswith("learner0")
    assert (plan.counts, plan.goes, plan.calls, plan.left) == ({"send": 1, "probe": 1}, 2, 1, 0)
    assert await desk.states() == {"dead": 1, "parked": 1}
    _, plan = await planned(desk, everything=True, accept_double=True)
    assert plan.counts == {"send": 2}
    assert plan.seconds > 0
    assert LINE in plan.limited_by


async def test_a_plan_is_done_once_and_then_is_stale(desk: Desk) -> None:
    await stuck(desk, State.DEAD, State.DEAD)
    _, plan = await planned(desk, everything=True)
    rows, done = await ask(desk.office, p.DlqReplay(plan=plan.hash, dry_run=True))
    assert [(row.after, row.done) for row in rows] == [("waiting", False)] * 2
    rows, done = await ask(desk.office, p.DlqReplay(plan=plan.hash))
    assert [(row.after, row.done) for row in rows] == [("waiting", True)] * 2
    assert done.note == "2 of 2 replayed as planned"
    refused = await refusal(desk, p.DlqReplay(plan=plan.hash))
    assert refused.code == Exit.STALE
    assert "nothing was changed" in refused.what
    assert await desk.states() == {"waiting": 2}


async def test_anything_that_moves_makes_it_stale(desk: Desk) -> None:
    ids = await stuck(desk, *[State.DEAD] * 7)
    _, plan = await planned(desk, everything=True)
    await ask(desk.office, p.DlqDiscard(deliveries=tuple(ids[1:])))
    refused = await refusal(desk, p.DlqReplay(plan=plan.hash))
    assert refused.code == Exit.STALE
    assert f"{ids[1][:12]} was to be send" in refused.what
    assert "and 1 more" in refused.what
    assert await desk.states() == {"dead": 1, "cancelled": 6}


async def test_what_came_after_a_plan_is_not_in_it(desk: Desk) -> None:
    [first] = await stuck(desk, State.DEAD)
    _, plan = await planned(desk, everything=True)
    await stuck(desk, State.DEAD, State.DEAD)
    rows, _ = await ask(desk.office, p.DlqReplay(plan=plan.hash))
    assert [row.what for row in rows] == [first]
    assert await desk.states() == {"waiting": 1, "dead": 2}


async def test_the_configuration_is_part_of_a_plan(desk: Desk) -> None:
    await stuck(desk, State.DEAD)
    _, plan = await planned(desk, everything=True)
    acme = desk.office.tenants.pop("acme")
    refused = await refusal(desk, p.DlqReplay(plan=plan.hash))
    assert (refused.code, "is now orphan" in refused.what) == (Exit.STALE, True)
    rows, orphans = await planned(desk, everything=True)
    assert [(row.does, row.goes) for row in rows] == [("orphan", False)]
    assert (orphans.goes, orphans.calls) == (0, 0)
    desk.office.tenants["acme"] = acme
    assert (await ask(desk.office, p.DlqReplay(plan=plan.hash)))[1].exit_code == 0


async def test_a_plan_that_nobody_keeps_is_stale(desk: Desk) -> None:
    assert (await refusal(desk, p.DlqReplay(plan="0" * 16))).code == Exit.STALE
    [letter] = await stuck(desk, State.DEAD)
    _, plan = await planned(desk, deliveries=(letter,))
    assert (await refusal(desk, p.DlqReplay(plan=plan.hash, everything=True))).code == Exit.USAGE


async def test_old_news_is_left_by_all_and_sent_if_named(desk: Desk) -> None:
    desk.office.tenants["acme"] = tenant(GRADES)
    await desk.tell(graded("ada", 80), graded("ada", 85, at="2026-11-23T11:00:00Z"))
    await desk.route()
    old, _ = await desk.carry(State.DEAD), await desk.carry(State.DELIVERED)
    [row], done = await ask(desk.office, p.DlqReplay(everything=True))
    assert (row.done, done.exit_code) == (False, Exit.NOTHING)
    assert "left alone" in row.note
    [shown], plan = await planned(desk, deliveries=(old,))
    assert (shown.does, shown.goes) == ("obsolete", True)
    [row], _ = await ask(desk.office, p.DlqReplay(plan=plan.hash))
    assert (row.after, row.done) == ("waiting", True)
    assert "sent all the same" in row.note


async def test_beyond_the_horizon_nothing_is_replayed(desk: Desk) -> None:
    await desk.tell(completed("ada", at="2001-01-01T00:00:00Z"))
    await desk.route()
    letter = await desk.carry(State.DEAD)
    desk.store.born_us = 0
    [row], plan = await planned(desk, deliveries=(letter,))
    assert (row.does, row.goes, plan.goes) == ("obsolete", False, 0)
    desk.store.born_us = desk.office.clock.now_us()
    [row], _ = await planned(desk, deliveries=(letter,))
    assert row.does == "send", "nothing was posted before the store was made"


async def test_one_plan_takes_so_many(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "STEPS_MAX", 2)
    monkeypatch.setattr(piles, "CHUNK", 2)
    await stuck(desk, *[State.DEAD] * 5)
    rows, plan = await planned(desk, everything=True)
    assert (len(rows), plan.goes, plan.left) == (2, 2, 3)
    await ask(desk.office, p.DlqReplay(plan=plan.hash))
    assert await desk.states() == {"waiting": 2, "dead": 3}


async def test_a_place_that_is_found_is_part_of_the_plan(desk: Desk) -> None:
    lost = route("lost", "completed", audience=Audience(course_channel=True))
    desk.office.tenants["acme"] = tenant(lost)
    await desk.tell(completed("ada", course="MATH"))
    await desk.route()
    [row], plan = await planned(desk, everything=True)
    assert (row.does, row.goes, row.destination) == ("nowhere", False, "?lost")
    desk.office.tenants["acme"] = tenant(msgspec.structs.replace(lost, audience=Audience(channel="C0MATHS00")))
    assert (await refusal(desk, p.DlqReplay(plan=plan.hash))).code == Exit.STALE
    [row], plan = await planned(desk, everything=True)
    assert (row.does, row.destination) == ("place", "C0MATHS00")
    [row], _ = await ask(desk.office, p.DlqReplay(plan=plan.hash))
    assert (row.after, row.done) == ("superseded", True)


# ── narrowing ────────────────────────────────────────────────────────────────────────────────────────


async def test_by_whose_fault_and_by_age(desk: Desk) -> None:
    [theirs] = await stuck(desk, State.DEAD)
    [yours] = await stuck(desk, State.DEAD, cause=Cause.BAD_TEMPLATE)
    for request in (p.DlqList(whose="yours"), p.DlqReplay(everything=True, whose="yours", dry_run=True)):
        rows, _ = await ask(desk.office, request)
        assert len(rows) == 1
    rows, _ = await planned(desk, everything=True, whose="yours", since_s=3600.0)
    assert [row.id for row in rows] == [yours]
    rows, _ = await planned(desk, everything=True, cause="exhausted")
    assert [row.id for row in rows] == [theirs]
    await desk.store.writer.submit(
        lambda raw: raw.execute("UPDATE deliveries SET done_us = 1 WHERE cause = 'exhausted'")
    )
    rows, _ = await planned(desk, everything=True, since_s=3600.0)
    assert [row.id for row in rows] == [yours]
    assert (await refusal(desk, p.DlqList(whose="hers"))).code == Exit.USAGE
    assert (await refusal(desk, p.DlqPlan(everything=True, cause="x"))).code == Exit.USAGE


async def test_a_summary_by_root_cause(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letters, "COUNTED_CHUNK", 2)
    await stuck(desk, State.DEAD, State.DEAD, State.DEAD)
    await stuck(desk, State.DEAD, cause=Cause.POISON)
    await stuck(desk, State.PARKED)
    rows, done = await ask(desk.office, p.DlqList(summary=True))
    assert all(isinstance(row, CauseRow) for row in rows)
    assert [(row.whose, row.cause, row.n) for row in rows] == [
        ("ours", "poison", 1),
        ("theirs", "exhausted", 3),
        ("theirs", "unknown_outcome", 1),
    ]
    assert rows[0].lanes == {LANE: 1}
    assert rows[0].advice
    assert done.note == "5 dead and parked deliveries: 1 ours, 4 theirs"
    rows, _ = await ask(desk.office, p.DlqList(summary=True, whose="ours"))
    assert [row.cause for row in rows] == ["poison"]
    assert (await ask(desk.office, p.DlqList(summary=True, cause="expired")))[1].exit_code == Exit.NOTHING


async def test_a_note_is_told_by_show_and_why(desk: Desk) -> None:
    [letter] = await stuck(desk, State.DEAD)
    [row], _ = await ask(desk.office, p.DlqAnnotate(delivery=letter, text="the channel comes back", dry_run=True))
    assert (row.done, row.dry_run) == (False, True)
    [row], _ = await ask(desk.office, p.DlqAnnotate(delivery=letter[:8], text="the channel comes back"))
    assert (row.done, row.after) == (True, "dead")
    [story], _ = await ask(desk.office, p.DlqShow(delivery=letter))
    assert (story.attempts[-1].verdict, story.attempts[-1].detail) == (
        "annotated",
        "by ada (uid 1000); the channel comes back",
    )


# ── once ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("fault", ["status", "reset_after_commit"])
async def test_a_dead_letter_replayed_three_times_makes_one_post(
    tmp_path: Path, autojump_clock: object, fault: str
) -> None:
    """By id, by ALL and by plan, in a row and once more when it is there; also where the first answer is lost."""
    async with open_campus(tmp_path, tenant(DONE), limited=False) as campus:
        office = Office(campus.store, campus.tenants, campus=campus)
        campus.fault("slack", "status", value="400", times=0)
        await campus.tell(completed("ada"))
        await campus.quiet(3600)
        campus.fakes["slack"].clear_faults()
        if fault != "status":
            campus.fault("slack", fault)
        [row, plan], _ = await ask(office, p.DlqPlan(everything=True))
        await ask(office, p.DlqReplay(plan=plan.hash))
        for request in (p.DlqReplay(everything=True), p.DlqReplay(deliveries=(row.id,))):
            assert (await ask(office, request))[1].exit_code == Exit.NOTHING
        await campus.quiet(3600)
        assert (await ask(office, p.DlqReplay(deliveries=(row.id,))))[1].exit_code == Exit.NOTHING
        await campus.quiet()
        assert await campus.states() == {"delivered": 1}
        assert len(campus.journal("slack")) == 1
