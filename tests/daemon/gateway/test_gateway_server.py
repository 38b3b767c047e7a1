"""The gateway on real sockets: slow, endless, broken and silent peers, and the graceful end."""

import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest
import trio
from gateway_world import STATEMENTS, VERSION, World, basic
from throwaway_ca import make_ca
from xapi_samples import simple

from config.model import Tls
from daemon.gateway.server import serve

HEAD = "".join(f"{name}: {value}\r\n" for name, value in {"Host": "x", **VERSION, **basic("moodle")}.items())


@asynccontextmanager
async def served(world: World) -> AsyncIterator[int]:
    """The port; the server is stopped at the end and must come to it. The deadline only keeps a failure short."""
    with trio.fail_after(60):
        async with _serving(world) as port:
            yield port


@asynccontextmanager
async def _serving(world: World) -> AsyncIterator[int]:
    async with trio.open_nursery() as nursery:
        (address,) = await nursery.start(serve, world.app(), world.gateway)
        yield int(address.rsplit(":", 1)[1])
        nursery.cancel_scope.cancel()


def request(head: str = "", body: bytes = b"", path: str = STATEMENTS) -> bytes:
    return f"POST {path} HTTP/1.1\r\nContent-Type: application/json\r\n{HEAD}{head}\r\n".encode() + body


async def everything(stream: trio.abc.ReceiveStream) -> bytes:
    """What the server says until it closes."""
    return b"".join([chunk async for chunk in stream])


async def one_answer(stream: trio.abc.ReceiveStream) -> tuple[int, dict[str, str], bytes]:
    said = b""
    while b"\r\n\r\n" not in said:
        said += await stream.receive_some()
    head, _, body = said.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += await stream.receive_some()
    return int(first.split()[1]), headers, body


async def still_well(port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        assert (await client.get("/healthz")).status_code == 200


async def test_one_connection_carries_many_requests() -> None:
    async with served(World()) as port, await trio.open_tcp_stream("127.0.0.1", port) as stream:
        body = json.dumps(simple(timestamp="2026-11-23T15:29:17.000Z")).encode()
        answers = set()
        for _ in range(3):
            await stream.send_all(request(f"Content-Length: {len(body)}\r\n", body))
            status, headers, said = await one_answer(stream)
            assert status == 200
            assert "server" not in headers
            answers.add(said)
        assert len(answers) == 1


async def test_a_body_that_stops_coming_is_answered_408_and_the_connection_closed() -> None:
    world = World(body_timeout="100ms")
    async with served(world) as port, await trio.open_tcp_stream("127.0.0.1", port) as stream:
        await stream.send_all(request("Content-Length: 100\r\n", b"["))
        status, headers, _ = await one_answer(stream)
        assert (status, headers["connection"]) == (408, "close")
        assert headers["x-experience-api-version"] == "1.0.3"
        assert await everything(stream) == b""
        await still_well(port)
    assert world.reasons() == ["too_slow"]


async def test_a_head_that_stops_coming_is_cut_off() -> None:
    async with served(World(header_timeout="100ms")) as port:
        for begun in (b"", b"POST /t/acme/xapi/statements HTT", request()[:-2]):
            async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
                await stream.send_all(begun)
                assert await everything(stream) == b""


async def test_an_endless_body_is_answered_while_it_still_comes() -> None:
    world = World(body_bytes_max=50_000)
    async with served(world) as port, await trio.open_tcp_stream("127.0.0.1", port) as stream:

        async def pour() -> None:
            await stream.send_all(request("Transfer-Encoding: chunked\r\n"))
            with suppress(trio.BrokenResourceError):  # the server closes at last
                while True:
                    await stream.send_all(b"3e8\r\n" + b" " * 1000 + b"\r\n")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(pour)
            status, _, body = await one_answer(stream)
            assert (status, json.loads(body)["status"]) == (413, 413)
        await still_well(port)
    assert world.reasons() == ["too_large"]


async def test_a_large_body_announced_gets_its_413_before_it_is_sent() -> None:
    world = World(body_bytes_max=50_000)
    async with served(world) as port, await trio.open_tcp_stream("127.0.0.1", port) as stream:
        await stream.send_all(request("Content-Length: 100000000\r\n"))
        assert (await one_answer(stream))[0] == 413


async def test_a_stranger_with_a_large_body_can_read_the_401() -> None:
    async with served(World(body_bytes_max=10_000_000)) as port, httpx.AsyncClient() as client:
        address = f"http://127.0.0.1:{port}{STATEMENTS}"
        answer = await client.post(address, content=b" " * 5_000_000, headers=basic("moodle", "wrong"))
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        b"HTTP2-Settings: nonsense!\r\n\r\n" + b"\0" * 300,
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\n\r\n" + b"\xff" * 300,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 300,
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n" + b"\xff" * 300,
        request("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"zz\r\n"),
        request("Content-Length: -5\r\n"),
        request("Transfer-Encoding: chunked\r\n", b"ffffffffffffffffffff\r\n"),
    ],
)
async def test_whatever_one_peer_says_the_others_are_served(nonsense: bytes) -> None:
    async with served(World(header_timeout="200ms", body_timeout="200ms")) as port:
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            await stream.send_all(nonsense)
            try:
                said = await everything(stream)
            except trio.BrokenResourceError:
                said = b""
            assert b" 500 " not in said
        await still_well(port)


