"""Statements that no enabled route took are kept, and routed again by the rules of the day: once, and as counted."""

from collections.abc import AsyncIterator, Sequence

import msgspec
import pytest
from control_office import Desk, Office
from world import VirtualClock, completed, graded, route, tenant

from actors.domain.outbox import State
from actors.domain.verdicts import Cause
from config.model import Audience
from daemon.store import plans
from daemon.store.database import open_store
from daemon.store.interventions import Intervened
from daemon.store.judging import Does, Judged
from daemon.store.plans import Moved, Plan, Scope
from daemon.store.untaken import Retold

BY = "ada (uid 1000)"
LINE = "C0GENERAL1"
GRADES = route("grades", "graded")


@pytest.fixture
async def desk(tmp_path) -> AsyncIterator[Desk]:
    async with open_store(tmp_path / "u.db", VirtualClock(), inline=True) as store:
        yield Desk(Office(store, {"acme": tenant(route("done", "completed"))}))


async def told(desk: Desk, *statements: dict) -> None:
    await desk.tell(*statements)
    await desk.route()


async def retold(desk: Desk, *, named: bool = True) -> list[Retold]:
    """Everything that is kept, by the rules in force."""
    kept = await desk.store.queries.untaken(0)
    rules = desk.office.plan("acme")
    statements = await desk.store.queries.statements_at([one.seq for one in kept])
    return [Retold(routed=rules.make(one, desk.office.clock.now_us()), named=named) for one in statements]


async def judge(desk: Desk, **more: bool) -> list[Judged]:
    return await desk.store.queries.rejudged("acme", await retold(desk, **more))


async def reroute(desk: Desk, wanted: Sequence[Retold] | None = None) -> list[Intervened]:
    wanted = await retold(desk) if wanted is None else wanted
    return await desk.store.queries.reroute("acme", wanted, by=BY, now_us=desk.office.clock.now_us())


async def test_they_are_kept_and_wait_for_a_route(desk: Desk) -> None:
    await told(desk, graded("ada", 80), completed("ada"), graded("ben", 70))
    kept = await desk.store.queries.untaken(0)
    assert [(one.kind, one.occurrence, one.deliveries) for one in kept] == [("graded", 1, 0), ("graded", 1, 0)]
    assert await desk.store.queries.untaken(1 << 62, newest_first=True) == kept[::-1]
    assert await desk.store.queries.untaken(kept[0].seq) == kept[1:]
    [first, _] = await judge(desk)
    assert (first.does, first.goes, first.lane) == (Does.NOWHERE, False, "")
    assert first.note.startswith("no_route")
    assert [one.done for one in await reroute(desk)] == [False, False]


async def test_a_new_route_takes_them_once(desk: Desk) -> None:
    await told(desk, graded("ada", 80), graded("ben", 70))
    desk.office.tenants["acme"] = tenant(GRADES)
    assert [(one.does, one.goes, one.destination) for one in await judge(desk)] == [(Does.SEND, True, LINE)] * 2
    again = await retold(desk)
    results = await reroute(desk, again)
    assert [(one.before, one.after, one.done) for one in results] == [("unrouted", "waiting", True)] * 2
    assert [identifier for identifier, _ in await desk.line(LINE)] == [one.made for one in results]
    assert await desk.store.queries.untaken(0) == []
    assert [one.note for one in await reroute(desk, again)] == ["it is routed: there is nothing to replay"] * 2
    assert await desk.states() == {"waiting": 2}


async def test_the_change_keeps_its_number(desk: Desk) -> None:
    """Told again after the replay, by another source, it is known."""
    await told(desk, graded("ada", 80))
    desk.office.tenants["acme"] = tenant(GRADES)
    [made] = await reroute(desk)
    await told(desk, graded("ada", 80))
    assert [identifier for identifier, _ in await desk.line(LINE)] == [made.made]


async def test_who_asked_for_it_is_in_its_history_and_its_promise_begins_now(desk: Desk) -> None:
    await told(desk, graded("ada", 80))
    desk.office.tenants["acme"] = tenant(GRADES)
    [made] = await reroute(desk)
    [kept] = await desk.store.queries.deliveries_like(made.made)
    assert (kept.history[0].verdict, kept.history[0].detail) == ("rerouted", f"by {BY}")
    assert kept.delivery.from_us >= kept.delivery.accepted_us


