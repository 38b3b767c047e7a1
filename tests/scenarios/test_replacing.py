"""A newer value replaces what still waits, where it is held back; what goes out in its turn goes out."""

from pathlib import Path

import trio
from world import Campus, completed, graded, open_campus, route, tenant

from config.model import Digest

GRADES = route("grades", "graded")
COMPLETIONS = route("completions", "completed")


def undone(who: str, what: str = "quiz", *, at: str = "2026-11-23T11:00:00Z") -> dict[str, object]:
    told = completed(who, what, at=at)
    told["result"] = {"completion": False}
    return told | {"verb": {"id": "https://xapi.edlm/profiles/edlm-lms/concepts/verbs/uncompleted"}}


async def hold(campus: Campus) -> None:
    await campus.store.queries.pause("acme/slack", by="ada", now_us=campus.clock.now_us())


async def release(campus: Campus) -> None:
    await campus.store.queries.resume("acme/slack", now_us=campus.clock.now_us())
    campus.switchboard.ready("acme/slack")
    await campus.quiet()


async def told_states(campus: Campus) -> list[str]:
    return [row[0] for row in await campus.rows("SELECT state FROM deliveries ORDER BY seq")]


async def test_in_a_paused_lane_the_newest_grade_is_posted(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(GRADES)) as campus:
        await hold(campus)
        for points in (80, 85, 80):
            await campus.tell(graded("ada", points))
        await campus.tell(graded("bob", 10))
        await trio.sleep(5)
        await release(campus)
        assert await told_states(campus) == ["superseded", "superseded", "delivered", "delivered"]
        details = await campus.rows("SELECT detail FROM deliveries WHERE state = 'superseded'")
        assert all("by delivery " in row[0] for row in details)
        assert len(campus.journal("slack")) == 2


async def test_a_completion_taken_back_before_it_was_posted_is_not(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(COMPLETIONS)) as campus:
        await hold(campus)
        await campus.tell(completed("ada"))
        await campus.tell(undone("ada"))
        await trio.sleep(5)
        await release(campus)
        assert await told_states(campus) == ["superseded"]
        assert campus.journal("slack") == []


async def test_a_digest_tells_the_newest(tmp_path: Path, autojump_clock: object) -> None:
    daily = route("daily", "graded", mode=Digest(digest="0 12 * * *"))
    async with open_campus(tmp_path, tenant(daily)) as campus:
        await campus.tell(graded("ada", 80), graded("bob", 70))
        await campus.tell(graded("ada", 85))
        await trio.sleep(4 * 3600)
        assert await told_states(campus) == ["superseded", "delivered", "delivered", "delivered"]
        assert len(campus.journal("slack")) == 1


async def test_an_older_grade_told_late_is_not_posted_over_the_newer(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(GRADES)) as campus:
        await campus.tell(graded("ada", 85, at="2026-11-23T12:00:00Z"))
        await campus.tell(graded("ada", 80, at="2026-11-23T11:00:00Z"))
        await campus.quiet()
        assert await told_states(campus) == ["delivered", "superseded"]


async def test_a_term_told_again_in_other_words_posts_nothing_more(tmp_path: Path, autojump_clock: object) -> None:
    story = [(80, "2026-11-23T10:00:00Z"), (85, "2026-11-23T11:00:00Z"), (80, "2026-11-23T12:00:00Z")]
    async with open_campus(tmp_path, tenant(GRADES)) as campus:
        for _ in range(2):
            for points, at in story:
                await campus.tell(graded("ada", points, at=at))
            await campus.quiet()
        for points, at in reversed(story):
            await campus.tell(graded("ada", points, at=at))
        await campus.quiet()
        assert len(campus.journal("slack")) == 3
