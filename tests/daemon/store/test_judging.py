"""What a replay would do is what it does; a plan is done exactly, or not at all."""

from collections.abc import AsyncIterator

import msgspec
import pytest
from control_office import Desk, Office
from world import VirtualClock, completed, graded, route, tenant

from actors.domain.outbox import Place, State
from actors.domain.verdicts import Cause, Refused
from config.model import Audience
from daemon.store import plans
from daemon.store.database import open_store
from daemon.store.judging import Does, Judged, Replay
from daemon.store.plans import KEPT_US, PLANS_MAX, Moved, Plan, Scope, step

BY = "ada (uid 1000)"
LANE = "acme/slack"
LINE = "C0GENERAL1"


@pytest.fixture
async def desk(tmp_path) -> AsyncIterator[Desk]:
    acme = tenant(route("done", "completed"), route("grades", "graded"))
    async with open_store(tmp_path / "j.db", VirtualClock(), inline=True) as store:
        yield Desk(Office(store, {"acme": acme}))


async def dead(desk: Desk, *statements: dict, state: State = State.DEAD, **more: object) -> list[str]:
    await desk.tell(*statements)
    await desk.route()
    return [await desk.carry(state, **more) for _ in statements]


async def judge(desk: Desk, *ids: str, accept_double: bool = False, **more: object) -> list[Judged]:
    wanted = [Replay(id=one, **more) for one in ids]
    return await desk.store.queries.judged(wanted, accept_double=accept_double)


async def act(desk: Desk, *ids: str, **more: object) -> list[tuple[str, bool]]:
    wanted = [Replay(id=one, **more) for one in ids]
    results = await desk.store.queries.replay(wanted, by=BY, now_us=9)
    return [(one.after, one.done) for one in results]


async def test_a_dead_letter_is_sent_and_a_parked_one_looked_for(desk: Desk) -> None:
    [letter] = await dead(desk, completed("ada"))
    [parked] = await dead(desk, completed("ben"), state=State.PARKED)
    assert [(one.does, one.goes) for one in await judge(desk, letter, parked)] == [
        (Does.SEND, True),
        (Does.PROBE, True),
    ]
    [accepted] = await judge(desk, parked, accept_double=True)
    assert (accepted.does, accepted.note) == (Does.SEND, "a double is accepted")


@pytest.mark.parametrize("state", [State.WAITING, State.CLAIMED, State.DELIVERED, State.UNKNOWN, State.CANCELLED])
async def test_what_is_no_dead_letter_is_left_alone(desk: Desk, state: State) -> None:
    [letter] = await dead(desk, completed("ada"), state=state)
    [one] = await judge(desk, letter)
    assert (one.does, one.goes, one.state) == (Does.NOTHING, False, state.value)
    [gone] = await judge(desk, "f" * 32)
    assert (gone.does, gone.state, gone.note) == (Does.NOTHING, "", "there is no such delivery")


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("state", State, ids=str)
async def test_what_is_judged_to_go_goes_and_nothing_else(desk: Desk, state: State, named: bool) -> None:
    [letter] = await dead(desk, graded("ada", 80), state=state)
    [one] = await judge(desk, letter, named=named)
    [(after, done)] = await act(desk, letter, named=named)
    assert done is one.goes
    assert (after != state.value) is one.goes


async def test_old_news_must_be_named(desk: Desk) -> None:
    """80 died, 85 arrived: 80 would be posted after it."""
    [old] = await dead(desk, graded("ada", 80, at="2026-11-23T10:00:00Z"))
    [new] = await dead(desk, graded("ada", 85, at="2026-11-23T11:00:00Z"), state=State.DELIVERED)
    [one] = await judge(desk, old, named=False)
    assert (one.does, one.goes) == (Does.OBSOLETE, False)
    assert new in one.note
    results = await desk.store.queries.replay([Replay(id=old, named=False)], by=BY, now_us=9)
    assert [(result.after, result.done) for result in results] == [("dead", False)]
    assert "name its id" in results[0].note
    [named] = await judge(desk, old)
    assert (named.does, named.goes) == (Does.OBSOLETE, True)
    assert await act(desk, old) == [("waiting", True)]


