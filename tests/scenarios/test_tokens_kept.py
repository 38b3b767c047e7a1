"""Tokens in a living daemon: got, renewed ahead of their end, lost on the way and found again; nothing is posted twice,
nothing is lost, and whoever has to do something is told so."""

import sqlite3
from functools import partial
from pathlib import Path

import msgspec
import pytest
import trio
from connecting import ADA, adjust, connect, desk_of, happen, slack_tenant, suspended, told
from world import Campus, completed, open_campus

from actors.domain.canonical import User
from actors.ports import Effect
from actors.ports.tokens import Connected, NotConnected, Who
from config.identity import Identity
from config.sso import Sso, SsoRoles
from daemon.store.identity import Told, learn

HOUR_S = 3600.0


def texts(journal: list[Effect]) -> list[str]:
    return [effect.delivery_id for effect in journal]


async def load(campus: Campus, count: int, every_s: float, prefix: str = "p") -> None:
    for number in range(count):
        await campus.tell(completed(f"{prefix}{number}"))
        await trio.sleep(every_s)


async def test_what_waits_for_a_connection_goes_out_as_soon_as_there_is_one(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, slack_tenant()) as campus:
        await campus.tell(completed("ada"), completed("ben"))
        await trio.sleep(60)
        assert campus.journal("slack") == []
        assert "not connected yet" in await suspended(campus)
        connected = await connect(campus)
        assert isinstance(connected, Connected), connected
        assert connected.account == "Sandbox"
        assert connected.lacking == ()
        assert connected.excess == ()
        with trio.fail_after(20):
            await campus.quiet()
        assert len(campus.journal("slack")) == 2
        assert await suspended(campus) == ""
        [shown] = [each for each in desk_of(campus).connectable("acme") if each.name == "slack"]
        assert (shown.state, shown.by, shown.can_connect) == ("connected", "oidc:ada", True)


async def test_tokens_that_end_rotate_and_are_refused_under_load_cost_nothing(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, slack_tenant()) as campus:
        adjust(campus, token_life_s=300.0, grace_s=30.0)
        assert isinstance(await connect(campus), Connected)
        campus.fault("slack", "token_expired", operation="chat.postMessage", times=5, skip=20, chance=0.1)
        campus.fault("slack", "reset_after_commit", operation="oauth.v2.access", times=3, skip=1)
        campus.fault("slack", "status", operation="oauth.v2.access", value="503", times=2, skip=5)
        campus.fault("slack", "rate_limited", operation="oauth.v2.access", value="20", times=1, skip=8)
        await load(campus, 200, 17.0)
        await campus.quiet()
        posted = texts(campus.journal("slack"))
        assert len(posted) == len(set(posted)) == 200
        assert await campus.states() == {"delivered": 200}
        assert told(campus, "renewed") > 10


@pytest.mark.parametrize("answers_lost", [1, 2, 4])
async def test_a_lost_answer_is_asked_for_again_within_the_grace(
    tmp_path: Path, autojump_clock: object, answers_lost: int
) -> None:
    async with open_campus(tmp_path, slack_tenant()) as campus:
        assert isinstance(await connect(campus), Connected)
        campus.fault("slack", "reset_after_commit", operation="oauth.v2.access", times=answers_lost)
        await trio.sleep(10 * HOUR_S)
        assert told(campus, "renewed") == 1
        await campus.tell(completed("ada"))
        await campus.quiet()
        assert len(campus.journal("slack")) == 1


async def test_an_answer_lost_for_good_is_said_at_once_and_the_token_in_use_serves_to_its_end(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, slack_tenant()) as campus:
        adjust(campus, grace_s=0.0)
        assert isinstance(await connect(campus), Connected)
        campus.fault("slack", "reset_after_commit", operation="oauth.v2.access")
        await trio.sleep(10 * HOUR_S)
        [shown] = [each for each in desk_of(campus).standings("acme") if each.name == "slack"]
        assert shown.state == "lost"
        assert "install the app again" in shown.why
        assert "the answer to an earlier asking was lost" in shown.why
        assert ("token.lost", None) in campus.notes.troubles
        await campus.tell(completed("ada"))
        await campus.quiet()
        assert len(campus.journal("slack")) == 1, "the token in use has two hours left"
        await trio.sleep(3 * HOUR_S)
        assert "install the app again" in await suspended(campus)
        await campus.tell(completed("ben"))
        await trio.sleep(HOUR_S)
        assert await campus.states() == {"delivered": 1, "waiting": 1}
        assert isinstance(await connect(campus), Connected)
        with trio.fail_after(20):
            await campus.quiet()
        assert len(campus.journal("slack")) == 2


