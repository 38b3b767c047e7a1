"""More of what people decide about rosters: who is who, two courses with one channel, names that are taken, rosters
that were lost, and owners of teams."""

from pathlib import Path
from typing import cast

import msgspec
import trio
from roster_decisions import COURSE, ROOM, asked, decide, is_clean, question, settled_campus, take_back
from roster_hall import channel, enrolled, inside, kept, rule, run, settled, standings, workspace
from world import Campus, open_campus

from actors.targets.slack.fake.workspace import Place
from actors.targets.teams.fake import FakeTeams
from actors.targets.teams.fake.teams import Team
from config.model import Tenant
from config.rosters import Review
from daemon.store.linking import contact

IN_TEAMS = {"to": "teams", "into": {"team": "{course.code}"}}
ELSEWHERE = "a.turing@example.org"


def reviewed(school: Tenant) -> Tenant:
    """With somebody who sees to what is asked."""
    return msgspec.structs.replace(school, review=Review(to="slack", channel="C0REVIEWS1"))


def alan(campus: Campus) -> None:
    """He is enrolled, with so many others that everybody is listed, and has another address at Slack."""
    school, now_s = campus.school, campus.clock.now_us() / 1e6 - 86_400
    course = next(each for each in school.courses.values() if each.code == COURSE)
    person = school.add_person("Alan", "Turing", now_s)
    school.enrol(person, course, now_s)
    space = workspace(campus)
    for n in range(12):
        school.enrol(school.add_person(f"Number{n}", "Person", now_s), course, now_s)
    for each in school.people.values():
        space.person(each.email)
    space.change_person(space.person(person.email), now_s, email=ELSEWHERE, name="Alan Turing")


async def test_who_has_another_address_there_is_found_by_a_persons_word(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, reviewed(kept()), before=alan) as campus:
        await campus.until_read()
        await settled(campus)
        case = await asked(campus, "near_miss")
        assert case.conflict.fixes[0].confidence > 50
        await decide(campus, case, "contact")
        assert ELSEWHERE in inside(campus, ROOM)
        assert set((await standings(campus, COURSE)).values()) == {"in_step"}
        await is_clean(campus)
        await take_back(campus, case)
        assert "alan.turing@example.edu" in await standings(campus, COURSE)


async def test_who_is_found_since_is_asked_about_no_more(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, reviewed(kept()), before=alan) as campus:
        await campus.until_read()
        await settled(campus)
        await asked(campus, "near_miss")
        await campus.die()
        await campus.again()
        await run(campus, COURSE)
        await settled(campus)
        await trio.sleep(1_800)
        case = await asked(campus, "near_miss")  # it is the same question, though nobody was listed since
        assert case.no == 1
        person, user, now_us = case.conflict.person, workspace(campus).person(ELSEWHERE), campus.clock.now_us()
        await campus.store.writer.submit(lambda raw: contact(raw, person, "slack", user, "kim", now_us))
        await run(campus, COURSE)
        await settled(campus)
        await trio.sleep(1_800)
        assert await campus.store.conflicts.cases("acme", ("open",)) == []


async def test_two_courses_with_one_channel_are_told_apart(tmp_path: Path, autojump_clock: object) -> None:
    both = kept(
        rule(match={"course": "CS101"}, into={"channel": "c-shared"}),
        rule(name="others", match={"course": "PH110"}, into={"channel": "c-shared"}),
    )
    async with open_campus(tmp_path, both) as campus:
        await campus.until_read()
        await trio.sleep(900)
        case = await asked(campus, "name_taken")  # of both at once one is the first
        await decide(campus, case, "look_again")
        case = await asked(campus, "linked_twice")
        assert {side.value for side in case.conflict.sides} == {channel(campus, "c-shared")}
        await decide(campus, case, "make_anew")
        rooms = {name: inside(campus, name) for name in ("c-shared", "c-shared-2")}
        assert sorted(rooms.values(), key=len) == sorted(
            [enrolled(campus, "CS101"), enrolled(campus, "PH110")], key=len
        )
        assert await campus.store.conflicts.cases("acme", ("open",)) == []


