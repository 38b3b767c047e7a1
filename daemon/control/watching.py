"""Long work while its asker is told how far it is, and ended when they go away, as long as it can be."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

import trio

from actors.domain.progress import Progress
from daemon.backup.copying import Watch
from daemon.control.backed import ProgressRow
from daemon.control.office import Asking

EVERY_S = 2.0
T = TypeVar("T")
GONE = (trio.BrokenResourceError, trio.ClosedResourceError)
"""How it is told that whoever asked does not listen any more."""


class _Far(Protocol):
    doing: str
    done: int
    of: int


async def watched(work: Callable[[Watch], T], asking: Asking, unit: str = "") -> T:
    """What comes of it in a thread. Raises what it raises; trio.BrokenResourceError where the asker has gone."""
    watch = Watch()

    async def in_thread() -> T:
        return await trio.to_thread.run_sync(lambda: work(watch), abandon_on_cancel=True)

    async def tell() -> None:
        while True:
            await trio.sleep(EVERY_S)
            await asking.emit(_row(watch, watch.doing, unit))

    try:
        return await beside(in_thread, tell)
    finally:
        watch.stop = True


async def attended(work: Callable[[], Awaitable[T]], progress: Progress, asking: Asking) -> T:
    """What comes of it in tasks. Raises what it raises; trio.BrokenResourceError where the asker has gone, and it could
    be given up: else it goes on, and nobody is told any more."""

    async def tell() -> None:
        while True:
            await trio.sleep(EVERY_S)
            try:
                await asking.emit(_row(progress, progress.named, progress.unit))
            except GONE:
                if progress.give_up():
                    raise
                return

    try:
        return await beside(work, tell)
    except BaseException:
        progress.give_up()
        raise


def _row(far: _Far, doing: str, unit: str) -> ProgressRow:
    return ProgressRow(doing=doing, done=far.done, of=far.of, unit=unit)


async def beside(work: Callable[[], Awaitable[T]], other: Callable[[], Awaitable[None]]) -> T:
    """What comes of ``work``, with ``other`` beside it as long as it lasts. What either raises ends both, and is raised
    as it is."""
    ended: list[T] = []
    failed: list[Exception] = []
    async with trio.open_nursery() as nursery:

        async def look() -> None:
            try:
                await other()
            except Exception as error:  # noqa: BLE001  # raised again below, out of the nursery's group
                failed.append(error)
                nursery.cancel_scope.cancel()

        nursery.start_soon(look)
        try:
            ended.append(await work())
        except Exception as error:  # noqa: BLE001  # likewise
            failed.append(error)
        nursery.cancel_scope.cancel()
    if failed:
        raise failed[0]
    return ended[0]
