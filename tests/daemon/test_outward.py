"""The guarded way out on real sockets: what is connected to is what was judged, whatever a name says a moment later."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from socket import AF_INET, AF_INET6, SOCK_STREAM, gaierror
from typing import Any

import pytest
import trio
from nearby import LOOPBACK
from raw_server import RawServer, reply, serving

from actors.domain.flow import Lost, NotSent, Outcome, Request, Response
from config.model import Network
from daemon.http import Outbound

HOST = "hooks.example.edu"


class Resolver(trio.abc.HostnameResolver):
    """Says what it is told to, one answer after the other (the last one for ever), and counts the questions."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    async def getaddrinfo(
        self, host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0
    ) -> list[Any]:
        self.asked.append(host.decode() if isinstance(host, bytes) else str(host))
        addresses = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if not addresses:
            raise gaierror(-2, "Name or service not known")
        return [
            (
                AF_INET6 if ":" in each else AF_INET,
                SOCK_STREAM,
                6,
                "",
                (each, port, 0, 0) if ":" in each else (each, port),
            )
            for each in addresses
        ]

    async def getnameinfo(self, sockaddr: Any, flags: int) -> tuple[str, str]:
        raise AssertionError("nobody asks for names")


@contextmanager
def names(*answers: Sequence[str]) -> Iterator[Resolver]:
    resolver = Resolver(*answers)
    trio.socket.set_custom_hostname_resolver(resolver)
    try:
        yield resolver
    finally:
        trio.socket.set_custom_hostname_resolver(None)


async def answering(server: RawServer, stream: trio.abc.Stream) -> None:
    while await server.read_request(stream):
        await stream.send_all(reply(b"ok"))


def post(url: str) -> Request:
    return Request(method="POST", url=url, operation="x", body=b"{}", outward=True)


async def send(url: str, *allowed: str, proxy: str | None = None) -> Outcome:
    client = Outbound(Network(private_targets=allowed, proxy=proxy)).client()
    try:
        return await client.send(post(url))
    finally:
        await client.aclose()


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.0.0.1.", "[::1]", "[::ffff:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "0.0.0.0", "[::]"],
)
async def test_this_machine_is_out_of_reach_as_an_address(host: str) -> None:
    async with serving(answering) as server:
        outcome = await send(f"http://{host}:{server.port}/")
        assert isinstance(outcome, NotSent)
        assert "refused" in outcome.detail
        assert server.connections == 0


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f.1", "127.1", "0177.0.0.1", "１２７.0.0.1", "127。0。0。1", "%6c%6f"]
)
async def test_this_machine_is_out_of_reach_in_disguise(host: str) -> None:
    async with serving(answering) as server:
        assert isinstance(await send(f"http://{host}:{server.port}/"), NotSent)
        assert server.connections == 0


async def test_localhost_is_a_name_like_any_other() -> None:
    async with serving(answering) as server:
        assert isinstance(await send(f"http://localhost:{server.port}/"), NotSent)
        assert isinstance(await send(f"http://localhost:{server.port}/", "localhost"), Response)
        assert server.connections == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://me:secret@{host}/",
        "http://{host}@127.0.0.1/",
        "http://{host}:0/",
        "ftp://{host}/",
        "//{host}/",
        "http:///x",
    ],
)
async def test_strange_addresses_are_none(url: str) -> None:
    with names(["127.0.0.1"]) as resolver:
        outcome = await send(url.format(host=HOST), *LOOPBACK)
    assert isinstance(outcome, NotSent)
    assert "secret" not in outcome.detail
    assert resolver.asked == []


@pytest.mark.parametrize("port", [22, 25, 6379])
async def test_ports_of_other_protocols_are_not_spoken_to(port: int) -> None:
    with names(["127.0.0.1"]) as resolver:
        outcome = await send(f"http://{HOST}:{port}/", *LOOPBACK)
    assert outcome == NotSent(f"{HOST}:{port}: port {port} belongs to another protocol")
    assert resolver.asked == []


