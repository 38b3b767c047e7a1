"""The sandbox on a real socket: the vendor's own SDK is content with it, and its resets are real."""

import socket
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import TypeVar

import httpx
import msgspec
import pytest
import trio
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
from slack_sdk.models.blocks import ContextBlock, HeaderBlock, MarkdownTextObject, SectionBlock
from slack_sdk.models.metadata import Metadata

from actors.domain.flow import Request, Response
from actors.ports import Answer
from actors.targets.slack import CONNECTOR
from daemon.sandbox import wire
from daemon.sandbox.serve import main, serve_sandbox, serve_switchboard
from daemon.sandbox.switchboard import Switchboard
from daemon.sandbox.wire import Server

T = TypeVar("T")
CHANNEL = "C0123456789"


class Sandbox:
    """A sandbox on loopback whose wall clock the test moves."""

    def __init__(self) -> None:
        self.now_s = 1_790_000_000.0
        self.board = Switchboard({"slack": CONNECTOR}, limited=True, clock=lambda: self.now_s)
        self.url = ""

    @property
    def journal(self) -> list[object]:
        return self.board.fakes["slack"].journal

    def client(self, **options: object) -> WebClient:
        return WebClient(token="xoxb-sandbox", base_url=f"{self.url}/slack/api/", retry_handlers=[], **options)


@pytest.fixture
async def sandbox(nursery: trio.Nursery) -> AsyncIterator[Sandbox]:
    made = Sandbox()
    made.url = await nursery.start(serve_switchboard, made.board, "127.0.0.1", 0)
    yield made
    nursery.cancel_scope.cancel()


async def thread(work: Callable[[], T]) -> T:
    return await trio.to_thread.run_sync(work)


# ── slack_sdk ────────────────────────────────────────────────────────────────────────────────────────


async def test_the_sdk_says_hello_finds_people_and_opens_conversations(sandbox: Sandbox) -> None:
    def work() -> None:
        client = sandbox.client()
        hello = client.auth_test()
        assert hello["team"] == "Sandbox"
        assert "chat:write" in hello.headers["x-oauth-scopes"]
        user = client.users_lookupByEmail(email="ada@example.org")["user"]
        assert user["profile"]["email"] == "ada@example.org"
        opened = client.conversations_open(users=[user["id"]], return_im=True)
        assert client.chat_postMessage(channel=user["id"], text="hi")["channel"] == opened["channel"]["id"]
        assert client.conversations_info(channel=CHANNEL)["channel"]["is_archived"] is False
        with pytest.raises(SlackApiError, match="users_not_found"):
            client.users_lookupByEmail(email="nobody@example.org")

    await thread(work)


async def test_the_sdk_posts_blocks_and_reads_its_metadata_back(sandbox: Sandbox) -> None:
    metadata = Metadata(event_type="lmsyncd_delivery", event_payload={"delivery_id": "d", "correlation_id": "c"})
    blocks = [
        HeaderBlock(text="Well done"),
        SectionBlock(text="*Ada* completed it", fields=["*Score*\n80 %"]),
        ContextBlock(elements=[MarkdownTextObject(text="<https://example.edu|example.edu>")]),
    ]

    def work() -> None:
        client = sandbox.client()
        posted = client.chat_postMessage(channel=CHANNEL, text="x", blocks=blocks, metadata=metadata)
        history = client.conversations_history(channel=CHANNEL, include_all_metadata=True, oldest="1789999999.0")
        (message,) = history["messages"]
        assert message["ts"] == posted["ts"]
        assert [block["type"] for block in message["blocks"]] == ["header", "section", "context"]
        assert message["metadata"]["event_payload"] == {"delivery_id": "d", "correlation_id": "c"}
        assert client.conversations_history(channel=CHANNEL)["messages"][0]["metadata"] == {
            "event_type": "lmsyncd_delivery"
        }
        assert client.chat_update(channel=CHANNEL, ts=posted["ts"], text="y", blocks=blocks)["ts"] == posted["ts"]
        assert client.chat_delete(channel=CHANNEL, ts=posted["ts"])["ok"]
        with pytest.raises(SlackApiError, match="invalid_blocks"):
            client.chat_postMessage(channel="C0987654321", blocks=[{"type": "section"}], text="x")

    await thread(work)


