"""Pages that are worked out while the one before is written come to what they come to one after the other."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from intake_desk import Desk, a_desk, course, enrolment, record, user
from test_intake_model import EVERYBODY, Killed, Mortal, pages
from trio.testing import MockClock

from actors.domain.canonical import Enrolment
from actors.domain.harvest import Page, Record
from actors.roles.ahead import Ahead, Draft, Drafts
from actors.roles.taking import Work

renamed = st.builds(
    lambda who, name: user(who, display_name=name), st.sampled_from(["ada", "ben"]), st.text(max_size=3)
)
newcomers = st.just(user("nobody"))
leavers = st.sampled_from([record("user", "ben", gone=True), record("course", "c2", gone=True)])
told = pages | st.lists(renamed | newcomers | leavers, min_size=1, max_size=2)
scripts = st.lists(told, min_size=2, max_size=7)


async def read(desk: Desk, script: Sequence[Sequence[Record]], first: int = 0) -> None:
    """As a performance reads: a page ahead, with the cursor that says how far it is."""
    async with trio.open_nursery() as nursery:
        ahead: Ahead[Draft] = Ahead(nursery, desk.intake.take)
        try:
            for number, records in enumerate(script[first:], first + 1):
                await ahead.follow(await desk.intake.draft(Page(records=tuple(records), cursor={"page": str(number)})))
            await ahead.land()
        except Killed:
            return
    await desk.intake.finish()


async def held(desk: Desk) -> tuple[Any, ...]:
    """All that is on disk and could differ."""
    rows = await desk.store.writer.submit(
        lambda raw: raw.execute(
            "SELECT entity, id, state, scope, rev, canonical, raw, digest FROM records ORDER BY 1, 2"
        ).fetchall()
    )
    return rows, await desk.flaws(), [(each.id, each.body) for each in await desk.statements()]


async def reached(desk: Desk) -> int:
    [[cursor]] = await desk.store.writer.submit(lambda raw: raw.execute("SELECT cursor FROM sources").fetchall())
    return int(cursor.strip('{}"').rpartition('"')[2] or 0)


async def _told(script: Sequence[Sequence[Record]], how: str, deaths: int = 0) -> tuple[Any, ...]:
    with tempfile.TemporaryDirectory() as folder:
        async with a_desk(Path(folder)) as desk:
            await desk.intake.page(Page(records=EVERYBODY))
            if how == "in turn":
                for number, records in enumerate(script, 1):
                    await desk.intake.page(Page(records=tuple(records), cursor={"page": str(number)}))
                await desk.intake.finish()
            elif how == "ahead":
                await read(desk, script)
            else:
                desk.intake._records = _Dying(desk.store.records, how, deaths)  # type: ignore[assignment]
                await read(desk, script)
                done = await reached(desk)
                desk.begin(cursor={"page": str(done)} if done else {})
                await read(desk, script, done)
            return *await held(desk), await reached(desk), desk.intake.counts, desk.intake.grown


def played(script: Sequence[Sequence[Record]], how: str, deaths: int = 0) -> tuple[Any, ...]:
    """All begin at the same time, which stands still: so statements are the same if they say the same."""
    return trio.run(_told, script, how, deaths, clock=MockClock())


@given(scripts)
@settings(max_examples=60)
def test_ahead_or_in_turn_the_same_is_on_disk(script: list[list[Record]]) -> None:
    assert played(script, "ahead") == played(script, "in turn")


@given(scripts, st.integers(0, 6), st.sampled_from(["before", "after"]))
@settings(max_examples=60)
def test_killed_at_any_page_it_goes_on_at_its_cursor(script: list[list[Record]], deaths: int, when: str) -> None:
    *on_disk, _, _ = played(script, when, deaths)
    *expected, _, _ = played(script, "in turn")
    assert on_disk == expected


class _Dying(Mortal):
    """After so many transactions."""

    def __init__(self, records: Any, when: str, left: int) -> None:
        super().__init__(records, when)
        self._left = left

    async def take(self, taking: Any) -> Any:
        if self._left:
            self._left -= 1
            return await self._records.take(taking)
        return await super().take(taking)


def test_what_was_looked_at_and_written_meanwhile_is_looked_at_again(tmp_path: Path) -> None:
    async def run() -> None:
        async with a_desk(tmp_path) as desk:
            await desk.tell(user("ada"), course("c1"))
            intake = desk.intake
            one = await intake.draft(Page(records=(user("ada", display_name="Ada L."),)))
            async with trio.open_nursery() as nursery:
                nursery.start_soon(intake.take, one)
                two = await intake.draft(Page(records=(enrolment("e1"),)))
            assert two.stale
            await intake.take(two)
            statements = await desk.statements()
            assert b'"name":"Ada L."' in statements[-1].body
            assert intake.counts.told == 4

    trio.run(run)


def test_what_has_nothing_to_do_with_it_stands(tmp_path: Path) -> None:
    async def run() -> None:
        async with a_desk(tmp_path) as desk:
            await desk.tell(user("ada"), user("ben"), course("c1"))
            intake = desk.intake
            one = await intake.draft(Page(records=(enrolment("e1"),)))
            async with trio.open_nursery() as nursery:
                nursery.start_soon(intake.take, one)
                two = await intake.draft(Page(records=(enrolment("e2", "ben"),)))
            assert not two.stale
            await intake.take(two)
            assert await desk.said() == ["enrolled ada c1 learner", "enrolled ben c1 learner"]

    trio.run(run)


def test_a_page_that_cannot_be_written_ends_it_before_the_next_one() -> None:
    async def run() -> None:
        taken: list[int] = []

        async def take(number: int) -> None:
            await trio.lowlevel.checkpoint()
            if number == 2:
                raise OSError("the disk is full")
            taken.append(number)

        async with trio.open_nursery() as nursery:
            ahead = Ahead(nursery, take)
            await ahead.follow(1)
            await ahead.follow(2)
            with pytest.raises(OSError, match="the disk is full"):
                await ahead.follow(3)
            await ahead.land()
        assert taken == [1]

    trio.run(run)


def test_a_membership_is_what_its_person_and_course_come_to() -> None:
    draft = Draft(None, None)
    draft.looked.add(("ada", "c1"))
    work = Work(("enrolment", "e1"), None)
    work.after = Enrolment(id="e1", user="ada", course="c1", role="learner", status="active")
    drafts = Drafts()
    drafts.opened(draft)
    drafts.writing([work])
    assert draft.stale
