"""``conflict``: listed, shown, decided by number, rehearsed, decided with those like it, undone, erased."""

from pathlib import Path

import msgspec
import pytest
from control_office import Office, ask
from identity_office import office_of
from seeded_conflicts import NOW_US, WHERE, seeded

from actors.domain.conflicts.drift import Whom, stranger
from actors.domain.conflicts.model import Conflict
from actors.domain.conflicts.people import near_miss
from actors.domain.retention import DAY_US
from daemon.control import protocol as p
from daemon.control.exits import Exit
from daemon.control.overviews import AskedView
from daemon.control.views import ChangedRow, ConflictRow, ConflictStory


async def raised(office: Office, *conflicts: Conflict) -> None:
    await office.store.conflicts.raise_("acme", conflicts, NOW_US)


async def states(office: Office) -> list[str]:
    every = ("open", "approved", "rejected", "settled", "undone")
    return [each.state for each in await office.store.conflicts.cases("acme", every)]


async def test_what_is_open_is_listed_with_what_is_most_likely(tmp_path: Path, autojump_clock: object) -> None:
    async with office_of(tmp_path) as office:
        rows, done = await ask(office, p.ConflictList())
        assert (rows, done.exit_code) == ([], Exit.NOTHING)
        await raised(office, *seeded().values())
        rows, done = await ask(office, p.ConflictList())
        assert len(rows) == len(seeded())
        assert done.exit_code == Exit.OK
        [row], _ = await ask(office, p.ConflictList(class_="stranger", tenant="acme"))
        assert isinstance(row, ConflictRow)
        assert (row.class_, row.state, row.fix, row.confidence) == (
            "stranger", "open", "U9 may stay without being enrolled", 60
        )  # fmt: skip
        rows, done = await ask(office, p.ConflictList(limit=5))
        assert (len(rows), "more than 5" in done.note) == (5, True)


async def test_a_conflict_is_shown_with_all_its_facts(tmp_path: Path, autojump_clock: object) -> None:
    async with office_of(tmp_path) as office:
        await raised(office, seeded()["stranger"])
        [story], _ = await ask(office, p.ConflictShow(names=("acme/1",)))
        assert isinstance(story, ConflictStory)
        assert [side.who for side in story.sides] == ["acme/slack", "sis"]
        assert [fix.said for fix in story.fixes] == ["U9 may stay without being enrolled", "U9 is taken out"]
        assert '"fix":"let_stay"' in story.fixes[0].patch
        assert story.fixes[1].removes == 1
        assert story.correlation_ids == ("run-1",)
        with pytest.raises(p.Refusal, match="no conflict acme/2"):
            await ask(office, p.ConflictShow(names=("acme/2",)))
        with pytest.raises(p.Refusal, match="not a conflict"):
            await ask(office, p.ConflictShow(names=("17",)))


async def test_status_says_how_many_wait_and_since_when_and_is_well(tmp_path: Path, autojump_clock: object) -> None:
    async with office_of(tmp_path) as office:
        [overall, *_], done = await ask(office, p.AskStatus())
        assert overall.asked == ()
        await raised(office, seeded()["stranger"])
        await office.store.conflicts.raise_("acme", [seeded()["brake"]], NOW_US + 5)
        [overall, *_], after = await ask(office, p.AskStatus())
        assert overall.asked == (AskedView(tenant="acme", n=2, oldest_us=NOW_US),)
        assert after.exit_code == done.exit_code


