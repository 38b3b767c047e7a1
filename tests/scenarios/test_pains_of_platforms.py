"""What rosters kept in Slack and Teams are known for as pains, each suffered once by a whole daemon in virtual time."""

from pathlib import Path
from typing import Any

import pytest
import trio
from control_office import Office, ask
from quarrels import course, memberships, now_s, pupil
from roster_hall import channel, enrolled, kept, rule, run, settled, standings, workspace
from roster_hall import inside as inside_channel
from teams_hall import directory, inside, let, team, teams_rule
from world import Campus, open_campus

from config.model import Tenant
from daemon.control import protocol as p
from daemon.control.exits import Exit
from daemon.control.views import RuleRow

CODE = "CS101"
ROOM = "c-cs101"
NIGHTLY = "0 2 * * *"
LATE_S = 7_200.0


def one_team(**more: Any) -> Tenant:
    return kept(teams_rule(**{"match": {"course": CODE}, **more}), every="6h")


def moves(campus: Campus) -> list[str]:
    return [each.operation for each in campus.journal("teams")]


async def open_kinds(campus: Campus) -> list[str]:
    return [each.conflict.kind for each in await campus.store.conflicts.cases("acme", ("open",))]


# ── new teams, and members that show up late ─────────────────────────────────────────────────────────


async def test_a_team_that_is_not_there_for_ten_minutes_has_its_members_though_we_died_meanwhile(
    tmp_path: Path, autojump_clock: object
) -> None:
    def before(campus: Campus) -> None:
        directory(campus).terms.teams_late_s = 600.0
        directory(campus).terms.groups_late_s = 120.0

    async with open_campus(tmp_path, one_team(), before=before) as campus:
        await campus.until_read()
        for _ in range(4):
            await trio.sleep(100)
            await campus.die()
            await campus.again()
        await settled(campus)
        assert inside(campus, CODE) == enrolled(campus, CODE)
        assert (moves(campus).count("teams.post"), moves(campus).count("members.add")) == (1, 1)
        assert not {"dead", "parked"} & (await campus.states()).keys()


async def test_a_team_whose_owner_the_directory_does_not_know_yet_is_made_once_it_does(
    tmp_path: Path, autojump_clock: object
) -> None:
    def before(campus: Campus) -> None:
        people = directory(campus).people
        people.hired_only = True
        for each in campus.school.people.values():
            if each.email != "person12@example.edu":  # who teaches
                people.hire(each.email)

    async with open_campus(tmp_path, one_team(schedule=NIGHTLY), before=before) as campus:
        await campus.until_read()
        await settled(campus)
        await trio.sleep(7_200)
        assert moves(campus) == []
        found = await standings(campus, CODE)
        assert found.pop("person12@example.edu") == "unmatched"
        assert set(found.values()) == {"pending"}
        let(campus, "people", people=["person12@example.edu"])
        await run(campus)
        await settled(campus)
        assert inside(campus, CODE) == enrolled(campus, CODE)
        assert moves(campus).count("teams.post") == 1


async def test_members_who_are_shown_hours_later_are_no_storm_and_no_failure(
    tmp_path: Path, autojump_clock: object
) -> None:
    """And nothing is ever written by way of groups, where it would take a day to be so."""

    def before(campus: Campus) -> None:
        directory(campus).terms.members_late_s = LATE_S

    async with open_campus(tmp_path, one_team(), before=before) as campus:
        await campus.until_read()
        await settled(campus)
        for _ in range(6):
            await run(campus, CODE)
            await settled(campus)
            await trio.sleep(1_200)
        assert moves(campus).count("members.add") <= 4
        assert not {"dead", "parked"} & (await campus.states()).keys()
        await trio.sleep(LATE_S)
        await run(campus, CODE)
        await settled(campus)
        assert set((await standings(campus, CODE)).values()) == {"in_step"}
        assert inside(campus, CODE) == enrolled(campus, CODE)
        assert await open_kinds(campus) == []
        assert not [each for each in moves(campus) if "group" in each]


