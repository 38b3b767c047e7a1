"""The sandbox's Slack, driven over real HTTP by Slack's own SDK: installing, rotating, revoking."""

from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest
from slack_sandbox import BACK, CHANNEL, SCOPES, Sandbox, receiver, sandbox, thread
from slack_sdk.errors import SlackApiError
from slack_sdk.oauth import AuthorizeUrlGenerator
from slack_sdk.oauth.installation_store import Bot, Installation
from slack_sdk.oauth.token_rotation import TokenRotator

__all__ = ["receiver", "sandbox"]


def allowed(sandbox: Sandbox, page_url: str) -> str:
    """Press Allow, and the code that the browser brings back."""
    with httpx.Client(base_url=sandbox.url) as browser:
        assert "<code>chat:write</code>" in browser.get(page_url).text
        asked = dict(parse_qsl(urlsplit(page_url).query))
        answer = browser.post(page_url.partition("?")[0], data=asked | {"decision": "allow"})
    back = parse_qs(urlsplit(answer.headers["location"]).query)
    assert back["state"] == ["of-this-browser"]
    return back["code"][0]


def installed(sandbox: Sandbox) -> dict[str, Any]:
    page = AuthorizeUrlGenerator(
        client_id="sandbox",
        scopes=SCOPES,
        redirect_uri=BACK,
        authorization_url=f"{sandbox.url}/slack/oauth/v2/authorize",
    ).generate("of-this-browser")
    told = sandbox.client().oauth_v2_access(
        client_id="sandbox", client_secret="sandbox", code=allowed(sandbox, page), redirect_uri=BACK
    )
    assert isinstance(told.data, dict)
    return told.data


def installation(sandbox: Sandbox, told: dict[str, Any]) -> Installation:
    return Installation(
        app_id=told["app_id"],
        team_id=told["team"]["id"],
        user_id=told["authed_user"]["id"],
        bot_token=told["access_token"],
        bot_id=sandbox.client(told["access_token"]).auth_test()["bot_id"],
        bot_user_id=told["bot_user_id"],
        bot_scopes=told["scope"],
        bot_refresh_token=told["refresh_token"],
        bot_token_expires_at=int(sandbox.now_s) + told["expires_in"],
    )


async def test_the_sdk_installs_and_posts_with_what_it_was_granted(sandbox: Sandbox) -> None:
    def work() -> None:
        told = installed(sandbox)
        client = sandbox.client(told["access_token"])
        assert client.chat_postMessage(channel=CHANNEL, text="hi")["ok"]
        assert client.conversations_history(channel=CHANNEL).headers["x-oauth-scopes"] == ",".join(SCOPES)
        with pytest.raises(SlackApiError, match="missing_scope") as refused:
            client.users_lookupByEmail(email="ada@example.edu")
        assert refused.value.response["needed"] == "users:read.email"

    await thread(work)


async def test_the_sdk_rotates_before_the_end(sandbox: Sandbox) -> None:
    def work() -> None:
        told = installed(sandbox)
        bot: Bot = installation(sandbox, told).to_bot()
        rotator = TokenRotator(client_id="sandbox", client_secret="sandbox", client=sandbox.client())
        assert rotator.perform_bot_token_rotation(bot=bot, minutes_before_expiration=-10_000_000) is None
        anew = rotator.perform_bot_token_rotation(bot=bot, minutes_before_expiration=10_000_000)
        assert anew is not None
        assert anew.bot_token != bot.bot_token
        assert anew.bot_refresh_token != bot.bot_refresh_token
        assert sandbox.client(anew.bot_token).auth_test()["ok"]
        sandbox.now_s += 61
        with pytest.raises(Exception, match="invalid_refresh_token"):
            rotator.perform_bot_token_rotation(bot=bot, minutes_before_expiration=10_000_000)

    await thread(work)


async def test_the_sdk_exchanges_revokes_and_uninstalls(sandbox: Sandbox) -> None:
    def work() -> None:
        pair = sandbox.client().oauth_v2_exchange(client_id="sandbox", client_secret="sandbox", token="xoxb-sandbox")
        assert pair["expires_in"] == 43_200
        token = installed(sandbox)["access_token"]
        assert sandbox.client(token).auth_revoke()["revoked"] is True
        with pytest.raises(SlackApiError, match="token_revoked"):
            sandbox.client(token).auth_test()
        token = installed(sandbox)["access_token"]
        assert sandbox.client(token).apps_uninstall(client_id="sandbox", client_secret="sandbox")["ok"]
        with pytest.raises(SlackApiError, match="account_inactive"):
            sandbox.client(token).auth_test()

    await thread(work)


async def test_without_rotation_a_token_does_not_end(sandbox: Sandbox) -> None:
    assert (await sandbox.put(rotation=False)).json()["rotation"] is False
    told = await thread(lambda: installed(sandbox))
    assert "refresh_token" not in told
    sandbox.now_s += 86_400
    assert (await thread(sandbox.client(told["access_token"]).auth_test))["ok"]
