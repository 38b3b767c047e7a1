"""What a page's changes say: gathers what their facts speak of, and has them published.

A membership is compared as a whole, before the page and after it, so enrolments that come and go together say one
thing at most.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

import trio

from actors.domain.canonical import (
    Assignment,
    Completion,
    Course,
    Enrolment,
    Grade,
    Submission,
    User,
)
from actors.domain.publishing import Publisher, Told, standing
from actors.domain.remapping import entity
from actors.domain.xapi.accepted import NewStatement
from actors.ports.records import Key, KnownRecord, Records
from actors.roles.referring import Named, Referred
from actors.roles.taking import Work

STRIDE = 100
_NOT_ALONE = frozenset(("user", "enrolment"))
"""People come first, and memberships are told as a whole."""
Pair = tuple[str, str]
"""(user, course)."""


class Telling:
    """Of one source."""

    def __init__(self, source: int, records: Records, referred: Referred, publisher: Publisher) -> None:
        self._source = source
        self._records = records
        self._referred = referred
        self._publisher = publisher

    async def facts(self, changed: Sequence[Work], now_us: int) -> "Facts":
        """Of records that mean something else now. Raises StoreUnavailable."""
        pairs: dict[Pair, list[Work]] = {}
        wanted: set[Key] = set()
        for work in changed:
            for each in (work.before, work.after):
                match each:
                    case Enrolment():
                        if work not in (met := pairs.setdefault((each.user, each.course), [])):
                            met.append(work)
                        wanted.update((("user", each.user), ("course", each.course)))
                    case Assignment():
                        wanted.add(("course", each.course))
                    case Submission():
                        wanted.update((("user", each.user), ("assignment", each.assignment)))
                    case Grade():
                        wanted.update((("user", each.user), ("course", each.course)))
                        wanted.update([("assignment", each.assignment)] if each.assignment else [])
                    case Completion():
                        wanted.update((("user", each.user), ("course", each.course)))
                    case _:
                        pass  # speaks of nobody else
        around = _Around(await self._referred.find(wanted.difference([work.key for work in changed])), changed)
        beyond = {("course", each.course) for each in around.assignments()} - wanted
        if beyond:
            around.add(await self._referred.find(beyond))
        facts = Facts()
        people = [work for work in changed if work.key[0] == "user"]
        await self._each_alone(people, around, now_us, facts)
        if pairs:
            await self._memberships(pairs, around, now_us, facts)
        await self._each_alone([work for work in changed if work.key[0] not in _NOT_ALONE], around, now_us, facts)
        return facts

    async def _each_alone(self, works: Iterable[Work], around: "_Around", now_us: int, facts: "Facts") -> None:
        for number, work in enumerate(works):
            facts.add(work.key, self._alone(work, around, now_us), hushed=work.hushed)
            if number % STRIDE == STRIDE - 1:
                await trio.lowlevel.checkpoint()

    def _alone(self, work: Work, around: "_Around", now_us: int) -> list[NewStatement]:
        """What a change says by itself. What is gone says nothing, enrolments apart."""
        after_us = 0 if work.known is None or work.before is None else work.known.changed_us
        told = _told(work, now_us, after_us)
        match work.before, work.after:
            case User() | None as before, User() as after:
                in_part = work.known is not None and work.known.partial
                return self._publisher.user(before, after, told, in_part=in_part)
            case Assignment() | None as before, Assignment() as after:
                course = around.course(after.course)
                return self._publisher.assignment(before, after, course, told) if course else []
            case Submission() | None as before, Submission() as after:
                assignment = around.assignment(after.assignment)
                course = around.course(assignment.course) if assignment else None
                if assignment is None or course is None:
                    return []
                own = _told(work, now_us, 0)  # when it was handed in is what it is
                return self._publisher.submission(before, after, around.user(after.user), assignment, course, own)
            case Grade() | None as before, Grade() as after:
                course, user = around.course(after.course), around.user(after.user)
                assignment = around.assignment(after.assignment)
                if course is None or (after.assignment and assignment is None):
                    return []
                return self._publisher.grade(before, after, user, assignment, course, told)
            case Completion() | None as before, Completion() as after:
                course = around.course(after.course)
                user = around.user(after.user)
                return self._publisher.completion(before, after, user, course, told) if course else []
            case _:
                return []  # courses have no verbs; enrolments are told by memberships

    async def _memberships(
        self, pairs: Mapping[Pair, Sequence[Work]], around: "_Around", now_us: int, facts: "Facts"
    ) -> None:
        stored = await self._records.memberships(self._source, list(pairs))
        for number, (pair, works) in enumerate(pairs.items()):
            course = around.course(pair[1])
            if course is not None:
                told = self._membership(pair, works, stored.get(pair, []), course, around, now_us)
                facts.add(works[-1].key, told, hushed=all(work.hushed for work in works))
            if number % STRIDE == STRIDE - 1:
                await trio.lowlevel.checkpoint()

    def _membership(
        self,
        pair: Pair,
        works: Sequence[Work],
        stored: Iterable[KnownRecord],
        course: Course,
        around: "_Around",
        now_us: int,
    ) -> list[NewStatement]:
        now = {work.key[1]: work for work in works}
        others: list[Enrolment] = []
        after_us = 0
        for record in stored:
            after_us = max(after_us, record.changed_us)
            if record.id not in now and record.state != "gone" and record.canonical:
                means = entity("enrolment", record.canonical)
                assert isinstance(means, Enrolment)  # noqa: S101  # that is how it is kept
                others.append(means)
        before = [each for work in works if (each := _of_pair(work.before, pair))]
        after = [each for work in works if (each := _of_pair(work.after, pair))]
        work = works[-1]
        by = _of_pair(work.after, pair) or _of_pair(work.before, pair)
        assert by is not None  # noqa: S101  # else it would not be of this pair
        return self._publisher.membership(
            standing(chain(others, before)),
            standing(chain(others, after)),
            by,
            around.user(pair[0]),
            course,
            _told(work, now_us, after_us),
            gone=work.gone,
        )


def _of_pair(means: object, pair: Pair) -> Enrolment | None:
    return means if isinstance(means, Enrolment) and (means.user, means.course) == pair else None


def _told(work: Work, now_us: int, after_us: int) -> Told:
    return Told(record=f"{work.key[0]}\0{work.key[1]}", rev=work.rev, now_us=now_us, after_us=after_us)


class Facts:
    """``hushed`` are those that nobody is to be told of. Beside each stands by which record it is told."""

    def __init__(self) -> None:
        self.told: list[NewStatement] = []
        self.told_by: list[Key] = []
        self.hushed: list[NewStatement] = []
        self.hushed_by: list[Key] = []

    def add(self, by: Key, statements: Sequence[NewStatement], *, hushed: bool) -> None:
        (self.hushed if hushed else self.told).extend(statements)
        (self.hushed_by if hushed else self.told_by).extend(by for _ in statements)


class _Around:
    """What the changes of a page speak of: as it is after the page."""

    def __init__(self, found: Mapping[Key, Named], changed: Iterable[Work]) -> None:
        self._found = {key: named.means for key, named in found.items()}
        self._found.update({work.key: means for work in changed if (means := work.after or work.was) is not None})

    def add(self, found: Mapping[Key, Named]) -> None:
        for key, named in found.items():
            self._found.setdefault(key, named.means)

    def assignments(self) -> list[Assignment]:
        return [each for each in self._found.values() if isinstance(each, Assignment)]

    def user(self, name: str) -> User | None:
        found = self._found.get(("user", name))
        return found if isinstance(found, User) else None

    def course(self, name: str) -> Course | None:
        found = self._found.get(("course", name))
        return found if isinstance(found, Course) else None

    def assignment(self, name: str) -> Assignment | None:
        found = self._found.get(("assignment", name))
        return found if isinstance(found, Assignment) else None
