"""OneRoster bundles that come again, too late, or once more: what is newer is not undone."""

import pytest
from memory_depot import MemoryDepot
from oneroster_desk import DAY_US, INBOX, NOW_US, ROWS, Desk, Told, bundle

from actors.domain.harvest import Finished, Halted


@pytest.fixture
def desk() -> Desk:
    return Desk(MemoryDepot())


async def taken(desk: Desk, files: dict[str, str], **more: int) -> Told:
    desk.depot.drop(INBOX, "a.zip", files, **more)
    return await desk.read()


async def test_a_bundle_that_comes_too_late_does_not_undo_a_newer_one(desk: Desk) -> None:
    day_us = 86_400_000_000
    await taken(desk, bundle(), made_us=5 * day_us)
    late = await taken(desk, bundle(users=[]), made_us=4 * day_us)
    assert isinstance(late.ended, Halted)
    assert late.records == []
    assert desk.depot.placed[-1][1] == "failed"
    assert "before a bundle that has been taken already" in desk.depot.placed[-1][2]
    again = await taken(desk, bundle(), made_us=4 * day_us)
    assert isinstance(again.ended, Finished), "the very same may come again"
    hour = await taken(desk, bundle(users=[]), made_us=5 * day_us - 3_600_000_000)
    assert isinstance(hour.ended, Finished), "an hour may be the end of summer time"


async def test_the_same_bundle_again_moves_no_cursor_and_says_the_same(desk: Desk) -> None:
    first = await taken(desk, bundle())
    again = await taken(desk, bundle())
    assert first.cursors == 1
    assert again.cursors == 0
    assert again.records == first.records


async def test_a_full_reading_reads_the_last_bundle_once_more(desk: Desk) -> None:
    """Days pass, and mappings change, without a new bundle."""
    await taken(desk, bundle(), made_us=1)
    await taken(desk, bundle(users=[ROWS["users"][0]]), made_us=2)
    assert (await desk.read("delta")).records == []
    desk.now_us = NOW_US + 91 * DAY_US
    again = await desk.read("full")
    assert isinstance(again.ended, Finished)
    assert again.ended.whole
    assert "a.zip once more" in again.ended.note
    assert set(again.of("user")) == {"u1"}, "the last one, not the one before"
    assert again.of("enrolment")["e2"].body.get("phase") is None
    assert "user" in again.wholes
    assert again.cursors == 0
    assert [where for _, where, _ in desk.depot.placed] == ["done", "done"]


async def test_after_half_a_bundle_the_one_before_it_is_not_read_once_more(desk: Desk) -> None:
    """It would undo what the half one has told."""
    await taken(desk, bundle(), made_us=1)
    await taken(desk, bundle(users=None), made_us=2)
    full = await desk.read("full")
    assert full.ended == Finished(note="the inbox is empty", whole=False)
    assert (full.records, full.wholes) == ([], [])


async def test_what_was_read_and_could_not_be_moved_is_not_read_once_more(desk: Desk) -> None:
    """As after a restart: it would undo what is newer."""
    await taken(desk, bundle(), made_us=1)
    await taken(desk, bundle(users=None), made_us=2)
    await taken(desk, bundle(users=[ROWS["users"][0]]), made_us=3)
    for files, made_us, where in ((bundle(), 1, "done"), (bundle(users=None), 2, "failed")):
        again = await taken(desk, files, made_us=made_us)
        assert (again.records, again.cursors) == ([], 0)
        assert desk.depot.placed[-1][:2] == ("a.zip", where)
    anew = await taken(desk, bundle(), made_us=4)
    assert len(anew.of("user")) == 3, "things stand again as they stood"