async def test_what_is_in_flight_is_finished_when_the_daemon_stops() -> None:
    world = World()
    arrived, go_on = trio.Event(), trio.Event()

    async def gate() -> None:
        arrived.set()
        await go_on.wait()

    world.log.gate = gate
    body = json.dumps(simple()).encode()
    async with trio.open_nursery() as nursery:
        (address,) = await nursery.start(serve, world.app(), world.gateway)
        port = int(address.rsplit(":", 1)[1])
        idle = await trio.open_tcp_stream("127.0.0.1", port)
        stream = await trio.open_tcp_stream("127.0.0.1", port)
        await stream.send_all(request(f"Content-Length: {len(body)}\r\n", body))
        await arrived.wait()
        nursery.cancel_scope.cancel()
        with trio.CancelScope(shield=True):
            assert await everything(idle) == b""
            with pytest.raises(OSError, match="connect"):
                await trio.open_tcp_stream("127.0.0.1", port)
            go_on.set()
            status, _, _ = await one_answer(stream)
            assert await everything(stream) == b""
            await trio.aclose_forcefully(idle)
            await trio.aclose_forcefully(stream)
    assert status == 200
    assert len(world.log.rows) == 1


async def test_a_peer_who_never_reads_cannot_keep_us_from_stopping() -> None:
    world = World(body_timeout="100ms", body_bytes_max=50_000_000)
    async with world.client() as client:
        assert (await client.post(STATEMENTS, json=simple(result={"response": "x" * 20_000_000}))).status_code == 200
    async with served(world) as port:
        stream = await trio.open_tcp_stream("127.0.0.1", port)
        await stream.send_all(f"GET {STATEMENTS} HTTP/1.1\r\n{HEAD}\r\n".encode())
        assert await stream.receive_some(12) == b"HTTP/1.1 200"
        await still_well(port)
    await trio.aclose_forcefully(stream)


async def test_tls_and_a_client_certificate_as_the_gate(tmp_path: Path) -> None:
    ca_file, _ = make_ca(tmp_path)
    certificate, key = tmp_path / "server.pem", tmp_path / "server.key"
    world = World(tls=Tls(certificate=certificate, key=key, client_ca=ca_file))
    async with served(world) as port:
        known = ssl.create_default_context(cafile=str(ca_file))
        known.load_cert_chain(certificate, key)
        async with httpx.AsyncClient(verify=known, base_url=f"https://127.0.0.1:{port}") as client:
            answer = await client.post(STATEMENTS, json=simple(), headers={**VERSION, **basic("moodle")})
            assert answer.status_code == 200
            old = ssl.create_default_context(cafile=str(ca_file))
            old.load_cert_chain(certificate, key)
            old.maximum_version = ssl.TLSVersion.TLSv1_2
            async with httpx.AsyncClient(verify=old) as second:
                assert (await second.get(f"https://127.0.0.1:{port}/healthz")).status_code == 200
        nameless = ssl.create_default_context(cafile=str(ca_file))
        async with httpx.AsyncClient(verify=nameless, base_url=f"https://127.0.0.1:{port}") as client:
            with pytest.raises((httpx.ReadError, httpx.ConnectError, httpx.RemoteProtocolError)):
                await client.get("/healthz")
    assert not world.troubles


async def test_sockets_opened_by_systemd_are_served() -> None:
    world = World(listen=("127.0.0.1:1",))
    sock = trio.socket.socket()
    await sock.bind(("127.0.0.1", 0))
    sock.listen()
    port = sock.getsockname()[1]
    passed = sock._sock.dup()
    sock.close()
    async with trio.open_nursery() as nursery:
        assert await nursery.start(serve, world.app(), world.gateway, [passed]) == [f"127.0.0.1:{port}"]
        await still_well(port)
        nursery.cancel_scope.cancel()


async def test_an_address_that_is_taken_is_an_error_and_frees_the_others() -> None:
    async with served(World()) as port:
        world = World(listen=("127.0.0.1:0", f"127.0.0.1:{port}"))
        with pytest.raises(OSError, match=r"cannot listen on 127\.0\.0\.1:\d+: .*in use"):
            await serve(world.app(), world.gateway)


async def test_what_is_no_certificate_is_named(tmp_path: Path) -> None:
    text = tmp_path / "notes.pem"
    text.write_text("no certificate")
    world = World(tls=Tls(certificate=text, key=text))
    with pytest.raises(OSError, match=r"gateway\.tls: .*notes\.pem .* no PEM certificate and its key"):
        await serve(world.app(), world.gateway)


async def test_the_operators_pages_listen_apart() -> None:
    world = World(admin_listen=("127.0.0.1:0",))
    async with trio.open_nursery() as nursery:
        public, admin = await nursery.start(serve, world.app(), world.gateway)
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"http://{public}/metrics")).status_code == 404
            assert (await client.get(f"http://{admin}/metrics")).text == "lmsyncd_up 1\n"
        nursery.cancel_scope.cancel()


async def test_a_body_with_a_length_and_chunks_ends_the_connection() -> None:
    """Somebody before us may take for the next request what was written into this one: it is not read at all."""
    world = World()
    async with served(world) as port:
        stream = await trio.open_tcp_stream("127.0.0.1", port)
        hidden = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        await stream.send_all(request("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n" + hidden))
        said = await everything(stream)
        await trio.aclose_forcefully(stream)
        assert said == b"" or said.startswith(b"HTTP/1.1 400 ")  # it may be closed before we have said why
        assert said.count(b"HTTP/1.1 ") <= 1
        await still_well(port)
