"""What Slack tells, in a whole daemon in virtual time: acted on at once, once, and nothing lost or doubled by it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import trio
from slack_events import FORMER, SIGNING, event, form, person, signed
from world import EPOCH_US, Campus, completed, open_campus, route, tenant

from actors.domain.harvest import Inbound
from actors.messages import Hear, HookAnswer
from config.model import Audience, Tenant

CHANNEL = "C0GENERAL1"


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    from accounts import SECRETS

    monkeypatch.setitem(SECRETS, "signing", SIGNING)
    monkeypatch.setitem(SECRETS, "former", FORMER)


def school(*routes: Any, **slack: object) -> Tenant:
    given = {"signing_secret": {"env": "signing"}, **slack}
    return tenant(*(routes or (route("all", "completed"),)), settings={"slack": given})


def now_s() -> int:
    return int(EPOCH_US / 1e6 + trio.current_time())


async def call(campus: Campus, inbound: Inbound, lane: str = "acme/slack") -> HookAnswer:
    listener = campus.switchboard.listeners[lane]
    answer: HookAnswer = await listener.ask(lambda reply: Hear(inbound, "corr", "", reply))
    return answer


async def told(campus: Campus, kind: str, event_id: str = "Ev1", **fields: Any) -> HookAnswer:
    """Slack tells it, as soon as we know which workspace is ours."""
    await known(campus)
    return await call(campus, signed(event(kind, event_id, **fields), now_s()))


async def known(campus: Campus) -> None:
    while not await campus.rows("SELECT 1 FROM ears WHERE lane = 'acme/slack' AND names <> '{}'"):
        await trio.sleep(0.05)


async def until(campus: Campus, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """Let virtual time pass until there are such rows."""
    with trio.fail_after(100_000):
        while not (found := await campus.rows(sql, *values)):
            await trio.sleep(0.1)
    return found


def names(campus: Campus, event_name: str) -> list[Mapping[str, object]]:
    return campus.notes.named(event_name)


async def test_an_app_uninstalled_during_load_suspends_the_lane_at_once(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, school()) as campus:
        await known(campus)
        people = [f"p{number}" for number in range(60)]
        await campus.tell(*(completed(each) for each in people))
        while len(campus.journal("slack")) < 20:
            await trio.sleep(0.1)
        campus.fault("slack", "revoked", times=0)
        assert (await told(campus, "app_uninstalled")).status == 200
        assert (await campus.rows("SELECT suspended FROM lanes WHERE lane = 'acme/slack'"))[0][0].startswith(
            "Slack told"
        )
        await trio.sleep(3600)
        states = await campus.states()
        assert states.get("dead", 0) == states.get("parked", 0) == 0
        assert states["waiting"] >= 60 - 20 - 8
        campus.fakes["slack"].clear_faults()
        await campus.quiet(7_200)
        effects = [effect.delivery_id for effect in campus.journal("slack")]
        assert len(effects) == len(set(effects)) == 60


async def test_the_same_event_is_acted_on_once(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, school()) as campus:
        for _ in range(3):
            assert (await told(campus, "channel_archive", channel=CHANNEL, user="U1")).status == 200
        assert len(names(campus, "vendor.told")) == 1
        await campus.die()
        await campus.again()
        assert (await told(campus, "channel_archive", channel=CHANNEL, user="U1")).status == 200
        assert len(names(campus, "vendor.told")) == 1
        assert campus.switchboard.listener_views["acme/slack"].repeated == 1


async def test_a_channel_that_is_archived_ends_what_waits_and_gets_it_back(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, school()) as campus:
        await known(campus)
        campus.fault("slack", "archived", times=0, destination=CHANNEL)
        await campus.tell(*(completed(f"p{number}") for number in range(30)))
        await told(campus, "channel_archive", channel=CHANNEL)
        await campus.quiet()
        assert await campus.states() == {"dead": 30}
        causes = await campus.rows("SELECT DISTINCT cause, detail FROM deliveries")
        assert {cause for cause, _ in causes} == {"destination_gone"}
        assert ("destination_gone", "slack told us: the channel is archived") in causes
        campus.fakes["slack"].clear_faults()
        await told(campus, "channel_unarchive", "Ev2", channel=CHANNEL)
        await until(campus, "SELECT 1 FROM places WHERE place = ? AND closed = '' AND unsettled = 0", CHANNEL)
        await campus.quiet()
        assert await campus.states() == {"delivered": 30}
        assert len({effect.delivery_id for effect in campus.journal("slack")}) == len(campus.journal("slack")) == 30


async def test_a_deleted_channel_is_told_to_what_waits(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, school()) as campus:
        await known(campus)
        await campus.tell(*(completed(f"p{number}") for number in range(10)))
        await until(campus, "SELECT 1 FROM deliveries WHERE state = 'delivered'")
        await told(campus, "channel_deleted", channel=CHANNEL)
        await campus.quiet()
        assert set(await campus.states()) == {"delivered", "dead"}
        assert (await campus.rows("SELECT DISTINCT detail FROM deliveries WHERE state = 'dead'")) == [
            ("slack told us: the channel is gone",)
        ]


async def test_a_new_address_is_nobodys_old_one(tmp_path: Path, autojump_clock: object) -> None:
    to_learner = route("all", "completed", audience=Audience(learner=True))
    async with open_campus(tmp_path, school(to_learner)) as campus:
        await campus.tell(completed("ada"), completed("mary"))
        await campus.quiet()
        people = dict(await campus.rows("SELECT email, person FROM addresses"))
        ada, mary = people["ada@example.edu"], people["mary@example.edu"]
        assert ada != mary
        assert "" not in (ada, mary)
        await told(campus, "user_change", user=person(ada, "ADA.new@example.edu"))
        assert set(dict(await campus.rows("SELECT email, person FROM addresses"))) == {"mary@example.edu"}
        await told(campus, "user_change", "Ev2", user=person(mary, "mary@example.edu"))  # a status, say
        assert set(dict(await campus.rows("SELECT email, person FROM addresses"))) == {"mary@example.edu"}
        await told(campus, "user_change", "Ev3", user=person(mary, "mary@example.edu", deleted=True))
        assert not await campus.rows("SELECT email FROM addresses")
        assert [each["tiding"] for each in names(campus, "vendor.told")] == [
            "person_changed",
            "person_changed",
            "person_gone",
        ]


async def test_what_was_clicked_is_kept(tmp_path: Path, autojump_clock: object) -> None:
    payload = (
        '{"type":"block_actions","team":{"id":"T0SANDBOX1"},"api_app_id":"A0SANDBOX1","user":{"id":"U9"},"actions":[]}'
    )
    async with open_campus(tmp_path, school()) as campus:
        await known(campus)
        for _ in range(2):
            assert (await call(campus, form({"payload": payload}, now_s()))).status == 200
        slash = {"command": "/grades", "team_id": "T0SANDBOX1", "api_app_id": "A0SANDBOX1", "user_id": "U9", "text": ""}
        assert (await call(campus, form(slash, now_s()))).status == 200
        kept = await campus.rows("SELECT form, person FROM clicks ORDER BY seq")
        assert kept == [("block_actions", "U9"), ("slash_command", "U9")]


async def test_another_workspace_is_refused_for_good(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, school()) as campus:
        await known(campus)
        answer = await call(campus, signed(event("app_uninstalled", team="T0OTHERS99"), now_s()))
        assert (answer.status, answer.again, answer.detail) == (403, False, "it is not taken")
        assert not await campus.rows("SELECT 1 FROM lanes WHERE suspended <> ''")


async def test_without_calls_asking_finds_the_same(tmp_path: Path, autojump_clock: object) -> None:
    """A host without public_url: nothing is lost but time."""
    async with open_campus(tmp_path, tenant(route("all", "completed"))) as campus:
        assert campus.switchboard.listener_views["acme/slack"].mode == "asks"
        campus.fault("slack", "archived", times=0, destination=CHANNEL)
        await campus.tell(completed("ada"))
        await until(campus, "SELECT 1 FROM places WHERE closed = 'archived'")
        assert await campus.states() == {"dead": 1}
        campus.fakes["slack"].clear_faults()
        await until(campus, "SELECT 1 FROM places WHERE place = ? AND closed = '' AND unsettled = 0", CHANNEL)
        await campus.quiet()
        assert await campus.states() == {"delivered": 1}