async def test_a_name_that_leads_here_is_refused_without_saying_where_it_leads() -> None:
    async with serving(answering) as server:
        with names(["127.0.0.1", "10.9.8.7"]):
            outcome = await send(f"http://{HOST}:{server.port}/")
        assert isinstance(outcome, NotSent)
        assert "the name leads to" in outcome.detail
        assert f'has "{HOST}:{server.port}"' in outcome.detail
        assert not any(address in outcome.detail for address in ("127.0.0.1", "10.9.8.7"))
        assert server.connections == 0


async def test_of_several_addresses_only_the_good_ones_are_tried() -> None:
    """10.9.8.7 would swallow the attempt; 127.0.0.2 answers nobody, and is followed by one who does."""
    async with serving(answering) as server:
        with names(["10.9.8.7", "127.0.0.2", "127.0.0.1"]):
            outcome = await send(f"http://{HOST}:{server.port}/", "127.0.0.1", "127.0.0.2")
        assert isinstance(outcome, Response)
        assert server.connections == 1


async def test_a_name_that_changes_its_mind_leads_nowhere_else() -> None:
    """Asked once for a connection: there is no second answer that could be connected to."""
    async with serving(answering) as server:
        client = Outbound(Network(private_targets=("127.0.0.1",))).client()
        with names(["127.0.0.1"], ["127.0.0.2"]) as resolver:
            assert isinstance(await client.send(post(f"http://{HOST}:{server.port}/")), Response)
            assert isinstance(await client.send(post(f"http://{HOST}:{server.port}/")), Response)
            assert resolver.asked == [HOST]
            await client.aclose()
            outcome = await client.send(post(f"http://{HOST}:{server.port}/"))
            assert isinstance(outcome, NotSent)
            assert resolver.asked == [HOST, HOST]
        await client.aclose()
        assert server.connections == 1


async def test_a_name_that_nobody_knows_is_not_sent_to() -> None:
    with names([]):
        assert isinstance(await send(f"http://{HOST}/"), NotSent)


async def test_redirects_are_answers_and_nothing_follows_them() -> None:
    async def here(server: RawServer, stream: trio.abc.Stream) -> None:
        await server.read_request(stream)
        await stream.send_all(reply(b"", "302 Found", f"Location: http://127.0.0.1:{server.port}/inside\r\n"))

    async with serving(here) as server:
        outcome = await send(f"http://127.0.0.1:{server.port}/hook", *LOOPBACK)
        assert isinstance(outcome, Response)
        assert outcome.status == 302
        assert [seen.target for seen in server.requests] == ["/hook"]


async def test_plain_answers_where_tls_was_asked_for_are_not_taken() -> None:
    async def plain(server: RawServer, stream: trio.abc.Stream) -> None:
        await stream.send_all(reply())

    async with serving(plain) as server:
        assert isinstance(await send(f"https://127.0.0.1:{server.port}/", *LOOPBACK), NotSent | Lost)
        assert server.connections == 1


# ── another configuration ────────────────────────────────────────────────────────────────────────────


async def test_what_is_allowed_later_is_connected_to_then() -> None:
    async with serving(answering) as server:
        outbound = Outbound(Network())
        client = outbound.client()
        refused = await client.send(post(f"http://127.0.0.1:{server.port}/"))
        assert isinstance(refused, NotSent)
        entry = refused.detail.partition('has "')[2].removesuffix('"')
        outbound.allow((entry,))
        assert isinstance(await client.send(post(f"http://127.0.0.1:{server.port}/")), Response)
        await client.aclose()


