"""A real daemon behind TLS and the sandbox's Graph, which verifies whom it calls: subscriptions are validated and news
come over https; where the certificate is nobody's, none is made, and nothing else is harmed.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import trio
from rehearsal import PATIENCE_S, lmsyncctl, replace, until_logged
from throwaway_ca import make_ca

from daemon.demo.scene import TEAM, Scene, write
from daemon.demo.stage import POLL_S, Process, Stage, free_port

CHANNEL = "19:cs101@thread.tacv2"
ROUTE = f"""
[[routes]]
name = "to-teams"
when = ["enrolled"]
to = "teams"
audience = {{ team = "{TEAM}", channel = "{CHANNEL}" }}
"""


class Behind(Stage):
    """The gateway speaks TLS; the sandbox believes the authorities in ``believed``."""

    def __init__(self, scene: Scene, admin_port: int, believed: Path | None) -> None:
        super().__init__(scene, limits=False)
        self._admin_port = admin_port
        words = ["-m", "daemon.cli.lmsyncd", "sandbox", "--limits", "off"]
        environ = {} if believed is None else {"SSL_CERT_FILE": str(believed)}
        listen = ["--listen", f"127.0.0.1:{scene.sandbox_port}"]
        self.sandbox = Process("sandbox", [*words, *listen], scene.root / "sandbox.log", environ)

    async def ready(self) -> None:
        await self.daemon.until(f"http://127.0.0.1:{self._admin_port}/readyz")

    async def happens(self, *what: dict[str, object]) -> None:
        async with httpx.AsyncClient(base_url=self.scene.sandbox, trust_env=False) as operator:
            (await operator.post("/sandbox/teams", json=list(what))).raise_for_status()

    async def sent(self, number: int) -> list[int]:
        """The statuses that so many notifications were answered with."""
        async with httpx.AsyncClient(base_url=self.scene.sandbox, trust_env=False) as operator:
            with trio.fail_after(PATIENCE_S):
                while True:
                    told = (await operator.get("/sandbox/sent")).text
                    if len(found := re.findall(r'"status":(\d+)', told)) >= number:
                        return [int(each) for each in found]
                    await trio.sleep(POLL_S)


@asynccontextmanager
async def behind_tls(tmp_path: Path, *, believed: bool) -> AsyncIterator[Behind]:
    scene = Scene(root=tmp_path / "scene", gateway_port=free_port(), sandbox_port=free_port(), fast=True)
    scene.root.mkdir()
    write(scene)
    authority, _ = make_ca(scene.root)
    (scene.root / "server.key").chmod(0o600)
    admin_port = free_port()
    gateway = (
        f'public_url = "https://localhost:{scene.gateway_port}"\nadmin_listen = ["127.0.0.1:{admin_port}"]\n'
        'tls = { certificate = "server.pem", key = "server.key" }'
    )
    replace(scene.root / "lmsyncd.toml", "[gateway]", f"[gateway]\n{gateway}")
    tenant = scene.root / "tenants.d" / "campus.toml"
    tenant.write_text(tenant.read_text() + ROUTE)
    stage = Behind(scene, admin_port, authority if believed else None)
    try:
        await stage.open()
        yield stage
    finally:
        with trio.CancelScope(shield=True):
            await stage.close()


async def test_graph_looks_at_the_certificate_asks_back_and_tells(tmp_path: Path) -> None:
    async with behind_tls(tmp_path, believed=True) as stage:
        await until_logged(stage, "listener.subscribed", times=2)
        assert stage.daemon.log.read_text().count("listener.challenged") == 2
        await stage.happens(
            {"do": "archive_channel", "team": TEAM, "channel": CHANNEL},
            {"do": "change_person", "person": "ada@example.edu", "deactivated": True},
        )
        assert set(await stage.sent(2)) == {202}
        await until_logged(stage, '"via":"call"', times=1)
        await shown(stage, "is archived since")
        await stage.happens({"do": "lifecycle", "event": "reauthorizationRequired"})
        await until_logged(stage, "listener.renewed")


async def test_where_nobody_vouches_for_us_nothing_is_subscribed_and_nothing_is_harmed(tmp_path: Path) -> None:
    async with behind_tls(tmp_path, believed=False) as stage:
        await until_logged(stage, "listener.subscribing_failed")
        told = stage.daemon.log.read_text()
        assert "listener.subscribed" not in told
        assert "listener.challenged" not in told, "the handshake of TLS ended before anything was asked"
        assert "lane.suspended" not in told
        tested = await lmsyncctl(stage.scene, "target", "test", "campus/teams")
        assert tested.returncode == 0, tested.stdout + tested.stderr


async def shown(stage: Behind, text: str) -> None:
    """``target list`` says so."""
    with trio.fail_after(PATIENCE_S):
        while text not in (await lmsyncctl(stage.scene, "--json", "target", "list")).stdout.decode():
            await trio.sleep(POLL_S)
