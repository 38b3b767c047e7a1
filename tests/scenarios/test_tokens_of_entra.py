"""Tokens of Entra in a living daemon: the app's and a person's, challenged, parked, and not needed."""

from pathlib import Path

import trio
from connecting import connect, suspended, told
from world import completed, graded, open_campus, route, tenant

from actors.ports import Effect
from actors.ports.tokens import Connected
from config.model import Audience, Tenant

HOUR_S = 3600.0


def texts(journal: list[Effect]) -> list[str]:
    return [effect.delivery_id for effect in journal]


TEAM = {"team": "5f0e1c5a-0000-4000-8000-00000000c0de", "channel": "19:general@thread.tacv2"}
TO_CHANNEL = route("posts", "completed", to="teams", audience=Audience(**TEAM))
TO_LEARNERS = route("grades", "graded", to="teams", audience=Audience(learner=True))


def teams_tenant(name: str = "acme", **settings: object) -> Tenant:
    words = {"delegated_token": None, "connect": True, **settings}
    return tenant(TO_CHANNEL, TO_LEARNERS, name=name, settings={"teams": words})


async def test_a_person_connects_teams_and_the_app_speaks_for_itself(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, teams_tenant()) as campus:
        await campus.tell(graded("ada", 80))
        await trio.sleep(30)
        connected = await connect(campus, "teams", vendor="teams")
        assert isinstance(connected, Connected), connected
        assert connected.lacking == ()
        await campus.tell(completed("ben"))
        await campus.quiet()
        assert len(campus.journal("teams")) == 2
        await trio.sleep(100 * HOUR_S)
        await campus.tell(completed("cid"), graded("ben", 70))
        await campus.quiet()
        assert len(campus.journal("teams")) == 4


async def test_where_nothing_goes_to_a_channel_nobody_need_connect(tmp_path: Path, autojump_clock: object) -> None:
    words = {"delegated_token": None, "connect": True}
    async with open_campus(tmp_path, tenant(TO_LEARNERS, settings={"teams": words})) as campus:
        await campus.tell(graded("ada", 80))
        await campus.quiet(60)
        await trio.sleep(3 * HOUR_S)
        assert await suspended(campus, "acme/teams") == ""
        assert len(campus.journal("teams")) == 1


async def test_a_challenge_is_met_once_for_everybody(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, teams_tenant(), limited=False) as campus:
        assert isinstance(await connect(campus, "teams", vendor="teams"), Connected)
        await campus.tell(graded("zoe", 50))
        await campus.quiet()
        campus.fault("teams", "claims_challenge", operation="sendActivityNotification", times=0)
        await campus.tell(*(graded(f"l{number}", 80) for number in range(20)))
        await campus.quiet()
        posted = texts(campus.journal("teams"))
        assert len(posted) == len(set(posted)) == 21
        assert told(campus, "renewed", "acme/teams", "app") == 1
        assert await campus.states() == {"delivered": 21}


async def test_a_challenge_that_only_a_person_can_meet_parks_the_connection(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, teams_tenant()) as campus:
        assert isinstance(await connect(campus, "teams", vendor="teams"), Connected)
        campus.fault("teams", "claims_challenge", operation="channelMessages.post", times=0)
        campus.fault("teams", "error", operation="token", value="interaction_required", times=1)
        await campus.tell(completed("ada"))
        await trio.sleep(HOUR_S)
        assert "must sign in again" in await suspended(campus, "acme/teams")
        assert await campus.states() == {"waiting": 1}
        campus.fakes["teams"].clear_faults()
        assert isinstance(await connect(campus, "teams", vendor="teams"), Connected)
        with trio.fail_after(20):
            await campus.quiet()
        assert len(campus.journal("teams")) == 1
