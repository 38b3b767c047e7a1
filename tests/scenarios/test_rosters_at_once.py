"""What a reading told is carried out when it has ended, and meanwhile nobody is accounted for who is not enrolled."""

from pathlib import Path

import pytest
from control_office import Office, ask
from roster_hall import enrolled, inside, kept, run, settled
from world import Campus, open_campus

from actors.domain.school import Membership
from actors.roles import reconciler
from daemon.control import protocol as p
from daemon.control.exits import Exit
from daemon.control.reconciled import RosterRow, RuleRow, StandingRow


@pytest.fixture
def seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks by themselves."""
    monkeypatch.setattr(reconciler, "LOOK_S", 1e6)


def one_of(campus: Campus, code: str) -> Membership:
    [course] = [each for each in campus.school.courses.values() if each.code == code]
    return next(each for each in campus.school.memberships.values() if each.course == course.id)


async def test_who_is_missing_in_a_whole_reading_is_taken_out_when_it_has_ended(
    tmp_path: Path, autojump_clock: object, seldom: None
) -> None:
    async with open_campus(tmp_path, kept(every="10h")) as campus:
        await campus.until_read()
        await settled(campus)
        del campus.school.memberships[one_of(campus, "CS101").id]
        read = await campus.sync("full")
        assert (read.changed, read.gone) == (0, 1)
        await settled(campus)
        assert inside(campus, "c-cs101") == enrolled(campus, "CS101")


async def test_no_more_are_accounted_for_than_are_enrolled(tmp_path: Path, autojump_clock: object) -> None:
    """Somebody left whom nobody has compared yet: they are in the place, and not enrolled."""
    async with open_campus(tmp_path, kept(every="10h")) as campus:
        await campus.until_read()
        await settled(campus)
        office = Office(campus.store, campus.tenants, campus=campus)
        _, done = await ask(office, p.ReconcileReport(tenant="acme", course="CS101"))
        assert done.note == "9 of 9 people enrolled are accounted for"
        leaver = one_of(campus, "CS101")
        del campus.school.memberships[leaver.id]
        await campus.sync("full")
        rows, done = await ask(office, p.ReconcileReport(tenant="acme", course="CS101"))
        assert (done.note, done.exit_code) == ("8 of 8 people enrolled are accounted for", Exit.OK)
        [place] = [row for row in rows if isinstance(row, RosterRow)]
        assert (place.people, place.in_step, place.strangers) == (8, 8, 1)
        left = [row for row in rows if isinstance(row, StandingRow) and row.standing != "in_step"]
        assert [(row.user, row.standing) for row in left] == [(str(leaver.user), "stranger")]
        assert "is not enrolled any more" in left[0].detail
        [row], _ = await ask(office, p.ReconcileReport(tenant="acme", course="CS101", summary=True))
        assert isinstance(row, RosterRow)
        assert (row.people, row.strangers) == (8, 1)
        await settled(campus)
        rows, done = await ask(office, p.ReconcileReport(tenant="acme", course="CS101"))
        assert done.note == "8 of 8 people enrolled are accounted for"
        assert {row.standing for row in rows if isinstance(row, StandingRow)} == {"in_step"}


async def test_a_course_that_there_is_not_is_named_with_what_there_is(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, kept()) as campus:
        await campus.until_read()
        await settled(campus)
        office = Office(campus.store, campus.tenants, campus=campus)
        rows, done = await ask(office, p.ReconcileReport(tenant="acme", course="CS999"))
        assert (rows, done.exit_code) == ([], Exit.NOTHING)
        assert done.note == "acme keeps no roster CS999, and none of a course CS999: classes has CS101, PH110, RH200"
        rows, _ = await ask(office, p.ReconcileReport(tenant="acme", course="classes", summary=True))
        assert len(rows) == 3, "all of one rule's"


async def test_what_is_compared_on_demand_was_compared_last(tmp_path: Path, autojump_clock: object) -> None:
    async def last_us() -> int | None:
        rows, _ = await ask(Office(campus.store, campus.tenants, campus=campus), p.ReconcileStatus(tenant="acme"))
        [row] = [each for each in rows if isinstance(each, RuleRow)]
        return row.last_us

    async with open_campus(tmp_path, kept()) as campus:
        await campus.until_read()
        await settled(campus)
        first = await last_us()
        await run(campus, "CS101")
        assert await last_us() == first, "that was one course"
        now_us = campus.clock.now_us()
        await run(campus)
        assert (await last_us() or 0) >= now_us