async def test_the_sdk_follows_cursors(sandbox: Sandbox) -> None:
    sandbox.board.fakes["slack"].limited = False

    def work() -> None:
        client = sandbox.client()
        stamps = [client.chat_postMessage(channel=CHANNEL, text=str(number))["ts"] for number in range(23)]
        pages = [list(page["messages"]) for page in client.conversations_history(channel=CHANNEL, limit=10)]
        assert [len(page) for page in pages] == [10, 10, 3]
        assert [message["ts"] for page in pages for message in page] == stamps[::-1]
        thread_ts = stamps[0]
        client.chat_postMessage(channel=CHANNEL, text="re", thread_ts=thread_ts)
        assert len(client.conversations_replies(channel=CHANNEL, ts=thread_ts)["messages"]) == 2

    await thread(work)


async def test_the_sdk_waits_out_the_published_limit(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    def sleep(duration_s: float) -> None:
        slept.append(duration_s)
        sandbox.now_s += duration_s

    monkeypatch.setattr("slack_sdk.http_retry.builtin_handlers.time", SimpleNamespace(sleep=sleep))

    def work() -> None:
        client = sandbox.client()
        client.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=2))
        for number in range(3):
            assert client.chat_postMessage(channel=CHANNEL, text=str(number))["ok"]

    await thread(work)
    assert len(slept) == 2
    assert len(sandbox.journal) == 3


async def test_the_sdk_posts_twice_after_a_reset_which_is_why_we_do_not_send_with_it(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slack_sdk.http_retry.handler.time", SimpleNamespace(sleep=lambda duration_s: None))
    async with httpx.AsyncClient(base_url=sandbox.url) as operator:
        await operator.put("/sandbox/faults", json=[{"kind": "reset_after_commit"}])
    sandbox.board.fakes["slack"].limited = False

    def work() -> None:
        WebClient(token="xoxb-sandbox", base_url=f"{sandbox.url}/slack/api/").chat_postMessage(
            channel=CHANNEL, text="x"
        )

    await thread(work)
    assert len(sandbox.journal) == 2


# ── resets, over the wire ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("kind", "effects"), [("reset_after_commit", 1), ("reset_before_commit", 0)])
async def test_a_reset_is_a_reset(sandbox: Sandbox, kind: str, effects: int) -> None:
    async with httpx.AsyncClient(base_url=sandbox.url, headers={"authorization": "Bearer xoxb-sandbox"}) as client:
        await client.put("/sandbox/faults", json=[{"kind": kind, "operation": "chat.postMessage"}])
        with pytest.raises(httpx.ReadError):
            await client.post("/slack/api/chat.postMessage", json={"channel": CHANNEL, "text": "x"})
        journal = (await client.get("/sandbox/journal")).text.splitlines()
        assert len(journal) == effects
        answer = await client.post("/slack/api/chat.postMessage", json={"channel": "C0987654321", "text": "x"})
        assert answer.json()["ok"] is True


async def test_the_reset_is_tcps_own(sandbox: Sandbox) -> None:
    sandbox.board.answer(
        Request(method="PUT", url="/sandbox/faults", operation="", body=b'[{"kind":"reset_after_commit"}]')
    )
    async with await connect(sandbox) as stream:
        await stream.send_all(b"POST /slack/api/auth.test HTTP/1.1\r\nhost: x\r\n\r\n")
        with pytest.raises(trio.BrokenResourceError) as caught:
            await stream.receive_some()
    assert isinstance(caught.value.__cause__, ConnectionResetError)


# ── HTTP ─────────────────────────────────────────────────────────────────────────────────────────────


async def connect(sandbox: Sandbox) -> trio.SocketStream:
    host, _, port = sandbox.url.removeprefix("http://").rpartition(":")
    return await trio.open_tcp_stream(host, int(port))


async def told(sandbox: Sandbox, sent: bytes) -> bytes:
    """Everything the sandbox says to these bytes until it closes."""
    async with await connect(sandbox) as stream:
        await stream.send_all(sent)
        return b"".join([part async for part in stream])


async def test_one_connection_carries_many_requests_however_they_are_cut(sandbox: Sandbox) -> None:
    one = b"POST /slack/api/auth.test HTTP/1.1\r\nauthorization: Bearer xoxb-sandbox\r\ncontent-length: 2\r\n\r\n{}"
    last = one.replace(b"content-length", b"connection: close\r\ncontent-length")
    async with await connect(sandbox) as stream:
        for byte in one:
            await stream.send_all(bytes([byte]))
        await stream.send_all(one + last)
        said = b"".join([part async for part in stream])
    assert said.count(b"HTTP/1.1 200 OK\r\n") == 3
    assert said.count(b"connection: close") == 1


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET http://elsewhere/ HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nbad name: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\ncontent-length: -1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\ncontent-length: 99999999\r\n\r\n", 413),
        (b"GET / HTTP/1.1\r\nx: " + b"x" * 40_000, 431),
        (b"GET / HTTP/1.0\r\n\r\n", 404),
    ],
)
async def test_what_is_not_our_http_is_told_and_closed(sandbox: Sandbox, sent: bytes, status: int) -> None:
    assert (await told(sandbox, sent)).startswith(b"HTTP/1.1 %d " % status)


