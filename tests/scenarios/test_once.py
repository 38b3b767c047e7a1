"""Once, however often and by whomever it is told, and whoever replays it."""

from pathlib import Path

from world import completed, graded, open_campus, route, tenant

from config.model import Audience, PersonRow
from daemon.store.judging import Replay

COMPLETIONS = route("completions", "completed")
ADA = PersonRow(home_page="https://lms.example.edu", account="7", email="Ada@example.edu", display_name="Ada")


def by_account(told: dict[str, object]) -> dict[str, object]:
    """The same statement as an LMS tells it that names people by account."""
    return told | {"actor": {"account": {"homePage": "https://lms.example.edu", "name": "7"}}}


async def test_a_completion_told_by_two_sources_is_one_post(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(COMPLETIONS, people=(ADA,))) as campus:
        await campus.tell(completed("ada"))
        await campus.tell(by_account(completed("ada", at="2026-11-23T10:00:07Z")))
        await campus.quiet()
        assert len(campus.journal("slack")) == 1


async def test_two_learners_are_two(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(COMPLETIONS, people=(ADA,))) as campus:
        await campus.tell(completed("bob"), by_account(completed("ada")))
        await campus.quiet()
        assert len(campus.journal("slack")) == 2


async def test_an_edited_grade_rewrites_the_earlier_post_where_the_route_says_so(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, tenant(route("grades", "graded", changed="update"))) as campus:
        for points in (80, 85, 90):
            await campus.tell(graded("ada", points))
            await campus.quiet()
        operations = [effect.operation for effect in campus.journal("slack")]
        assert operations == ["chat.postMessage", "chat.update", "chat.update"]
        assert len({effect.id for effect in campus.journal("slack")}) == 1
        assert await campus.states() == {"delivered": 3}


async def test_a_notification_takes_the_place_of_the_earlier_one(tmp_path: Path, autojump_clock: object) -> None:
    mine = route("grades", "graded", to="teams", audience=Audience(learner=True), changed="update")
    async with open_campus(tmp_path, tenant(mine)) as campus:
        for points in (80, 85):
            await campus.tell(graded("ada", points))
            await campus.quiet()
        first, second = campus.journal("teams")
        assert first.id == second.id
        assert first.delivery_id != second.delivery_id


async def test_a_dead_letter_replayed_three_times_makes_one_post(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(COMPLETIONS)) as campus:
        campus.fault("slack", "archived")
        [_] = await campus.tell(completed("ada"))
        await campus.quiet()
        [(letter, cause)] = await campus.rows("SELECT lower(hex(id)), cause FROM deliveries")
        assert cause == "destination_gone"
        for _ in range(3):
            await campus.store.queries.replay([Replay(id=letter)], by="ada", now_us=campus.clock.now_us())
            campus.switchboard.ready("acme/slack")
            await campus.quiet()
        assert [effect.delivery_id for effect in campus.journal("slack")] == [letter]
