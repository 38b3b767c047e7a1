"""Long work in a thread while its asker is told how far it is, and ended when they go away."""

from collections.abc import Callable
from typing import TypeVar

import trio

from daemon.backup.copying import Watch
from daemon.control.backed import ProgressRow
from daemon.control.office import Asking

EVERY_S = 2.0
T = TypeVar("T")


async def watched(work: Callable[[Watch], T], asking: Asking, unit: str = "") -> T:
    """Its result. Raises what it raises; trio.BrokenResourceError where the asker has gone."""
    watch = Watch()
    gone: list[trio.BrokenResourceError] = []
    ended: list[T] = []
    failed: list[Exception] = []
    async with trio.open_nursery() as nursery:

        async def tell() -> None:
            while True:
                await trio.sleep(EVERY_S)
                try:
                    await asking.emit(ProgressRow(doing=watch.doing, done=watch.done, of=watch.of, unit=unit))
                except trio.BrokenResourceError as error:
                    gone.append(error)
                    nursery.cancel_scope.cancel()

        nursery.start_soon(tell)
        try:
            ended.append(await trio.to_thread.run_sync(lambda: work(watch), abandon_on_cancel=True))
        except Exception as error:  # noqa: BLE001  # raised again below, out of the nursery's group
            failed.append(error)
        finally:
            watch.stop = True
        nursery.cancel_scope.cancel()
    if gone:
        raise gone[0]
    if failed:
        raise failed[0]
    return ended[0]