async def test_head_has_no_body_and_expect_is_answered(sandbox: Sandbox) -> None:
    said = await told(sandbox, b"HEAD / HTTP/1.1\r\nconnection: close\r\n\r\n")
    assert said.endswith(b"\r\n\r\n")
    async with await connect(sandbox) as stream:
        await stream.send_all(
            b"POST / HTTP/1.1\r\nexpect: 100-continue\r\nconnection: close\r\ncontent-length: 1\r\n\r\n"
        )
        assert await stream.receive_some() == b"HTTP/1.1 100 Continue\r\n\r\n"
        await stream.send_all(b"x")
        assert (await stream.receive_some()).startswith(b"HTTP/1.1 404")


async def test_a_peer_that_leaves_early_disturbs_nobody(sandbox: Sandbox) -> None:
    stream = await connect(sandbox)
    await stream.send_all(b"POST / HTTP/1.1\r\ncontent-length: 10\r\n\r\nabc")
    await stream.aclose()
    assert b"200 OK" in await told(sandbox, b"GET /sandbox/health HTTP/1.1\r\nconnection: close\r\n\r\n")


async def test_a_silent_peer_is_let_go(autojump_clock: trio.testing.MockClock) -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    with trio.fail_after(wire.REQUEST_TIMEOUT_S + 1):
        await Server(lambda request: Answer(response=Response(status=204))).serve(theirs)
    assert await ours.receive_some() == b""


async def test_a_slow_answer_takes_its_time(autojump_clock: trio.testing.MockClock) -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    server = Server(lambda request: Answer(response=Response(status=204), delay_s=30.0))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(server.serve, theirs)
        await ours.send_all(b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n")
        started_s = trio.current_time()
        said = await ours.receive_some()
        assert trio.current_time() - started_s == pytest.approx(30.0)
        assert b"content-length" not in said, "204 has none"


async def test_a_trickling_body_comes_in_pieces(autojump_clock: trio.testing.MockClock) -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    server = Server(lambda request: Answer(response=Response(status=200, body=b"x" * 25), body_s=30.0))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(server.serve, theirs)
        started_s = trio.current_time()
        await ours.send_all(b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n")
        parts = [(trio.current_time() - started_s, part) async for part in ours]
    assert parts[0][0] == 0.0, "the head comes at once"
    assert b"content-length: 25\r\n" in parts[0][1]
    assert [at_s for at_s, _ in parts[1:]] == pytest.approx([3.0 * n for n in range(1, 11)])
    assert b"".join(part for _, part in parts[1:]) == b"x" * 25


async def test_a_hangup_is_not_announced(autojump_clock: trio.testing.MockClock) -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    await ours.send_all(b"GET / HTTP/1.1\r\n\r\n" * 2)
    await Server(lambda request: Answer(response=Response(status=200), hangup=True)).serve(theirs)
    said = b"".join([part async for part in ours])
    assert said.count(b"HTTP/1.1 200 OK\r\n") == 1
    assert b"connection" not in said


async def test_too_many_connections_are_turned_away(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "CONNECTIONS_MAX", 0)
    async with await connect(sandbox) as stream:
        with pytest.raises(trio.BrokenResourceError):
            await stream.receive_some()


async def test_every_target_is_served_and_the_port_is_told(nursery: trio.Nursery) -> None:
    url = await nursery.start(serve_sandbox, "127.0.0.1", 0, False)
    async with httpx.AsyncClient(base_url=url) as client:
        vendors = msgspec.json.decode((await client.get("/sandbox/health")).content)["vendors"]
    assert vendors["slack"]["limited"] is False
    nursery.cancel_scope.cancel()


async def test_a_taken_port_is_an_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match=r"."):
            await serve_sandbox("127.0.0.1", taken.getsockname()[1], True)


def test_an_address_that_is_taken_is_said_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        assert main("127.0.0.1", port, limits=True) == 1
    assert capsys.readouterr().err == f"lmsyncd: cannot listen on 127.0.0.1:{port}: Address already in use\n"
