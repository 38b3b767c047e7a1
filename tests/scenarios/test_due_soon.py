"""Learners are reminded of work that is due: once, by their own clock, and not of what they have handed in."""

import json
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import trio
from world import Campus, open_campus, route, source, tenant

from actors.domain.changes import AssignmentDueSoon
from actors.domain.school import Class, Pupil, Work, sample
from actors.ports import StoreUnavailable
from actors.ports.reminders import DueWork, Owing
from config.model import Audience, DueSoon, PersonRow, Tenant
from daemon.store import rows
from daemon.store.reminders import SqlReminders

DAY_S = 86_400.0
HOME_PAGE = "http://sandbox.test/toy"
LEARNER = Audience(learner=True)
ZONES = ("Asia/Tokyo", "America/New_York", "Europe/Berlin")
PEOPLE = tuple(
    PersonRow(home_page=HOME_PAGE, account=str(pupil.id), email=pupil.email, timezone=zone)
    for pupil, zone in zip_longest(sample(0.0).people.values(), ZONES, fillvalue="UTC")
    if isinstance(pupil, Pupil)
)


def reminding(**rules: object) -> Tenant:
    return tenant(
        route("due", "due_soon", audience=LEARNER),
        sources=source(every="1h", every_max="1h"),
        people=PEOPLE,
        due_soon=DueSoon(**{"quiet_hours": None, **rules}),  # type: ignore[arg-type]  # of a test's choosing
    )


def now_s(campus: Campus) -> float:
    return campus.clock.now_us() / 1e6


def course_of(campus: Campus) -> Class:
    return next(iter(campus.school.courses.values()))


def learners(campus: Campus) -> list[Pupil]:
    """Of the first course, its teacher left out."""
    return list(campus.school.people.values())[:8]


def assign(campus: Campus, due_s: float) -> Work:
    return campus.school.assign(course_of(campus), "Second paper", now_s(campus), due_s=due_s)


async def reminders(campus: Campus) -> list[AssignmentDueSoon]:
    """What was made of reminders, also of those that were not sent."""
    found = await campus.rows("SELECT change FROM deliveries WHERE kind = 'due_soon' ORDER BY seq")
    changes = [rows.unpack_change(change) for (change,) in found]
    assert all(isinstance(change, AssignmentDueSoon) for change in changes)
    return changes  # type: ignore[return-value]  # as asserted


async def test_everybody_who_owes_it_is_reminded_once(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, reminding(), limited=False) as campus:
        await campus.until_read()
        work = assign(campus, now_s(campus) + 1.3 * DAY_S)
        done = learners(campus)[0]
        campus.school.submit(work, done, now_s(campus))
        await trio.sleep(0.25 * DAY_S)
        assert not await reminders(campus)
        await trio.sleep(0.1 * DAY_S)
        await campus.quiet()
        told = await reminders(campus)
        assert len(told) == 7
        assert {change.learner.email for change in told} == {one.email for one in learners(campus)[1:]}
        assert {change.before_s for change in told} == {86_400}
        traces = await campus.rows("SELECT DISTINCT traceparent FROM deliveries WHERE kind = 'due_soon'")
        assert len(traces) == 1
        assert traces[0][0].startswith("00-"), "reminders are the root of a trace, as a reading is"
        await trio.sleep(1.1 * DAY_S)
        assert len(await reminders(campus)) == 7
        assert len(campus.journal("slack")) == 7


