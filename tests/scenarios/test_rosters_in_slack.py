"""What is Slack's own about rosters, in a whole daemon in virtual time: user groups, guests, events, lost answers."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
from accounts import SECRETS
from roster_hall import apply, channel, enrolled, inside, kept, plan, rule, settled, standings, workspace
from slack_events import SIGNING, event, person, signed
from world import EPOCH_US, Campus, completed, open_campus, route

from actors.domain.school import School
from actors.messages import Hear
from actors.targets.slack.fake.rooms import BOT_USER, Group
from config.model import Tenant

GROUPS = {"into": {"usergroup": "{course.code}"}}


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SECRETS, "signing", SIGNING)


def house(**more: Any) -> Tenant:
    return kept(rule(**more), settings={"slack": {"signing_secret": {"env": "signing"}}})


def group(campus: Campus, handle: str) -> Group:
    [found] = [each for each in workspace(campus).rooms.groups.values() if each.handle == handle]
    return found


def belonging(campus: Campus, handle: str) -> set[str]:
    """The addresses of those who are in a user group that is in use."""
    found = group(campus, handle)
    return set() if found.disabled_s else {workspace(campus).somebody(each).email for each in found.users}


def leave(school: School, code: str, now_s: float) -> None:
    """Everybody leaves the course."""
    [course] = [each for each in school.courses.values() if each.code == code]
    for each in [each for each in school.memberships.values() if each.course == course.id]:
        school.change_membership(each, now_s, state="deleted")


def now_s(campus: Campus) -> float:
    return campus.clock.now_us() / 1e6


async def told(campus: Campus, kind: str, event_id: str, **fields: Any) -> None:
    """Slack tells it at our door, as soon as we know which workspace is ours."""
    while not await campus.rows("SELECT 1 FROM ears WHERE lane = 'acme/slack' AND names <> '{}'"):
        await trio.sleep(0.05)
    inbound = signed(event(kind, event_id, **fields), int(EPOCH_US / 1e6 + trio.current_time()))
    answer = await campus.switchboard.listeners["acme/slack"].ask(lambda reply: Hear(inbound, "corr", "", reply))
    assert answer.status == 200


def operations(campus: Campus) -> list[str]:
    return [effect.operation for effect in campus.journal("slack")]


async def test_a_user_group_is_replaced_as_a_whole_disabled_with_its_last_and_enabled_with_the_next(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, house(**GROUPS)) as campus:
        await campus.until_read()
        await settled(campus)
        for code in ("CS101", "PH110"):
            assert belonging(campus, code.lower()) == enrolled(campus, code)
        made = operations(campus)
        assert made.count("usergroups.users.update") == made.count("usergroups.create") == 3
        school = campus.school
        leave(school, "CS101", now_s(campus))
        await campus.sync()
        await settled(campus)
        asked = await plan(campus, "CS101")  # a roster that is empty all at once waits for a person
        assert asked.plan is not None
        assert (await apply(campus, asked.plan.hash, course="CS101", accept=True)).done
        await settled(campus)
        assert group(campus, "cs101").disabled_s > 0
        assert operations(campus)[len(made) :] == ["usergroups.disable"]
        newcomer = school.add_person("Alan", "Turing", now_s(campus))
        [course] = [each for each in school.courses.values() if each.code == "CS101"]
        school.enrol(newcomer, course, now_s(campus))
        await campus.sync()
        await settled(campus)
        assert belonging(campus, "cs101") == {newcomer.email}
        assert not await campus.rows("SELECT closed FROM roster_places WHERE closed <> '' OR stuck <> ''")


async def test_a_group_that_somebody_disabled_is_left_as_it_is(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, house(**GROUPS, schedule="0 2 * * *")) as campus:
        await campus.until_read()
        await settled(campus)
        before, rooms = len(operations(campus)), workspace(campus).rooms
        rooms.switch(group(campus, "cs101"), "UADMINSAND", now_s(campus), on=False)
        await told(campus, "subteam_updated", "Ev1", subteam={"id": group(campus, "cs101").id})
        await settled(campus)
        assert group(campus, "cs101").disabled_s > 0
        assert len(operations(campus)) == before
        [[closed]] = await campus.rows("SELECT closed FROM roster_places WHERE label = 'CS101'")
        assert "disabled" in closed
        rooms.switch(group(campus, "cs101"), "UADMINSAND", now_s(campus), on=True)
        await told(campus, "subteam_updated", "Ev2", subteam={"id": group(campus, "cs101").id})
        await settled(campus)
        [[closed]] = await campus.rows("SELECT closed FROM roster_places WHERE label = 'CS101'")
        assert closed == ""


async def test_a_guest_whom_slack_does_not_let_in_keeps_nobody_out_and_is_told(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, house()) as campus:
        space = workspace(campus)
        guest = sorted(enrolled(campus, "CS101"))[0]
        space.change_person(space.person(guest), 0.0, guest="multi")
        await campus.until_read()
        await settled(campus)
        assert inside(campus, "c-cs101") == enrolled(campus, "CS101") - {guest}
        found = await standings(campus, "CS101")
        assert found.pop(guest) == "refused"
        assert set(found.values()) == {"in_step"}
        [[why]] = await campus.rows(
            "SELECT DISTINCT detail FROM roster_standings s JOIN roster_places p ON p.no = s.place "
            "WHERE p.label = 'CS101' AND standing = 'refused'"
        )
        assert "user_is_restricted" in why


async def test_what_we_did_comes_back_as_events_and_is_no_news_what_others_did_is(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, house()) as campus:
        await campus.until_read()
        await settled(campus)
        space, room = workspace(campus), channel(campus, "c-cs101")
        somebody = sorted(space.rooms.inside(room))[0]
        campus.http.operations.clear()
        await told(campus, "member_joined_channel", "Ev1", user=somebody, channel=room, inviter=BOT_USER)
        await told(campus, "member_joined_channel", "Ev2", user=somebody, channel=room)
        await trio.sleep(300)
        assert campus.http.operations["conversations.members"] == 0
        stranger = space.person("stranger@example.org")
        space.rooms.put(room, [stranger], now_s(campus))
        await told(campus, "member_joined_channel", "Ev3", user=stranger, channel=room)
        await settled(campus, 120)
        assert (await standings(campus, "CS101"))["stranger@example.org"] == "stranger"
        assert campus.http.operations["conversations.members"] == 1
        space.rooms.take(room, [somebody], now_s(campus) - 100)
        await told(campus, "member_left_channel", "Ev4", user=somebody, channel=room)
        await settled(campus, 300)
        assert somebody in space.rooms.inside(room), "put back, within minutes"


async def test_somebody_who_comes_to_the_workspace_later_is_let_in_then(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, house()) as campus:
        space = workspace(campus)
        late = sorted(enrolled(campus, "CS101"))[0]
        user = space.person(late)
        space.change_person(user, 0.0, deleted=True)
        await campus.until_read()
        await settled(campus)
        assert (await standings(campus, "CS101"))[late] == "unmatched"
        space.change_person(user, now_s(campus), deleted=False)
        await told(campus, "team_join", "Ev1", user=person(user, late))
        await settled(campus, 300)
        assert inside(campus, "c-cs101") == enrolled(campus, "CS101")
        assert (await standings(campus, "CS101"))[late] == "in_step"


@pytest.mark.parametrize("kind", ["reset_after_commit", "reset_before_commit", "truncated_after_commit", "late_commit"])
@pytest.mark.parametrize("operation", ["conversations.create", "conversations.invite"])
async def test_a_lost_answer_makes_nothing_twice_and_loses_nobody(
    tmp_path: Path, autojump_clock: object, kind: str, operation: str
) -> None:
    value = "12" if kind == "late_commit" else ""
    async with open_campus(tmp_path, house()) as campus:
        campus.fault("slack", kind, operation=operation, times=3, value=value)
        await campus.until_read()
        await settled(campus)
        for code in ("CS101", "PH110", "RH200"):
            name = f"c-{code.lower()}"
            assert inside(campus, name) == enrolled(campus, code)
            assert [each.name for _, each in workspace(campus).places()].count(name) == 1
        assert not {"dead", "parked"} & (await campus.states()).keys()


async def test_members_who_show_up_late_are_neither_missed_nor_let_in_again(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, house()) as campus:
        campus.fakes["slack"].terms.members_late_s = 25.0  # type: ignore[attr-defined]
        await campus.until_read()
        await settled(campus)
        made = len(operations(campus))
        await told(campus, "member_joined_channel", "Ev1", user="U0STRANGER", channel=channel(campus, "c-cs101"))
        await trio.sleep(3_600)
        await settled(campus)
        assert len(operations(campus)) == made, "nobody was let in twice"
        assert set((await standings(campus, "CS101")).values()) == {"in_step"}
        assert inside(campus, "c-cs101") == enrolled(campus, "CS101")


async def test_invitations_that_slack_slows_down_hold_up_no_post(tmp_path: Path, autojump_clock: object) -> None:
    posting = msgspec.structs.replace(house(), routes=(route("all", "completed"),))
    async with open_campus(tmp_path, posting) as campus:
        campus.fault("slack", "rate_limited", operation="conversations.invite", times=1, value="600")
        await campus.until_read()
        while "conversations.create" not in operations(campus):
            await trio.sleep(1)
        await trio.sleep(30)
        assert "conversations.invite" not in operations(campus)
        await campus.tell(completed("ada"))
        await trio.sleep(30)
        assert "chat.postMessage" in operations(campus)
        assert "conversations.invite" not in operations(campus), "the method waits, whichever channel it is for"
        await settled(campus)
        assert inside(campus, "c-cs101") == enrolled(campus, "CS101")
        assert not {"dead", "parked"} & (await campus.states()).keys()
