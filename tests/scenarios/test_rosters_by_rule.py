"""What rules say: user groups, places that are there already, people nobody finds, sources that lose their mind."""

from pathlib import Path

import trio
from control_office import Office, ask
from roster_hall import channel, enrolled, inside, kept, plan, rule, run, settled, standings, workspace
from world import Campus, open_campus

from actors.domain.school import Membership
from actors.targets.slack.fake.workspace import Place
from daemon.control import protocol as p


def members(campus: Campus, code: str) -> list[Membership]:
    [course] = [each for each in campus.school.courses.values() if each.code == code]
    return [each for each in campus.school.memberships.values() if each.course == course.id]


async def test_a_user_group_has_those_who_are_enrolled(tmp_path: Path, autojump_clock: object) -> None:
    groups = rule(into={"usergroup": "c-{course.code}"})
    async with open_campus(tmp_path, kept(groups)) as campus:
        await campus.until_read()
        await settled(campus)
        space = workspace(campus)
        [group] = [each for each in space.rooms.groups.values() if each.handle == "c-cs101"]
        assert {space.somebody(user).email for user in group.users} == enrolled(campus, "CS101")
        campus.school.change_membership(members(campus, "CS101")[1], campus.clock.now_us() / 1e6, state="deleted")
        await campus.sync()
        await settled(campus)
        assert {space.somebody(user).email for user in group.users} == enrolled(campus, "CS101")


async def test_a_channel_that_is_there_is_used_and_its_people_stay(tmp_path: Path, autojump_clock: object) -> None:
    def before(campus: Campus) -> None:
        space = workspace(campus)
        space.keep("C0COURSE777", Place(name="c-cs101"))
        space.rooms.put("C0COURSE777", [space.person("guest@example.org"), space.person("person1@example.edu")], 0.0)

    async with open_campus(tmp_path, kept(), before=before) as campus:
        await campus.until_read()
        await settled(campus)
        assert channel(campus, "c-cs101") == "C0COURSE777"
        assert inside(campus, "c-cs101") == enrolled(campus, "CS101") | {"guest@example.org"}
        assert (await standings(campus, "CS101"))["guest@example.org"] == "stranger"


async def test_one_course_goes_into_the_channel_that_is_named(tmp_path: Path, autojump_clock: object) -> None:
    one = rule(into={"channel": "C0COURSE101"}, match={"course": "CS101"}, create=False)
    async with open_campus(tmp_path, kept(one)) as campus:
        await campus.until_read()
        await settled(campus)
        space = workspace(campus)
        people = {space.somebody(user).email for user in space.rooms.inside("C0COURSE101")}
        assert people >= enrolled(campus, "CS101")
        assert not [name for _, name in space.places() if name.name.startswith("c-")]


async def test_whom_nobody_has_is_unmatched_and_found_once_there(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, kept()) as campus:
        school, now_s = campus.school, campus.clock.now_us() / 1e6
        [course] = [each for each in school.courses.values() if each.code == "CS101"]
        lost = school.add_person("Nobody", "Here", now_s, email="nobody@example.edu")
        school.enrol(lost, course, now_s)
        await campus.until_read()
        await settled(campus)
        assert (await standings(campus, "CS101"))["nobody@example.edu"] == "unmatched"
        office = Office(campus.store, campus.tenants, campus=campus)
        _, done = await ask(office, p.ReconcileReport(tenant="acme", course="CS101"))
        assert done.note == "10 of 10 people enrolled are accounted for"
        school.change_person(lost, campus.clock.now_us() / 1e6, email="found@example.edu")
        await campus.sync()
        await settled(campus)
        assert (await standings(campus, "CS101"))["found@example.edu"] == "in_step"


async def test_whom_an_operator_links_is_put_in_at_once(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, kept()) as campus:
        school, now_s = campus.school, campus.clock.now_us() / 1e6
        [course] = [each for each in school.courses.values() if each.code == "CS101"]
        school.enrol(school.add_person("Nobody", "Here", now_s, email="nobody@example.edu"), course, now_s)
        await campus.until_read()
        await settled(campus)
        [(person,)] = await campus.rows("SELECT person FROM roster_standings WHERE standing = 'unmatched'")
        account = workspace(campus).person("else@example.org")
        office = Office(campus.store, campus.tenants, campus=campus)
        await ask(office, p.IdentityLink(one=f"acme/{person}", other=f"slack:{account}"))
        await trio.sleep(10)
        await settled(campus)
        assert "else@example.org" in inside(campus, "c-cs101")
        assert (await standings(campus, "CS101"))["nobody@example.edu"] == "in_step"


async def test_those_without_a_place_are_accounted_for(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, kept(rule(into={"channel": "s-{section}"}))) as campus:
        await campus.until_read()
        await settled(campus)
        office = Office(campus.store, campus.tenants, campus=campus)
        rows, done = await ask(office, p.ReconcileReport(tenant="acme", summary=True))
        [row] = rows
        assert (row.people, row.excluded) == (9, 9)  # type: ignore[attr-defined]
        assert done.note == "9 of 9 people enrolled are accounted for"


async def test_a_source_that_loses_its_mind_takes_nobody_out(tmp_path: Path, autojump_clock: object) -> None:
    """Its own brake is on: what it tells is not believed to be all, and the plan says how many were spared."""
    async with open_campus(tmp_path, kept()) as campus:
        await campus.until_read()
        await settled(campus)
        everybody = enrolled(campus, "CS101")
        for each in list(campus.school.memberships.values()):
            del campus.school.memberships[each.id]
        await campus.sync("full")
        await settled(campus)
        await trio.sleep(3_600)
        await run(campus, "CS101")
        assert inside(campus, "c-cs101") == everybody
        told = await plan(campus, "CS101")
        assert told.plan is not None
        assert told.plan.removes == 0


async def test_who_is_suspended_leaves_and_comes_back(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, kept()) as campus:
        await campus.until_read()
        await settled(campus)
        school = campus.school
        person = school.people[members(campus, "CS101")[2].user]
        for suspended in (True, False):
            school.change_person(person, campus.clock.now_us() / 1e6, suspended=suspended)
            await campus.sync()
            await settled(campus)
            assert (person.email in inside(campus, "c-cs101")) is not suspended
