"""From another LRS, and from a platform by LTI, to Slack and to Teams: quietly first, then each thing once."""

from pathlib import Path

import pytest
import trio
import world
from joserfc.jwk import RSAKey
from world import EPOCH_US, Campus, open_campus, route, source, tenant

from actors.ports import Fault
from config.model import Audience, Tenant

TEAM = Audience(team="5f0e1c5a-0000-4000-8000-00000000c0de", channel="19:general@thread.tacv2")
WHEN = ("enrolled", "unenrolled", "submitted", "graded", "course_completed")
COURSES = (113, 124, 135)
"""Of the school that the fakes tell of."""


@pytest.fixture(autouse=True)
def the_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(world.SECRETS, "archive", "sandbox")
    monkeypatch.setitem(world.SECRETS, "tool", RSAKey.generate_key(2048, private=True).as_pem(private=True).decode())


def both(kind: str, **settings: object) -> Tenant:
    return tenant(
        route("slack", *WHEN),
        route("teams", *WHEN, to="teams", audience=TEAM),
        sources=source(kind, every="5m", every_max="5m", **settings),
    )


LRS = {"endpoint": "http://sandbox.test/school-lrs/xapi/", "key": "sandbox", "secret": {"env": "archive"}}
LTI = {
    "issuer": "http://sandbox.test/lti",
    "client_id": "sandbox",
    "token_url": "http://sandbox.test/lti/token",
    "private_key": {"env": "tool"},
    "key_id": "k1",
    "contexts": [
        {
            "course": str(course),
            "memberships_url": f"http://sandbox.test/lti/courses/{course}/members",
            "lineitems_url": f"http://sandbox.test/lti/courses/{course}/line_items",
        }
        for course in COURSES
    ],
}


def now_s() -> float:
    return EPOCH_US / 1e6 + trio.current_time()


async def posted(campus: Campus) -> tuple[int, int]:
    await campus.quiet()
    return len(campus.journal("slack")), len(campus.journal("teams"))


async def test_another_lrs(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, both("lrs", **LRS), limited=False) as campus:
        first = await campus.until_read()
        assert (first.how, first.quarantined) == ("finished", 0), first
        assert first.statements > 30
        assert await posted(campus) == (0, 0)
        ada, course = next(iter(campus.school.people.values())), next(iter(campus.school.courses.values()))
        work = next(each for each in campus.school.works.values() if each.course == course.id)
        campus.school.grade(work, ada, 91, now_s())
        campus.school.finish(course, ada, now_s() + 1)
        await trio.sleep(900)
        assert await posted(campus) == (2, 2)
        campus.sources["lrs"].fault(Fault(kind="poison", times=0))
        campus.school.grade(work, ada, 92, now_s())
        campus.school.submit(work, ada, now_s() + 1)
        await trio.sleep(900)
        assert await posted(campus) == (4, 4), "the first of each page is poisoned, a known one, and the others come"
        states = "SELECT DISTINCT state FROM records WHERE entity = 'statement'"
        assert await campus.rows(states) == [("quarantined",)]
        campus.sources["lrs"].clear_faults()
        await campus.sync("full")
        assert await posted(campus) == (4, 4)
        assert await campus.rows(states) == [("gone",)]


async def test_a_platform_by_lti(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, both("lti", **LTI), limited=False) as campus:
        first = await campus.until_read()
        assert (first.how, first.quarantined) == ("finished", 0), first
        assert await posted(campus) == (0, 0)
        hedy, course = list(campus.school.people.values())[8], next(iter(campus.school.courses.values()))
        work = next(each for each in campus.school.works.values() if each.course == course.id)
        member = campus.school.enrol(hedy, course, now_s())
        await trio.sleep(900)
        assert await posted(campus) == (1, 1)
        campus.school.grade(work, hedy, 50, now_s())
        await trio.sleep(900)
        assert await posted(campus) == (2, 2)
        campus.school.change_membership(member, now_s(), state="deleted")
        await trio.sleep(900)
        assert await posted(campus) == (3, 3)
        await campus.sync("full")
        assert await posted(campus) == (3, 3)
