"""Through a proxy and around it."""

from pathlib import Path

import pytest
import trio
from nearby import LOOPBACK
from raw_server import RawServer, reply, serving
from throwaway_ca import make_ca

from actors.domain.flow import NotSent, Outcome, Request, Response
from config.model import Network
from daemon.http import Outbound, Timeouts
from daemon.no_proxy import Bypass


def post(port: int, scheme: str = "http") -> Request:
    return Request(method="POST", url=f"{scheme}://127.0.0.1:{port}/api", operation="x", body=b"{}")


async def send_once(request: Request, network: Network, timeouts: Timeouts | None = None) -> Outcome:
    client = Outbound(network, timeouts).client()
    try:
        return await client.send(request)
    finally:
        await client.aclose()


async def vendor(server: RawServer, stream: trio.abc.Stream) -> None:
    while await server.read_request(stream):
        await stream.send_all(reply(b"vendor"))


async def forwarding(server: RawServer, stream: trio.abc.Stream) -> None:
    while await server.read_request(stream):
        await stream.send_all(reply(b"proxy"))


async def tunnelling(server: RawServer, stream: trio.abc.Stream) -> None:
    seen = await server.read_request(stream)
    if seen is None:
        return
    host, _, port = seen.target.rpartition(":")
    far = await trio.open_tcp_stream(host, int(port))
    await stream.send_all(b"HTTP/1.1 200 Connection established\r\n\r\n")

    async def pump(source: trio.abc.ReceiveStream, sink: trio.abc.SendStream) -> None:
        async for data in source:
            await sink.send_all(data)

    async with far, trio.open_nursery() as nursery:
        nursery.start_soon(pump, far, stream)
        await pump(stream, far)
        nursery.cancel_scope.cancel()


async def test_plain_http_is_forwarded_with_the_whole_address_and_the_credentials() -> None:
    async with serving(forwarding) as proxy, serving(vendor) as far:
        network = Network(private_targets=LOOPBACK, proxy=f"http://me:p%40ss@127.0.0.1:{proxy.port}")
        outcome = await send_once(post(far.port), network)
        assert far.connections == 0
    assert isinstance(outcome, Response)
    assert outcome.body == b"proxy"
    (seen,) = proxy.requests
    assert seen.target == f"http://127.0.0.1:{far.port}/api"
    assert seen.headers["proxy-authorization"] == "Basic bWU6cEBzcw=="


async def test_https_is_tunnelled(tmp_path: Path) -> None:
    ca_file, tls = make_ca(tmp_path)
    async with serving(vendor, tls) as far, serving(tunnelling) as proxy:
        network = Network(private_targets=LOOPBACK, proxy=f"http://127.0.0.1:{proxy.port}", ca_file=ca_file)
        outcome = await send_once(post(far.port, "https"), network)
    assert isinstance(outcome, Response)
    assert outcome.body == b"vendor"
    assert [seen.method for seen in proxy.requests] == ["CONNECT"]


async def test_no_proxy_goes_straight() -> None:
    async with serving(forwarding) as proxy, serving(vendor) as far:
        network = Network(private_targets=LOOPBACK, proxy=f"http://127.0.0.1:{proxy.port}", no_proxy=("127.0.0.0/8",))
        outcome = await send_once(post(far.port), network)
        assert proxy.connections == 0
    assert isinstance(outcome, Response)
    assert outcome.body == b"vendor"


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_wants_credentials_got_nothing_through(scheme: str) -> None:
    async def refusing(server: RawServer, stream: trio.abc.Stream) -> None:
        await server.read_request(stream)
        await stream.send_all(reply(b"who are you", "407 Proxy Authentication Required"))

    async with serving(refusing) as proxy:
        outcome = await send_once(
            post(49_151, scheme), Network(private_targets=LOOPBACK, proxy=f"http://me:hush@127.0.0.1:{proxy.port}")
        )
    assert isinstance(outcome, NotSent)
    assert "407" in outcome.detail
    assert "hush" not in outcome.detail


async def test_a_proxy_that_hangs_before_the_tunnel_stands_got_nothing_through() -> None:
    async def hanging(server: RawServer, stream: trio.abc.Stream) -> None:
        await server.read_request(stream)
        await trio.sleep_forever()

    async with serving(hanging) as proxy:
        network = Network(private_targets=LOOPBACK, proxy=f"http://127.0.0.1:{proxy.port}")
        outcome = await send_once(post(9, "https"), network, Timeouts(read_s=0.1))
    assert isinstance(outcome, NotSent)


@pytest.mark.parametrize("proxy", ["proxy.example.edu:3128", "socks5://127.0.0.1:1080", "http://"])
def test_a_bad_proxy_address_is_refused_at_once(proxy: str) -> None:
    with pytest.raises(ValueError, match="proxy"):
        Outbound(Network(proxy=proxy))


@pytest.mark.parametrize(
    ("entry", "host", "port", "straight"),
    [
        ("*", "slack.com", 443, True),
        ("example.edu", "example.edu", 443, True),
        ("example.edu", "lms.example.edu", 443, True),
        (".example.edu", "lms.EXAMPLE.edu.", 443, True),
        ("*.example.edu", "lms.example.edu", 443, True),
        ("example.edu", "badexample.edu", 443, False),
        ("example.edu:8080", "example.edu", 8080, True),
        ("example.edu:8080", "example.edu", 443, False),
        ("10.0.0.0/8", "10.2.3.4", 80, True),
        ("10.0.0.0/8", "11.2.3.4", 80, False),
        ("10.0.0.0/8", "ten.example.edu", 80, False),
        ("10.1.2.3", "10.1.2.3", 80, True),
        ("10.1.2.3:81", "10.1.2.3", 80, False),
        ("fd00::/8", "fd00::1", 80, True),
        ("::1", "::1", 80, True),
        ("[::1]:80", "::1", 80, True),
        ("[::1]:80", "::1", 81, False),
        ("", "example.edu", 80, False),
        ("localhost", "127.0.0.1", 80, False),
    ],
)
def test_no_proxy_entries(entry: str, host: str, port: int, straight: bool) -> None:
    assert Bypass([entry]).matches(host, port) is straight


def test_a_port_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="port"):
        Bypass(["example.edu:https"])
