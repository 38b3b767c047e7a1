"""Who is broken off while a page is being written leaves when it is: until then nobody else writes these records."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
from intake_desk import HOME, SOURCE, Desk, a_desk, course, record, user

from actors.domain.harvest import Page, Record
from actors.ports import StoreUnavailable
from actors.ports.remapping import START, Count
from actors.roles.world import Switchboard
from daemon.store.engine import Engine, Job

WORK = record("assignment", "w1", course="c1", iri=f"{HOME}/w1", name="Paper")


class Slow:
    """A disk that takes its time over whatever is to be written, until it is ``free``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.free = trio.Event()
        self.fails: Exception | None = None

    async def run(self, job: Job[Any]) -> Any:
        await self.free.wait()
        if self.fails is not None:
            raise self.fails
        return await self._engine.run(job)

    async def close(self) -> None:
        await self._engine.close()


@contextmanager
def slowed(desk: Desk) -> Iterator[Slow]:
    slow = Slow(desk.store.writer._engine)
    desk.store.writer._engine = slow
    try:
        yield slow
    finally:
        slow.free.set()  # whoever closes the store waits for what is to be written


def grade(points: float, minute: int) -> Record:
    score = {"raw": points, "max": 10.0}
    return record(
        "grade", "g1", user="ada", course="c1", assignment="w1", score=score, updated=f"2026-09-01T10:{minute}:00Z"
    )


@pytest.mark.parametrize("known", [True, False])
async def test_a_call_beside_a_reading_that_is_broken_off_finds_what_that_has_written(
    tmp_path: Path, known: bool
) -> None:
    """The call tells how things stood before: it changes nothing. If it did not see the page it would."""
    async with a_desk(tmp_path) as desk, trio.open_nursery() as nursery:
        await desk.tell(user("ada"), course("c1"), WORK, *([grade(2.0, 10)] if known else []))
        await desk.said()
        lock, reading = Switchboard(), trio.CancelScope()
        other = Desk(desk.store, desk.clock)

        async def read() -> None:
            with reading:
                async with lock.alone("acme/sis"):
                    await desk.intake.page(Page(records=(grade(9.0, 50),)))

        async def hear() -> None:
            async with lock.alone("acme/sis"):
                await other.intake.page(Page(records=(grade(4.0, 30),)))

        with slowed(desk) as slow:
            nursery.start_soon(read)
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(hear)
            await trio.testing.wait_all_tasks_blocked()
            reading.cancel()
            await trio.testing.wait_all_tasks_blocked()
            slow.free.set()
            await trio.testing.wait_all_tasks_blocked()
            assert [each.score.raw for each in await desk.changes()] == [9.0]  # type: ignore[union-attr]  # grades


async def test_what_could_not_be_written_does_not_keep_whoever_is_broken_off(tmp_path: Path) -> None:
    async with a_desk(tmp_path) as desk, trio.open_nursery() as nursery:
        reading = trio.CancelScope()
        told: list[Exception] = []

        async def read() -> None:
            with reading:
                try:
                    await desk.intake.page(Page(records=(user("ada"),)))
                except StoreUnavailable as error:
                    told.append(error)

        with slowed(desk) as slow:
            nursery.start_soon(read)
            await trio.testing.wait_all_tasks_blocked()
            reading.cancel()
            slow.fails = StoreUnavailable("the disk is full")
            slow.free.set()
            await trio.testing.wait_all_tasks_blocked()
            assert len(told) == 1
            slow.fails = None
            assert await desk.said() == []


async def test_an_activation_whose_caller_is_gone_has_taken_its_step_or_not(tmp_path: Path) -> None:
    async with a_desk(tmp_path) as desk, trio.open_nursery() as nursery:
        await desk.tell(user("ada"))
        remappings = desk.store.remappings
        activation = await remappings.begin(SOURCE, 2, "ada", 1)
        asking, lock = trio.CancelScope(), trio.Lock()
        seen: list[object] = []

        async def step() -> None:
            with asking:
                async with lock:
                    await remappings.step(activation, [], ("user", "ada"), Count(records=1))

        async def after() -> None:
            async with lock:
                seen.append(await remappings.unfinished(SOURCE))

        with slowed(desk) as slow:
            nursery.start_soon(step)
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(after)
            asking.cancel()
            await trio.testing.wait_all_tasks_blocked()
            assert seen == []
            slow.free.set()
            await trio.testing.wait_all_tasks_blocked()
            assert [each.at for each in seen] == [("user", "ada")] != [START]  # type: ignore[attr-defined]  # activations
