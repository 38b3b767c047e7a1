"""The client on real sockets: everything a network can do, and which outcome it must be."""

from pathlib import Path

import msgspec
import pytest
import trio
from nearby import HERE, LOOPBACK
from raw_server import RawServer, reply, reset, serving
from throwaway_ca import make_ca

from actors.domain.flow import Lost, NotSent, Outcome, Request, Response
from config.model import Network
from daemon.http import Outbound, Timeouts

SECRET = "xoxb-do-not-tell"
HASTY = Timeouts(total_s=0.25)


def post(port: int, path: str = "/api", scheme: str = "http", **headers: str) -> Request:
    return Request(
        method="POST", url=f"{scheme}://127.0.0.1:{port}{path}", operation="x", headers=headers, body=b'{"a":1}'
    )


async def send_once(request: Request, network: Network | None = None, timeouts: Timeouts | None = None) -> Outcome:
    client = Outbound(network or HERE, timeouts).client()
    try:
        return await client.send(request)
    finally:
        await client.aclose()


async def test_one_connection_serves_many_requests() -> None:
    async def handle(server: RawServer, stream: trio.abc.Stream) -> None:
        while await server.read_request(stream):
            await stream.send_all(reply(b"ok"))

    async with serving(handle) as server:
        client = Outbound(HERE).client()
        for _ in range(5):
            outcome = await client.send(post(server.port))
            assert isinstance(outcome, Response)
            assert outcome.body == b"ok"
        await client.aclose()
        assert (server.connections, len(server.requests)) == (1, 5)


async def test_a_connection_the_server_closed_is_not_used_again() -> None:
    closed = trio.Event()

    async def handle(server: RawServer, stream: trio.abc.Stream) -> None:
        await server.read_request(stream)
        await stream.send_all(reply(b"ok"))
        await stream.aclose()
        closed.set()

    async with serving(handle) as server:
        client = Outbound(HERE).client()
        await client.send(post(server.port))
        await closed.wait()
        assert isinstance(await client.send(post(server.port)), Response)
        await client.aclose()
        assert (server.connections, len(server.requests)) == (2, 2)


async def test_chunked_answers_and_repeated_headers() -> None:
    async def handle(server: RawServer, stream: trio.abc.Stream) -> None:
        await server.read_request(stream)
        await stream.send_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: 1\r\nx-a: 2\r\n\r\n")
        await stream.send_all(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")

    async with serving(handle) as server:
        outcome = await send_once(post(server.port))
    assert isinstance(outcome, Response)
    assert outcome.body == b"abcde"
    assert outcome.headers["x-a"] == "1, 2"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="closed without a word"),
        pytest.param(b"HTTP/1.1 200 OK\r\ncontent-le", id="half a head"),
        pytest.param(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{", id="half a body"),
        pytest.param(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab", id="half a chunk"),
        pytest.param(b"POST /api?token=" + SECRET.encode() + b"\r\n\r\n", id="an echo, not HTTP"),
        pytest.param(b"\x16\x03\x01\x00\x05hello", id="TLS where none was asked for"),
    ],
)
async def test_half_an_answer_is_lost(answer: bytes) -> None:
    async def handle(server: RawServer, stream: trio.abc.Stream) -> None:
        await server.read_request(stream)
        await stream.send_all(answer)

    async with serving(handle) as server:
        outcome = await send_once(post(server.port))
    assert isinstance(outcome, Lost)
    assert SECRET not in outcome.detail


async def test_a_download_goes_where_it_is_wanted_and_nowhere_else() -> None:
    """An error's page is an answer as ever; a file that is too long is lost; so is one that is not wanted any more."""
    answers = [reply(b"x" * 200_000), reply(b"gone", "404 Not Found"), reply(b"x" * 300_000), reply(b"more")]

    async def handle(server: RawServer, stream: trio.abc.Stream) -> None:
        await server.read_request(stream)
        await stream.send_all(answers[len(server.requests) - 1])

    def full(chunk: bytes) -> bool:
        return False

    found: list[bytes] = []
    async with serving(handle) as server:
        client = Outbound(HERE).client()
        request = msgspec.structs.replace(post(server.port), answer_bytes_max=250_000)
        outcome = await client.save(request, found.append)
        assert isinstance(outcome, Response)
        assert (outcome.status, outcome.body, sum(map(len, found))) == (200, b"", 200_000)
        outcome = await client.save(request, found.append)
        assert isinstance(outcome, Response)
        assert (outcome.status, outcome.body, sum(map(len, found))) == (404, b"gone", 200_000)
        assert isinstance(await client.save(request, found.append), Lost)
        assert isinstance(await client.save(request, full), Lost)
        await client.aclose()


async def test_a_reset_before_anything_was_read_is_lost_too() -> None:
    """The kernel took the bytes; whether the peer saw them is not ours to know."""

    async def handle(server: RawServer, stream: trio.abc.Stream) -> None:
        await reset(stream)

    async with serving(handle) as server:
        outcome = await send_once(post(server.port))
    assert isinstance(outcome, Lost | NotSent)
    assert server.requests == []


async def test_a_trickling_answer_does_not_outlive_the_deadline() -> None:
    async def handle(server: RawServer, stream: trio.abc.Stream) -> None:
        await server.read_request(stream)
        await stream.send_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
        while True:
            await stream.send_all(b"x")
            await trio.sleep(0.01)

    async with serving(handle) as server:
        outcome = await send_once(post(server.port), timeouts=HASTY)
    assert isinstance(outcome, Lost)


@pytest.mark.parametrize("status", ["200 OK", "503 Service Unavailable"])
async def test_a_body_is_bounded_and_only_an_error_survives_being_cut(status: str) -> None:
    async def handle(server: RawServer, stream: trio.abc.Stream) -> None:
        await server.read_request(stream)
        await stream.send_all(reply(b"y" * 5000, status))

    async with serving(handle) as server:
        client = Outbound(HERE, body_bytes_max=1000).client()
        outcome = await client.send(post(server.port))
        await client.aclose()
    if status.startswith("200"):
        assert isinstance(outcome, Lost)
    else:
        assert outcome == Response(status=503, headers={"content-length": "5000"}, body=b"y" * 1000)


async def test_a_request_may_bring_bounds_of_its_own() -> None:
    async def handle(server: RawServer, stream: trio.abc.Stream) -> None:
        while await server.read_request(stream):
            await stream.send_all(reply(b"x" * 5000))

    async with serving(handle) as server:
        client = Outbound(HERE, body_bytes_max=1000).client()
        listing = msgspec.structs.replace(post(server.port), answer_bytes_max=5000)
        outcome = await client.send(listing)
        assert isinstance(outcome, Response)
        assert len(outcome.body) == 5000
        assert isinstance(await client.send(post(server.port)), Lost)
        await client.aclose()


async def test_a_request_may_ask_for_less_patience() -> None:
    async def handle(server: RawServer, stream: trio.abc.Stream) -> None:
        await server.read_request(stream)
        await trio.sleep_forever()

    async with serving(handle) as server:
        outcome = await send_once(msgspec.structs.replace(post(server.port), patience_s=0.2))
        assert isinstance(outcome, Lost)


async def test_a_body_of_exactly_the_bound_is_whole() -> None:
    async def handle(server: RawServer, stream: trio.abc.Stream) -> None:
        await server.read_request(stream)
        await stream.send_all(reply(b"y" * 1000))

    async with serving(handle) as server:
        client = Outbound(HERE, body_bytes_max=1000).client()
        outcome = await client.send(post(server.port))
        await client.aclose()
    assert isinstance(outcome, Response)
    assert len(outcome.body) == 1000


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1/x",
        "http://",
        "/relative",
        "http://[::1/x",
        "http://127.0.0.1:99999/x",
        f"http://user:{SECRET}@127.0.0.1/x",
        "http://" + "a" * 70 + ".invalid/" + SECRET,
        "http://no-such-host.invalid/?token=" + SECRET,
    ],
)
async def test_an_address_that_leads_nowhere_is_not_sent(url: str) -> None:
    outcome = await send_once(Request(method="POST", url=url, operation="x", body=b"{}"))
    assert isinstance(outcome, NotSent)
    assert SECRET not in outcome.detail