async def test_what_is_allowed_no_longer_is_not_sent_to_over_a_connection_from_before() -> None:
    async with serving(answering) as server:
        outbound = Outbound(Network(private_targets=LOOPBACK))
        client = outbound.client()
        url = f"http://127.0.0.1:{server.port}/"
        for _ in range(2):
            assert isinstance(await client.send(post(url)), Response)
        outbound.allow(LOOPBACK)
        assert isinstance(await client.send(post(url)), Response)
        assert server.connections == 1, "nothing has changed"
        outbound.allow(("10.0.0.0/8",))
        assert isinstance(await client.send(post(url)), NotSent)
        assert len(server.requests) == 3
        outbound.allow(LOOPBACK)
        assert isinstance(await client.send(post(url)), Response)
        assert server.connections == 2
        await client.aclose()


async def test_a_connection_through_a_proxy_is_not_used_again_either() -> None:
    async with serving(answering) as proxy:
        outbound = Outbound(Network(private_targets=LOOPBACK, proxy=f"http://127.0.0.1:{proxy.port}"))
        client = outbound.client()
        assert isinstance(await client.send(post("http://127.0.0.1:8490/")), Response)
        outbound.allow(())
        assert isinstance(await client.send(post("http://127.0.0.1:8490/")), NotSent)
        assert len(proxy.requests) == 1
        await client.aclose()


async def test_vendors_are_spoken_to_on_whatever_a_tenants_receivers_may_be() -> None:
    async with serving(answering) as server:
        outbound = Outbound(Network(private_targets=LOOPBACK))
        client = outbound.client()
        vendor = Request(method="GET", url=f"http://127.0.0.1:{server.port}/", operation="x")
        assert isinstance(await client.send(vendor), Response)
        outbound.allow(())
        assert isinstance(await client.send(vendor), Response)
        assert server.connections == 1
        await client.aclose()


async def test_an_entry_that_is_none_changes_nothing() -> None:
    async with serving(answering) as server:
        outbound = Outbound(Network(private_targets=LOOPBACK))
        with pytest.raises(ValueError, match="private_targets"):
            outbound.allow(("*",))
        client = outbound.client()
        assert isinstance(await client.send(post(f"http://127.0.0.1:{server.port}/")), Response)
        await client.aclose()


# ── through a proxy ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8490/", "https://10.1.2.3/", "http://169.254.169.254/", "http://127.1/"]
)
async def test_a_proxy_is_not_asked_for_private_addresses(url: str) -> None:
    async with serving(answering) as proxy:
        outcome = await send(url, proxy=f"http://127.0.0.1:{proxy.port}")
        assert isinstance(outcome, NotSent)
        assert proxy.connections == 0


async def test_a_proxy_is_not_asked_for_names_that_lead_here_as_we_see_it() -> None:
    async with serving(answering) as proxy:
        with names(["8.8.8.8", "10.0.0.7"]) as resolver:
            outcome = await send(f"http://{HOST}/", proxy=f"http://127.0.0.1:{proxy.port}")
        assert isinstance(outcome, NotSent)
        assert "the name leads to a private address" in outcome.detail
        assert resolver.asked == [HOST]
        assert proxy.connections == 0


async def test_a_proxy_is_asked_for_names_that_only_it_knows() -> None:
    async with serving(answering) as proxy:
        client = Outbound(Network(proxy=f"http://127.0.0.1:{proxy.port}")).client()
        with names([], ["127.0.0.1"]) as resolver:
            assert isinstance(await client.send(post(f"http://{HOST}/")), Response)
        assert resolver.asked[0] == HOST
        await client.aclose()
        assert [seen.target for seen in proxy.requests] == [f"http://{HOST}:80/"]


async def test_what_goes_around_the_proxy_is_judged_as_ever() -> None:
    async with serving(answering) as server:
        network = Network(proxy="http://127.0.0.1:9999", no_proxy=("127.0.0.0/8",))
        client = Outbound(network).client()
        outcome = await client.send(post(f"http://127.0.0.1:{server.port}/"))
        assert isinstance(outcome, NotSent)
        assert "a loopback address" in outcome.detail
        assert server.connections == 0
