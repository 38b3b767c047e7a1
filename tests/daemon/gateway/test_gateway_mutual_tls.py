"""``gateway.tls.client_ca``: a gate that real clients (curl, httpx) stand before with all kinds of certificates."""

import ssl
from pathlib import Path
from shutil import which

import httpx
import pytest
import trio
from client_certs import Authority
from gateway_world import World
from test_gateway_server import served

from actors.domain.flow import Identity
from config.model import Tls

CASES = ["none", "of another authority", "expired", "not valid yet", "right"]


def shown(case: str, clients: Authority, folder: Path) -> Identity | None:
    match case:
        case "none":
            return None
        case "of another authority":
            return Authority(folder, "Strangers").identity()
        case "expired":
            return clients.identity(from_days=-3, to_days=-1)
        case "not valid yet":
            return clients.identity(from_days=1, to_days=3)
        case _:
            return clients.identity()


def files(identity: Identity | None, folder: Path) -> tuple[Path, Path] | None:
    if identity is None:
        return None
    certificate, key = folder / "client.pem", folder / "client.key"
    certificate.write_text(identity.certificate)
    key.write_text(identity.key)
    return certificate, key


def gated(folder: Path) -> tuple[World, Authority, Authority]:
    servers, clients = Authority(folder, "Servers"), Authority(folder)
    certificate, key = servers.server()
    return World(tls=Tls(certificate=certificate, key=key, client_ca=clients.file)), servers, clients


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("case", CASES)
async def test_httpx(tmp_path: Path, case: str, version: ssl.TLSVersion) -> None:
    world, servers, clients = gated(tmp_path)
    pair = files(shown(case, clients, tmp_path), tmp_path)
    context = ssl.create_default_context(cafile=str(servers.file))
    context.maximum_version = version
    if pair is not None:
        context.load_cert_chain(*pair)
    async with served(world) as port, httpx.AsyncClient(verify=context, trust_env=False) as client:
        if case == "right":
            assert (await client.get(f"https://127.0.0.1:{port}/healthz")).status_code == 200
        else:
            with pytest.raises(httpx.TransportError):
                await client.get(f"https://127.0.0.1:{port}/healthz")
    assert not world.troubles


@pytest.mark.skipif(which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("case", CASES)
async def test_curl(tmp_path: Path, case: str) -> None:
    world, servers, clients = gated(tmp_path)
    pair = files(shown(case, clients, tmp_path), tmp_path)
    own = [] if pair is None else ["--cert", str(pair[0]), "--key", str(pair[1])]
    async with served(world) as port:
        command = ["curl", "--silent", "--max-time", "10", "--noproxy", "*", "--cacert", str(servers.file), *own]
        told = await trio.run_process(
            [*command, f"https://127.0.0.1:{port}/healthz"], capture_stdout=True, capture_stderr=True, check=False
        )
    if case == "right":
        assert told.returncode == 0
        assert told.stdout
    else:
        assert told.returncode in (35, 52, 56)  # refused in the handshake, or at once after it (TLS 1.3)
        assert told.stdout == b""
    assert not world.troubles


async def test_a_certificate_alone_lets_nobody_write(tmp_path: Path) -> None:
    """It is a gate: behind it, credentials are asked for as ever."""
    world, servers, clients = gated(tmp_path)
    pair = files(clients.identity(), tmp_path)
    assert pair is not None
    context = ssl.create_default_context(cafile=str(servers.file))
    context.load_cert_chain(*pair)
    async with served(world) as port, httpx.AsyncClient(verify=context, trust_env=False) as client:
        answer = await client.post(f"https://127.0.0.1:{port}/t/acme/xapi/statements", json={})
    assert answer.status_code == 401
