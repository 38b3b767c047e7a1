"""A source is read: what it finds first is how things stand; what changes afterwards reaches Slack and Teams."""

from itertools import pairwise
from pathlib import Path

import pytest
import trio
from world import Campus, open_campus, route, source, tenant

from actors.messages import Backfill
from config.model import Audience

EVERYBODY = ("enrolled", "unenrolled", "role_changed", "suspended", "graded", "submitted", "course_completed")
TEAM = Audience(team="5f0e1c5a-0000-4000-8000-00000000c0de", channel="19:general@thread.tacv2")
ACME = tenant(
    route("news", *EVERYBODY),
    route("staff", *EVERYBODY, to="teams", audience=TEAM),
    sources=source(),
)


async def counts(campus: Campus) -> dict[str, int]:
    return dict(await campus.rows("SELECT entity, count(*) FROM records WHERE state = 'active' GROUP BY entity"))


async def test_the_first_reading_tells_nobody_and_what_changes_then_reaches_both(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, ACME) as campus:
        first = await campus.until_read()
        assert (first.mode, first.how, first.quarantined) == ("full", "finished", 0), first
        school = campus.school
        assert (await counts(campus))["enrolment"] == len(school.memberships)
        await campus.quiet()
        assert not campus.journal("slack")
        assert not campus.journal("teams")
        (told,) = campus.notes.named("source.first_read")
        assert told == {"source": "acme/campus", "records": first.told, "quiet": True}
        hedy, course = list(school.people.values())[8], next(iter(school.courses.values()))
        school.enrol(hedy, course, campus.clock.now_us() / 1e6)
        second = await campus.until_read(2)
        assert (second.mode, second.how, second.changed, second.statements) == ("delta", "finished", 1, 1)
        assert second.requests == 1
        await campus.quiet()
        assert len(campus.journal("slack")) == 1
        assert len(campus.journal("teams")) == 1


async def test_who_leaves_is_told_once_however_they_are_found(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, ACME) as campus:
        await campus.until_read()
        member = next(each for each in campus.school.memberships.values() if each.role == "student")
        campus.school.change_membership(member, campus.clock.now_us() / 1e6, state="deleted")
        await campus.sync("full")
        await campus.sync("full")
        await campus.quiet()
        assert len(campus.journal("slack")) == 1


async def test_a_reading_of_the_past_keeps_no_news_to_itself(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, ACME) as campus:
        await campus.until_read()
        school, harvester = campus.school, campus.switchboard.harvesters["acme/campus"]
        person = school.add_person("Alan", "Turing", campus.clock.now_us() / 1e6)
        school.enrol(person, next(iter(school.courses.values())), campus.clock.now_us() / 1e6)
        assert not await harvester.ask(lambda reply: Backfill("2026-01-01T00:00:00Z", "", False, reply))
        assert [(await campus.until_read(place)).mode for place in (2, 3)] == ["delta", "backfill"]
        await campus.quiet()
        assert len(campus.journal("slack")) == 1


async def test_announced_a_first_reading_is_news(tmp_path: Path, autojump_clock: object) -> None:
    loud = tenant(route("news", "enrolled"), sources=source(first_sync="announce"))
    async with open_campus(tmp_path, loud, limited=False) as campus:
        await campus.until_read()
        await campus.quiet(20_000)
        assert len(campus.journal("slack")) == len(campus.school.memberships)


async def test_while_nothing_is_new_it_is_asked_ever_more_seldom(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(sources=source(every="5m", every_max="30m", full=None))) as campus:
        ended = [(await campus.until_read(count)).ended_us or 0 for count in range(1, 8)]
        minutes = [round((later - sooner) / 60e6, 1) for sooner, later in pairwise(ended)]
        assert minutes[0] == pytest.approx(5, rel=0.12)
        assert minutes[1] == pytest.approx(10, rel=0.12)
        assert minutes[-1] == pytest.approx(30, rel=0.12)
        campus.school.add_person("Alan", "Turing", campus.clock.now_us() / 1e6)
        news = await campus.until_read(8)
        assert news.changed == 1
        after = await campus.until_read(9)
        assert (after.began_us - (news.ended_us or 0)) / 60e6 == pytest.approx(5, rel=0.12)


async def test_everything_is_read_by_the_schedule(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(sources=source(full="0 3 * * *"))) as campus:
        await campus.until_read()
        await trio.sleep(2 * 86_400)
        modes = [reading.mode for reading in campus.readings()]
        assert modes.count("full") == 3
