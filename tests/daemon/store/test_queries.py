"""What operators ask of the store is answered from indexes, however many rows wait."""

import re
import sqlite3
from collections.abc import AsyncIterator

import msgspec
import pytest
from control_office import Desk, Office
from migrated import migrate_by_copy
from world import VirtualClock, completed, graded, route, tenant

from actors.domain.changes import Score
from actors.domain.outbox import State
from daemon.store import asking, backlog, judging, promises, rows
from daemon.store.database import open_store
from daemon.store.engine import tune

SCAN = re.compile(r"\bSCAN (?:deliveries|statements|arrivals|propagation|late|s|a|d)\b")


@pytest.fixture
async def desk(tmp_path) -> AsyncIterator[Desk]:
    acme = tenant(route("done", "completed"), route("grades", "graded"))
    async with open_store(tmp_path / "q.db", VirtualClock(), inline=True) as store:
        yield Desk(Office(store, {"acme": acme}))


def explained(sql: str, *values: object) -> str:
    raw = sqlite3.connect(":memory:")
    tune(raw, read_only=False)
    migrate_by_copy(raw, 0)
    plan = "\n".join(row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {sql}", values))
    raw.close()
    return plan


@pytest.mark.parametrize(
    ("sql", "values"),
    [
        (asking.STUCK, ("acme/slack", 0, 9, 9)),
        (asking.BY_ID, (b"",)),
        (asking.DELIVERIES_LIKE, (b"", b"", 3)),
        (asking.DELIVERIES_OF, (1,)),
        (asking.IN_FRONT, ("acme/slack", "C1")),
        (asking.FROM_STATEMENTS + "WHERE s.tenant = ? AND s.id BETWEEN ? AND ? LIMIT ?", ("acme", b"", b"", 3)),
        (asking.STATEMENT, (1,)),
        (asking.STATEMENTS_FROM, (1, 9, 1)),
        (asking.ARRIVALS, ("c", 3)),
        (asking.UNROUTED, ("acme", "acme")),
        (asking.ENDS, ()),
        (asking.COUNTED, ("acme/slack", 0, 9)),
        (asking.ITEMS, (1, 9)),
        (asking.BY_SEQ, (1,)),
        (judging.DELIVERED, (b"", "acme/slack", "C1", 9)),
        (backlog.NEXT, ("acme/slack", "")),
        (backlog.COUNT, ("acme/slack", "C1", 9)),
        (backlog.WAITING, ("acme/slack", 0, 9, 9)),
        (backlog.NEWEST, (b"", "acme/slack", "C1")),
        (backlog.FOLDABLE, ("acme/slack", "C1", 9, 9)),
        (promises.BUCKETS, ("acme", "done", 1)),
        (promises.SUMS, ("acme", "done", 1)),
        (promises.ANY_LATE, ("acme", "done", 1)),
    ],
)
def test_no_question_walks_a_whole_table(sql: str, values: tuple[object, ...]) -> None:
    plan = explained(sql, *values)
    assert SCAN.search(plan) is None, plan
    assert "SEARCH" in plan


@pytest.mark.parametrize("sql", [asking.UNTAKEN_OLDEST, asking.UNTAKEN_NEWEST])
def test_kept_statements_are_found_by_their_index(sql: str) -> None:
    plan = explained(sql, 1)
    assert "SEARCH outcomes USING INDEX outcomes_unrouted (seq" in plan
    assert "SEARCH s USING INTEGER PRIMARY KEY" in plan


@pytest.mark.parametrize("state", State, ids=lambda state: state.value)
def test_no_list_walks_a_whole_table(state: State) -> None:
    plan = explained(asking.LISTS[state], "acme/slack", state.value, 0, 9)
    assert SCAN.search(plan) is None, plan
    assert "SEARCH deliveries USING" in plan
    wanted = {
        State.WAITING: "deliveries_open",
        State.CLAIMED: "deliveries_claimed",
        State.DEAD: "deliveries_stuck",
        State.DELIVERED: "INTEGER PRIMARY KEY",
    }.get(state, "deliveries_rare")
    assert wanted in plan


def test_the_check_would_see_a_walk() -> None:
    assert SCAN.search(explained("SELECT * FROM deliveries WHERE route = ?", "x"))


async def test_the_reads_of_the_store_run_what_was_explained(desk: Desk) -> None:
    await desk.tell(completed("ada"), graded("ben", 80))
    await desk.route()
    queries = desk.store.queries
    assert await queries.depths() == [("acme/slack", "waiting", 2)]
    assert set(await queries.oldest_open(["acme/slack", "acme/teams"])) == {"acme/slack"}
    assert await queries.newest_seq() == 2
    assert await queries.tenants() == ["acme"]
    assert await queries.unrouted("acme") == 0
    await desk.tell(completed("eve"))
    assert await queries.unrouted("acme") == 1


async def test_each_state_is_listed_in_order(desk: Desk) -> None:
    people = [f"learner{number}" for number in range(len(State))]
    await desk.tell(*(completed(who) for who in people))
    await desk.route()
    made = {}
    closed = [state for state in State if not state.open]
    for state in [*closed, State.UNKNOWN]:
        made[state] = await desk.carry(state, due_us=1 << 59)
    for state, identifier in made.items():
        listed = await desk.store.queries.listed("acme/slack", state, 10)
        assert [one.delivery.id for one in listed] == [identifier], state
    waiting = await desk.store.queries.listed("acme/slack", State.WAITING, 10)
    assert [one.delivery.state for one in waiting] == [State.WAITING] * 2
    assert [one.delivery.seq for one in waiting] == sorted(one.delivery.seq for one in waiting)
    assert await desk.store.queries.listed("acme/slack", State.WAITING, 1) == waiting[:1]
    assert (
        await desk.store.queries.listed("acme/slack", State.WAITING, 9, after_seq=waiting[0].delivery.seq)
        == waiting[1:]
    )


async def test_delivered_ones_are_listed_newest_first(desk: Desk) -> None:
    await desk.tell(*(completed(who) for who in ("ada", "ben", "eve")))
    await desk.route()
    done = [await desk.carry(State.DELIVERED) for _ in range(3)]
    listed = await desk.store.queries.listed("acme/slack", State.DELIVERED, 2)
    assert [one.delivery.id for one in listed] == [done[2], done[1]]


async def test_the_statements_of_a_request_are_found_among_many(desk: Desk) -> None:
    requests = {}
    for number in range(40):
        told = [completed(f"l{number}-{place}") for place in range(number % 4)]
        requests[f"req{number}"] = await desk.tell(*told, correlation=f"req{number}")
    for correlation, ids in requests.items():
        [arrival] = await desk.store.queries.arrivals(correlation, 5)
        found = await desk.store.queries.statements_of(arrival, 10)
        assert [statement.id for _, statement in found] == ids
        assert {name for name, _ in found} <= {"acme"}


async def test_an_id_may_be_cut_anywhere(desk: Desk) -> None:
    [told] = await desk.tell(completed("ada"))
    await desk.route()
    [kept] = await desk.store.queries.listed("acme/slack", State.WAITING, 1)
    for digits in range(8, 33):
        assert await desk.store.queries.deliveries_like(kept.delivery.id[:digits]) == [kept]
        [(name, statement)] = await desk.store.queries.statements_like(
            told.replace("-", "")[:digits], ["other", "acme"]
        )
        assert (name, statement.id) == ("acme", told)
    other = ("0" if kept.delivery.id[0] != "0" else "1") + kept.delivery.id[1:]
    assert await desk.store.queries.deliveries_like(other) == []


async def test_an_occurrence_is_looked_up_without_being_counted(desk: Desk) -> None:
    queries = desk.store.queries
    await desk.tell(graded("ada", 80))
    await desk.route()
    [kept] = await queries.listed("acme/slack", State.WAITING, 1)
    change = kept.delivery.change
    at_us = kept.delivery.accepted_us
    other = msgspec.structs.replace(change, score=Score(raw=85, min=0, max=100))
    assert (await queries.counted("acme", change, at_us)).occurrence == 1
    assert (await queries.counted("acme", other, at_us)).occurrence == 2
    assert (await queries.counted("acme", other, at_us)).news == "new"
    assert (await queries.counted("other", change, at_us)).occurrence == 1
    key = ("acme", "slack", "C0GENERAL1", "graded", change.entity)
    assert await queries.by_effect(*key, 1) == (True, kept)
    assert await queries.by_effect(*key, 2) == (False, None)
    assert rows.key(*key, 1).hex() == kept.delivery.id
