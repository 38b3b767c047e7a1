"""A whole daemon under attack: two tenants with everything that has a door, and secrets that must never be seen.

It is started once for the table. Requests go over real sockets, byte by byte as an attacker would write them, and
whatever comes back is searched for what nobody outside may learn.
"""

import base64
import json
import os
import re
import signal
import socket
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from hashlib import sha256
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
from evil_idp import EvilIdp
from joserfc import jwt
from joserfc.jwk import RSAKey

from daemon.control import protocol as p
from daemon.control.client import Client
from daemon.demo.stage import Process, free_port

PATIENCE_S = 20.0
TENANTS = ("acme", "globex")
SECRETS = {
    name: f"{tenant}-canary-{kind}-4f1d"
    for tenant in TENANTS
    for kind in ("lrs", "reader", "signing", "slack", "canvas", "oidc", "chat", "state")
    for name in (f"{tenant}-{kind}",)
}
DIRECTORY = "72f988bf-0000-4000-8000-0000000000aa"
SECRETS |= {
    f"{tenant}-hook": "whsec_" + base64.b64encode(f"{tenant}-canary-of-a-standard-webhook".encode()).decode()
    for tenant in TENANTS
}
TEAM_IDS = {"acme": "T0ACME0001", "globex": "T0GLOBEX01"}
WORDS = {tenant: f"{tenant}-private-words-9b2c" for tenant in TENANTS}
"""What stands in a statement of each tenant's."""
INSIDE = re.compile(
    r"traceback|file \"|\.py\b|sqlite|starlette|hypercorn|msgspec|joserfc|site-packages|object at 0x|select .* from",
    re.IGNORECASE,
)
"""What tells of how we are made."""


class Answer(msgspec.Struct, frozen=True):
    """All that came back, up to the close or the end of the first answer. ``status`` 0: nothing did."""

    status: int
    headers: dict[str, str]
    body: bytes
    raw: bytes

    @property
    def answers(self) -> int:
        return self.raw.count(b"HTTP/1.1 ")


class Besieged:
    """The daemon, its sandbox, and what it must not tell."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.port, self.admin_port, self.sandbox_port = free_port(), free_port(), free_port()
        self.socket = root / "control.sock"
        self.idp = EvilIdp(TENANTS)
        self._numbers = count(1)
        self.keys = {tenant: RSAKey.generate_key(2048, {"kid": f"{tenant}-1"}) for tenant in TENANTS}
        self._write()
        words = ["-m", "daemon.cli.lmsyncd"]
        sandbox = [*words, "sandbox", "--listen", f"127.0.0.1:{self.sandbox_port}", "--limits", "off"]
        self.sandbox = Process("sandbox", sandbox, root / "sandbox.log")
        self.daemon = Process("daemon", [*words, "run", "--config", str(root)], root / "daemon.log")

    # ── life ─────────────────────────────────────────────────────────────────────────────────────────

    async def open(self) -> None:
        self.sandbox.start()
        await self.sandbox.until(f"http://127.0.0.1:{self.sandbox_port}/sandbox/health")
        self.daemon.start()
        await self.daemon.until(f"http://127.0.0.1:{self.port}/readyz")
        for tenant in TENANTS:
            told = self.send(statement(tenant, basic("moodle", SECRETS[f"{tenant}-lrs"])))
            assert told.status == 200, told.raw

    async def close(self) -> int:
        code = await self.daemon.end(signal.SIGTERM)
        await self.sandbox.end()
        self.idp.close()
        return code

    def _write(self) -> None:
        secrets = self.root / "secrets"
        secrets.mkdir(mode=0o700)
        (self.root / "tenants.d").mkdir()
        jwks = {
            f"{tenant}-jwks": json.dumps({"keys": [key.as_dict(private=False)]}) for tenant, key in self.keys.items()
        }
        for name, value in {**SECRETS, **jwks, "entra": "not-the-right-one"}.items():
            path = secrets / name
            path.touch(mode=0o600)
            path.write_text(value, encoding="utf-8")
        (self.root / "lmsyncd.toml").write_text(
            f'[gateway]\nlisten = ["127.0.0.1:{self.port}"]\nadmin_listen = ["127.0.0.1:{self.admin_port}"]\n'
            f'body_bytes_max = 262144\nheader_timeout = "2s"\nbody_timeout = "2s"\n'
            f'public_url = "http://127.0.0.1:{self.port}"\nproxies = ["127.0.0.1"]\n'
            f'[control]\nsocket = "{self.socket}"\n[network]\nprivate_targets = ["127.0.0.0/8"]\n',
            encoding="utf-8",
        )
        for tenant in TENANTS:
            (self.root / "tenants.d" / f"{tenant}.toml").write_text(self._tenant(tenant), encoding="utf-8")

    def _tenant(self, tenant: str) -> str:
        sandbox = f"http://127.0.0.1:{self.sandbox_port}"

        def secret(kind: str) -> str:
            return f'{{ file = "../secrets/{tenant}-{kind}" }}'

        return f"""\
