"""Parts that were never read whole: shut on disk, hushed while they are, and opened once."""

from collections.abc import Sequence

import trio

from actors.domain.harvest import Part, parts_of
from actors.domain.harvest import Record as Told
from actors.roles.parts import Parts

MADE_US = 1_000


class Remembered:
    """What the store would keep, and how often it was written."""

    def __init__(self) -> None:
        self.kept: set[Part] = set()
        self.writes = 0

    async def shut_up(self, no: int, parts: Sequence[Part]) -> None:
        await trio.lowlevel.checkpoint()
        self.writes += 1
        self.kept.update(parts)

    async def opened(self, no: int, parts: Sequence[Part]) -> None:
        await trio.lowlevel.checkpoint()
        self.writes += 1
        self.kept.difference_update(parts)

    def begin(self, *, first_us: int | None) -> Parts:
        return Parts(1, self, frozenset(self.kept), first_us=first_us)  # type: ignore[arg-type]  # what it needs of a store


def enrolment(scope: str) -> Told:
    return Told(entity="enrolment", id="e", form="row", body={}, scope=scope)


def user(via: str = "") -> Told:
    return Told(entity="user", id="u", form="row", body={}, via=via)


def course(name: str, made_us: int | None) -> Told:
    return Told(entity="course", id=name, form="row", body={}, made_us=made_us)


async def test_what_is_refused_at_first_is_hushed_until_it_was_read() -> None:
    store = Remembered()
    first = store.begin(first_us=None)
    await first.close([("enrolment", "c1")])
    later = store.begin(first_us=MADE_US)
    assert [later.hush(enrolment(scope)) for scope in ("c1", "c2")] == [True, False]
    assert [later.hush(user(via)) for via in ("c1", "c2", "")] == [True, False, False]
    await later.open([("enrolment", "c1"), ("enrolment", "c2")])
    assert not later.hush(enrolment("c1"))
    assert store.kept == later.shut == frozenset()


async def test_what_is_refused_later_is_not_shut() -> None:
    store = Remembered()
    later = store.begin(first_us=MADE_US)
    await later.close([("enrolment", "c1")])
    assert (later.shut, store.writes) == (frozenset(), 0)


async def test_what_is_shut_as_a_kind_may_be_opened_but_for_some_courses() -> None:
    store = Remembered()
    await store.begin(first_us=None).close([("grade", "")])
    later = store.begin(first_us=MADE_US)
    await later.close([("grade", "c1")])
    await later.open([("grade", "")])
    assert store.kept == {("grade", "c1")}


async def test_a_course_that_is_seen_later_is_new_if_it_was_made_later() -> None:
    store = Remembered()
    later = store.begin(first_us=MADE_US)
    await later.appeared([course("old", MADE_US - 1), course("new", MADE_US), course("untold", None)])
    assert store.kept == set(parts_of("old"))
    first = store.begin(first_us=None)
    await first.appeared([course("other", 0)])
    assert store.kept == set(parts_of("old"))


async def test_what_is_known_is_not_written_again() -> None:
    store = Remembered()
    for _ in range(2):
        parts = store.begin(first_us=None)
        await parts.close([("grade", "c1"), ("grade", "c1")])
        await parts.open([("grade", "c2")])
    assert store.writes == 1
