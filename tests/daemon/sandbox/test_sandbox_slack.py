"""The sandbox's Slack, driven over real HTTP by Slack's own SDK: installing, rotating, signed events, Socket Mode."""

from collections.abc import AsyncIterator, Callable
from functools import partial
from queue import Queue
from threading import Event
from typing import Any, TypeVar
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import msgspec
import pytest
import trio
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.oauth import AuthorizeUrlGenerator
from slack_sdk.oauth.installation_store import Bot, Installation
from slack_sdk.oauth.token_rotation import TokenRotator
from slack_sdk.signature import Clock, SignatureVerifier
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from actors.domain.flow import Request, Response
from actors.ports import Answer
from actors.targets.slack import CONNECTOR
from daemon.sandbox.serve import serve_switchboard
from daemon.sandbox.switchboard import Switchboard
from daemon.sandbox.wire import Server

T = TypeVar("T")
BACK = "https://lms.example.edu/callback"
SCOPES = ["chat:write", "channels:history"]
CHANNEL = "C0123456789"


class Sandbox:
    """A sandbox on loopback whose wall clock the test moves."""

    def __init__(self) -> None:
        self.now_s = 1_790_000_000.0
        self.board = Switchboard({"slack": CONNECTOR}, limited=False, clock=lambda: self.now_s)
        self.url = ""

    def client(self, token: str | None = None) -> WebClient:
        return WebClient(token=token, base_url=f"{self.url}/slack/api/", retry_handlers=[])

    async def put(self, **terms: object) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.url) as operator:
            return await operator.put("/sandbox/slack", json=terms)

    async def happen(self, *what: dict[str, object]) -> list[Any]:
        async with httpx.AsyncClient(base_url=self.url) as operator:
            answer = await operator.post("/sandbox/slack", json=list(what))
            assert answer.status_code == 200, answer.text
            return answer.json()

    async def faults(self, *faults: dict[str, object]) -> None:
        async with httpx.AsyncClient(base_url=self.url) as operator:
            assert (await operator.put("/sandbox/faults", json=list(faults))).status_code == 200

    async def sent(self) -> list[dict[str, Any]]:
        async with httpx.AsyncClient(base_url=self.url) as operator:
            return [msgspec.json.decode(line) for line in (await operator.get("/sandbox/sent")).text.splitlines()]

    async def has_sent(self, count: int) -> list[dict[str, Any]]:
        """The answers to so many sendings have come in."""
        while len(sent := await self.sent()) < count:
            await trio.lowlevel.checkpoint()
        return sent


class Receiver:
    """Takes what Slack posts; ``statuses`` are its next answers, then 200."""

    def __init__(self) -> None:
        self.url = ""
        self.statuses: list[int] = []
        self.more: dict[str, str] = {}
        self._taken, self.requests = trio.open_memory_channel[Request](100)

    def answer(self, request: Request) -> Answer:
        body = request.body
        if b"url_verification" in body:
            return Answer(response=Response(status=200, body=msgspec.json.decode(body)["challenge"].encode()))
        self._taken.send_nowait(request)
        status = self.statuses.pop(0) if self.statuses else 200
        return Answer(response=Response(status=status, headers=self.more))

    async def next(self) -> Request:
        return await self.requests.receive()

    async def event(self) -> dict[str, Any]:
        return msgspec.json.decode((await self.next()).body)


@pytest.fixture
async def sandbox(nursery: trio.Nursery) -> AsyncIterator[Sandbox]:
    made = Sandbox()
    made.url = await nursery.start(serve_switchboard, made.board, "127.0.0.1", 0)
    yield made
    nursery.cancel_scope.cancel()


@pytest.fixture
async def receiver(nursery: trio.Nursery) -> AsyncIterator[Receiver]:
    made = Receiver()
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    made.url = f"http://127.0.0.1:{listener.socket.getsockname()[1]}/events"
    nursery.start_soon(partial(trio.serve_listeners, Server(made.answer).serve, [listener]))
    yield made
    nursery.cancel_scope.cancel()


async def thread(work: Callable[[], T]) -> T:
    return await trio.to_thread.run_sync(work)


# ── installing and rotating ──────────────────────────────────────────────────────────────────────────


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


# ── events ───────────────────────────────────────────────────────────────────────────────────────────


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


# ── Socket Mode ──────────────────────────────────────────────────────────────────────────────────────


