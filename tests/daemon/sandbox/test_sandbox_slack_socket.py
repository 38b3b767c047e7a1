"""The sandbox's Socket Mode, listened to by Slack's own SDK."""

from collections.abc import AsyncIterator
from queue import Queue
from threading import Event
from typing import Any

import httpx
import pytest
from slack_sandbox import CHANNEL, Sandbox, receiver, sandbox, thread
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.builtin import client as builtin
from slack_sdk.socket_mode.builtin.connection import Connection
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

__all__ = ["receiver", "sandbox"]


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


class Attentive(Connection):
    """It looks whether it was closed whenever a read ends, which over plain HTTP takes it three seconds."""

    def connect(self) -> None:
        super().connect()
        assert self.sock is not None
        self.sock.settimeout(0.1)


@pytest.fixture(autouse=True)
def closes_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builtin, "Connection", Attentive)


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
        await thread(lambda: line.client.connect_to_new_endpoint(force=True))
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
