"""Nothing is ever stored at or before a time that was promised to be complete: whatever the clock does, whatever is
being stored meanwhile, and after a restart."""

import sqlite3
from pathlib import Path
from typing import Any, cast

import pytest
import trio
import trio_asyncio
from hypothesis import given
from hypothesis import strategies as st
from log_world import provenance

from actors.ports import NewStatement, StoreUnavailable
from daemon.gateway.ports import StatementQuery
from daemon.store.database import Store, open_store
from daemon.store.horizon import LEASE_US, Horizon
from daemon.store.indexing import first_seq
from daemon.store.writer import Writer

START_US = 1_800_000_000_000_000


class Clock:
    """Stands still unless it is set."""

    def __init__(self) -> None:
        self.at_us = START_US

    def now_us(self) -> int:
        return self.at_us


class Running(Clock):
    """Each look is a microsecond later."""

    def now_us(self) -> int:
        self.at_us += 1
        return self.at_us


def statement(number: int) -> NewStatement:
    name = f"00000000-0000-4000-8000-{number:012d}"
    return NewStatement(id=name, body=b"{}", digest=b"", timestamp="", given_id=True)


class Hand:
    """A writer and a log moved by hand, one step after the other. ``leased`` is what is on disk."""

    def __init__(self) -> None:
        self.begun, self.transacting, self.full = 0, False, False
        self.leased_us = 0
        self.clock = Clock()
        self.stored: list[int] = []
        self.flying: list[int] = []
        self.promised: list[int] = []
        self.live()

    def live(self) -> None:
        """A life of the process begins; what was flying is lost."""
        self.transacting, self.flying = False, []
        self.horizon = Horizon(cast(Writer, self), self.clock)
        self.horizon.begin(self.leased_us)

    async def submit(self, job: Any) -> Any:
        if self.full:
            raise StoreUnavailable("the disk is full")
        raw = sqlite3.connect(":memory:")
        raw.execute("CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT)")
        job(raw)
        self.leased_us = int(raw.execute("SELECT value FROM facts").fetchone()[0])
        raw.close()

    def begin(self) -> None:
        if not self.transacting:
            self.begun, self.transacting = self.begun + 1, True

    def append(self, n: int) -> None:
        self.begin()
        newest = max([0, *self.stored, *self.flying])
        first = first_seq(max(self.horizon.floor_us(), newest + 1), n)
        assert first > max([0, *self.promised]), "stored behind a promise"
        self.flying += range(first, first + n)
        self.horizon.reached(first + n - 1)

    def end(self, commits: bool) -> None:
        self.stored += self.flying if commits else []
        self.transacting, self.flying = False, []

    def promise(self) -> None:
        through = trio.run(self.horizon.through_us)
        assert all(seq > through for seq in self.flying), "promised what is not there yet"
        assert through <= self.leased_us, "a promise that a restart would forget"
        self.promised.append(through)


steps = st.one_of(
    st.tuples(st.just("append"), st.integers(1, 70)),
    st.tuples(st.just("begin"), st.none()),
    st.tuples(st.just("end"), st.booleans()),
    st.tuples(st.just("promise"), st.none()),
    st.tuples(st.just("promise"), st.none()),
    st.tuples(st.just("clock"), st.integers(-(10**7), 10**7)),
    st.tuples(st.just("full"), st.booleans()),
    st.tuples(st.just("restart"), st.none()),
)


@given(st.lists(steps, max_size=30))
def test_whatever_happens(taken: list[tuple[str, Any]]) -> None:
    hand = Hand()
    for name, value in taken:
        match name:
            case "append":
                hand.append(value)
            case "begin":
                hand.begin()
            case "end":
                hand.end(value)
            case "promise":
                hand.promise()
            case "clock":
                hand.clock.at_us += value
            case "full":
                hand.full = value
            case "restart":
                hand.live()


def test_a_promise_is_as_late_as_can_be() -> None:
    hand = Hand()
    hand.promise()
    hand.append(50)
    hand.clock.at_us += 500
    hand.promise()
    hand.end(commits=True)
    hand.promise()
    hand.begin()
    hand.clock.at_us += 500
    hand.promise()
    assert hand.promised == [START_US, min(hand.stored) - 1, START_US + 500, START_US + 1000]


async def test_a_lease_is_taken_once_in_a_while_and_not_while_the_disk_is_full() -> None:
    clock = Clock()
    taken = []
    refused = StoreUnavailable("the disk is full")

    class Leasing:
        begun, transacting, full = 0, False, False

        async def submit(self, job: Any) -> None:
            if self.full:
                raise refused
            taken.append(job)

    writer = Leasing()
    horizon = Horizon(cast(Writer, writer), clock)
    for _ in range(10):
        assert await horizon.through_us() == clock.at_us
        clock.at_us += LEASE_US // 5
    assert len(taken) == 2
    writer.full = True
    clock.at_us += 3 * LEASE_US
    ends = START_US + LEASE_US // 5 * 6 + LEASE_US
    assert [await horizon.through_us() for _ in range(2)] == [ends, ends]
    writer.full = False
    assert await horizon.through_us() == clock.at_us


@pytest.mark.parametrize("back_us", [0, 10, 3600 * 1_000_000])
async def test_after_a_restart_with_the_clock_set_back(tmp_path: Path, back_us: int) -> None:
    clock = Clock()
    async with open_store(tmp_path / "s.db", clock, inline=True) as store:
        await store.statements.append([statement(1)], provenance())
        clock.at_us += 10**6
        promised = await store.finding.consistent_through_us("acme")
        assert promised == clock.at_us
    clock.at_us -= back_us
    async with open_store(tmp_path / "s.db", clock, inline=True) as store:
        await store.statements.append([statement(2)], provenance("globex"))
        [later] = await store.statements.after("globex", 0, 9)
        assert promised < later.seq <= promised + LEASE_US + 1


async def follow(store: Store, n: int, seen: list[str], *, by_promise: bool) -> None:
    """As a consumer polls: everything since the last time, until ``n`` statements were seen. It goes on from what was
    promised, or from the newest that it saw if nothing was promised beyond that."""
    since = 0
    while len(seen) < n:
        through = await store.finding.consistent_through_us("acme")
        query = StatementQuery(limit=7, ascending=True, since_us=since, until_us=through if by_promise else None)
        page = await store.finding.page("acme", query)
        seen += [row.id for row in page.rows]
        newest = page.rows[-1].stored_us if page.rows else since
        since = newest if page.more_from is not None or not by_promise else through
        await trio.lowlevel.checkpoint()


async def test_who_polls_while_many_write_sees_each_statement_once(tmp_path: Path) -> None:
    writers, batches, size = 6, 15, 5
    by_promise: list[str] = []
    by_newest: list[str] = []
    async with trio_asyncio.open_loop(), open_store(tmp_path / "s.db", Running()) as store:

        async def write(first: int) -> None:
            for number in range(batches):
                start = first + number * size
                batch = [statement(start + each) for each in range(size)]
                await store.statements.append(batch, provenance("acme" if number % 5 else "globex"))

        each = writers * (batches - batches // 5) * size
        with trio.fail_after(60):
            async with trio.open_nursery() as nursery:
                for number in range(writers):
                    nursery.start_soon(write, number * 10_000)
                nursery.start_soon(lambda: follow(store, each, by_promise, by_promise=True))
                nursery.start_soon(lambda: follow(store, each, by_newest, by_promise=False))
        stored = [row.id for row in await store.statements.after("acme", 0, 10_000)]
    assert len(stored) == each
    assert by_promise == stored
    assert by_newest == stored
