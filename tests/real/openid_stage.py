"""A whole daemon whose people sign in at oidc-provider, a sandbox with vendors' pages, and a browser without a window
(httpx) that goes through the provider's own pages.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import msgspec
import pytest
import trio
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from daemon.control import protocol as p
from daemon.control.client import Client
from daemon.demo.stage import Process, free_port

HERE = Path(__file__).parent
SECRET = "a-secret-of-the-client-4f1d"
DIRECTORY = "72f988bf-0000-4000-8000-0000000000aa"
TEAM = "72f9a000-0000-4000-8000-00000000000a"
CHANNEL = "19:general@thread.tacv2"
STEPS_MAX = 20
PATIENCE_S = 30.0
CLAIMS = {
    "ada": {"email": "ada@example.edu", "email_verified": True, "name": "Ada Lovelace", "groups": ["lms-admins"]},
    "ben": {"email": "ben@example.edu", "email_verified": True, "name": "Ben Bitdiddle", "groups": ["staff"]},
}


def packages(folder: Path) -> Path:
    """The provider's script, with its packages beside it. Skips where there is no npm."""
    missing = [name for name in ("node", "npm") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}; as root on Debian, .ci/run installs them")
    for name in ("package.json", "package-lock.json", "openid_provider.js"):
        shutil.copy(HERE / name, folder)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    made = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    return folder / "openid_provider.js"