async def test_a_revoked_app_suspends_and_its_deliveries_wait(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, slack_tenant()) as campus:
        assert isinstance(await connect(campus), Connected)
        happen(campus, do="uninstall")
        campus.switchboard.lost("acme/slack", "the app was removed from the workspace")
        await trio.sleep(5)
        assert "install the app again" in await suspended(campus)
        await campus.tell(completed("ada"))
        await trio.sleep(HOUR_S)
        assert await campus.states() == {"waiting": 1}
        assert isinstance(await connect(campus), Connected)
        await campus.quiet()
        assert len(campus.journal("slack")) == 1


async def test_a_false_alarm_costs_nothing(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, slack_tenant()) as campus:
        assert isinstance(await connect(campus), Connected)
        campus.switchboard.lost("acme/slack", "somebody says so")
        await trio.sleep(5)
        assert await suspended(campus) == ""
        assert told(campus, "renewed") == 1
        await campus.tell(completed("ada"))
        await campus.quiet()
        assert len(campus.journal("slack")) == 1


async def test_a_token_without_end_is_exchanged_for_a_pair_once(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, slack_tenant(token={"env": "slack"})) as campus:
        await campus.tell(completed("ada"))
        await campus.quiet()
        [shown] = [each for each in desk_of(campus).standings("acme") if each.name == "slack"]
        assert shown.holding.has_refresh
        await trio.sleep(30 * HOUR_S)
        assert told(campus, "obtained") == 1
        assert told(campus, "renewed") >= 2
        await campus.stop()
        await campus.again()
        await campus.tell(completed("ben"))
        await campus.quiet()
        assert len(campus.journal("slack")) == 2
        assert told(campus, "obtained") == 1


async def test_where_the_app_does_not_rotate_its_token_serves_as_it_is(tmp_path: Path, autojump_clock: object) -> None:
    before = partial(adjust, rotation=False)
    async with open_campus(tmp_path, slack_tenant(token={"env": "slack"}), before=before) as campus:
        await campus.tell(completed("ada"))
        await campus.quiet()
        [shown] = [each for each in desk_of(campus).standings("acme") if each.name == "slack"]
        assert "no token rotation" in shown.holding.note
        assert shown.holding.expires_us is None


async def test_the_answer_to_an_exchange_that_was_lost_leaves_the_token_that_there_was(
    tmp_path: Path, autojump_clock: object
) -> None:
    def lose(campus: Campus) -> None:
        campus.fault("slack", "reset_after_commit", operation="oauth.v2.exchange")

    async with open_campus(tmp_path, slack_tenant(token={"env": "slack"}), before=lose) as campus:
        await campus.tell(completed("ada"))
        await campus.quiet()
        assert len(campus.journal("slack")) == 1
        [shown] = [each for each in desk_of(campus).standings("acme") if each.name == "slack"]
        assert "exchanged before" in shown.holding.note


async def test_a_code_that_is_not_taken_changes_nothing(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, slack_tenant()) as campus:
        adjust(campus, code_life_s=0.0)
        refused = await connect(campus)
        assert isinstance(refused, NotConnected)
        assert "begin again" in refused.why
        adjust(campus, code_life_s=600.0)
        other = await connect(campus, team="T0ANOTHER1")
        assert isinstance(other, Connected), "any workspace is the one, where none is named"


async def test_another_workspace_than_the_one_named_is_refused(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, slack_tenant(team_id="T0SANDBOX1")) as campus:
        refused = await connect(campus, team="T0ANOTHER1")
        assert isinstance(refused, NotConnected)
        assert "another workspace" in refused.why