async def test_a_name_that_is_taken_is_another_one_then(tmp_path: Path, autojump_clock: object) -> None:
    def taken(campus: Campus) -> None:
        """By a private channel that the app is not in."""
        space = workspace(campus)
        space.keep(space.new_id("C"), Place(name=ROOM, member=False, private=True))

    async with open_campus(tmp_path, kept(), before=taken) as campus:
        await campus.until_read()
        await trio.sleep(900)
        case = await asked(campus, "name_taken")
        await decide(campus, case, "make_anew")
        assert inside(campus, f"{ROOM}-2") == enrolled(campus, COURSE)
        await is_clean(campus)


async def test_a_roster_that_was_lost_empties_nobody(tmp_path: Path, autojump_clock: object) -> None:
    async with settled_campus(tmp_path, kept(rule(brake={"total_percent_max": 100}))) as campus:
        school, now_s = campus.school, campus.clock.now_us() / 1e6
        course = next(each for each in school.courses.values() if each.code == COURSE)
        before = enrolled(campus, COURSE)
        for each in [each for each in school.memberships.values() if each.course == course.id]:
            school.change_membership(each, now_s, state="deleted")
        await campus.sync()
        await settled(campus)
        case = await question(campus, "emptied")
        assert case.conflict.fixes[0].fix.name == "hold_back"
        assert inside(campus, ROOM) == before
        await decide(campus, case, "let_go")
        assert inside(campus, ROOM) == set()


def team(campus: Campus) -> Team:
    fake = cast(FakeTeams, campus.fakes["teams"])
    (found,) = fake.teams.named(COURSE, campus.clock.now_us() / 1e6)
    return found


def inside_team(campus: Campus, *, owners: bool = False) -> set[str]:
    """The addresses of its members, or of those who own it."""
    people = cast(FakeTeams, campus.fakes["teams"]).people
    found = [each for each in team(campus).members.values() if each.owner or not owners]
    return {somebody.mail for each in found if (somebody := people.known(each.user)) is not None}


def instructors(campus: Campus) -> set[str]:
    school = campus.school
    (course,) = [each for each in school.courses.values() if each.code == COURSE]
    found = [each for each in school.memberships.values() if each.course == course.id and each.role == "teacher"]
    return {school.people[each.user].email for each in found if each.state == "active"}


async def test_who_was_made_an_owner_by_hand_owns_it_or_does_not(tmp_path: Path, autojump_clock: object) -> None:
    async with settled_campus(tmp_path, kept(rule(**IN_TEAMS))) as campus:
        place = team(campus)
        member = next(each for each in place.members.values() if not each.owner)
        member.owner = True
        case = await question(campus, "owner_added")
        await decide(campus, case, "no_owner")
        assert inside_team(campus, owners=True) == instructors(campus)
        await take_back(campus, case)
        owners = inside_team(campus, owners=True)
        assert len(owners) == len(instructors(campus)) + 1


async def test_the_last_owner_stays_until_somebody_else_owns_it(tmp_path: Path, autojump_clock: object) -> None:
    async with settled_campus(tmp_path, kept(rule(**IN_TEAMS))) as campus:
        school, now_s = campus.school, campus.clock.now_us() / 1e6
        course = next(each for each in school.courses.values() if each.code == COURSE)
        for each in school.memberships.values():
            if each.course == course.id and each.role == "teacher":
                school.change_membership(each, now_s, state="deleted")
        await campus.sync()
        await trio.sleep(300)
        await run(campus, COURSE)
        await settled(campus)
        case = await asked(campus, "last_owner")
        await decide(campus, case, "let_own")
        assert inside_team(campus) == enrolled(campus, COURSE)
        assert len(inside_team(campus, owners=True)) == 1
        assert set((await standings(campus, COURSE)).values()) == {"in_step", "excluded"}