@pytest.mark.parametrize("value", [f"Bearer {SECRET}\nX-Evil: 1", f"Bearer {SECRET}\u20ac"])
async def test_a_header_that_http_cannot_carry_is_not_sent_and_not_quoted(value: str) -> None:
    async def handle(server: RawServer, stream: trio.abc.Stream) -> None:
        await server.read_request(stream)

    async with serving(handle) as server:
        outcome = await send_once(post(server.port, authorization=value))
        assert server.requests == []
    assert isinstance(outcome, NotSent)
    assert SECRET not in outcome.detail


async def test_being_cancelled_closes_the_connection() -> None:
    arrived, gone = trio.Event(), trio.Event()

    async def handle(server: RawServer, stream: trio.abc.Stream) -> None:
        await server.read_request(stream)
        arrived.set()
        assert await stream.receive_some(1) == b""
        gone.set()

    async with serving(handle) as server:
        client = Outbound(HERE).client()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.send, post(server.port))
            await arrived.wait()
            nursery.cancel_scope.cancel()
        await gone.wait()


async def test_a_private_ca_is_trusted_where_configured(tmp_path: Path) -> None:
    ca_file, tls = make_ca(tmp_path)

    async def handle(server: RawServer, stream: trio.abc.Stream) -> None:
        if await server.read_request(stream):
            await stream.send_all(reply(b"secret garden"))

    async with serving(handle, tls) as server:
        trusted = await send_once(post(server.port, scheme="https"), Network(ca_file=ca_file, private_targets=LOOPBACK))
        stranger = await send_once(post(server.port, scheme="https"))
        assert len(server.requests) == 1
    assert isinstance(trusted, Response)
    assert trusted.body == b"secret garden"
    assert isinstance(stranger, NotSent)
    assert "CERTIFICATE_VERIFY_FAILED" in stranger.detail


def test_a_ca_file_that_is_none_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(OSError):  # noqa: PT011 - the system's words differ
        Outbound(Network(ca_file=tmp_path / "absent.pem"))
    (tmp_path / "bad.pem").write_text("not a certificate")
    with pytest.raises(OSError, match=r"network\.ca_file: .*PEM"):
        Outbound(Network(ca_file=tmp_path / "bad.pem"))