class Socket:
    """The SDK's own client, in threads of its own."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.envelopes: Queue[SocketModeRequest] = Queue()
        self.acknowledges = True
        self.connected = Event()
        self.client = SocketModeClient(
            app_token="xapp-sandbox", web_client=sandbox.client(), auto_reconnect_enabled=True, ping_interval=60
        )
        self.client.socket_mode_request_listeners.append(self._heard)
        self.client.message_listeners.append(self._message)

    def _heard(self, client: SocketModeClient, request: SocketModeRequest) -> None:
        self.envelopes.put(request)
        if self.acknowledges:
            client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))

    def _message(self, client: SocketModeClient, message: dict[str, Any], raw: str | None) -> None:
        if message.get("type") == "hello":
            self.connected.set()

    def open(self) -> "Socket":
        self.client.connect()
        assert self.connected.wait(10)
        return self

    def next(self) -> SocketModeRequest:
        return self.envelopes.get(timeout=10)


@pytest.fixture
async def line(sandbox: Sandbox) -> AsyncIterator[Socket]:
    made = Socket(sandbox)
    await thread(made.open)
    yield made
    await thread(made.client.close)


async def test_the_sdk_hears_over_a_socket_and_acknowledges(sandbox: Sandbox, line: Socket) -> None:
    await sandbox.happen(
        {"do": "join", "person": "ada@example.edu"}, {"do": "click", "person": "ada@example.edu", "channel": CHANNEL}
    )
    event, click = await thread(line.next), await thread(line.next)
    assert (event.type, event.payload["event"]["type"], event.retry_attempt) == ("events_api", "team_join", 0)
    assert (click.type, click.payload["type"], click.accepts_response_payload) == ("interactive", "block_actions", True)
    assert await sandbox.sent() == [], "nothing was posted"


async def test_what_is_not_acknowledged_comes_again(sandbox: Sandbox, line: Socket) -> None:
    line.acknowledges = False
    await sandbox.happen({"do": "join", "person": "ada@example.edu"})
    first = await thread(line.next)
    line.acknowledges = True
    sandbox.now_s += 3
    await sandbox.sent()
    again = await thread(line.next)
    assert (again.envelope_id, again.retry_attempt, again.retry_reason) == (first.envelope_id, 1, "timeout")


@pytest.mark.parametrize("reason", ["refresh_requested", "dropped"])
async def test_the_sdk_comes_back_after_its_socket_was_ended(sandbox: Sandbox, line: Socket, reason: str) -> None:
    line.connected.clear()
    assert await sandbox.happen({"do": "disconnect", "reason": reason}) == [{"ended": 1}]
    sandbox.now_s += 10
    await sandbox.sent()
    if reason == "dropped":  # the SDK looks after it by itself only every few seconds
        await thread(line.client.connect_to_new_endpoint)
    assert await thread(lambda: line.connected.wait(10))
    await sandbox.happen({"do": "join", "person": "ada@example.edu"})
    assert (await thread(line.next)).payload["event"]["type"] == "team_join"


async def test_events_wait_for_a_socket_where_the_app_has_that_mode(sandbox: Sandbox) -> None:
    await sandbox.put(socket_mode=True)
    await sandbox.happen({"do": "join", "person": "ada@example.edu"})
    socket = Socket(sandbox)
    await thread(socket.open)
    assert (await thread(socket.next)).payload["event"]["type"] == "team_join"
    await thread(socket.client.close)


async def test_an_address_serves_one_connection_and_a_bots_token_brings_none(sandbox: Sandbox) -> None:
    def work() -> None:
        with pytest.raises(SlackApiError, match="not_allowed_token_type"):
            sandbox.client().apps_connections_open(app_token="xoxb-sandbox")
        with pytest.raises(SlackApiError, match="not_allowed_token_type"):
            sandbox.client("xapp-sandbox").auth_test()
        url = str(sandbox.client().apps_connections_open(app_token="xapp-sandbox")["url"])
        assert url.startswith(sandbox.url.replace("http://", "ws://") + "/slack/link/?ticket=")
        upgrade = {
            "connection": "Upgrade",
            "upgrade": "websocket",
            "sec-websocket-version": "13",
            "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        }
        sandbox.now_s += 30
        with httpx.Client() as client:
            assert client.get(url.replace("ws://", "http://"), headers=upgrade).status_code == 404

    await thread(work)