# ── one person who spoils it for all ─────────────────────────────────────────────────────────────────


async def test_a_few_whom_slack_refuses_keep_none_of_the_others_out(tmp_path: Path, autojump_clock: object) -> None:
    """A guest, somebody who was deactivated since they were looked up, one who is in it already: of a hundred and
    thirty, in two calls."""
    odd = {"wrong0": "multi", "wrong1": "gone", "wrong2": "there"}

    def before(campus: Campus) -> None:
        school, space = campus.school, workspace(campus)
        for n in range(118):
            name = f"wrong{n}" if n < 3 else f"right{n}"
            school.enrol(school.add_person(name, "X", 0.0, email=f"{name}@example.edu"), course(campus), 0.0)
        space.change_person(space.person("wrong0@example.edu"), 0.0, guest="multi")

    async with open_campus(tmp_path, kept(rule(match={"course": CODE})), before=before) as campus:
        space = workspace(campus)
        await campus.until_read()
        while not channel(campus, ROOM):
            await trio.sleep(0.1)
        space.change_person(space.person("wrong1@example.edu"), now_s(campus), deleted=True)
        space.rooms.put(channel(campus, ROOM), [space.person("wrong2@example.edu")], now_s(campus) - 100)
        await settled(campus)
        invited = [each for each in campus.journal("slack") if each.operation == "conversations.invite"]
        assert len(invited) == 2
        expected = enrolled(campus, CODE) - {"wrong0@example.edu", "wrong1@example.edu"}
        assert inside_channel(campus, ROOM) == expected
        found = await standings(campus, CODE)
        assert {who.partition("@")[0]: how for who, how in found.items() if how != "in_step"} == {
            name: "refused" for name, what in odd.items() if what != "there"
        }
        assert not {"dead", "parked"} & (await campus.states()).keys()


async def test_one_whom_graph_takes_for_a_mistake_keeps_none_of_the_others_out(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, one_team()) as campus:
        await campus.until_read()
        await settled(campus)
        campus.fault("teams", "error", operation="members.add", value="BadRequest")
        for n in range(7):
            newcomer = campus.school.add_person(f"New{n}", "Comer", now_s(campus))
            campus.school.enrol(newcomer, course(campus), now_s(campus))
        await campus.sync()
        await settled(campus)
        assert inside(campus, CODE) == enrolled(campus, CODE)
        assert set((await standings(campus, CODE)).values()) == {"in_step"}
        assert not {"dead", "parked"} & (await campus.states()).keys()


async def test_whose_account_is_deleted_meanwhile_is_told_and_the_others_are_in(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, one_team()) as campus:
        await campus.until_read()
        while "teams.post" not in moves(campus):
            await trio.sleep(0.1)
        gone = pupil(campus).email
        directory(campus).people.change(gone, now_s(campus), deleted=True)
        await settled(campus)
        assert inside(campus, CODE) == enrolled(campus, CODE) - {gone}
        assert (await standings(campus, CODE))[gone] in ("refused", "unmatched")
        assert not {"dead", "parked"} & (await campus.states()).keys()


async def test_owners_beyond_the_last_that_a_team_takes_are_told(tmp_path: Path, autojump_clock: object) -> None:
    """A hundred; in this sandbox, two."""

    def before(campus: Campus) -> None:
        directory(campus).terms.team_owners_max = 2
        for each in memberships(campus)[:3]:
            each.role = "teacher"

    async with open_campus(tmp_path, one_team(schedule=NIGHTLY), before=before) as campus:
        await campus.until_read()
        await settled(campus)
        assert len(inside(campus, CODE, owners=True)) == 2
        found = list((await standings(campus, CODE)).values())
        assert (found.count("refused"), found.count("in_step")) == (2, len(found) - 2)
        done = len(moves(campus))
        await trio.sleep(3_600)
        await settled(campus)
        assert len(moves(campus)) == done, "it is not tried again all the time"


