"""Channels, user groups and their members at the sandbox's Slack, kept by Slack's own SDK over real HTTP."""

from typing import Any

import httpx
import msgspec
import pytest
from slack_sandbox import Receiver, Sandbox, receiver, sandbox, thread
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

__all__ = ["receiver", "sandbox"]
BOT = "U0SANDBOX1"
PEOPLE = [f"learner{n:03d}@example.edu" for n in range(120)]


def everybody(client: WebClient) -> dict[str, str]:
    """Ids by address, page by page."""
    return {
        each["profile"]["email"]: each["id"]
        for page in client.users_list(limit=50)
        for each in page["members"]
        if not each["is_bot"]
    }


def members(client: WebClient, channel: str) -> set[str]:
    return {each for page in client.conversations_members(channel=channel, limit=50) for each in page["members"]}


async def test_a_channel_is_made_filled_and_emptied(sandbox: Sandbox) -> None:
    await sandbox.happen(
        {"do": "people", "people": PEOPLE},
        {"do": "change_person", "person": PEOPLE[7], "guest": "multi"},
        {"do": "change_person", "person": PEOPLE[8], "deactivated": True},
    )
    client = sandbox.client("xoxb-sandbox")

    def work() -> None:
        ids = everybody(client)
        assert set(ids) == set(PEOPLE)
        channel = client.conversations_create(name="course-101", is_private=True)["channel"]["id"]
        client.conversations_setTopic(channel=channel, topic="Algebra")
        with pytest.raises(SlackApiError, match="name_taken"):
            client.conversations_create(name="course-101")
        listed = [each for page in client.conversations_list(types="private_channel") for each in page["channels"]]
        assert [(each["id"], each["topic"]["value"]) for each in listed] == [(channel, "Algebra")]
        some = [ids[each] for each in PEOPLE[:100]]
        with pytest.raises(SlackApiError) as refused:
            client.conversations_invite(channel=channel, users=some)
        assert {each["user"] for each in refused.value.response["errors"]} == {ids[PEOPLE[7]], ids[PEOPLE[8]]}
        assert members(client, channel) == {BOT}
        told = client.conversations_invite(channel=channel, users=some, force=True)
        assert {each["error"] for each in told["errors"]} == {"user_is_restricted", "cant_invite"}
        assert members(client, channel) == {BOT, *some} - {ids[PEOPLE[7]], ids[PEOPLE[8]]}
        client.conversations_kick(channel=channel, user=some[0])
        with pytest.raises(SlackApiError, match="not_in_channel"):
            client.conversations_kick(channel=channel, user=some[0])
        assert some[0] not in members(client, channel)

    await thread(work)
    async with httpx.AsyncClient(base_url=sandbox.url) as operator:
        lines = (await operator.get("/sandbox/journal")).text.splitlines()
        calls = (await operator.get("/sandbox/calls")).json()["slack"]
    assert [msgspec.json.decode(line)["operation"] for line in lines] == [
        "conversations.create",
        "conversations.setTopic",
        "conversations.invite",
        "conversations.kick",
    ]
    assert {name: calls[f"POST conversations.{name}"]["calls"] for name in ("create", "invite", "kick")} == {
        "create": 2,
        "invite": 2,
        "kick": 2,
    }


async def test_a_user_group_is_replaced_disabled_and_enabled(sandbox: Sandbox) -> None:
    await sandbox.happen({"do": "people", "people": PEOPLE[:3]})
    client = sandbox.client("xoxb-sandbox")

    def listed(**more: bool) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = client.usergroups_list(include_users=True, include_count=True, **more)[
            "usergroups"
        ]
        return found

    def work() -> None:
        ids = list(everybody(client).values())
        made = client.usergroups_create(name="Course 101", handle="course-101", description="Algebra")["usergroup"][
            "id"
        ]
        client.usergroups_users_update(usergroup=made, users=ids)
        assert listed()[0]["users"] == ids
        client.usergroups_users_update(usergroup=made, users=ids[:1])
        assert client.usergroups_users_list(usergroup=made)["users"] == ids[:1]
        assert listed()[0]["user_count"] == "1"
        with pytest.raises(SlackApiError, match="no_users_provided"):
            client.usergroups_users_update(usergroup=made, users=[])
        with pytest.raises(SlackApiError, match="invalid_users"):
            client.usergroups_users_update(usergroup=made, users=[*ids, "U0404040404"])
        client.usergroups_disable(usergroup=made)
        assert listed() == []
        assert listed(include_disabled=True)[0]["deleted_by"] == BOT
        client.usergroups_enable(usergroup=made)
        assert [each["id"] for each in listed()] == [made]

    await thread(work)


async def test_who_listens_is_told_of_members(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.put(events_url=receiver.url)
    client = sandbox.client("xoxb-sandbox")

    def work() -> tuple[str, str]:
        channel = client.conversations_create(name="course-101")["channel"]["id"]
        ada = client.users_lookupByEmail(email="ada@example.edu")["user"]["id"]
        client.conversations_invite(channel=channel, users=[ada])
        return channel, ada

    channel, ada = await thread(work)
    invited = (await receiver.event())["event"]
    assert (invited["type"], invited["user"], invited["inviter"]) == ("member_joined_channel", ada, BOT)
    await sandbox.happen(
        {"do": "leave_channel", "channel": channel, "people": [ada]},
        {"do": "join_channel", "channel": channel, "people": [ada]},
    )
    left, came = (await receiver.event())["event"], (await receiver.event())["event"]
    assert (left["type"], left["channel"], left["user"]) == ("member_left_channel", channel, ada)
    assert (came["type"], came.get("inviter")) == ("member_joined_channel", None)


@pytest.mark.parametrize(
    "what",
    [
        {"do": "join_channel", "channel": "C0404040404", "people": []},
        {"do": "change_group", "group": "nothing"},
        {"do": "people", "people": ["nobody@example.edu"]},
        {"do": "people", "people": "ada@example.edu"},
    ],
)
async def test_what_cannot_happen_is_told(sandbox: Sandbox, what: dict[str, object]) -> None:
    async with httpx.AsyncClient(base_url=sandbox.url) as operator:
        assert (await operator.post("/sandbox/slack", json=what)).status_code == 400