async def test_what_follows_it_does_not_make_it_old(desk: Desk) -> None:
    """85 died as well: both are sent, in order. And another learner's grade is another matter."""
    [old, new] = await dead(desk, graded("ada", 80), graded("ada", 85))
    await dead(desk, graded("ben", 90), state=State.DELIVERED)
    assert [one.does for one in await judge(desk, old, new)] == [Does.SEND, Does.SEND]


async def test_a_value_that_came_before_does_not_make_it_old(desk: Desk) -> None:
    await dead(desk, graded("ada", 80), state=State.DELIVERED)
    [newer] = await dead(desk, graded("ada", 85))
    assert [one.does for one in await judge(desk, newer)] == [Does.SEND]


async def test_what_was_replaced_can_be_named(desk: Desk) -> None:
    [letter] = await dead(desk, graded("ada", 80), state=State.SUPERSEDED)
    [left] = await judge(desk, letter, named=False)
    assert (left.does, left.goes) == (Does.OBSOLETE, False)
    assert await act(desk, letter) == [("waiting", True)]
    assert await desk.line(LINE) == [(letter, True)]


async def test_beyond_the_horizon_naming_does_not_help(desk: Desk) -> None:
    [letter] = await dead(desk, completed("ada"))
    [one] = await judge(desk, letter, horizon_us=1 << 60)
    assert (one.does, one.goes) == (Does.OBSOLETE, False)
    assert "effect horizon: refused" in one.note
    assert await act(desk, letter, horizon_us=1 << 60) == [("dead", False)]


async def test_an_orphan_is_left_alone(desk: Desk) -> None:
    [letter] = await dead(desk, completed("ada"))
    [one] = await judge(desk, letter, orphan=True)
    assert (one.does, one.goes) == (Does.ORPHAN, False)
    assert await act(desk, letter, orphan=True) == [("dead", False)]


async def unplaced(desk: Desk) -> str:
    desk.office.tenants["acme"] = tenant(route("lost", "completed", audience=Audience(course_channel=True)))
    await desk.tell(completed("ada", course="MATH"))
    await desk.route()
    [letter] = await desk.store.queries.stuck(LANE, 1)
    return letter.delivery.id


async def test_one_without_a_place_is_placed_or_stays(desk: Desk) -> None:
    letter = await unplaced(desk)
    [nowhere] = await judge(desk, letter, place=Refused(Cause.BAD_CONFIGURATION, "no channel"))
    assert (nowhere.does, nowhere.goes) == (Does.NOWHERE, False)
    [none] = await judge(desk, letter)
    assert (none.does, none.goes) == (Does.NOWHERE, False)
    [placed] = await judge(desk, letter, place=Place(destination=LINE))
    assert (placed.does, placed.goes, placed.destination) == (Does.PLACE, True, LINE)
    assert await act(desk, letter, place=Place(destination=LINE)) == [("superseded", True)]
    assert len(await desk.line(LINE)) == 1


async def test_what_is_there_already_must_be_named(desk: Desk) -> None:
    letter = await unplaced(desk)
    desk.office.tenants["acme"] = tenant(route("done", "completed"))
    [kept] = await desk.store.queries.deliveries_like(letter)
    change = kept.delivery.change
    await desk.store.writer.submit(
        lambda raw: raw.execute(
            "INSERT INTO effects VALUES (?, 1)",
            (plans.judging.rows.key("acme", "slack", LINE, change.kind, change.entity, 1),),
        )
    )
    place = Place(destination=LINE)
    [one] = await judge(desk, letter, place=place, named=False)
    assert (one.does, one.goes) == (Does.HAS_EFFECT, False)
    assert await act(desk, letter, place=place, named=False) == [("dead", False)]
    assert await act(desk, letter, place=place) == [("superseded", True)]
    assert await desk.line(LINE) == []


# ── plans ────────────────────────────────────────────────────────────────────────────────────────────


async def planned(desk: Desk, *ids: str, now_us: int = 5) -> Plan:
    judged = await judge(desk, *ids)
    plan = Plan(scope=Scope(named=True, ids=ids), steps=tuple(step(one) for one in judged))
    digest = await desk.store.queries.keep_plan(plan, by=BY, now_us=now_us)
    assert digest == plan.hash
    assert await desk.store.queries.plan(digest, now_us=now_us) == plan
    return plan