# ── taking out ───────────────────────────────────────────────────────────────────────────────────────


async def leave(campus: Campus, count: int) -> list[str]:
    """So many students; their addresses."""
    gone = memberships(campus)[:count]
    for each in gone:
        campus.school.change_membership(each, now_s(campus), state="deleted")
    await campus.sync()
    return [campus.school.people[each.user].email for each in gone]


async def test_who_is_gone_already_is_no_failure(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, one_team()) as campus:
        await campus.until_read()
        await settled(campus)
        await trio.sleep(60)
        let(campus, "remove_member", team=team(campus, CODE).id, person=pupil(campus).email)
        directory(campus).people.change("person2@example.edu", now_s(campus), deleted=True)
        await leave(campus, 3)
        await settled(campus)
        await trio.sleep(60)
        assert inside(campus, CODE) == enrolled(campus, CODE)
        assert not {"dead", "parked"} & (await campus.states()).keys()
        assert await open_kinds(campus) == []


@pytest.mark.parametrize(
    ("kind", "value"),
    [("batch_inner_throttled", "90"), ("batch_outer_failed", ""), ("batch_lost_inner", ""), ("rate_limited", "")],
)
async def test_a_bundle_of_which_some_fails_is_asked_for_the_rest(
    kind: str, value: str, tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, one_team()) as campus:
        await campus.until_read()
        await settled(campus)
        before = len(moves(campus))
        campus.fault("teams", kind, operation="$batch", value=value, times=2)
        await leave(campus, 5)
        await settled(campus)
        assert inside(campus, CODE) == enrolled(campus, CODE)
        assert moves(campus)[before:] == ["members.delete"] * 5, "each once"
        assert not {"dead", "parked"} & (await campus.states()).keys()


# ── places and permissions ───────────────────────────────────────────────────────────────────────────


async def test_a_team_that_somebody_deleted_is_asked_about_and_not_made_again_by_itself(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, one_team(schedule=NIGHTLY)) as campus:
        await campus.until_read()
        await settled(campus)
        await trio.sleep(3_600)
        let(campus, "delete_team", team=team(campus, CODE).id)
        before = len(moves(campus))
        await leave(campus, 1)
        for _ in range(3):
            await run(campus)
            await trio.sleep(1_800)
        assert await open_kinds(campus) == ["place_gone"]
        assert len(moves(campus)) == before
        assert set((await standings(campus, CODE)).values()) <= {"in_step", "pending"}


async def test_a_permission_that_is_missing_is_named_and_what_waited_goes_on_once_it_is_granted(
    tmp_path: Path, autojump_clock: object
) -> None:
    def before(campus: Campus) -> None:
        directory(campus).terms.app_permissions = ["User.Read.All"]

    async with open_campus(tmp_path, one_team(), before=before) as campus:
        await campus.until_read()
        await trio.sleep(1_800)
        office = Office(campus.store, campus.tenants, campus=campus, clock=campus.clock)
        rows, done = await ask(office, p.ReconcileStatus(tenant="acme"))
        [row] = [each for each in rows if isinstance(each, RuleRow)]
        assert (row.state, done.exit_code) == ("hindered", Exit.DEGRADED)
        assert "TeamMember" in row.detail or "Group.Read" in row.detail or "GroupMember" in row.detail, row.detail
        assert moves(campus) == []
        directory(campus).terms.app_permissions = None
        let_tokens_end(campus)
        await trio.sleep(3_600)
        await run(campus)
        await settled(campus)
        assert inside(campus, CODE) == enrolled(campus, CODE)


def let_tokens_end(campus: Campus) -> None:
    """What is granted is in the next token."""
    directory(campus).happen(b'{"do": "expire_tokens"}', now_s(campus))