[sources.campus]
kind = "xapi"
credentials = [
  {{ key = "moodle", secret = {secret("lrs")}, scopes = ["statements/write"] }},
  {{ key = "reader", secret = {secret("reader")}, scopes = ["statements/read"] }},
]
[sources.canvas]
kind = "canvas"
base_url = "{sandbox}/canvas"
token = {secret("canvas")}
live_events = {{ keys = {secret("jwks")}, issuer = "https://canvas.example.edu" }}
[sources.moodle]
kind = "moodle"
base_url = "{sandbox}/moodle"
token = {secret("canvas")}
hook_secret = {secret("hook")}
[targets.slack]
kind = "slack"
api_url = "{sandbox}/slack/api/"
token = {secret("slack")}
signing_secret = {secret("signing")}
team_id = "{TEAM_IDS[tenant]}"
[targets.chat]
kind = "slack"
api_url = "{sandbox}/slack/api/"
client_id = "1.2"
client_secret = {secret("chat")}
[sso.roles]
admins = ["lms-admins"]
viewers = ["staff"]
[sso.oidc]
issuer = "{self.idp.issuer(tenant)}"
client_id = "lmsyncd-{tenant}"
client_secret = {secret("oidc")}
[targets.teams]
kind = "teams"
graph_url = "{sandbox}/graph/v1.0/"
login_url = "{sandbox}/entra/"
directory = "{DIRECTORY}"
client_id = "sandbox"
client_secret = {{ file = "../secrets/entra" }}
"""

    # ── talking ──────────────────────────────────────────────────────────────────────────────────────

    def send(self, raw: bytes, *more: bytes, port: int | None = None) -> Answer:
        """Send it, piece after piece, and read until the peer closes or the first answer is whole."""
        with socket.create_connection(("127.0.0.1", port or self.port), timeout=PATIENCE_S) as connection:
            received = bytearray()
            try:
                for piece in (raw, *more):
                    connection.sendall(piece)
                while not _whole(received) and (data := connection.recv(65_536)):
                    received += data
                connection.settimeout(0.05)
                while data := connection.recv(65_536):  # what would come of a second request that was hidden in it
                    received += data
            except (ConnectionError, TimeoutError):
                pass  # closed, or nothing more to say
        return _parsed(bytes(received))

    def knocked(self, path: str, addresses: Iterable[str]) -> Iterator[int]:
        """What each GET of that path ends with, one after the other over one connection; ``addresses``: from where, as
        the proxy says."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)) as connection:
            for address in addresses:
                connection.request("GET", path, headers={"X-Forwarded-For": address})
                with connection.getresponse() as answer:
                    answer.read()
                    yield answer.status

    def audited(self, tenant: str, reason: str) -> bool:
        """Whether a refusal for this reason is on record (soon)."""
        until_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < until_s:
            with Client(self.socket) as client:
                asked = p.AuditList(tenant=tenant, host=not tenant, result="refused", limit=1000)
                rows: list[Any] = [
                    msgspec.json.decode(said) for said in client.ask(asked) if isinstance(said, msgspec.Raw)
                ]
            if any(reason in str(row.get("detail", "")) for row in rows):
                return True
            time.sleep(0.05)
        return False

    def watch(self, tenant: str) -> dict[str, str]:
        """A fresh subscription of this tenant's, as Graph would know it: ``key`` in the address that it calls, the
        ``secret`` that it sends along, its ``id``. Graph subscribes to nothing that is not reached by https, so it is
        put where it would lie; the daemon, which did not make it, soon takes it away again. (Who we are at Teams is
        never found out here, so that what lies there is read each time.)"""
        number = next(self._numbers)
        told = {"key": f"{number:032x}", "secret": SECRETS[f"{tenant}-state"], "id": f"{tenant}-{number}"}
        proof = sha256(told["secret"].encode()).hexdigest()
        row = (f"{tenant}/teams", told["key"], "users", "", proof, told["id"], 2**60, 1)
        with closing(sqlite3.connect(self.root / "state" / "lmsyncd.db", timeout=PATIENCE_S)) as database, database:
            database.execute("INSERT INTO watches VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        return told

    def ask(self, request: p.Ask) -> list[dict[str, Any]]:
        with Client(self.socket) as client:
            return [msgspec.json.decode(said) for said in client.ask(request) if isinstance(said, msgspec.Raw)]

    # ── what must not be seen ────────────────────────────────────────────────────────────────────────

    def leaks(self, answer: Answer) -> list[str]:
        """What stands in an answer that nobody outside may learn."""
        text = answer.raw.decode("latin-1")
        found = [name for name, value in {**SECRETS, **WORDS}.items() if value in text]
        found += [match[0] for match in INSIDE.finditer(text)]
        private = (str(self.root), os.fspath(Path(__file__).parents[2]), str(self.admin_port))
        return found + [each for each in private if each in text]

    def token(self, tenant: str, claims: dict[str, Any], **header: Any) -> bytes:
        """A genuine JWT of this tenant's Canvas."""
        key = self.keys[tenant]
        told = {"alg": "RS256", "kid": key.kid, **header}
        return jwt.encode(told, {"iss": "https://canvas.example.edu", **claims}, key, algorithms=["RS256"]).encode()


# ── requests ─────────────────────────────────────────────────────────────────────────────────────────


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """With what makes it a whole request; a header that is given as an empty text is left out."""
    named = {"Host": "127.0.0.1", "Connection": "close", "Content-Length": str(len(body))}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items() if value)
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + body


