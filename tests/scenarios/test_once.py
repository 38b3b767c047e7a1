"""Once, however often and by whomever it is told, and whoever replays it."""

from pathlib import Path

import trio
from world import completed, graded, open_campus, route, tenant

from actors.ports import StoreUnavailable
from config.model import Audience, PersonRow
from daemon.store.judging import Replay

COMPLETIONS = route("completions", "completed")
SUBMITTED = "http://activitystrea.ms/submit"
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


def handed_in(at: str = "") -> dict[str, object]:
    told = graded("ada", 1) | {"verb": {"id": SUBMITTED}}
    del told["result"]
    if at:
        return told | {"timestamp": at}
    del told["timestamp"]
    return told


async def test_each_hand_in_counts_also_without_a_time_of_its_own(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(route("work", "submitted"))) as campus:
        for _ in range(3):
            await campus.tell(handed_in())
            await trio.sleep(1)
        await campus.quiet()
        assert len(campus.journal("slack")) == 3


async def test_one_hand_in_in_two_notations_of_its_time_is_one(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(route("work", "submitted"))) as campus:
        for at in ("2026-11-23T10:00:00Z", "2026-11-23T11:00:00.000+01:00", "2026-11-23T10:00:00.0Z"):
            await campus.tell(handed_in(at))
        await campus.quiet()
        assert len(campus.journal("slack")) == 1


async def test_a_missing_scope_to_look_is_the_operator_s_to_grant(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(COMPLETIONS)) as campus:
        campus.fault("slack", "reset_after_commit", operation="chat.postMessage")
        campus.fault("slack", "error", operation="conversations.history", value="missing_scope", times=0)
        await campus.tell(completed("ada"))
        await campus.quiet()
        assert await campus.rows("SELECT state, cause FROM deliveries") == [("parked", "missing_permission")]


async def test_a_store_that_cannot_be_written_keeps_no_courier_from_starting(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, tenant(COMPLETIONS)) as campus:
        await campus.die()
        recover = campus.store.outbox.recover
        full = StoreUnavailable("the disk is full")

        async def refuse(*_: object) -> int:
            raise full

        campus.store.outbox.recover = refuse  # type: ignore[method-assign]
        with trio.fail_after(5):
            await campus.again()
        await campus.tell(completed("ada"))
        await trio.sleep(30)
        assert campus.journal("slack") == []
        campus.store.outbox.recover = recover  # type: ignore[method-assign]
        await campus.quiet()
        assert len(campus.journal("slack")) == 1
