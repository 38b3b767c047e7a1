"""One page ahead: a page is worked out while the one before it is being written.

A reading's time is half Python and half SQLite, and a disk's patience; side by side they take little more than the
longer of them. What a page comes to is its ``Draft``: nothing of it is on disk, and nobody has been told. Pages are
written in their order, each in its one transaction. A draft for which something was looked at that has been written
since is thrown away, and the page is worked out anew: so what is written is what it would have been without haste.

Whoever reads is ahead by one page at most, and by nothing where a step depends on what is on disk.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Generic, TypeVar

import trio

from actors.domain.canonical import Enrolment
from actors.domain.harvest import Page
from actors.domain.xapi.accepted import NewStatement
from actors.ports.records import Kept
from actors.roles.taking import Work

D = TypeVar("D")
Looked = tuple[str, str]
"""A record's key, or a membership: (user, course). Where the two are mixed up, a page is worked out twice: no harm."""


class Draft:
    """What a page comes to. ``looked``: at what, while that was found out; ``moved``: what others wrote meanwhile."""

    __slots__ = ("cursor", "kept", "looked", "moved", "page", "statements", "todo", "told", "unchanged")

    def __init__(self, page: Page | None, cursor: Mapping[str, str] | None) -> None:
        self.page = page
        self.cursor = cursor
        self.told = 0
        self.unchanged = 0
        self.todo: list[Work] = []
        self.kept: tuple[Kept, ...] = ()
        self.statements: tuple[NewStatement, ...] = ()
        self.looked: set[Looked] = set()
        self.moved: set[Looked] = set()

    @property
    def stale(self) -> bool:
        return not self.looked.isdisjoint(self.moved)


class Drafts:
    """Those of one reading that are not written yet: two at most, of which one is being written or waits for it."""

    def __init__(self) -> None:
        self._open: list[Draft] = []
        self._writing: set[Looked] = set()

    def opened(self, draft: Draft) -> None:
        """Before anything is looked at for it."""
        draft.moved.update(self._writing)
        self._open.append(draft)

    def closed(self, draft: Draft) -> None:
        """It is written now, or never."""
        self._open = [each for each in self._open if each is not draft]

    def writing(self, works: Iterable[Work]) -> None:
        """From now on what these are about is not as it was. Whoever looks before ``written`` may see it either way."""
        for work in works:
            self._writing.add(work.key)
            for means in (work.before, work.after):
                if isinstance(means, Enrolment):
                    self._writing.add((means.user, means.course))
        for draft in self._open:
            draft.moved.update(self._writing)

    def written(self) -> None:
        self._writing = set()


class _Landing:
    __slots__ = ("done", "error")

    def __init__(self) -> None:
        self.done = trio.Event()
        self.error: Exception | None = None


class Ahead(Generic[D]):
    """Has drafts written, one after the other, by tasks of ``nursery``."""

    def __init__(self, nursery: trio.Nursery, take: Callable[[D], Awaitable[None]]) -> None:
        self._nursery = nursery
        self._take = take
        self._landing: _Landing | None = None

    async def follow(self, draft: D) -> None:
        """As soon as the one before is on disk. Raises what kept that one from it."""
        await self.land()
        landing = self._landing = _Landing()
        self._nursery.start_soon(self._land, draft, landing)

    async def land(self) -> None:
        """All of them are on disk. Raises what kept the last one from it."""
        landing, self._landing = self._landing, None
        if landing is not None:
            await landing.done.wait()
            if landing.error is not None:
                raise landing.error

    async def _land(self, draft: D, landing: _Landing) -> None:
        try:
            await self._take(draft)
        except Exception as error:  # noqa: BLE001  # raised to whoever waits for it
            landing.error = error
        landing.done.set()