def basic(name: str, secret: str | bytes) -> str:
    value = secret.encode() if isinstance(secret, str) else secret
    return "Basic " + base64.b64encode(name.encode() + b":" + value).decode()


def lrs(
    method: str, tenant: str, authorization: str, path: str = "statements", body: bytes = b"", **more: str
) -> bytes:
    kind = {"Content_Type": "application/json"} if body else {}
    headers = {"X_Experience_API_Version": "1.0.3", "Authorization": authorization, **kind, **more}
    return request(method, f"/t/{tenant}/xapi/{path}", body, **headers)


def statement(tenant: str, authorization: str) -> bytes:
    told = {
        "actor": {"mbox": f"mailto:ada@{tenant}.example.edu"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced"},
        "object": {"id": "https://lms.test/1", "definition": {"name": {"en": WORDS[tenant]}}},
    }
    return lrs("POST", tenant, authorization, body=json.dumps(told).encode())


def _whole(received: bytearray) -> bool:
    head, end, body = bytes(received).partition(b"\r\n\r\n")
    if not end:
        return False
    length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
    return length is not None and len(body) >= int(length[1])


def _parsed(raw: bytes) -> Answer:
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    parts = lines[0].split(" ")
    status = int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 0
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    return Answer(status, headers, body, raw)
