"""Which parts of a source were never read whole though they were there: what is found in them first is no news.

A part (an entity in a scope) is shut where the first whole reading could not read it, or where a course comes to light
later that was made before that reading had ended. It is opened by whoever reads all of it. A course that is made later
is news with everybody in it, and a part that was open once and is refused for a while is not shut by that.

Shut it is on disk before anything of it is taken in, and opened after all of it was: killed in between, it is read once
more.
"""

from collections.abc import Iterable, Sequence

from actors.domain.canonical import EntityName
from actors.domain.harvest import Part, Record, parts_of
from actors.ports import Sources


class Parts:
    """Of one source, in one reading. ``first_us``: when its first whole reading had ended, None: it has not."""

    def __init__(self, source: int, sources: Sources, shut: frozenset[Part], *, first_us: int | None) -> None:
        self._source = source
        self._sources = sources
        self._first_us = first_us
        self._shut = set(shut)

    @property
    def shut(self) -> frozenset[Part]:
        return frozenset(self._shut)

    def hush(self, record: Record) -> bool:
        """Whether nobody is to be told of it, if it was never known before."""
        if not self._shut:
            return False
        if record.via:
            return self._is_shut("enrolment", record.via)
        return self._is_shut(record.entity, record.scope)

    def _is_shut(self, entity: EntityName, scope: str) -> bool:
        return (entity, scope) in self._shut or (entity, "") in self._shut

    async def close(self, parts: Iterable[Part]) -> None:
        """They cannot be read. After the first whole reading that means something only of what is shut already, as a
        kind. Raises StoreUnavailable."""
        await self._close([part for part in parts if self._first_us is None or (part[0], "") in self._shut])

    async def appeared(self, courses: Sequence[Record]) -> None:
        """These were never shown before. Raises StoreUnavailable."""
        first_us = self._first_us
        if first_us is not None:
            old = [each for each in courses if each.made_us is not None and each.made_us < first_us]
            await self._close([part for each in old for part in parts_of(each.id)])

    async def _close(self, parts: Iterable[Part]) -> None:
        new = [part for part in dict.fromkeys(parts) if part not in self._shut]
        if new:
            await self._sources.shut_up(self._source, new)
            self._shut.update(new)

    async def open(self, parts: Iterable[Part]) -> None:
        """All of them was taken in. Raises StoreUnavailable."""
        old = [part for part in dict.fromkeys(parts) if part in self._shut]
        if old:
            await self._sources.opened(self._source, old)
            self._shut.difference_update(old)
