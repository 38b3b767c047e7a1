"""Teams follow a course: instructors own them, everybody else is a member, and a new team is waited for."""

from pathlib import Path
from typing import cast

import trio
from roster_hall import enrolled, kept, rule, run, settled, standings
from world import Campus, open_campus

from actors.domain.school import Membership
from actors.targets.teams.fake import FakeTeams
from actors.targets.teams.fake.people import made_of
from actors.targets.teams.fake.teams import Team

CLASSES = rule(to="teams", into={"team": "{course.code} {course.name}"}, schedule="0 2 * * *")
COURSE = "CS101"


async def team(campus: Campus) -> Team:
    """The one of the course, as the vendor has it."""
    fake = cast(FakeTeams, campus.fakes["teams"])
    [(place,)] = await campus.rows("SELECT place FROM roster_places WHERE label = ?", COURSE)
    return fake.teams.there(place, campus.clock.now_us() / 1e6)


async def people(campus: Campus, *, owners: bool = False) -> set[str]:
    """Addresses of its members, or of its owners alone."""
    known = {somebody.id: somebody.mail for each in campus.school.people.values() if (somebody := made_of(each.email))}
    members = (await team(campus)).members.values()
    return {known[each.user] for each in members if each.owner or not owners}


def memberships(campus: Campus, role: str) -> list[Membership]:
    school = campus.school
    [course] = [each for each in school.courses.values() if each.code == COURSE]
    return [each for each in school.memberships.values() if each.course == course.id and each.role == role]


def taught(campus: Campus) -> set[str]:
    return {campus.school.people[each.user].email for each in memberships(campus, "teacher") if each.state == "active"}


async def test_a_first_sync_makes_teams_with_owners(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, kept(CLASSES)) as campus:
        await campus.until_read()
        await settled(campus)
        assert await people(campus) == enrolled(campus, COURSE)
        assert await people(campus, owners=True) == taught(campus)
        assert set((await standings(campus, COURSE)).values()) == {"in_step"}
        assert await campus.states() == {"delivered": 6}


async def test_a_night_after_it_changes_nothing(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, kept(CLASSES)) as campus:
        await campus.until_read()
        await settled(campus)
        before = len(campus.journal("teams"))
        await trio.sleep(86_400)
        await settled(campus)
        assert len(campus.journal("teams")) == before
        assert set((await standings(campus, COURSE)).values()) == {"in_step"}


async def test_who_teaches_owns_and_who_teaches_no_more_is_a_member(tmp_path: Path, autojump_clock: object) -> None:
    """Nobody is taken out and put in for it, and there is an owner at any time."""
    async with open_campus(tmp_path, kept(CLASSES)) as campus:
        await campus.until_read()
        await settled(campus)
        now_s = campus.clock.now_us() / 1e6
        [old], new = memberships(campus, "teacher"), memberships(campus, "student")[0]
        campus.school.change_membership(new, now_s, role="teacher")
        campus.school.change_membership(old, now_s, role="student")
        await campus.sync()
        await settled(campus)
        assert await people(campus, owners=True) == {campus.school.people[new.user].email}
        assert await people(campus) == enrolled(campus, COURSE)
        assert not [each for each in campus.journal("teams") if "remove" in each.operation]


async def test_the_last_owner_stays_until_somebody_decides(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, kept(CLASSES)) as campus:
        await campus.until_read()
        await settled(campus)
        [teacher] = memberships(campus, "teacher")
        campus.school.change_membership(teacher, campus.clock.now_us() / 1e6, state="deleted")
        await campus.sync()
        await settled(campus)
        assert campus.school.people[teacher.user].email in await people(campus, owners=True)
        kinds = {case.conflict.kind for case in await campus.store.conflicts.cases("acme", {"open"})}
        assert "last_owner" in kinds
        told = await run(campus, COURSE)
        assert told.done
