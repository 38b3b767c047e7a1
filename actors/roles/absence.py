"""Who is missing from a reading: what is there, was told whole, and was not told."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec
import trio

from actors.domain.canonical import Course
from actors.domain.harvest import Whole
from actors.domain.removals import Missing, held, is_current, is_emptied, is_nobody_left, once
from actors.domain.seen import Seen
from actors.ports.records import Records
from config.polling import Removals

PLACES = 10_000
"""Places read at once."""
SEATS = 500
"""Of those that are missing, so many are looked at at once."""
_course = msgspec.json.Decoder(Course).decode


class Absence:
    """Of one reading that began at ``began_us``. ``seen`` are the places it was told of; ``removals`` None: whatever is
    missing is gone."""

    def __init__(self, source: int, records: Records, seen: Seen, removals: Removals | None, began_us: int) -> None:
        self._source = source
        self._records = records
        self._seen = seen
        self._removals = removals
        self._today = datetime.fromtimestamp(began_us / 1e6, UTC).date().isoformat()
        self._missing: dict[str, tuple[int, int]] = {}
        self._emptied: list[Missing] = []
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
        absent: dict[str, list[int]] = {}
        self._told.update(given := list(wholes))
        for whole in once(given):
            missing, total = await self._absent(whole)
            if self._removals is not None and is_emptied(self._removals, whole, len(missing), total):
                self._emptied.append(Missing(entity=whole.entity, gone=total, of=total))
            before, of = self._missing.get(whole.entity, (0, 0))
            self._missing[whole.entity] = before + len(missing), of + total
            absent.setdefault(whole.entity, []).extend(missing)
            gone += missing
        if self._removals is not None:
            self.braked = held(self._removals, self._missing, self._emptied)
            if not self.braked:  # else enough is missing as it is
                self._emptied += await self._left(self._removals, absent.get("enrolment", []), absent.get("course", []))
                self.braked = held(self._removals, self._missing, self._emptied)
        return [] if self.braked else gone

    async def _left(self, removals: Removals, enrolments: Sequence[int], courses: Sequence[int]) -> list[Missing]:
        """Courses that everybody has left, and that are there still and go on. ``courses``: those that are missing."""
        gone: Counter[str] = Counter()
        seats: dict[str, int] = {}
        for start in range(0, len(enrolments), SEATS):
            for course, (here, of) in (
                await self._records.seats(self._source, enrolments[start : start + SEATS])
            ).items():
                gone[course] += here
                seats[course] = of
        left = [course for course, of in seats.items() if is_nobody_left(removals, gone[course], of)]
        missing, standing = set(courses), []
        for start in range(0, len(left), SEATS):
            known = await self._records.known(self._source, [("course", each) for each in left[start : start + SEATS]])
            standing += [one for one in known.values() if one.state != "gone" and one.no not in missing]
        return [
            Missing(entity="enrolment", gone=seats[one.id], of=seats[one.id], scope=one.id)
            for one in standing
            if not one.canonical or is_current(_course(one.canonical), self._today)
        ]

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
