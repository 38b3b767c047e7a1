"""A Canvas from its REST API, and from its Live Events, to a Slack post and a Teams post: each thing once."""

from pathlib import Path

import pytest
import trio
import world
from world import EPOCH_US, Campus, open_campus, route, source, tenant

from actors.domain.harvest import Inbound
from actors.domain.school import Class, Pupil, Work
from actors.messages import Hear, HookAnswer
from actors.ports import Fault
from actors.sources.canvas.fake import TOKEN, FakeCanvas
from config.model import Audience, Route, Tenant

TEAM = Audience(team="5f0e1c5a-0000-4000-8000-00000000c0de", channel="19:general@thread.tacv2")
WHEN = ("enrolled", "unenrolled", "submitted", "graded", "assignment_posted", "course_completed")
HOME = "http://sandbox.test/canvas"


@pytest.fixture(autouse=True)
def the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(world.SECRETS, "canvas", TOKEN)


def both(**more: object) -> Tenant:
    rules: list[Route] = [route("slack", *WHEN), route("teams", *WHEN, to="teams", audience=TEAM)]
    given = {"base_url": HOME, "token": {"env": "canvas"}, "every": "5m", "every_max": "5m", **more}
    return tenant(*rules, sources=source("canvas", **given))


def now_s() -> float:
    return EPOCH_US / 1e6 + trio.current_time()


def canvas(campus: Campus) -> FakeCanvas:
    fake = campus.sources["canvas"]
    assert isinstance(fake, FakeCanvas)
    return fake


def course_of(campus: Campus) -> Class:
    return next(iter(campus.school.courses.values()))


def paper(campus: Campus) -> Work:
    return next(each for each in campus.school.works.values() if each.course == course_of(campus).id)


def person(campus: Campus, given: str) -> Pupil:
    return next(each for each in campus.school.people.values() if each.given == given)


async def posted(campus: Campus) -> tuple[int, int]:
    await campus.quiet()
    return len(campus.journal("slack")), len(campus.journal("teams"))


async def deliver(campus: Campus) -> list[int]:
    """What Live Events bring; the statuses they are answered with."""
    return [(await hear(campus, body)).status for body in canvas(campus).live.deliveries()]


async def hear(campus: Campus, body: bytes) -> HookAnswer:
    harvester = campus.switchboard.harvesters["acme/campus"]
    answer: HookAnswer = await harvester.ask(
        lambda reply: Hear(Inbound(headers={}, query="", body=body), "c1", "", reply)
    )
    return answer


async def test_by_rest_from_canvas_to_slack_and_teams(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, both()) as campus:
        first = await campus.until_read()
        assert (first.how, first.gone) == ("finished", 0)
        assert await posted(campus) == (0, 0), "how things stand is no news"
        course, work, newcomer = course_of(campus), paper(campus), person(campus, "Katherine")
        campus.school.enrol(newcomer, course, now_s())
        campus.school.submit(work, newcomer, now_s())
        await campus.until_read(2)
        assert await posted(campus) == (2, 2)
        campus.school.grade(work, newcomer, 91, now_s())
        await campus.until_read(3)
        assert await posted(campus) == (3, 3)
        assert (await campus.sync("full")).changed == 0
        assert await posted(campus) == (3, 3), "all of it is read again, and says nothing"


async def test_by_live_events_and_a_reading_tells_none_of_it_again(tmp_path: Path, autojump_clock: object) -> None:
    live = {"live_events": {"jwks_url": f"{HOME}/live-events/jwks"}, "every": "6h", "every_max": "6h"}
    async with open_campus(tmp_path, both(**live)) as campus:
        await campus.until_read()
        canvas(campus).live.skip()
        course, work, newcomer = course_of(campus), paper(campus), person(campus, "Katherine")
        await trio.sleep(60)
        campus.school.enrol(newcomer, course, now_s())
        campus.school.submit(work, newcomer, now_s())
        assert await deliver(campus) == [202, 202]
        assert await posted(campus) == (2, 2)
        await trio.sleep(60)
        campus.school.grade(work, newcomer, 91, now_s())
        campus.school.finish(course, newcomer, now_s())
        assert await deliver(campus) == [202, 202]
        assert await posted(campus) == (4, 4)
        assert (await campus.sync("delta")).statements == 0
        assert (await campus.sync("full")).statements == 0
        assert await posted(campus) == (4, 4)
        assert (await hear(campus, b"nonsense")).status == 401
        leaked = await campus.rows("SELECT count(*) FROM records WHERE instr(raw, 'leaked') > 0")
        assert leaked == [(0,)]


async def test_an_outage_of_canvas_loses_and_doubles_nothing(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, both()) as campus:
        await campus.until_read()
        work, ada = paper(campus), person(campus, "Ada")
        campus.sources["canvas"].fault(world.Fault(kind="status", value="503", times=0))
        campus.school.grade(work, ada, 55, now_s())
        failed = await campus.until_read(2)
        assert failed.how == "unavailable"
        assert await posted(campus) == (0, 0)
        campus.sources["canvas"].clear_faults()
        campus.sources["canvas"].fault(world.Fault(kind="error", value="throttled_403", times=3))
        await campus.sync("delta")
        assert await posted(campus) == (1, 1)


async def test_a_token_that_was_revoked_suspends_the_source(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, both()) as campus:
        await campus.until_read()
        campus.sources["canvas"].fault(world.Fault(kind="revoked", times=0))
        revoked = await campus.until_read(2)
        assert revoked.how == "revoked"
        with trio.fail_after(3_600):
            while campus.view().state != "suspended":
                await trio.sleep(1)
        campus.sources["canvas"].clear_faults()
        work, ada = paper(campus), person(campus, "Ada")
        campus.school.grade(work, ada, 55, now_s())
        await campus.until_read(3)
        assert await posted(campus) == (1, 1)


async def test_nobody_leaves_where_courses_lose_their_people_one_by_one(tmp_path: Path, autojump_clock: object) -> None:
    """The brake looks at all of them together: none of the courses that come first is emptied."""
    async with open_campus(tmp_path, both(removals={"percent_max": 20, "count_max": 12})) as campus:
        await campus.until_read()
        members = dict(campus.school.memberships)
        campus.school.memberships.clear()
        for _ in range(2):
            braked = await campus.sync("full")
            assert (braked.how, braked.gone) == ("braked", 0)
            assert braked.detail == f"{len(members)} of {len(members)} enrolments would be gone"
        assert await posted(campus) == (0, 0)
        accepted = await campus.sync("full", accept_removals=True)
        assert (accepted.how, accepted.gone) == ("finished", len(members))


async def test_nobody_leaves_where_a_reading_ends_half_way(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, both()) as campus:
        await campus.until_read()
        leaver = next(iter(campus.school.memberships))
        del campus.school.memberships[leaver]
        campus.sources["canvas"].fault(Fault(kind="status", value="502", operation="enrolments", skip=1, times=0))
        assert (await campus.sync("full")).gone == 0
        campus.sources["canvas"].clear_faults()
        assert (await campus.sync("full")).gone == 1