class Stage:
    """``redirect_uri`` is what the provider knows of us; ``issuer`` what we know of it."""

    def __init__(self, root: Path, *, key_signs: bool = False, locale: str = "en") -> None:
        self.root = root
        self.key_signs = key_signs
        self.locale = locale
        self.port, self.sandbox_port = free_port(), free_port()
        self.base = f"http://127.0.0.1:{self.port}/t/acme"
        self.socket = root / "control.sock"
        self.issuer = ""
        words = ["-m", "daemon.cli.lmsyncd"]
        listen = ["--listen", f"127.0.0.1:{self.sandbox_port}", "--limits", "off"]
        self.sandbox = Process("sandbox", [*words, "sandbox", *listen], root / "sandbox.log")
        self.daemon = Process("daemon", [*words, "run", "--config", str(root)], root / "daemon.log")
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def client(self) -> dict[str, Any]:
        """As it is registered at the provider."""
        told: dict[str, Any] = {
            "client_id": "lmsyncd",
            "redirect_uris": [f"{self.base}/sso/oidc/callback"],
            "post_logout_redirect_uris": [f"{self.base}/sso/signed-out"],
            "scope": "openid email profile groups",
        }
        if not self.key_signs:
            return {**told, "client_secret": SECRET}
        from joserfc.jwk import RSAKey

        jwk = RSAKey.import_key(_pem(self.key)).as_dict(private=False)
        keys = {"keys": [{**jwk, "kid": "ours", "use": "sig"}]}
        return {**told, "token_endpoint_auth_method": "private_key_jwt", "jwks": keys}

    def write(self) -> None:
        (self.root / "tenants.d").mkdir()
        for name, value in {
            "client": SECRET,
            "key": _pem(self.key).decode(),
            "vendor": "sandbox",
            "lrs": "lrs",
        }.items():
            path = self.root / name
            path.touch(mode=0o600)
            path.write_text(value, encoding="utf-8")
        (self.root / "lmsyncd.toml").write_text(
            f'[gateway]\nlisten = ["127.0.0.1:{self.port}"]\npublic_url = "http://127.0.0.1:{self.port}"\n'
            f'[control]\nsocket = "{self.socket}"\n[network]\nprivate_targets = ["127.0.0.1"]\n',
            encoding="utf-8",
        )
        proof = (
            'client_key = { file = "../key" }\nclient_key_id = "ours"\nclient_key_algorithm = "PS256"'
            if self.key_signs
            else 'client_secret = { file = "../client" }'
        )
        sandbox = f"http://127.0.0.1:{self.sandbox_port}"
        (self.root / "tenants.d" / "acme.toml").write_text(
            f"""\
locale = "{self.locale}"
[sso.oidc]
issuer = "{self.issuer}"
client_id = "lmsyncd"
{proof}
scopes = ["openid", "email", "profile", "groups"]
userinfo = true
[sso.roles]
admins = ["lms-admins"]
[sources.campus]
kind = "xapi"
credentials = [{{ key = "moodle", secret = {{ file = "../lrs" }}, scopes = ["statements/write"] }}]
[targets.slack]
kind = "slack"
api_url = "{sandbox}/slack/api/"
client_id = "sandbox"
client_secret = {{ file = "../vendor" }}
[targets.teams]
kind = "teams"
graph_url = "{sandbox}/graph/v1.0/"
login_url = "{sandbox}/entra/"
directory = "{DIRECTORY}"
client_id = "sandbox"
client_secret = {{ file = "../vendor" }}
connect = true
[[routes]]
name = "to-slack"
when = ["completed"]
to = "slack"
audience = {{ channel = "C0123456789" }}
[[routes]]
name = "to-teams"
when = ["completed"]
to = "teams"
audience = {{ team = "{TEAM}", channel = "{CHANNEL}" }}
""",
            encoding="utf-8",
        )

    async def rotate(self) -> None:
        """The provider signs with another key from now on, and publishes no other."""
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.post(f"{self.issuer}/test/rotate")).status_code == 204

    def ask(self, request: p.Ask) -> list[dict[str, Any]]:
        with Client(self.socket) as client:
            return [msgspec.json.decode(said) for said in client.ask(request) if isinstance(said, msgspec.Raw)]

    async def audited(self, reason: str) -> bool:
        """Whether a refusal for this reason is on record, soon: refusals are written without anybody waiting."""
        with trio.move_on_after(PATIENCE_S):
            while True:
                rows = self.ask(p.AuditList(tenant="acme", result="refused", limit=100))
                if any(reason in str(row["detail"]) for row in rows):
                    return True
                await trio.sleep(0.05)
        return False


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@asynccontextmanager
async def stage(script: Path, root: Path, **words: Any) -> AsyncIterator[Stage]:
    """Provider, sandbox and daemon, up; and down again, by the pids that were started."""
    made = Stage(root, **words)
    environ = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    with (root / "provider.log").open("wb") as log:
        provider = subprocess.Popen(  # noqa: ASYNC220  # it is started, not waited for
            ["node", str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=environ
        )
    try:
        assert provider.stdin is not None
        assert provider.stdout is not None
        provider.stdin.write(json.dumps({"clients": [made.client()], "claims": CLAIMS}).encode())
        provider.stdin.close()
        with trio.fail_after(PATIENCE_S):
            line = await trio.to_thread.run_sync(provider.stdout.readline, abandon_on_cancel=True)
        made.issuer = f"http://127.0.0.1:{json.loads(line)['port']}"
        made.write()
        made.sandbox.start()
        await made.sandbox.until(f"http://127.0.0.1:{made.sandbox_port}/sandbox/health")
        made.daemon.start()
        await made.daemon.until(f"http://127.0.0.1:{made.port}/healthz")
        yield made
    finally:
        with trio.CancelScope(shield=True):
            await made.daemon.end()
            await made.sandbox.end()
            provider.terminate()
            await trio.to_thread.run_sync(provider.wait)
            assert provider.stdout is not None
            provider.stdout.close()


class Browser:
    """Follows redirects one by one, and fills in the provider's two forms."""

    def __init__(self, made: Stage) -> None:
        self.stage = made
        self.client = httpx.AsyncClient(trust_env=False, timeout=PATIENCE_S)

    async def aclose(self) -> None:
        await self.client.aclose()

    async def get(self, url: str) -> httpx.Response:
        return await self.client.get(url)

    async def begin(self) -> str:
        """Where our page leads to."""
        answer = await self.get(f"{self.stage.base}/sso/oidc")
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    async def through(self, url: str, login: str) -> str:
        """The address at which the provider sends the browser back to us; it is not gone to."""
        for _ in range(STEPS_MAX):
            url = url.replace("//localhost:", "//127.0.0.1:")
            if url.startswith(f"{self.stage.base}/"):
                return url
            answer = await self.get(url)
            if answer.is_redirect:
                url = urljoin(url, answer.headers["location"])
                continue
            assert answer.status_code == 200, answer.text
            action, fields = form_in(answer.text)
            if "login" in fields:
                fields |= {"login": login, "password": "anything"}
            posted = await self.client.post(urljoin(url, action), data=fields)
            assert posted.is_redirect, posted.text
            url = urljoin(url, posted.headers["location"])
        raise AssertionError(f"the provider leads nowhere: {url}")

    async def sign_in(self, login: str = "ada") -> httpx.Response:
        """The answer to having come back."""
        return await self.get(await self.through(await self.begin(), login))

    async def post(self, path: str, **fields: str) -> httpx.Response:
        """As a form of our pages is sent: with the token that the page carries."""
        page = await self.get(f"{self.stage.base}/connect")
        token = re.search(r'name="csrf" value="([^"]+)"', page.text)
        assert token is not None, page.text
        headers = {"Origin": f"http://127.0.0.1:{self.stage.port}", "Sec-Fetch-Site": "same-origin"}
        return await self.client.post(f"{self.stage.base}{path}", data={"csrf": token[1], **fields}, headers=headers)


def form_in(page: str) -> tuple[str, dict[str, str]]:
    """The action and the fields of the first form."""
    form = re.search(r"<form[^>]*action=\"([^\"]*)\"[^>]*>(.*?)</form>", page, re.DOTALL)
    assert form is not None, page
    fields = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', form[2]))
    fields |= {name: "" for name in re.findall(r'<input[^>]*name="([^"]+)"', form[2]) if name not in fields}
    return unescape(form[1]), {name: unescape(value) for name, value in fields.items()}


def query(url: str) -> Mapping[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