async def test_who_owes_it_is_not_asked_every_minute(
    tmp_path: Path, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    owing = SqlReminders.owing

    async def counted(self: SqlReminders, work: DueWork, after_user: str, limit: int) -> list[Owing]:
        asked.append(after_user)
        return await owing(self, work, after_user, limit)

    monkeypatch.setattr(SqlReminders, "owing", counted)
    async with open_campus(tmp_path, reminding(), limited=False) as campus:
        await campus.until_read()
        assign(campus, now_s(campus) + 1.2 * DAY_S)
        await trio.sleep(0.1 * DAY_S)
        assert not await reminders(campus)
        assert len(asked) < 0.1 * 24 * 60 / 2
        await trio.sleep(0.15 * DAY_S)
        assert len(await reminders(campus)) == 8


async def test_a_date_that_moves_moves_its_reminder(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, reminding(), limited=False) as campus:
        await campus.until_read()
        work = assign(campus, now_s(campus) + 1.2 * DAY_S)
        await trio.sleep(0.1 * DAY_S)
        campus.school.change_work(work, now_s(campus), due_s=now_s(campus) + 1.6 * DAY_S)
        await trio.sleep(0.4 * DAY_S)
        assert not await reminders(campus)
        await trio.sleep(0.3 * DAY_S)
        assert len(await reminders(campus)) == 8


async def test_a_date_that_moves_after_the_reminder_is_told_again(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, reminding(), limited=False) as campus:
        await campus.until_read()
        work = assign(campus, now_s(campus) + 1.1 * DAY_S)
        await trio.sleep(0.2 * DAY_S)
        assert len(await reminders(campus)) == 8
        campus.school.change_work(work, now_s(campus), due_s=now_s(campus) + 1.3 * DAY_S)
        await trio.sleep(0.4 * DAY_S)
        assert len({change.due for change in await reminders(campus)}) == 2
        assert len(await reminders(campus)) == 16


async def test_by_the_learners_own_clock(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, reminding(quiet_hours="21:00-07:00"), limited=False) as campus:
        await campus.until_read()
        assign(campus, now_s(campus) + 2 * DAY_S)
        await trio.sleep(2 * DAY_S)
        zones = {person.email: person.timezone for person in PEOPLE}
        hours = {
            change.learner.email: datetime.fromisoformat(change.at)
            .astimezone(ZoneInfo(zones[change.learner.email]))
            .hour
            for change in await reminders(campus)
        }
        assert len(hours) == 8
        assert all(7 <= hour < 21 for hour in hours.values()), hours


async def test_whoever_hands_it_in_while_the_reminder_waits_is_not_reminded(
    tmp_path: Path, autojump_clock: object
) -> None:
    night = tenant(
        route("due", "due_soon", audience=LEARNER, quiet_hours="00:00-23:00"),
        sources=source(every="1h", every_max="1h"),
        people=PEOPLE,
        due_soon=DueSoon(quiet_hours=None),
    )
    async with open_campus(tmp_path, night, limited=False) as campus:
        await campus.until_read()
        work = assign(campus, now_s(campus) + 0.9 * DAY_S)
        await trio.sleep(4200)
        assert len(await reminders(campus)) == 8
        for pupil in learners(campus)[:5]:
            campus.school.submit(work, pupil, now_s(campus))
        await trio.sleep(DAY_S)
        states = dict(
            await campus.rows("SELECT state, count(*) FROM deliveries WHERE kind = 'due_soon' GROUP BY state")
        )
        assert states == {"superseded": 5, "delivered": 3}


async def test_a_hand_in_that_only_the_log_knows_counts_too(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, reminding(), limited=False) as campus:
        await campus.until_read()
        work = assign(campus, now_s(campus) + 1.2 * DAY_S)
        await trio.sleep(4200)
        [(canonical,)] = await campus.rows(
            "SELECT canonical FROM records WHERE entity = 'assignment' ORDER BY no DESC LIMIT 1"
        )
        await campus.tell(
            {
                "actor": {"mbox": f"mailto:{learners(campus)[0].email}"},
                "verb": {"id": "http://activitystrea.ms/submit"},
                "object": {"id": json.loads(canonical)["iri"]},
                "timestamp": datetime.fromtimestamp(now_s(campus), UTC).isoformat(),
            }
        )
        assert work.due_s is not None
        await trio.sleep(0.4 * DAY_S)
        assert len(campus.journal("slack")) == 7
        [(n,)] = await campus.rows("SELECT count(*) FROM outcomes WHERE reason LIKE 'handed_in:%'")
        assert n == 1


async def test_a_death_at_any_time_reminds_nobody_twice(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, reminding(before=("24h", "1h")), limited=False) as campus:
        await campus.until_read()
        assign(campus, now_s(campus) + 1.2 * DAY_S)
        for _ in range(20):
            await trio.sleep(0.06 * DAY_S)
            await campus.die()
            await campus.again()
        await trio.sleep(0.2 * DAY_S)
        assert len(await reminders(campus)) == 16
        assert len(campus.journal("slack")) == 16


async def test_nobody_is_reminded_who_is_through_with_the_course(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, reminding(), limited=False) as campus:
        await campus.until_read()
        assign(campus, now_s(campus) + 1.2 * DAY_S)
        through = learners(campus)[0]
        [seat] = [
            each
            for each in campus.school.memberships.values()
            if (each.user, each.course) == (through.id, course_of(campus).id)
        ]
        campus.school.change_membership(seat, now_s(campus), state="completed")
        await trio.sleep(0.4 * DAY_S)
        assert {change.learner.email for change in await reminders(campus)} == {
            one.email for one in learners(campus)[1:]
        }


@pytest.mark.parametrize("change", [{"name": "Closed: Introduction"}, {"deleted": True}])
async def test_nobody_is_reminded_in_a_course_that_is_over_or_gone(
    tmp_path: Path, autojump_clock: object, change: dict[str, object]
) -> None:
    async with open_campus(tmp_path, reminding(), limited=False) as campus:
        await campus.until_read()
        assign(campus, now_s(campus) + 1.2 * DAY_S)
        await trio.sleep(4200)
        course = course_of(campus)
        for name, value in change.items():
            setattr(course, name, value)
        course.at_s = now_s(campus)
        await campus.sync("full")
        await trio.sleep(0.5 * DAY_S)
        assert not await reminders(campus)
        assert await campus.rows("SELECT * FROM records WHERE entity = 'assignment' AND state <> 'gone'")


async def test_nobody_is_reminded_where_no_route_asks(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(route("news", "graded"), sources=source())) as campus:
        await campus.until_read()
        assign(campus, now_s(campus) + 0.5 * DAY_S)
        await trio.sleep(0.3 * DAY_S)
        assert await campus.rows("SELECT * FROM reminded") == []


async def test_whoever_could_not_be_asked_for_is_asked_for_again_soon(
    tmp_path: Path, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_campus(tmp_path, reminding(), limited=False) as campus:
        await campus.until_read()
        assign(campus, now_s(campus) + 1.2 * DAY_S)
        await trio.sleep(0.1 * DAY_S)
        whole, failed = SqlReminders.owing, 0

        async def owing(self: SqlReminders, work: DueWork, after_user: str, limit: int) -> list[Owing]:
            nonlocal failed
            if not failed and now_s(campus) >= due_s:
                failed = 1
                raise StoreUnavailable("the disk is full", 1)
            return await whole(self, work, after_user, limit)

        due_s = now_s(campus) + 0.1 * DAY_S
        monkeypatch.setattr(SqlReminders, "owing", owing)
        while not failed:
            await trio.sleep(10)
        await trio.sleep(60)
        await campus.quiet()
        assert len(await reminders(campus)) == 8
