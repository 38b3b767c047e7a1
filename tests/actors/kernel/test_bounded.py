"""The queue of a mailbox: bounded, in order, with one reader; nobody who is cancelled takes anything along."""

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import wait_all_tasks_blocked

from actors.kernel.bounded import Bounded, Closed, Full


async def drained(queue: Bounded[int]) -> list[int]:
    return [await queue.take() for _ in range(len(queue))]


async def test_what_was_put_is_taken_in_order_also_by_who_waited_for_room() -> None:
    queue = Bounded[int](2)
    async with trio.open_nursery() as nursery:
        for number in range(6):
            nursery.start_soon(queue.put, number)
            await wait_all_tasks_blocked()
        assert len(queue) == 2
        assert [await queue.take() for _ in range(6)] == list(range(6))
    assert len(queue) == 0


async def test_a_reader_that_waits_is_handed_it() -> None:
    queue = Bounded[int](1)
    taken: list[int] = []

    async def read() -> None:
        taken.append(await queue.take())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        await wait_all_tasks_blocked()
        with pytest.raises(trio.BusyResourceError):
            await queue.take()
        queue.put_nowait(1)
        queue.put_nowait(2)
        with pytest.raises(Full):
            queue.put_nowait(3)
    assert taken == [1]
    assert await drained(queue) == [2]


async def test_who_is_cancelled_has_put_and_taken_nothing() -> None:
    queue = Bounded[int](1)
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(queue.take)
            await wait_all_tasks_blocked()
            scope.cancel()
    await queue.put(1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(queue.put, 2)
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    with trio.CancelScope() as scope:
        scope.cancel()
        await queue.take()
    assert scope.cancelled_caught
    assert await drained(queue) == [1]


async def test_closed_it_frees_who_waits_and_takes_nothing_more() -> None:
    queue = Bounded[int](1)
    await queue.put(1)
    freed: list[int] = []

    async def write(number: int) -> None:
        with pytest.raises(Closed):
            await queue.put(number)
        freed.append(number)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(write, 2)
        await wait_all_tasks_blocked()
        kept = queue.close()
    assert (freed, kept, len(queue)) == ([2], [1], 0)
    with pytest.raises(Closed):
        await queue.put(3)
    queue.keep(kept)
    queue.reopen()
    with pytest.raises(Full):
        queue.put_nowait(4)
    assert await drained(queue) == [1]


@given(st.integers(1, 4), st.lists(st.sampled_from(["put", "take", "close", "open"]), max_size=30))
def test_it_is_a_queue(capacity: int, moves: list[str]) -> None:
    async def play() -> None:
        queue, model = Bounded[int](capacity), list[int]()
        for number, move in enumerate(moves):
            match move:
                case "put" if queue.closed:
                    with pytest.raises(Closed):
                        queue.put_nowait(number)
                case "put" if len(model) == capacity:
                    with pytest.raises(Full):
                        queue.put_nowait(number)
                case "put":
                    queue.put_nowait(number)
                    model.append(number)
                case "take" if model:
                    assert await queue.take() == model.pop(0)
                case "close":
                    queue.keep(queue.close())
                case _:
                    queue.reopen()
            assert len(queue) == len(model)

    trio.run(play)
