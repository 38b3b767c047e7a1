"""What records refer to: asked for by the page, and the last ones remembered.

A reading tells of the same courses and people again and again, in an order that nobody promises. What was needed
lately is kept decoded, a bounded number of it; the rest is asked of the store, all that a page needs at once. Whoever
writes a page after somebody else has written forgets it first.
"""

from collections.abc import Iterable
from typing import NamedTuple

from actors.domain.canonical import AnyEntity
from actors.domain.remapping import entity
from actors.ports.records import Key, Records
from config.recall import Recall

REMEMBERED_MAX = 4096


class Named(NamedTuple):
    """``there``: it is not gone, so that something new may refer to it."""

    means: AnyEntity
    there: bool


class Referred:
    """What the records of one source mean, as far as others refer to them."""

    def __init__(self, records: Records, source: int) -> None:
        self._records = records
        self._source = source
        self._known: Recall[Key, Named] = Recall("references", REMEMBERED_MAX)

    async def find(self, keys: Iterable[Key]) -> dict[Key, Named]:
        """Those that ever meant anything. Raises StoreUnavailable."""
        found: dict[Key, Named] = {}
        asked: list[Key] = []
        for key in set(keys):
            known = self._known.get(key)
            if known is None:
                asked.append(key)
            else:
                found[key] = known
        if asked:
            for key, record in (await self._records.known(self._source, asked)).items():
                if record.canonical:
                    named = Named(entity(record.entity, record.canonical), record.state != "gone")
                    self.learn(key, named)
                    found[key] = named
        return found

    def forget(self) -> None:
        """Somebody else has written."""
        self._known.clear()

    def learn(self, key: Key, named: Named) -> None:
        """What is on disk."""
        self._known.put(key, named)

    def update(self, key: Key, named: Named) -> None:
        """What was written, if it is remembered."""
        self._known.replace(key, named)