# ── whoever connected it ─────────────────────────────────────────────────────────────────────────────


async def test_what_somebody_connected_ends_when_they_have_left(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, slack_tenant()) as campus:
        assert isinstance(await connect(campus), Connected)

        def known(raw: sqlite3.Connection, *, gone: bool) -> None:
            ada = User(id="7", email="ada@example.edu")
            learn(raw, "acme", "lms", "https://lms", [Told(user=ada, gone=gone)], Identity(), campus.clock.now_us())

        await campus.store.writer.submit(partial(known, gone=False))
        await trio.sleep(2 * HOUR_S)
        assert await suspended(campus) == ""
        await campus.store.writer.submit(partial(known, gone=True))
        await trio.sleep(2 * HOUR_S)
        assert "the person who connected it has left" in await suspended(campus)
        assert told(campus, "revoked") == 1
        await campus.tell(completed("ben"))
        await trio.sleep(HOUR_S)
        assert await campus.states() == {"waiting": 1}
        assert isinstance(await connect(campus, by=Who(who="oidc:cid", email="cid@example.edu")), Connected)
        await campus.quiet()
        assert len(campus.journal("slack")) == 1


async def test_what_somebody_connected_ends_when_they_may_not_any_more(tmp_path: Path, autojump_clock: object) -> None:
    sso = Sso(roles=SsoRoles(admins=("it",)))
    async with open_campus(tmp_path, msgspec.structs.replace(slack_tenant(), sso=sso)) as campus:
        desk = desk_of(campus)
        assert isinstance(await connect(campus), Connected)
        await desk.signed_in("acme", ADA)
        await desk.signed_in("acme", Who(who="oidc:ben", roles=()))
        await trio.sleep(5)
        assert await suspended(campus) == "", "still in the group; and somebody else's roles are no matter"
        await desk.signed_in("acme", Who(who=ADA.who, email=ADA.email, roles=("staff",)))
        await trio.sleep(5)
        assert "may not do so any more" in await suspended(campus)


async def test_disconnecting_gives_back(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, slack_tenant()) as campus:
        desk = desk_of(campus)
        assert isinstance(await connect(campus), Connected)
        assert await desk.disconnect("acme", "slack", ADA, "corr-1") is None
        assert "somebody disconnected it" in await suspended(campus)
        assert isinstance(await desk.disconnect("acme", "nothing", ADA, "corr-2"), NotConnected)
        assert isinstance(desk.begin("acme", "webhook", "https://x.test", "s"), NotConnected)
        assert desk.connectable("nobody") == []


# ── the house's own troubles ─────────────────────────────────────────────────────────────────────────


async def test_while_the_vault_is_away_no_refresh_token_is_spent(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, slack_tenant()) as campus:
        assert isinstance(await connect(campus), Connected)
        campus.vault.away = "the HSM is away"
        await campus.tell(completed("ada"))
        await trio.sleep(10 * HOUR_S)
        assert told(campus, "renewed") == 0
        assert await campus.states() == {"waiting": 1}
        campus.vault.away = ""
        with trio.fail_after(HOUR_S):
            await campus.quiet()
        assert len(campus.journal("slack")) == 1
        await trio.sleep(HOUR_S)
        assert told(campus, "renewed") == 1


async def test_nothing_secret_lies_in_the_clear_or_is_told(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, slack_tenant()) as campus:
        assert isinstance(await connect(campus), Connected)
        await campus.tell(completed("ada"))
        await campus.quiet()
        [wallet] = [each for each in campus.custody.of("acme") if each.name == "slack"]
        tokens = campus.custody.connections.open("acme", "slack", "bot", wallet.of("bot"))
        assert tokens.access.startswith("xoxe.xoxb")
        said = repr((campus.notes.events, campus.notes.troubles, wallet.of("bot"), desk_of(campus).standings("acme")))
        audit = repr(await campus.rows("SELECT * FROM audit_told"))
        for secret in (tokens.access, tokens.refresh):
            assert secret not in said
            assert secret not in audit
