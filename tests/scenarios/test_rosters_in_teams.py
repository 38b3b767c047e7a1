"""Teams follow a course: members and owners, new teams that are not known at once, and nights without changes."""

from pathlib import Path
from typing import Any, cast

import msgspec
import trio
from roster_hall import enrolled, kept, rule, settled, standings
from world import Campus, open_campus

from actors.targets.teams.fake import FakeTeams
from actors.targets.teams.fake.teams import Team
from config.rosters import Roster


def teams_rule(**more: Any) -> Roster:
    return rule(**{"to": "teams", "into": {"team": "{course.code}"}, **more})


def directory(campus: Campus) -> FakeTeams:
    return cast(FakeTeams, campus.fakes["teams"])


def team(campus: Campus, name: str) -> Team:
    (found,) = directory(campus).teams.named(name, campus.clock.now_us() / 1e6)
    return found


def inside(campus: Campus, name: str, *, owners: bool = False) -> set[str]:
    """The addresses of its members, or of those who own it."""
    people = directory(campus).people
    found = [each for each in team(campus, name).members.values() if each.owner or not owners]
    return {somebody.mail for each in found if (somebody := people.known(each.user)) is not None}


def instructors(campus: Campus, code: str) -> set[str]:
    school = campus.school
    (course,) = [each for each in school.courses.values() if each.code == code]
    found = [each for each in school.memberships.values() if each.course == course.id and each.role == "teacher"]
    return {school.people[each.user].email for each in found if each.state == "active"}


async def test_a_first_sync_makes_teams_with_owners_and_puts_everybody_in(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, kept(teams_rule())) as campus:
        await campus.until_read()
        await settled(campus)
        for code in ("CS101", "PH110", "RH200"):
            assert inside(campus, code) == enrolled(campus, code), code
            assert inside(campus, code, owners=True) == instructors(campus, code), code
            assert set((await standings(campus, code)).values()) == {"in_step"}
        operations = [effect.operation for effect in campus.journal("teams")]
        assert sorted(operations) == ["members.add"] * 3 + ["teams.post"] * 3


async def test_a_night_without_changes_is_one_call(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, kept(teams_rule(schedule="0 2 * * *"))) as campus:
        await campus.until_read()
        await settled(campus)
        before = len(campus.journal("teams"))
        campus.http.operations.clear()
        await trio.sleep(86_400)
        asked = campus.http.operations
        assert asked["$batch"] == 1
        assert not {name for name in asked if name.startswith(("members.", "users.list", "groups.list", "teams."))}
        assert len(campus.journal("teams")) == before


async def test_a_team_that_is_not_known_at_once_is_waited_for_and_made_once(
    tmp_path: Path, autojump_clock: object
) -> None:
    def slowly(campus: Campus) -> None:
        directory(campus).terms.teams_late_s = 400.0
        directory(campus).terms.groups_late_s = 30.0
        campus.fault("teams", "reset_after_commit", operation="teams.post")

    async with open_campus(tmp_path, kept(teams_rule()), before=slowly) as campus:
        await campus.until_read()
        await settled(campus)
        for code in ("CS101", "PH110", "RH200"):
            assert inside(campus, code) == enrolled(campus, code), code
        assert [each.operation for each in campus.journal("teams")].count("teams.post") == 3
        assert await campus.states() == {"delivered": 6}


async def test_whoever_leaves_is_taken_out_and_whoever_enrols_is_put_in_through_trouble(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, kept(teams_rule())) as campus:
        await campus.until_read()
        await settled(campus)
        school, now_s = campus.school, campus.clock.now_us() / 1e6
        (course,) = [each for each in school.courses.values() if each.code == "CS101"]
        newcomer = school.add_person("Alan", "Turing", now_s)
        school.enrol(newcomer, course, now_s)
        students = [each for each in school.memberships.values() if each.course == course.id and each.role == "student"]
        for leaver in students[:3]:
            school.change_membership(leaver, now_s, state="deleted")
        campus.fault("teams", "one_refused", value="TooManyRequests")
        campus.fault("teams", "rate_limited", operation="members.add", value="7")
        campus.fault("teams", "reset_after_commit", operation="$batch")
        campus.fault("teams", "status", operation="members.delete", value="503")
        await campus.sync()
        await settled(campus)
        assert inside(campus, "CS101") == enrolled(campus, "CS101")
        assert newcomer.email in inside(campus, "CS101")


async def test_what_somebody_did_by_hand_is_found_before_the_night(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, kept(teams_rule())) as campus:
        await campus.until_read()
        await settled(campus)
        lost = sorted(inside(campus, "CS101") - inside(campus, "CS101", owners=True))[0]
        await trio.sleep(7_200)
        happening = {"do": "remove_member", "team": team(campus, "CS101").id, "person": lost}
        directory(campus).happen(msgspec.json.encode(happening), campus.clock.now_us() / 1e6)
        assert lost not in inside(campus, "CS101")
        await trio.sleep(7_200)
        await settled(campus)
        assert inside(campus, "CS101") == enrolled(campus, "CS101")