async def as_planned(desk: Desk, plan: Plan) -> list[tuple[str, bool]]:
    wanted = [Replay(id=one) for one in plan.scope.ids]
    return [(one.after, one.done) for one in await desk.store.queries.replay_plan(plan, wanted, by=BY, now_us=9)]


async def test_a_plan_is_done_once(desk: Desk) -> None:
    ids = await dead(desk, completed("ada"), completed("ben"))
    plan = await planned(desk, *ids)
    assert await as_planned(desk, plan) == [("waiting", True), ("waiting", True)]
    with pytest.raises(Moved, match=r"was to be send .*, and is now nothing"):
        await as_planned(desk, plan)
    assert await desk.states() == {"waiting": 2}


async def test_nothing_is_done_if_one_has_moved(desk: Desk) -> None:
    ids = await dead(desk, completed("ada"), completed("ben"), completed("eve"))
    plan = await planned(desk, *ids)
    await desk.store.queries.discard([ids[1]], by=BY, now_us=7)
    with pytest.raises(Moved) as caught:
        await as_planned(desk, plan)
    assert len(caught.value.told) == 1
    assert ids[1][:12] in caught.value.told[0]
    assert await desk.states() == {"dead": 2, "cancelled": 1}


async def test_a_newer_value_makes_a_plan_stale(desk: Desk) -> None:
    [old] = await dead(desk, graded("ada", 80))
    plan = await planned(desk, old)
    await dead(desk, graded("ada", 85, at="2026-11-23T11:00:00Z"), state=State.DELIVERED)
    with pytest.raises(Moved, match="is now obsolete"):
        await as_planned(desk, plan)


async def test_the_hash_is_over_what_was_shown(desk: Desk) -> None:
    ids = await dead(desk, completed("ada"), completed("ben"))
    plan = await planned(desk, *ids)
    assert (await planned(desk, *ids)).hash == plan.hash
    first = plan.steps[0]
    for change in ({"state": "parked"}, {"attempts": 7}, {"does": "probe"}, {"goes": False}, {"destination": "C2"}):
        other = msgspec.structs.replace(first, **change)
        assert msgspec.structs.replace(plan, steps=(other, *plan.steps[1:])).hash != plan.hash
    assert msgspec.structs.replace(plan, steps=plan.steps[::-1]).hash != plan.hash
    accepted = msgspec.structs.replace(plan.scope, accept_double=True)
    assert msgspec.structs.replace(plan, scope=accepted).hash != plan.hash


async def test_plans_are_kept_for_a_week_and_not_without_end(desk: Desk) -> None:
    [letter] = await dead(desk, completed("ada"))
    plan = await planned(desk, letter, now_us=5)
    queries = desk.store.queries
    assert await queries.plan(plan.hash, now_us=5 + KEPT_US) == plan
    assert await queries.plan(plan.hash, now_us=6 + KEPT_US) is None
    for number in range(PLANS_MAX + 3):
        other = msgspec.structs.replace(plan, scope=Scope(ids=(str(number),)))
        await queries.keep_plan(other, by=BY, now_us=10 + number)
    [[kept]] = await desk.store.writer.submit(lambda raw: raw.execute("SELECT count(*) FROM plans").fetchall())
    assert kept == PLANS_MAX
    assert await queries.plan(plan.hash, now_us=10) is None
    assert await queries.plan(other.hash, now_us=10) == other


async def test_a_note_stays_with_the_delivery(desk: Desk) -> None:
    [letter] = await dead(desk, completed("ada"))
    result = await desk.store.queries.annotate(letter, "on Monday", by=BY, now_us=7)
    assert (result.done, result.after) == (True, "dead")
    [kept] = await desk.store.queries.deliveries_like(letter)
    assert (kept.history[-1].verdict, kept.history[-1].detail) == ("annotated", f"by {BY}; on Monday")
    assert (await desk.store.queries.annotate("f" * 32, "?", by=BY, now_us=7)).done is False
