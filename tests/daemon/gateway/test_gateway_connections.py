"""How many connections one caller may have: not all, so that there is room for others."""

import pytest
import trio
from gateway_world import World

from daemon.gateway import callers, server
from daemon.gateway.server import serve

FLOOD, OTHER = "127.0.0.2", "127.0.0.3"
MAXIMUM = 3
KNOCK = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


async def reached(port: int, address: str) -> trio.SocketStream:
    return await trio.open_tcp_stream("127.0.0.1", port, local_address=address)


async def answered(stream: trio.SocketStream) -> bool:
    """Whether anybody answers; else it is closed."""
    try:
        await stream.send_all(KNOCK)
        return bytes(await stream.receive_some()).startswith(b"HTTP/1.1 200")
    except trio.BrokenResourceError:
        return False


@pytest.mark.parametrize("proxies", [(), (FLOOD,)], ids=["a stranger", "a proxy of ours"])
async def test_one_caller_has_so_many_connections_and_a_proxy_as_many_as_there_are(
    monkeypatch: pytest.MonkeyPatch, proxies: tuple[str, ...]
) -> None:
    monkeypatch.setattr(callers, "crowd", lambda text: text)  # as if 127.0.0.2 were far away
    monkeypatch.setattr(server, "CONNECTIONS_OF_ONE_MAX", MAXIMUM)
    world = World(proxies=proxies)
    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            (address,) = await nursery.start(serve, world.app(), world.gateway)
            port = int(address.rsplit(":", 1)[1])
            held = [await reached(port, FLOOD) for _ in range(MAXIMUM)]
            for stream in held:
                assert await answered(stream)
            for _ in range(2):
                async with await reached(port, FLOOD) as one_more:
                    assert await answered(one_more) is bool(proxies)
            async with await reached(port, OTHER) as stream:
                assert await answered(stream)
            told = [(name, fields) for name, _, fields in world.troubles if name == "gateway.too_many_connections"]
            once = ("gateway.too_many_connections", {"maximum": MAXIMUM, "address": FLOOD})
            assert told == ([] if proxies else [once])
            await held.pop().aclose()
            again = False
            while not again:  # as soon as the server has seen that one is gone
                async with await reached(port, FLOOD) as stream:
                    again = await answered(stream)
            for stream in held:
                await stream.aclose()
            nursery.cancel_scope.cancel()