async def test_a_fix_is_rehearsed_approved_once_and_undone(tmp_path: Path, autojump_clock: object) -> None:
    async with office_of(tmp_path) as office:
        await raised(office, seeded()["stranger"])
        [row], done = await ask(office, p.ConflictApprove(names=("acme/1",), fix=2, dry_run=True))
        assert isinstance(row, ChangedRow)
        assert (row.before, row.after, row.done) == ("open", "U9 is taken out", False)
        assert await states(office) == ["open"]
        [row], done = await ask(office, p.ConflictApprove(names=("acme/1",), fix=2))
        assert (row.done, done.exit_code) == (True, Exit.OK)
        [row], done = await ask(office, p.ConflictApprove(names=("acme/1",), fix=2))
        assert (row.done, done.exit_code) == (False, Exit.OK)
        assert "approved just this before" in row.note
        [row], done = await ask(office, p.ConflictApprove(names=("acme/1",), fix=1))
        assert (row.done, done.exit_code) == (False, Exit.STALE)
        [row], done = await ask(office, p.ConflictUndo(names=("acme/1",)))
        assert (row.done, "put in again" in row.note) == (True, True)
        assert await states(office) == ["undone"]
        with pytest.raises(p.Refusal, match="has 2 fixes"):
            await ask(office, p.ConflictApprove(names=("acme/1",), fix=3))


async def test_those_like_it_are_decided_with_it_each_by_its_own_fix(tmp_path: Path, autojump_clock: object) -> None:
    known = stranger(WHERE, Whom(id="U10", person=1, name="Known"))  # here taking out comes first
    async with office_of(tmp_path) as office:
        await raised(office, seeded()["stranger"], known, seeded()["missing"])
        rows, _ = await ask(office, p.ConflictApprove(names=("acme/1",), fix=2, like=True))
        assert [row.after for row in rows] == ["U9 is taken out", "U10 is taken out"]
        assert sorted(await states(office)) == ["approved", "approved", "open"]


async def test_what_is_rejected_is_not_asked_again_until_that_is_undone(tmp_path: Path, autojump_clock: object) -> None:
    async with office_of(tmp_path) as office:
        await raised(office, seeded()["stranger"])
        await ask(office, p.ConflictReject(names=("acme/1",), why="on purpose"))
        await raised(office, seeded()["stranger"])
        assert await states(office) == ["rejected"]
        [story], _ = await ask(office, p.ConflictShow(names=("acme/1",)))
        assert (story.history[-1].what, story.history[-1].detail) == ("rejected", "on purpose")
        await ask(office, p.ConflictUndo(names=("acme/1",)))
        assert await states(office) == ["open"]


async def test_what_is_asked_of_a_person_is_erased_with_them(tmp_path: Path, autojump_clock: object) -> None:
    """Person 1 has ada@example.edu; the other question only names her."""
    ada = Whom(id="", person=1, name="Ada Lovelace", email="ada@example.edu")
    hers = near_miss(WHERE, ada, [Whom(id="U7", name="Ada L.")])
    others = msgspec.structs.replace(seeded()["brake"], detail="would be taken out: Ada Lovelace, ada@example.edu")
    async with office_of(tmp_path) as office:
        await raised(office, hers, others)
        await ask(office, p.ConflictApprove(names=("acme/1", "acme/2")))
        [*_, row], done = await ask(office, p.EraseRun(tenant="acme", persons=("mailto:ada@example.edu",), sure=True))
        assert done.exit_code == Exit.OK
        assert (row.counts["conflicts"], row.counts["conflicts_changed"]) == (1, 1)
        [left] = await office.store.conflicts.cases("acme", ("approved",))
        assert left.conflict.kind == "brake"
        assert "ada" not in left.conflict.detail.casefold()
        rulings = await office.store.writer.submit(lambda raw: raw.execute("SELECT person FROM rulings").fetchall())
        assert rulings == [(0,)]


async def test_what_was_dealt_with_long_ago_leaves_and_what_is_in_force_stays(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with office_of(tmp_path) as office:
        await raised(office, seeded()["stranger"], seeded()["missing"], seeded()["place_gone"])
        await ask(office, p.ConflictApprove(names=("acme/1",)))
        await ask(office, p.ConflictReject(names=("acme/2",)))
        long_ago_us = office.clock.now_us() - 500 * DAY_US
        await office.store.writer.submit(
            lambda raw: raw.execute(
                "UPDATE conflicts SET seen_us = ?, decided_us = decided_us - ?", (long_ago_us, 500 * DAY_US)
            )
        )
        await ask(office, p.RetentionRun(tenant="acme"))
        assert await states(office) == ["approved", "open"]
