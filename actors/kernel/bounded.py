"""A bounded queue with one reader: what lies between the two ends of a mailbox.

trio's memory channels do the same, and for any number of readers; but there is one for each actor, nearly all of them
are empty for ever, and an empty channel takes three times as much memory as this does (a thousand tenants have nine
thousand). Order is kept, also among those who wait for room; who is cancelled while waiting has put, or taken, nothing.
"""

from typing import Generic, TypeVar

import outcome
import trio

T = TypeVar("T")


class Full(Exception):
    """There is no room."""


class Closed(Exception):
    """Nobody will read this for now."""


class Bounded(Generic[T]):
    """At most ``capacity`` items. Closed, it keeps what was in it, and takes nothing more until it is opened again."""

    __slots__ = ("_capacity", "_items", "_putting", "_reader", "closed")

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._items: list[T] = []
        self._putting: dict[trio.lowlevel.Task, T] | None = None
        """Those who wait for room, oldest first. None: nobody has ever waited."""
        self._reader: trio.lowlevel.Task | None = None
        self.closed = False

    def __len__(self) -> int:
        return len(self._items)

    # ── putting ──────────────────────────────────────────────────────────────────────────────────────

    async def put(self, item: T) -> None:
        """Wait for room. Raises Closed, also while waiting."""
        await trio.lowlevel.checkpoint_if_cancelled()
        try:
            self.put_nowait(item)
        except Full:
            await self._wait_for_room(item)
        else:
            await trio.lowlevel.cancel_shielded_checkpoint()

    def put_nowait(self, item: T) -> None:
        """Raises Full, Closed."""
        if self.closed:
            raise Closed
        if self._reader is not None:
            reader, self._reader = self._reader, None
            trio.lowlevel.reschedule(reader, outcome.Value(item))
        elif len(self._items) < self._capacity:
            self._items.append(item)
        else:
            raise Full

    async def _wait_for_room(self, item: T) -> None:
        task = trio.lowlevel.current_task()
        putting = self._putting = self._putting or {}
        putting[task] = item

        def gone(_: object) -> trio.lowlevel.Abort:
            del putting[task]
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(gone)

    # ── taking ───────────────────────────────────────────────────────────────────────────────────────

    async def take(self) -> T:
        """The oldest; waits for one."""
        await trio.lowlevel.checkpoint_if_cancelled()
        if self._items:
            item = self._items.pop(0)
            self._fill()
            await trio.lowlevel.cancel_shielded_checkpoint()
            return item
        if self._reader is not None:
            raise trio.BusyResourceError("somebody reads this already")
        self._reader = trio.lowlevel.current_task()

        def gone(_: object) -> trio.lowlevel.Abort:
            self._reader = None
            return trio.lowlevel.Abort.SUCCEEDED

        taken: T = await trio.lowlevel.wait_task_rescheduled(gone)
        return taken

    def _fill(self) -> None:
        """There is room: whoever has waited longest goes on."""
        if self._putting:
            task = next(iter(self._putting))
            self._items.append(self._putting.pop(task))
            trio.lowlevel.reschedule(task)

    # ── its ends ─────────────────────────────────────────────────────────────────────────────────────

    def close(self) -> list[T]:
        """Whoever waits for room hears of it. What is in it, oldest first; it is out of it now (``keep`` puts back)."""
        self.closed = True
        for task in list(self._putting or ()):
            trio.lowlevel.reschedule(task, outcome.Error(Closed()))
        self._putting = None
        items, self._items = self._items, []
        return items

    def keep(self, items: list[T]) -> None:
        """These are in it, before anything else."""
        self._items = [*items, *self._items]

    def reopen(self) -> None:
        """There is a reader again, or will be."""
        self.closed = False
