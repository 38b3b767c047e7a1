"""What the sandbox's Slack tells by itself, over real HTTP, verified by Slack's own SDK."""

from urllib.parse import parse_qs

import msgspec
import pytest
from slack_sandbox import CHANNEL, Receiver, Sandbox, receiver, sandbox, thread
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import Clock, SignatureVerifier

from actors.domain.flow import Request

__all__ = ["receiver", "sandbox"]


class Then(Clock):
    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def now(self) -> float:
        return self._sandbox.now_s


def genuine(sandbox: Sandbox, request: Request) -> bool:
    verifier = SignatureVerifier("sandbox-signing-secret", clock=Then(sandbox))
    return verifier.is_valid_request(request.body, dict(request.headers))


async def test_what_happens_is_told_with_a_signature_that_the_sdk_verifies(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    assert (await sandbox.put(events_url=receiver.url, interactivity_url=receiver.url)).status_code == 200
    await sandbox.happen(
        {"do": "rename_channel", "channel": CHANNEL, "name": "new-name"},
        {"do": "change_person", "person": "ada@example.edu", "email": "lovelace@example.edu"},
        {"do": "uninstall"},
        {"do": "click", "person": "ben@example.edu", "channel": CHANNEL, "action": "approve", "value": "7"},
    )
    requests = [await receiver.next() for _ in range(5)]
    assert all(genuine(sandbox, request) for request in requests)
    *told, click = requests
    events = [msgspec.json.decode(each.body) for each in told]
    assert [each["event"]["type"] for each in events] == [
        "channel_rename",
        "user_change",
        "tokens_revoked",
        "app_uninstalled",
    ]
    assert len({each["event_id"] for each in events}) == 4
    assert {(each["team_id"], each["api_app_id"]) for each in events} == {("T0SANDBOX1", "A0SANDBOX1")}
    assert events[1]["event"]["user"]["profile"]["email"] == "lovelace@example.edu"
    payload = msgspec.json.decode(parse_qs(click.body.decode())["payload"][0])
    assert (payload["type"], payload["actions"][0]["value"]) == ("block_actions", "7")
    assert [line["status"] for line in await sandbox.has_sent(5)] == [200] * 5


async def test_an_address_that_does_not_answer_the_challenge_is_not_taken(sandbox: Sandbox) -> None:
    refused = await sandbox.put(events_url=f"{sandbox.url}/sandbox/health")
    assert refused.status_code == 400
    assert "challenge" in refused.json()["detail"]
    nobody = await sandbox.put(events_url="http://127.0.0.1:9/")
    assert "no answer" in nobody.json()["detail"]
    assert (await sandbox.put()).json()["events_url"] == ""


async def test_what_is_refused_is_sent_again_at_once_and_later(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.put(events_url=receiver.url)
    receiver.statuses = [500, 500, 500]
    await sandbox.happen({"do": "archive_channel", "channel": CHANNEL})
    first, second = await receiver.next(), await receiver.next()
    assert "x-slack-retry-num" not in first.headers
    assert (second.headers["x-slack-retry-num"], second.headers["x-slack-retry-reason"]) == ("1", "http_error")
    assert first.body == second.body
    await sandbox.has_sent(2)
    sandbox.now_s += 60
    await sandbox.sent()  # the clock of the sandbox does not stand in for the world's: asking wakes it
    assert (await receiver.next()).headers["x-slack-retry-num"] == "2"
    await sandbox.has_sent(3)
    sandbox.now_s += 300
    await sandbox.sent()
    last = await receiver.next()
    assert last.headers["x-slack-retry-num"] == "3"
    assert genuine(sandbox, last)


async def test_who_wants_no_repeat_gets_none(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.put(events_url=receiver.url)
    receiver.statuses, receiver.more = [403], {"x-slack-no-retry": "1"}
    await sandbox.happen({"do": "archive_channel", "channel": CHANNEL}, {"do": "ration"})
    assert (await receiver.event())["type"] == "event_callback"
    assert (await receiver.event())["type"] == "app_rate_limited"


@pytest.mark.parametrize(("kind", "good"), [("bad_signature", False), ("stale", False), ("duplicate", True)])
async def test_faults_of_what_is_sent(sandbox: Sandbox, receiver: Receiver, kind: str, good: bool) -> None:
    await sandbox.put(events_url=receiver.url)
    await sandbox.faults({"kind": kind, "vendor": "slack", "operation": "events.send"})
    await sandbox.happen({"do": "join", "person": "ada@example.edu"}, {"do": "join", "person": "ben@example.edu"})
    first = await receiver.next()
    assert genuine(sandbox, first) is good
    second = await receiver.next()
    assert genuine(sandbox, second)
    assert (first.body == second.body) is (kind == "duplicate")


async def test_events_may_be_lost_or_overtaken(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.put(events_url=receiver.url)
    await sandbox.faults(
        {"kind": "lost", "operation": "events.send"}, {"kind": "out_of_order", "operation": "events.send", "value": "9"}
    )
    people = ("ada@example.edu", "ben@example.edu", "cy@example.edu")
    await sandbox.happen(*({"do": "join", "person": person} for person in people))
    assert (await receiver.event())["event"]["user"]["name"] == "cy"
    sandbox.now_s += 9
    await sandbox.sent()
    assert (await receiver.event())["event"]["user"]["name"] == "ben"


async def test_people_and_channels_are_as_they_were_told_to_be(sandbox: Sandbox) -> None:
    client = sandbox.client("xoxb-sandbox")

    def before() -> str:
        return client.users_lookupByEmail(email="ada@example.edu")["user"]["id"]

    ada = await thread(before)
    await sandbox.happen(
        {"do": "change_person", "person": ada, "email": "lovelace@example.edu"},
        {"do": "change_person", "person": "ben@example.edu", "deactivated": True},
        {"do": "rename_channel", "channel": CHANNEL, "name": "new-name"},
        {"do": "archive_channel", "channel": CHANNEL},
        {"do": "delete_channel", "channel": "C0987654321"},
        {"do": "remove_bot", "channel": "C0555555555"},
    )

    def work() -> None:
        assert client.users_lookupByEmail(email="lovelace@example.edu")["user"]["id"] == ada
        for gone in ("ada@example.edu", "ben@example.edu"):
            with pytest.raises(SlackApiError, match="users_not_found"):
                client.users_lookupByEmail(email=gone)
        assert client.users_info(user=ada)["user"]["profile"]["email"] == "lovelace@example.edu"
        assert {each["deleted"] for page in client.users_list(limit=1) for each in page["members"]} == {True, False}
        info = client.conversations_info(channel=CHANNEL)["channel"]
        assert (info["name"], info["is_archived"]) == ("new-name", True)
        for channel, error in ((CHANNEL, "is_archived"), ("C0987654321", "channel_not_found")):
            with pytest.raises(SlackApiError, match=error):
                client.chat_postMessage(channel=channel, text="x")
        with pytest.raises(SlackApiError, match="not_in_channel"):
            client.chat_postMessage(channel="C0555555555", text="x")

    await thread(work)
    await sandbox.happen({"do": "archive_channel", "channel": CHANNEL, "archived": False})
    assert (await thread(lambda: client.chat_postMessage(channel=CHANNEL, text="x")))["ok"]


async def test_each_tenants_app_is_told_at_its_own_address(sandbox: Sandbox, receiver: Receiver) -> None:
    """Three tenants at one sandbox: ours, another one in the same workspace, and one in a workspace of its own."""
    apps = [
        {"events_url": f"{receiver.url}/second", "signing_secret": "the second one's"},
        {"events_url": f"{receiver.url}/third", "team": "T0ANOTHER1"},
    ]
    assert (await sandbox.put(events_url=receiver.url, apps=apps)).status_code == 200
    assert [each["team"] for each in (await sandbox.put()).json()["apps"]] == ["", "T0ANOTHER1"]
    await sandbox.happen(
        {"do": "event", "event": {"type": "team_domain_change"}},
        {"do": "event", "event": {"type": "team_domain_change"}, "team": "T0ANOTHER1"},
    )
    told = [await receiver.next() for _ in range(5)]
    seen = [(each.url.removeprefix("/events").strip("/"), msgspec.json.decode(each.body)) for each in told]
    assert sorted((path, each["team_id"], each["api_app_id"]) for path, each in seen) == sorted(
        [
            ("", "T0SANDBOX1", "A0SANDBOX1"),
            ("second", "T0SANDBOX1", "A0SANDBOX2"),
            ("", "T0ANOTHER1", "A0SANDBOX1"),
            ("second", "T0ANOTHER1", "A0SANDBOX2"),
            ("third", "T0ANOTHER1", "A0SANDBOX3"),
        ]
    )
    second = SignatureVerifier("the second one's", clock=Then(sandbox))
    for request in told:
        theirs = request.url.endswith("/second")
        assert genuine(sandbox, request) is not theirs
        assert second.is_valid_request(request.body, dict(request.headers)) is theirs


async def test_every_address_has_to_answer(sandbox: Sandbox, receiver: Receiver) -> None:
    apps = [{"events_url": receiver.url}, {"events_url": f"{sandbox.url}/sandbox/health"}]
    refused = await sandbox.put(apps=apps)
    assert (refused.status_code, (await sandbox.put()).json()["apps"]) == (400, [])
    assert (await sandbox.put(apps=[{"events_url": receiver.url}] * 8)).status_code == 400
    assert (await sandbox.put(apps=[{"url": receiver.url}])).status_code == 400


async def test_looking_people_up_fails_on_demand(sandbox: Sandbox) -> None:
    await sandbox.faults({"kind": "error", "vendor": "slack", "operation": "users.info", "value": "fatal_error"})
    client = sandbox.client("xoxb-sandbox")

    def work() -> None:
        found = client.users_lookupByEmail(email="ada@example.edu")["user"]["id"]
        with pytest.raises(SlackApiError, match="fatal_error"):
            client.users_info(user=found)
        assert client.users_info(user=found)["user"]["id"] == found

    await thread(work)
