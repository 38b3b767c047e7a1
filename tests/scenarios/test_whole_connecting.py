"""Somebody connects a Canvas in a living daemon: through our pages and the page of consent, over real HTTP; and once
more, after the authorisation was taken away there.
"""

import re
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import msgspec
import trio
from openid_served import Served, served
from rehearsal import rehearsal, replace

from daemon.control import protocol as p
from daemon.control.client import Client
from daemon.demo.stage import Stage

PATIENCE_S = 30.0


def with_canvas(root: Path, idp: Served) -> None:
    gateway = (root / "lmsyncd.toml").read_text()
    [port] = re.findall(r'listen = \["127\.0\.0\.1:(\d+)"\]', gateway)
    replace(root / "lmsyncd.toml", "[gateway]\n", f'[gateway]\npublic_url = "http://127.0.0.1:{port}"\n')
    file = root / "tenants.d" / "campus.toml"
    [sandbox] = re.findall(r'api_url = "(http://127\.0\.0\.1:\d+)/slack/', file.read_text())
    for name in ("oidc", "canvas"):
        (root / "secrets" / name).write_text("sandbox")
        (root / "secrets" / name).chmod(0o600)
    words = f"""
[sso.oidc]
issuer = "{idp.base}"
client_id = "lmsyncd"
client_secret = {{ file = "../secrets/oidc" }}
[sso.roles]
admins = ["lms-admins"]
[sources.school]
kind = "canvas"
base_url = "{sandbox}/canvas"
client_id = "sandbox"
client_secret = {{ file = "../secrets/canvas" }}
connect = true
every = "1s"
every_max = "1s"
"""
    file.write_text(file.read_text() + words)


class Person:
    """A browser without a window, and whoever sits before it."""

    def __init__(self, stage: Stage, idp: Served) -> None:
        self.stage = stage
        self.idp = idp
        self.origin = f"http://127.0.0.1:{stage.scene.gateway_port}"
        self.client = httpx.AsyncClient(trust_env=False, timeout=PATIENCE_S)

    async def page(self, path: str) -> httpx.Response:
        return await self.client.get(f"{self.origin}/t/campus{path}")

    async def sign_in(self) -> None:
        led = await self.page("/sso/oidc")
        back = await self.page(f"/sso/oidc/callback?{self.idp.signs_in(led.headers['location'])}")
        assert back.status_code == 303, back.text

    async def connect(self) -> str:
        """Where our pages lead to in the end."""
        page = await self.page("/connect")
        csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
        assert csrf is not None, page.text
        headers = {"Origin": self.origin, "Sec-Fetch-Site": "same-origin"}
        url = f"{self.origin}/t/campus/connect/school"
        leaving = await self.client.post(url, data={"csrf": csrf[1]}, headers=headers)
        consent = leaving.headers["refresh"].removeprefix("0; url=")
        shown = await self.client.get(consent)
        assert shown.status_code == 200, shown.text
        pressed = {**dict(parse_qsl(urlsplit(consent).query)), "decision": "allow"}
        back = await self.client.post(consent.partition("?")[0], data=pressed)
        assert back.is_redirect, back.text
        return str((await self.client.get(back.headers["location"])).headers["location"])


async def asked(stage: Stage, request: p.Ask) -> list[dict[str, Any]]:
    def ask() -> list[dict[str, Any]]:
        with Client(stage.scene.socket) as client:
            return [msgspec.json.decode(said) for said in client.ask(request) if isinstance(said, msgspec.Raw)]

    return await trio.to_thread.run_sync(ask)


async def until(stage: Stage, request: p.Ask, name: str, **wanted: object) -> dict[str, Any]:
    """The row of this connection or source, once it is as ``wanted``."""
    with trio.fail_after(PATIENCE_S):
        while True:
            for row in await asked(stage, request):
                held = name in (row.get("connection"), row.get("source"))
                if held and all(row.get(key) == value for key, value in wanted.items()):
                    return row
            await trio.sleep(0.05)


async def test_a_canvas_is_connected_through_the_pages_and_once_more_after_its_consent_is_gone(tmp_path: Path) -> None:
    with served() as idp:
        async with rehearsal(tmp_path, change=partial(with_canvas, idp=idp)) as stage:
            token, source = p.TokenList(tenant="campus"), p.SourceList()
            unread = await until(stage, source, "campus/school", state="suspended")
            assert "not connected yet: open http://127.0.0.1:" in str(unread["detail"])
            ada = Person(stage, idp)
            assert (await ada.page("/connect")).status_code == 303, "nobody is signed in"
            await ada.sign_in()
            assert "not connected" in unescape((await ada.page("/connect")).text)
            assert (await ada.connect()).endswith("/t/campus/connect?done=school")
            row = await until(stage, token, "campus/school", state="connected")
            assert (row["by"], row["lacking"], row["excess"]) == (f"oidc:ada ({idp.base})", [], [])
            await until(stage, source, "campus/school", state="resting")
            sandbox = f"http://127.0.0.1:{stage.scene.sandbox_port}/sandbox/canvas"
            await ada.client.post(sandbox, json=[{"do": "expire_tokens"}])
            await until(stage, token, "campus/school", state="connected", version=row["version"] + 1)
            await ada.client.post(sandbox, json=[{"do": "revoke_tokens"}])
            await until(stage, token, "campus/school", state="lost")
            await until(stage, source, "campus/school", state="suspended")
            assert (await ada.connect()).endswith("/t/campus/connect?done=school")
            await until(stage, source, "campus/school", state="resting")
            whats = [row["what"] for row in await asked(stage, p.AuditList(tenant="campus", limit=200))]
            assert whats.count("account.connect") == 2
            await ada.client.aclose()
