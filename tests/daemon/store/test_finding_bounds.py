"""No search holds up anybody for long, and no page fills the memory."""

import threading
from pathlib import Path

import pytest
import trio
import trio_asyncio
from gateway_world import ManualClock
from log_world import ACTIVITIES, VERBS, provenance, taken_in
from searched_log import Searched

from actors.domain.xapi.keys import key
from actors.domain.xapi.matching import Wanted
from daemon.gateway.ports import StatementQuery
from daemon.store import finding
from daemon.store.database import open_store
from daemon.store.engine import Job, T
from daemon.store.finding import SqlFinding
from daemon.store.indexing import CELL, first_seq

BOTH = Wanted(verb=VERBS[0], activity=ACTIVITIES[0])


class Counting:
    """An engine that counts its jobs."""

    def __init__(self, log: Searched) -> None:
        self.log = log
        self.jobs = 0

    async def run(self, job: Job[T]) -> T:
        self.jobs += 1
        return await self.log.engine.run(job)

    async def close(self) -> None:
        await self.log.engine.close()


@pytest.mark.parametrize("ascending", [True, False])
async def test_two_conditions_that_never_meet_are_given_up_for_now_and_gone_on_with(ascending: bool) -> None:
    log = Searched()
    counting = Counting(log)
    looking = SqlFinding(counting, log.finding._horizon)
    cells = (finding.JOBS_MAX + 10) * finding.STEPS_MAX // 2
    for place, name in enumerate((key("acme", "verb", VERBS[0]), key("acme", "activity", ACTIVITIES[0]))):
        rows = ((name, cell, 1) for cell in range(place, 2 * cells, 2))
        log.raw.executemany("INSERT INTO finder VALUES (?, ?, ?)", rows)
    query = StatementQuery(limit=10, ascending=ascending, wanted=BOTH)
    page = await looking.page("acme", query)
    assert (page.rows, counting.jobs) == ([], finding.JOBS_MAX)
    assert page.more_from is not None
    assert await log.found("acme", query) == []
    await log.engine.close()


async def test_large_statements_make_a_short_page() -> None:
    log = Searched()
    for number in range(4):
        told = {
            "id": f"00000000-0000-4000-8000-{number:012d}",
            "actor": {"mbox": "mailto:ada@example.edu"},
            "verb": {"id": VERBS[0]},
            "object": {"id": ACTIVITIES[0]},
            "result": {"response": "x" * (finding.BYTES_MAX // 2 - 1000 if number else finding.BYTES_MAX * 2)},
        }
        log.tell(provenance(), [told], 100)
    for wanted in (Wanted(), BOTH):
        sizes = []
        query = StatementQuery(limit=10, ascending=True, wanted=wanted)
        for after in (None, log.seqs()[0], log.seqs()[2]):
            page = await log.finding.page(
                "acme", StatementQuery(limit=10, ascending=True, after_seq=after, wanted=wanted)
            )
            sizes.append((len(page.rows), page.more_from is not None))
        assert sizes == [(1, True), (2, True), (1, False)]
        assert await log.found("acme", query) == log.seqs()
    await log.engine.close()


async def test_who_asks_from_outside_does_not_hold_up_the_actors(tmp_path: Path) -> None:
    go_on = threading.Event()
    async with trio_asyncio.open_loop(), open_store(tmp_path / "s.db", ManualClock()) as store:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(store.lrs_reader.run, lambda raw: go_on.wait(60))
            await trio.testing.wait_all_tasks_blocked()
            told = {
                "actor": {"mbox": "mailto:ada@example.edu"},
                "verb": {"id": VERBS[0]},
                "object": {"id": ACTIVITIES[0]},
            }
            await store.statements.append(taken_in([told], provenance()), provenance())
            assert len(await store.statements.after("acme", 0, 10)) == 1
            assert not go_on.is_set()
            go_on.set()
        assert len((await store.finding.page("acme", StatementQuery(limit=10, wanted=BOTH))).rows) == 1


@pytest.mark.parametrize("n", [1, 2, 50, 63, 64, 65, 200])
def test_a_batch_has_a_cell_of_its_own_if_it_fits_into_one(n: int) -> None:
    for floor in range(1000, 1000 + 2 * CELL):
        first = first_seq(floor, n)
        assert floor <= first < floor + CELL
        cells = first // CELL, (first + n - 1) // CELL
        assert cells[1] - cells[0] <= (n - 1) // CELL + (n > CELL)
