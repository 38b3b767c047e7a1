"""What is looked up now and then: what a tenant has stored, how routes keep their promise, what waits for people."""

from collections.abc import AsyncIterator

import pytest
from control_office import Desk, Office
from world import VirtualClock, completed, graded, route, tenant

from actors.domain.outbox import State
from daemon.store.database import open_store
from daemon.store.promises import Goal
from daemon.store.propagation import HOUR_US
from daemon.store.standing import Standing

LATE = route("late", "completed", sla="10ms", sla_goal=50.0)
KEPT = route("kept", "graded", sla="1h")


@pytest.fixture
async def desk(tmp_path) -> AsyncIterator[Desk]:
    async with open_store(tmp_path / "s.db", VirtualClock(), inline=True) as store:
        yield Desk(Office(store, {"acme": tenant(LATE, KEPT)}))


async def test_budgets_are_whole_until_something_is_late(desk: Desk) -> None:
    await desk.tell(completed("ada"), completed("ben"), graded("ada", 80))
    await desk.route()
    for _ in range(3):
        await desk.carry(State.DELIVERED)
    standing = Standing(desk.store.lrs_reader)
    goals = [Goal(tenant="acme", route=one.name, percent=one.sla_goal) for one in (LATE, KEPT)]
    found = await standing.budgets(goals, desk.office.clock.now_us() - HOUR_US)
    assert [(goal.route, promise.left) for goal, promise in found] == [("late", -1.0), ("kept", 1.0)]


async def test_what_a_tenant_has_stored_is_weighed(desk: Desk) -> None:
    standing = Standing(desk.store.lrs_reader)
    assert await standing.sizes() == {}
    statements = [completed(f"learner{number}") for number in range(60)]
    await desk.tell(*statements)
    sizes = await standing.sizes()
    sql = "SELECT sum(length(body)) FROM statements"
    [bytes_] = await desk.store.lrs_reader.run(lambda raw: raw.execute(sql).fetchone())
    assert sizes.keys() == {("acme", "statements")}
    assert sizes["acme", "statements"] == pytest.approx(bytes_, rel=0.01)
    await desk.route()
    assert (await standing.sizes())["acme", "deliveries"] > 60 * 100


async def test_questions_that_wait_are_counted(desk: Desk) -> None:
    standing = Standing(desk.store.lrs_reader)
    assert await standing.conflicts() == {}
    sql = (
        "INSERT INTO conflicts (tenant, kind, subject, scope, mark, state, body, raised_us, seen_us, decided_us) "
        "VALUES ('acme', 'k', ?1, 's', x'', ?2, x'', 1, 1, iif(?2 = 'open', NULL, 1))"
    )
    for subject, state in (("a", "open"), ("b", "open"), ("c", "settled")):
        await desk.store.writer.submit(lambda raw, row=(subject, state): raw.execute(sql, row))
    assert await standing.conflicts() == {"acme": 2}
