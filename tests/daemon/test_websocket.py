"""Sockets over the way out, against a server that others wrote (trio-websocket), on a real loopback."""

import secrets
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from throwaway_ca import make_ca
from trio_websocket import ConnectionClosed, WebSocketConnection, WebSocketRequest, serve_websocket

from config.model import Network
from daemon.http import Outbound
from daemon.websocket import MESSAGE_CHARS_MAX, HttpSockets, OpenWire

Talk = Callable[[WebSocketConnection], Awaitable[object]]


@asynccontextmanager
async def server(talk: Talk, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The port it listens on."""

    async def handle(request: WebSocketRequest) -> None:
        connection = await request.accept()
        try:
            await talk(connection)
        except ConnectionClosed:
            return

    async with trio.open_nursery() as nursery:
        listening = await nursery.start(serve_websocket, handle, "127.0.0.1", 0, tls)
        yield listening.port
        nursery.cancel_scope.cancel()


def sockets(**network: object) -> HttpSockets:
    return HttpSockets(Outbound(Network(private_targets=("127.0.0.0/8",), **network)), lambda: secrets.token_hex(16))


async def echo(connection: WebSocketConnection) -> None:
    while True:
        await connection.send_message((await connection.get_message())[::-1])


async def test_messages_go_both_ways() -> None:
    async with server(echo) as port, sockets().open(f"ws://127.0.0.1:{port}/link/?ticket=secret") as wire:
        assert isinstance(wire, OpenWire)
        for text in ("one", "zwei", "x" * 100_000):
            assert await wire.send(text)
            assert await wire.receive() == text[::-1]


async def test_pings_are_answered_between_messages() -> None:
    async def talk(connection: WebSocketConnection) -> None:
        await connection.ping(b"there?")
        await connection.send_message("after the pong")
        await connection.get_message()

    async with server(talk) as port, sockets().open(f"ws://127.0.0.1:{port}/") as wire:
        assert isinstance(wire, OpenWire)
        assert await wire.receive() == "after the pong"


async def test_who_closes_is_gone() -> None:
    async def talk(connection: WebSocketConnection) -> None:
        await connection.send_message("last words")
        await connection.aclose()

    async with server(talk) as port, sockets().open(f"ws://127.0.0.1:{port}/") as wire:
        assert isinstance(wire, OpenWire)
        assert await wire.receive() == "last words"
        assert await wire.receive() is None
        assert not await wire.send("too late")


async def test_what_is_too_long_ends_it() -> None:
    async def talk(connection: WebSocketConnection) -> None:
        await connection.send_message("x" * (MESSAGE_CHARS_MAX + 1))
        await connection.get_message()

    async with server(talk) as port, sockets().open(f"ws://127.0.0.1:{port}/") as wire:
        assert isinstance(wire, OpenWire)
        assert await wire.receive() is None


async def test_a_private_authority_is_trusted_and_no_other(tmp_path: Path) -> None:
    ca_file, tls = make_ca(tmp_path)
    async with server(echo, tls) as port:
        async with sockets(ca_file=ca_file).open(f"wss://localhost:{port}/?ticket=secret") as wire:
            assert isinstance(wire, OpenWire), wire
            assert await wire.send("ab")
            assert await wire.receive() == "ba"
        async with sockets().open(f"wss://localhost:{port}/?ticket=secret") as wire:
            assert isinstance(wire, str)
            assert "certificate" in wire.lower()
            assert "secret" not in wire


@pytest.mark.parametrize("url", ["", "ftp://x/", "wss://", "not an address", "wss://user:pass@host/", "https://host/"])
async def test_what_is_no_address_of_a_socket(url: str) -> None:
    async with sockets().open(url) as wire:
        assert isinstance(wire, str)


async def test_nobody_there() -> None:
    async with server(echo) as port:
        pass
    async with sockets().open(f"ws://127.0.0.1:{port}/?ticket=secret") as wire:
        assert isinstance(wire, str)
        assert "secret" not in wire


async def test_through_the_proxy_and_its_tunnel(tmp_path: Path) -> None:
    ca_file, tls = make_ca(tmp_path)
    async with server(echo, tls) as port, tunnelling(port) as (proxy_port, asked):
        proxy = f"http://127.0.0.1:{proxy_port}"
        async with sockets(ca_file=ca_file, proxy=proxy).open(f"wss://localhost:{port}/?ticket=secret") as wire:
            assert isinstance(wire, OpenWire), wire
            assert await wire.send("ab")
            assert await wire.receive() == "ba"
        assert asked == [f"CONNECT localhost:{port} HTTP/1.1"]


@asynccontextmanager
async def tunnelling(target_port: int) -> AsyncIterator[tuple[int, list[str]]]:
    """A proxy that takes CONNECT and nothing else."""
    asked: list[str] = []

    async def handle(client: trio.SocketStream) -> None:
        head = await client.receive_some(65_536)
        asked.append(bytes(head).split(b"\r\n", 1)[0].decode())
        async with await trio.open_tcp_stream("127.0.0.1", target_port) as there:
            await client.send_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
            async with trio.open_nursery() as both:
                both.start_soon(pour, client, there)
                both.start_soon(pour, there, client)

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(trio.serve_tcp, handle, 0)
        yield listeners[0].socket.getsockname()[1], asked
        nursery.cancel_scope.cancel()


async def pour(one: trio.SocketStream, other: trio.SocketStream) -> None:
    try:
        async for data in one:
            await other.send_all(data)
        await other.send_eof()
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        await other.aclose()
