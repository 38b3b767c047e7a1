"""A place that somebody archived while everybody in it was in step: its members are shown as before."""

from pathlib import Path

import pytest
import trio
from roster_hall import channel, kept, rule, run, settled, workspace
from teams_hall import let, team, teams_rule
from world import Campus, open_campus

from actors.domain.tidings import ChannelArchived, ChannelBack, Tiding
from actors.ports.listening import Note
from actors.roles import placing

NIGHTS_MAX = 3


@pytest.fixture
def few_nights(monkeypatch: pytest.MonkeyPatch) -> None:
    """A place's turn comes in the third night at the latest: twenty nights of a whole daemon take half a minute."""
    monkeypatch.setattr(placing, "SPARE", NIGHTS_MAX)


async def questions(campus: Campus) -> list[str]:
    return [case.conflict.kind for case in await campus.store.conflicts.cases("acme", ("open",))]


def archive(campus: Campus, archived: bool = True) -> None:
    workspace(campus).place(channel(campus, "c-cs101")).archived = archived


async def hears(campus: Campus, tiding: Tiding) -> None:
    """The vendor told of it."""
    note = Note(id=campus.dice.token(), tiding=tiding)
    await campus.store.tidings.take("acme/slack", [note], campus.clock.now_us())
    campus.switchboard.reconcile("acme")
    await trio.sleep(30)
    await settled(campus)


async def asked_about_in_time(campus: Campus) -> None:
    """Within as many nights as it takes at most until each place had its turn."""
    for _ in range(NIGHTS_MAX):
        await trio.sleep(86_400)
        await settled(campus)
        if await questions(campus):
            break
    assert await questions(campus) == ["place_archived"]


async def test_it_is_asked_about_within_a_few_nights_and_no_more_once_it_is_back(
    tmp_path: Path, autojump_clock: object, few_nights: None
) -> None:
    async with open_campus(tmp_path, kept(rule(schedule="0 2 * * *"))) as campus:
        await campus.until_read()
        await settled(campus)
        archive(campus)
        assert await questions(campus) == []
        await asked_about_in_time(campus)
        await trio.sleep(86_400)
        await settled(campus)
        assert await questions(campus) == ["place_archived"], "it still is"
        archive(campus, False)
        await trio.sleep(86_400)
        await settled(campus)
        assert await questions(campus) == []


async def test_whoever_asks_hears_of_it_at_once(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, kept()) as campus:
        await campus.until_read()
        await settled(campus)
        archive(campus)
        await run(campus, "CS101")
        assert await questions(campus) == ["place_archived"]
        archive(campus, False)
        await run(campus)
        assert await questions(campus) == []


async def test_what_the_vendor_tells_of_it_needs_no_looking(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, kept()) as campus:
        await campus.until_read()
        await settled(campus)
        archive(campus)
        await hears(campus, ChannelArchived(place=channel(campus, "c-cs101")))
        assert await questions(campus) == ["place_archived"]
        archive(campus, False)
        await hears(campus, ChannelBack(place=channel(campus, "c-cs101"), name="c-cs101"))
        assert await questions(campus) == []


async def test_that_the_place_of_a_course_that_is_over_is_archived_is_no_question(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, kept()) as campus:
        await campus.until_read()
        await settled(campus)
        [course] = [each for each in campus.school.courses.values() if each.code == "CS101"]
        course.name = "Closed"
        await campus.sync("full")
        await settled(campus)
        archive(campus)
        await run(campus)
        assert await questions(campus) == []


async def test_a_team_is_asked_about_in_its_turn_and_by_whoever_asks(
    tmp_path: Path, autojump_clock: object, few_nights: None
) -> None:
    async with open_campus(tmp_path, kept(teams_rule(schedule="0 2 * * *"))) as campus:
        await campus.until_read()
        await settled(campus)
        let(campus, "archive_team", team=team(campus, "CS101").id)
        await asked_about_in_time(campus)
        let(campus, "archive_team", team=team(campus, "CS101").id, archived=False)
        await run(campus)
        assert await questions(campus) == []
