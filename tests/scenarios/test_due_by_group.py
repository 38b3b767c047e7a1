"""A Canvas gives a group more time: its members are reminded at their own date, the others at theirs."""

from pathlib import Path

import pytest
import trio
import world
from world import Campus, open_campus, route, source, tenant

from actors.domain.xapi.moments import spelt
from actors.sources.canvas.fake import TOKEN, FakeCanvas
from config.model import Audience, DueSoon

DAY_S = 86_400.0


@pytest.fixture(autouse=True)
def the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(world.SECRETS, "canvas", TOKEN)


async def reminded(campus: Campus) -> set[str]:
    """Whom a reminder on the log names."""
    rows = await campus.rows(
        "SELECT json_extract(CAST(body AS TEXT), '$.actor.account.name') FROM statements "
        "WHERE instr(body, 'due-soon') > 0"
    )
    return {row[0] for row in rows}


async def test_members_of_a_group_are_reminded_at_the_date_of_their_group(
    tmp_path: Path, autojump_clock: object
) -> None:
    given = {"base_url": "http://sandbox.test/canvas", "token": {"env": "canvas"}, "every": "1h", "every_max": "1h"}
    acme = tenant(
        route("due", "due_soon", audience=Audience(learner=True)),
        sources=source("canvas", **given),
        due_soon=DueSoon(quiet_hours=None),
    )
    async with open_campus(tmp_path, acme, limited=False) as campus:
        await campus.until_read()
        fake, school = campus.sources["canvas"], campus.school
        assert isinstance(fake, FakeCanvas)
        course = next(iter(school.courses.values()))
        now_s = campus.clock.now_us() / 1e6
        work = school.assign(course, "Second paper", now_s, due_s=now_s + 1.2 * DAY_S)
        learners = [
            str(each.user)
            for each in school.memberships.values()
            if each.course == course.id and each.role == "student" and each.state == "active"
        ]
        members = learners[:2]
        fake.groups[9] = [int(each) for each in members]
        later = spelt(round((now_s + 1.6 * DAY_S) * 1e6))[:19] + "Z"
        fake.overrides[work.id] = [{"id": 1, "group_id": 9, "due_at": later}]
        await trio.sleep(0.4 * DAY_S)
        others = await reminded(campus)
        assert others
        assert others == set(learners[2:])
        await trio.sleep(0.3 * DAY_S)
        assert await reminded(campus) == set(learners)
