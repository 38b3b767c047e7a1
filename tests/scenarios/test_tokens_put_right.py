"""A client secret that was wrong and is put right: who asks for tokens asks at once, not when it would by itself."""

from pathlib import Path

import pytest
import trio
from connecting import ADA, connect, desk_of, slack_tenant, suspended, told
from world import SECRETS, Campus, completed, open_campus, route, tenant

from actors.ports.tokens import Connected
from config.model import Audience

HOUR_S = 3600.0
SOON_S = 2.0
TO_LEARNERS = route("learners", "completed", to="teams", audience=Audience(learner=True))


async def test_a_secret_that_is_put_right_is_asked_with_at_once(
    tmp_path: Path, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = SECRETS["entra"]
    monkeypatch.setitem(SECRETS, "entra", "not the secret")
    async with open_campus(tmp_path, tenant(TO_LEARNERS)) as campus:
        await campus.tell(completed("ada"))
        await trio.sleep(HOUR_S + 0.5)
        assert told(campus, "obtained", "acme/teams") == 0
        assert await suspended(campus, "acme/teams")
        monkeypatch.setitem(SECRETS, "entra", right)
        campus.switchboard.secrets_changed("acme/teams")
        await trio.sleep(SOON_S)
        assert told(campus, "obtained", "acme/teams") == 1
        assert not await suspended(campus, "acme/teams")
        campus.switchboard.secrets_changed("acme/teams")
        await trio.sleep(SOON_S)
        assert told(campus, "obtained", "acme/teams") + told(campus, "renewed", "acme/teams") == 1, "it lives: it stays"
        await campus.quiet()
        assert len(campus.journal("teams")) == 1


async def test_who_goes_on_with_the_former_pair_has_not_begun_with_what_is_configured_now(
    tmp_path: Path, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another token is put in place while the vendor is down: that it was never exchanged is not forgotten."""
    async with open_campus(tmp_path, slack_tenant(token={"env": "slack"})) as campus:
        await trio.sleep(SOON_S)
        assert told(campus, "obtained") == 1
        begun_with = seed_of(campus)
        monkeypatch.setitem(SECRETS, "slack", "xoxb-of-another-installation")
        campus.fault("slack", "status", operation="oauth.v2.exchange", value="503", times=1)
        campus.switchboard.secrets_changed("acme/slack")
        await trio.sleep(10 * HOUR_S)
        assert told(campus, "renewed") == 1, "by the pair that there was"
        assert seed_of(campus) == begun_with


def seed_of(campus: Campus) -> str:
    [wallet] = [each for each in campus.custody.of("acme") if each.name == "slack"]
    return campus.custody.connections.open("acme", "slack", "bot", wallet.of("bot")).seed


async def test_a_token_that_is_put_right_is_used_at_once_by_who_listens_too(
    tmp_path: Path, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = SECRETS["slack"]
    monkeypatch.setitem(SECRETS, "slack", "xoxb-not-ours")
    monkeypatch.setitem(SECRETS, "signing", "what its calls are checked with")
    door = {"slack": {"signing_secret": {"env": "signing"}}}
    async with open_campus(tmp_path, tenant(route("all", "completed"), settings=door)) as campus:
        await trio.sleep(10 * HOUR_S)
        assert not await hailed(campus)
        monkeypatch.setitem(SECRETS, "slack", right)
        campus.switchboard.secrets_changed("acme/slack")
        await trio.sleep(SOON_S)
        assert await hailed(campus)


async def test_after_a_key_that_is_gone_for_good_what_is_configured_is_begun_with_anew(
    tmp_path: Path, autojump_clock: object
) -> None:
    """The vault seals with another key, and what the former one sealed opens no more."""
    async with open_campus(tmp_path, tenant(TO_LEARNERS)) as campus:
        await trio.sleep(SOON_S)
        assert told(campus, "obtained", "acme/teams") == 1
        campus.vault.key = 2
        await trio.sleep(2 * HOUR_S)
        assert told(campus, "renewed", "acme/teams") >= 1
        await campus.tell(completed("ada"))
        await campus.quiet()
        assert len(campus.journal("teams")) == 1


async def test_what_opens_no_more_can_be_given_up_and_connected_anew(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, slack_tenant()) as campus:
        assert isinstance(await connect(campus), Connected)
        campus.vault.key = 2
        failed = await desk_of(campus).disconnect("acme", "slack", ADA, "corr")
        assert failed is not None
        assert "forgotten here, but not given back: it was sealed with a key" in failed.why
        [wallet] = [each for each in campus.custody.of("acme") if each.name == "slack"]
        assert wallet.of("bot").holding.state == "revoked"
        assert isinstance(await connect(campus), Connected)
        await campus.tell(completed("ada"))
        await campus.quiet()
        assert len(campus.journal("slack")) == 1


async def hailed(campus: Campus) -> bool:
    """Whether the vendor has told who we are there."""
    return bool(await campus.rows("SELECT 1 FROM ears WHERE lane = 'acme/slack' AND names <> '{}'"))
