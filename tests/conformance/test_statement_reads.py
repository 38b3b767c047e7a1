"""Reading the log from outside: what the store and the log in memory both must do."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
from gateway_world import ManualClock, MemoryLog
from hypothesis import given, settings
from hypothesis import strategies as st
from log_world import AUTHORITIES, IDS, VERBS, VOIDED, Json, arrivals, provenance, taken_in, wanted
from sizes import examples

from actors.domain.xapi.keys import agent_key
from actors.domain.xapi.matching import Wanted
from actors.ports import StatementConflict, Statements
from daemon.gateway.ports import StatementQuery, StatementReads
from daemon.store.database import open_store

Log = tuple[Statements, StatementReads]
Opened = Callable[[], AbstractAsyncContextManager[Log]]


@asynccontextmanager
async def in_memory(_path: Path) -> AsyncIterator[Log]:
    log = MemoryLog()
    yield log, log


@asynccontextmanager
async def in_sql(path: Path) -> AsyncIterator[Log]:
    async with open_store(path / "s.db", ManualClock(), inline=True) as store:
        yield store.statements, store.finding


@pytest.fixture(params=[in_memory, in_sql])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    return lambda: request.param(tmp_path)


def told(number: int, **more: Any) -> Json:
    return {
        "id": IDS[number],
        "actor": {"mbox": f"mailto:p{number}@example.edu"},
        "verb": {"id": VERBS[0]},
        "object": {"id": "http://lms.example.edu/course/1"},
        **more,
    }


def referring(number: int, to: int, verb: str = VERBS[1]) -> Json:
    return told(number, verb={"id": verb}, object={"objectType": "StatementRef", "id": IDS[to]})


async def ids(reads: StatementReads, tenant: str = "acme", **words: Any) -> list[int]:
    """Of all pages."""
    query = StatementQuery(**{"limit": 100, **words})
    found: list[int] = []
    while True:
        page = await reads.page(tenant, query)
        assert len(page.rows) <= query.limit
        found += [IDS.index(row.id) for row in page.rows]
        if page.more_from is None:
            return found
        name = "after_seq" if query.ascending else "before_seq"
        query = msgspec.structs.replace(query, **{name: page.more_from})


async def test_newest_first_or_oldest_first_in_pages_of_any_size(opened: Opened) -> None:
    async with opened() as (log, reads):
        await log.append(taken_in([told(number) for number in range(3)], provenance()), provenance())
        await log.append(taken_in([told(number) for number in range(3, 7)], provenance()), provenance())
        for limit in (1, 2, 3, 7, 8):
            assert await ids(reads, limit=limit) == [6, 5, 4, 3, 2, 1, 0]
            assert await ids(reads, limit=limit, ascending=True) == [0, 1, 2, 3, 4, 5, 6]
            assert await ids(reads, limit=limit, wanted=Wanted(verb=VERBS[0])) == [6, 5, 4, 3, 2, 1, 0]
        assert (await reads.page("acme", StatementQuery(limit=7))).more_from is None
        assert await ids(reads, "globex") == []


async def test_since_is_exclusive_and_until_inclusive(opened: Opened) -> None:
    async with opened() as (log, reads):
        await log.append(taken_in([told(number) for number in range(5)], provenance()), provenance())
        places = [row.stored_us for row in (await reads.page("acme", StatementQuery(limit=9, ascending=True))).rows]
        for asked in (Wanted(), Wanted(verb=VERBS[0])):
            assert await ids(reads, since_us=places[1], until_us=places[3], wanted=asked) == [3, 2]
            assert await ids(reads, since_us=places[3], until_us=places[1], wanted=asked) == []


async def test_a_voided_statement_is_got_by_its_id_alone_and_its_voider_is_found_for_it(opened: Opened) -> None:
    async with opened() as (log, reads):
        for one in (told(0), referring(1, 0, VOIDED), referring(3, 2, VOIDED), told(2), referring(4, 1, VOIDED)):
            await log.append(taken_in([one], provenance()), provenance())
        voided = []
        for number in range(5):
            row = await reads.get("acme", IDS[number])
            assert row is not None
            voided.append(row.voided)
        assert voided == [True, False, True, False, False], "a voider cannot be voided"
        assert await ids(reads) == [4, 3, 1]
        asked = Wanted(agent=agent_key(told(0)["actor"]))
        assert sorted(await ids(reads, wanted=asked)) == [1, 4]
        assert await reads.get("acme", IDS[7]) is None
        assert await reads.get("globex", IDS[0]) is None


async def test_only_ones_own(opened: Opened) -> None:
    async with opened() as (log, reads):
        for number in range(4):
            where = provenance(authority=AUTHORITIES[number % 2])
            await log.append(taken_in([told(number)], where), where)
        assert await ids(reads, authority=AUTHORITIES[0]) == [2, 0]
        assert await ids(reads, authority=AUTHORITIES[1], wanted=Wanted(verb=VERBS[0])) == [3, 1]
        assert await ids(reads, authority=b'{"mbox":"mailto:nobody@example.edu"}') == []
        assert await ids(reads, authority=b"") == []


async def test_whatever_was_stored_is_seen_up_to_what_is_promised(opened: Opened) -> None:
    async with opened() as (log, reads):
        await log.append(taken_in([told(0), told(1)], provenance()), provenance())
        through = await reads.consistent_through_us("acme")
        seen = await reads.page("acme", StatementQuery(limit=9))
        assert all(row.stored_us <= through for row in seen.rows)
        await log.append(taken_in([told(2)], provenance()), provenance())
        assert await ids(reads, until_us=through) == [1, 0]


@settings(max_examples=examples(20), deadline=None)
@given(st.lists(arrivals(), max_size=10), st.lists(st.tuples(wanted, st.booleans()), min_size=1, max_size=4))
def test_both_find_the_same(tmp_path_factory: pytest.TempPathFactory, given: Any, asked: Any) -> None:
    async def main() -> None:
        answers = []
        for opened in (in_memory, in_sql):
            async with opened(tmp_path_factory.mktemp("log")) as (log, reads):
                for where, batch in given:
                    try:
                        await log.append(taken_in(batch, where), where)
                    except StatementConflict:
                        pass  # refused by both, or they will not agree
                answers.append(
                    [
                        await ids(reads, tenant, limit=3, wanted=one, ascending=ascending)
                        for one, ascending in asked
                        for tenant in ("acme", "globex")
                    ]
                )
        assert answers[0] == answers[1]

    trio.run(main)
