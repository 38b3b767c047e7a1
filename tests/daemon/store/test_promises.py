"""Promises are counted when deliveries arrive, and told by hours, routes and stages."""

from collections.abc import AsyncIterator

import pytest
from control_office import Desk, Office
from world import VirtualClock, completed, graded, route, tenant

from actors.domain.outbox import State
from actors.domain.sla import bucket_us, quantile_us
from daemon.store.database import open_store
from daemon.store.promises import Goal
from daemon.store.propagation import HOUR_US

SLOW = route("slow", "completed", sla="2s", sla_goal=50.0)
FAST = route("fast", "graded", sla="10ms")
LANE = "acme/slack"


@pytest.fixture
async def desk(tmp_path) -> AsyncIterator[Desk]:
    async with open_store(tmp_path / "p.db", VirtualClock(), inline=True) as store:
        yield Desk(Office(store, {"acme": tenant(SLOW, FAST)}))


async def arrive(desk: Desk, *statements: dict) -> list[str]:
    """Each about a second after it was accepted."""
    await desk.tell(*statements)
    await desk.route()
    return [await desk.carry(State.DELIVERED) for _ in statements]


async def test_what_arrives_is_counted_by_route(desk: Desk) -> None:
    await arrive(desk, completed("ada"), completed("ben"), graded("ada", 80))
    now_us = desk.office.clock.now_us()
    slow = await desk.store.queries.durations("acme", "slow", now_us - HOUR_US)
    assert (slow.n, slow.late) == (2, 0)
    median = quantile_us(slow.counted, 0.5)
    assert median is not None
    assert 1_000_000 < median < 2_000_000
    fast = await desk.store.queries.durations("acme", "fast", now_us - HOUR_US)
    assert (fast.n, fast.late) == (1, 1)
    assert all(bucket_us(number) > 10_000 for number in fast.counted)
    later = await desk.store.queries.durations("acme", "fast", now_us + 2 * HOUR_US)
    assert (later.n, later.counted) == (0, {})


async def test_what_is_late_is_kept_with_its_stages(desk: Desk) -> None:
    await arrive(desk, completed("ada"))
    [one, other] = await arrive(desk, graded("ada", 80), graded("ben", 80))
    now_us = desk.office.clock.now_us()
    queries = desk.store.queries
    late = await queries.late("acme", "fast", now_us - HOUR_US, 10)
    assert {entry.id for entry in late} == {one, other}
    assert sum(late[0].stages.values()) == late[0].took_us > late[0].sla_us == 10_000
    assert late[0].stage in late[0].stages
    assert len(await queries.late("acme", "fast", now_us - HOUR_US, 1)) == 1
    assert await queries.late("acme", "fast", now_us + HOUR_US, 10) == []
    assert await queries.late_one(late[0].seq) == late[0]
    assert await queries.late_one(1) is None


async def test_a_budget_is_spent_or_not(desk: Desk) -> None:
    await arrive(desk, completed("ada"), graded("ada", 80))
    since_us = desk.office.clock.now_us() - HOUR_US
    strict, mild = Goal(tenant="acme", route="fast", percent=99.0), Goal(tenant="acme", route="slow", percent=99.0)
    [(goal, promise)] = await desk.store.queries.red([strict, mild], since_us)
    assert goal is strict
    assert (promise.n, promise.late, promise.red) == (1, 1, True)
    assert await desk.store.queries.red([strict], since_us + 3 * HOUR_US) == []


async def test_a_pause_is_remembered_when_it_ends(desk: Desk) -> None:
    queries = desk.store.queries
    await queries.pause(LANE, by="ada", now_us=100)
    await queries.resume(LANE, now_us=500)
    await queries.resume(LANE, now_us=600)
    held = await desk.store.writer.submit(lambda raw: raw.execute("SELECT * FROM holds").fetchall())
    assert [(row[0], *sorted(map(str, row[1:]))) for row in held] == [(LANE, "100", "500", "paused")]