async def test_what_a_newer_value_has_overtaken_is_not_sent(desk: Desk) -> None:
    await told(desk, graded("ada", 80, at="2026-11-23T10:00:00Z"), graded("ada", 85, at="2026-11-23T11:00:00Z"))
    desk.office.tenants["acme"] = tenant(GRADES)
    assert [(one.does, one.goes) for one in await judge(desk, named=False)] == [
        (Does.OBSOLETE, False),
        (Does.SEND, True),
    ]
    results = await reroute(desk, await retold(desk, named=False))
    assert [(one.after, one.done) for one in results] == [("unrouted", False), ("waiting", True)]
    assert "name its id" in results[0].note
    [settled] = await reroute(desk)
    assert (settled.after, settled.done) == ("superseded", True)
    assert len(await desk.line(LINE)) == 1


async def test_what_one_route_brought_is_not_brought_by_another(desk: Desk) -> None:
    """A disabled route of the same destination is no loss; one of another destination is."""
    off = route("off", "completed", enabled=False, audience=Audience(channel="C0SECOND1"))
    desk.office.tenants["acme"] = tenant(route("done", "completed"), off)
    await told(desk, completed("ada"))
    await desk.carry(State.DELIVERED)
    [kept] = await desk.store.queries.untaken(0)
    assert (kept.reason, kept.deliveries) == ("route_disabled: off", 1)
    desk.office.tenants["acme"] = tenant(route("done", "completed"), msgspec.structs.replace(off, enabled=True))
    assert [(one.does, one.goes) for one in await judge(desk, named=False)] == [
        (Does.HAS_EFFECT, False),
        (Does.SEND, True),
    ]
    results = await reroute(desk, await retold(desk, named=False))
    assert [(one.after, one.done) for one in results] == [("routed", False), ("waiting", True)]
    assert await desk.states() == {"delivered": 1, "waiting": 1}


async def test_one_without_a_destination_becomes_a_dead_letter(desk: Desk) -> None:
    await told(desk, graded("ada", 80))
    desk.office.tenants["acme"] = tenant(
        route("lost", "graded", audience=Audience(course_channel=True)), settings={"slack": {"course_channels": {}}}
    )
    [one] = await judge(desk)
    assert (one.does, one.goes) == (Does.NOWHERE, True)
    [result] = await reroute(desk)
    assert result.after == "dead"
    [letter] = await desk.store.queries.stuck("acme/slack", 1)
    assert letter.cause is Cause.BAD_CONFIGURATION


async def test_one_that_we_failed_on_is_counted_when_it_is_understood(desk: Desk) -> None:
    desk.office.tenants["acme"] = tenant(GRADES)
    await told(desk, graded("ada", 80))
    [delivered] = [await desk.carry(State.DELIVERED)]
    await desk.tell(graded("ada", 85, at="2026-11-23T11:00:00Z"))
    cursor = await desk.store.outbox.cursor("acme")
    [statement] = await desk.store.statements.after("acme", cursor, 9)
    routed = desk.office.plan("acme").make(statement, statement.stored_us)
    failed = msgspec.structs.replace(routed, change=None, planned=(), reason="fault: KeyError: x", unrouted=True)
    await desk.store.outbox.route("acme", [failed], statement.seq)
    [one] = await judge(desk)
    assert (one.does, one.goes) == (Does.SEND, True)
    [result] = await reroute(desk)
    assert (result.after, result.made != delivered) == ("waiting", True)
    outcome = await desk.store.queries.outcome(statement.seq)
    assert outcome is not None
    assert (outcome.kind, outcome.occurrence, outcome.unrouted) == ("graded", 2, False)


async def test_plans_of_statements_are_done_exactly(desk: Desk) -> None:
    await told(desk, graded("ada", 80), graded("ben", 70))
    desk.office.tenants["acme"] = tenant(GRADES)
    judged = await judge(desk)
    scope = Scope(tenant="acme", named=True, ids=tuple(one.id for one in judged))
    plan = Plan(scope=scope, steps=tuple(plans.step(one) for one in judged))
    wanted = await retold(desk)
    queries = desk.store.queries
    with pytest.raises(Moved, match="2 rows were shown, and now it is 1"):
        await queries.reroute_plan(plan, wanted[:1], by=BY, now_us=9)
    assert await desk.states() == {}
    results = await queries.reroute_plan(plan, wanted, by=BY, now_us=9)
    assert [one.done for one in results] == [True, True]
    with pytest.raises(Moved, match="is now nothing"):
        await queries.reroute_plan(plan, wanted, by=BY, now_us=9)
