"""Who is missing from a reading: what is there, was told whole, and was not told."""

from collections.abc import Iterable

import trio

from actors.domain.harvest import Whole
from actors.domain.removals import Missing, held, is_emptied, once
from actors.domain.seen import Seen
from actors.ports.records import Records
from config.polling import Removals

PLACES = 10_000
"""Places read at once."""


class Absence:
    """Of one reading. ``seen`` are the places it was told of; ``removals`` None: whatever is missing is gone."""

    def __init__(self, source: int, records: Records, seen: Seen, removals: Removals | None) -> None:
        self._source = source
        self._records = records
        self._seen = seen
        self._removals = removals
        self._missing: dict[str, tuple[int, int]] = {}
        self._emptied: dict[Whole, Missing] = {}
        self._told: set[Whole] = set()
        self.braked: tuple[Missing, ...] = ()
        """What would be gone and is not, because a person is to be asked."""

    @property
    def judged(self) -> frozenset[Whole]:
        """Of what it was told whole who there is."""
        return frozenset(self._told)

    async def judge(self, wholes: Iterable[Whole]) -> list[int]:
        """Places of what is gone: all that is missing, or nothing where that is too much, with what was judged before.
        Raises StoreUnavailable."""
        gone: list[int] = []
        given = list(dict.fromkeys(wholes))
        self._told.update(given)
        parts = once(given)
        for whole in given:
            absent, total = await self._absent(whole)
            if self._removals is not None and is_emptied(self._removals, whole, len(absent), total):
                self._emptied[whole] = Missing(entity=whole.entity, gone=total, of=total, scope=whole.scope)
            if whole not in parts:  # it is counted with those of any scope
                continue
            missing, of = self._missing.get(whole.entity, (0, 0))
            self._missing[whole.entity] = missing + len(absent), of + total
            gone += absent
        if self._removals is not None:
            self.braked = held(self._removals, self._missing, tuple(self._emptied.values()))
        return [] if self.braked else gone

    async def _absent(self, whole: Whole) -> tuple[list[int], int]:
        """Their places, and of how many."""
        absent: list[int] = []
        after_no = total = 0
        while found := await self._records.present(self._source, whole.entity, whole.scope, after_no, PLACES):
            total += len(found)
            absent += [no for no in found if no not in self._seen]
            after_no = found[-1]
            await trio.lowlevel.checkpoint()
        return absent, total
