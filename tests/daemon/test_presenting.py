"""A certificate of ours, towards servers that want one."""

import ssl
from pathlib import Path

import msgspec
import pytest
import trio
from client_certs import Authority
from nearby import LOOPBACK
from raw_server import RawServer, reply, serving

from actors.domain.flow import Identity, Lost, NotSent, Outcome, Request, Response
from config.model import Network
from daemon import http
from daemon.http import Outbound


def post(port: int, identity: Identity | None) -> Request:
    return Request(method="POST", url=f"https://127.0.0.1:{port}/", operation="x", body=b"{}", identity=identity)


class Seer:
    """Answers with the name in the certificate that was shown."""

    def __init__(self) -> None:
        self.names: list[str] = []

    async def __call__(self, server: RawServer, stream: trio.abc.Stream) -> None:
        while await server.read_request(stream):
            assert isinstance(stream, trio.SSLStream)
            shown = stream.getpeercert()
            self.names.append(shown["subject"][0][0][1] if shown else "")
            await stream.send_all(reply(b"ok"))


async def send(authority: Authority, port: int, identity: Identity | None) -> Outcome:
    client = Outbound(Network(private_targets=LOOPBACK, ca_file=authority.file)).client()
    try:
        return await client.send(post(port, identity))
    finally:
        await client.aclose()


async def test_a_server_that_wants_a_certificate_is_shown_ours(tmp_path: Path) -> None:
    servers, clients, seer = Authority(tmp_path, "Servers"), Authority(tmp_path), Seer()
    async with serving(seer, servers.demanding(clients)) as server:
        outcome = await send(servers, server.port, clients.identity("campus"))
        assert isinstance(outcome, Response)
        assert seer.names == ["campus"]


@pytest.mark.parametrize("case", ["none", "of another authority", "expired", "not valid yet"])
async def test_the_server_lets_nobody_else_in(tmp_path: Path, case: str) -> None:
    servers, clients, seer = Authority(tmp_path, "Servers"), Authority(tmp_path), Seer()
    identity = {
        "none": None,
        "of another authority": Authority(tmp_path, "Strangers").identity(),
        "expired": clients.identity(from_days=-3, to_days=-1),
        "not valid yet": clients.identity(from_days=1, to_days=3),
    }[case]
    async with serving(_quiet(seer), servers.demanding(clients)) as server:
        outcome = await send(servers, server.port, identity)
        assert isinstance(outcome, NotSent | Lost)
        assert seer.names == []


def _quiet(seer: Seer):  # type: ignore[no-untyped-def]  # a handler like any other
    async def handle(server: RawServer, stream: trio.abc.Stream) -> None:
        try:
            await seer(server, stream)
        except ssl.SSLError:
            pass  # refused, which is what this is about

    return handle


async def test_each_identity_has_connections_of_its_own(tmp_path: Path) -> None:
    """One client, one server: what one of them opened is never used for the other, or for nobody."""
    servers, clients, seer = Authority(tmp_path, "Servers"), Authority(tmp_path), Seer()
    here = clients.identity("here")
    there = clients.identity("there")
    async with serving(seer, servers.demanding(clients)) as server:
        client = Outbound(Network(private_targets=LOOPBACK, ca_file=servers.file)).client()
        for identity in (here, there, here, there):
            assert isinstance(await client.send(post(server.port, identity)), Response)
        await client.aclose()
    assert seer.names == ["here", "there", "here", "there"]
    assert server.connections == 2


@pytest.mark.parametrize("flaw", ["no PEM", "another's key", "a passphrase"])
async def test_what_is_no_pair_is_not_sent_and_not_told(tmp_path: Path, flaw: str) -> None:
    servers, clients = Authority(tmp_path, "Servers"), Authority(tmp_path)
    good = clients.identity()
    words = "ENCRYPTED PRIVATE KEY-----"
    locked = f"-----BEGIN {words}\nMIGjMF8GCSqGSIb3DQEFDTBSMDEGCSqGSIb3DQEFDDAk\n-----END {words}"
    identity = {
        "no PEM": Identity("hush", "do-not-tell"),
        "another's key": Identity(good.certificate, clients.identity().key),
        "a passphrase": Identity(good.certificate, locked),
    }[flaw]
    outcome = await send(servers, 49_151, identity)
    assert isinstance(outcome, NotSent)
    assert "client_certificate" in outcome.detail
    assert "do-not-tell" not in outcome.detail


async def test_no_more_contexts_are_kept_than_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "IDENTITIES_MAX", 4)
    authority = Authority(tmp_path)
    outbound = Outbound(Network(private_targets=LOOPBACK, ca_file=authority.file))
    identity = authority.identity()
    for number in range(7):
        padded = msgspec.structs.replace(identity, key=identity.key + "\n" * number)
        await outbound.client().send(post(49_151, padded))
    assert len(outbound._identified) == 4


def test_an_identity_shows_nothing_of_itself(tmp_path: Path) -> None:
    identity = Authority(tmp_path).identity()
    assert repr(identity) == "Identity(***)"
    assert "PRIVATE" not in repr(post(1, identity))
