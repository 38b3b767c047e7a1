"""An OpenID provider in memory, for tests that want to have it lie; and people's pages with everything behind them in
memory or in a store on disk.
"""

import base64
import hashlib
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
from gateway_world import ManualClock
from gateway_world import World as GatewayWorld
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from actors.domain.flow import NotSent, Outcome, Request, Response
from actors.domain.scopes import Feature, Need
from actors.ports.tokens import Begun, Connectable, Connected, NotConnected, Who
from config.model import Configuration, Daemon, Gateway, Secret, Tenant
from config.oidc import Oidc
from config.sso import Sso, SsoRoles
from daemon.gateway.app import build_app
from daemon.gateway.ports_sign_on import ReviewPorts, SignOnPorts
from daemon.store.database import Store, open_store

ISSUER = "https://idp.example.edu"
PUBLIC = "https://lms-sync.example.edu"
BASE = f"{PUBLIC}/t/acme"
CLIENT = "lmsyncd"
KEY = RSAKey.generate_key(2048, {"kid": "one"})
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "two"})
Change = Callable[[dict[str, Any]], object]


class OpenIdDouble:
    """Implements ``ports.Http``. ``claims`` are those of the next ID token, over the right ones (None leaves one out);
    ``header`` and ``key`` how it is signed; ``document`` changes what discovery says. ``asked``: what was requested."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.keys: list[RSAKey] = [KEY]
        self.key: RSAKey | OctKey = KEY
        self.header: dict[str, Any] = {}
        self.claims: dict[str, Any] = {}
        self.answer: dict[str, Any] = {}
        self.document: dict[str, Any] = {}
        self.userinfo: dict[str, Any] = {"sub": "ada"}
        self.raw: dict[str, Outcome] = {}
        """Outcomes by operation, in place of what would be said."""
        self.nonce = ""
        self.challenge = ""
        self.asked: list[Request] = []

    async def send(self, request: Request) -> Outcome:
        self.asked.append(request)
        if (said := self.raw.get(request.operation)) is not None:
            return said
        match request.operation:
            case "discovery":
                return _json(self._discovery())
            case "keys":
                return _json({"keys": [{**key.as_dict(private=False), "use": "sig"} for key in self.keys]})
            case "token":
                return self._token(request)
            case "userinfo":
                return _json(self.userinfo)
            case _:
                return NotSent("nobody is there")

    async def aclose(self) -> None:
        """Nothing is open."""

    def operations(self) -> list[str]:
        return [request.operation for request in self.asked]

    def _discovery(self) -> dict[str, Any]:
        told = {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
            "userinfo_endpoint": f"{ISSUER}/userinfo",
            "end_session_endpoint": f"{ISSUER}/out",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "private_key_jwt", "none"],
            "authorization_response_iss_parameter_supported": True,
        }
        return {name: value for name, value in {**told, **self.document}.items() if value is not None}

    def _token(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        proof = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        if form["code"] != "good" or proof.decode() != self.challenge:
            return Response(status=400, body=b'{"error":"invalid_grant","error_description":"<b>secret words</b>"}')
        return _json({"access_token": "at", "token_type": "Bearer", "id_token": self.id_token(), **self.answer})

    def id_token(self) -> str:
        now_s = self._clock.now_us() // 1_000_000
        right = {
            "iss": ISSUER,
            "sub": "ada",
            "aud": CLIENT,
            "exp": now_s + 300,
            "iat": now_s,
            "nonce": self.nonce,
            "email": "Ada@example.edu",
            "email_verified": True,
            "name": "Ada Lovelace",
            "groups": ["lms-admins", "staff"],
        }
        told = {name: value for name, value in {**right, **self.claims}.items() if value is not None}
        header = {"alg": "RS256", "kid": self.key.kid, **self.header}
        return jwt.encode(header, told, self.key, algorithms=[str(header["alg"])])


def _json(told: Mapping[str, Any]) -> Response:
    return Response(status=200, headers={"content-type": "application/json"}, body=json.dumps(told).encode())


class DeskDouble:
    """Implements ``ports.tokens.Desk`` for the accounts ``slack`` and ``teams``."""

    def __init__(self) -> None:
        self.finished: list[tuple[str, ...]] = []
        self.seen: list[Who] = []
        self.fails = ""
        self.known = True
        self.states = {"slack": "unconnected", "teams": "unconnected"}

    def connectable(self, tenant: str) -> Sequence[Connectable]:
        need = Need(scope="chat:write", speaker="bot", why="posts <to> channels", features=frozenset({Feature.POSTING}))
        accounts = [
            Connectable(
                name=name,
                kind=name,
                speaker="bot" if name == "slack" else "person",
                state=state,
                needed=(need,),
                granted=("chat:write", "admin") if state == "connected" else None,
                excess=("admin",) if state == "connected" else (),
                account="<Workspace>" if state == "connected" else "",
                can_connect=True,
            )
            for name, state in self.states.items()
        ]
        return [*accounts, Connectable(name="fixed", kind="slack", speaker="bot", state="configured")]

    def begin(self, tenant: str, name: str, redirect_uri: str, state: str) -> Begun | NotConnected:
        if self.fails == "begin":
            return NotConnected(why="words for the log")
        url = f"https://{name}.example.com/authorize?state={state}&redirect_uri={redirect_uri}"
        return Begun(url=url, verifier=f"verifier of {name}")

    async def finish(
        self, tenant: str, name: str, code: str, verifier: str, redirect_uri: str, by: Who, correlation_id: str
    ) -> Connected | NotConnected:
        if self.fails == "finish":
            return NotConnected(why="words of the vendor, for the log", known=self.known)
        self.finished.append((tenant, name, code, verifier, redirect_uri, by.who))
        self.states[name] = "connected"
        return Connected(name=name, account="<Workspace>")

    async def disconnect(self, tenant: str, name: str, by: Who, correlation_id: str) -> NotConnected | None:
        if self.fails == "disconnect":
            return NotConnected(why="words for the log", known=self.known)
        self.states[name] = "revoked"
        return None

    async def signed_in(self, tenant: str, by: Who) -> None:
        self.seen.append(by)


def words(**oidc: Any) -> Oidc:
    given = {"issuer": ISSUER, "client_id": CLIENT, "client_secret": Secret(env="secret"), **oidc}
    return Oidc(**given)


def signing_on(name: str = "acme", locale: str = "en", **oidc: Any) -> Tenant:
    """A tenant whose admins are in the group ``lms-admins``, its viewers in ``staff``."""
    roles = SsoRoles(admins=("lms-admins",), viewers=("staff",))
    return Tenant(name=name, timezone="UTC", locale=locale, sso=Sso(oidc=words(**oidc), roles=roles))


class People:
    """The gateway's pages with a provider, a desk and an audit that remember. ``tenants`` may be changed."""

    def __init__(self, store: Store, clock: ManualClock, public_url: str = PUBLIC) -> None:
        self.store = store
        self.clock = clock
        self.world = GatewayWorld(public_url=public_url)
        self.audit = self.world.audit
        self.provider = OpenIdDouble(clock)
        self.desk = DeskDouble()
        self.events: list[tuple[str, dict[str, object]]] = []
        self.followed: list[str] = []
        self.tenants = {"acme": signing_on(), "globex": signing_on("globex")}
        own = SignOnPorts(
            configuration=self.configuration,
            http=lambda: self.provider,
            sessions=store.sessions,
            saml=store.saml,
            persons=store.persons,
            desk=self.desk,
            event=lambda name, /, **fields: self.events.append((name, fields)),
            review=ReviewPorts(
                conflicts=store.conflicts, followed=lambda tenant, verb, decided, by: self.followed.append(verb)
            ),
        )
        ports = msgspec.structs.replace(self.world.ports, sign_on=own, clock=clock)
        self.app = build_app(ports, self.world.gateway).public

    def configuration(self) -> Configuration:
        daemon = Daemon(gateway=Gateway(public_url=self.world.gateway.public_url))
        return Configuration(root=Path("/"), daemon=daemon, tenants=self.tenants, state=Path("/"))

    def browser(self, address: str = "192.0.2.7") -> "Browser":
        return Browser(self, address)

    def refusals(self, tenant: str = "acme") -> list[str]:
        return [each.detail for each in self.audit.told if each.how == "refused" and each.tenant == tenant]


class Browser:
    """A cookie jar, and what a browser adds by itself."""

    def __init__(self, people: People, address: str) -> None:
        self.people = people
        transport = httpx.ASGITransport(people.app, client=(address, 1234))
        self.client = httpx.AsyncClient(transport=transport, base_url=PUBLIC)

    async def get(self, path: str, **headers: str) -> httpx.Response:
        url = path if path.startswith("http") else BASE + path
        return await self.client.get(url, headers={"Sec-Fetch-Mode": "navigate", **headers})

    async def begin(self) -> dict[str, str]:
        """What the provider is asked with; it remembers what belongs into its answer."""
        answer = await self.get("/sso/oidc")
        assert answer.status_code == 303, answer.text
        asked = fields_of(answer.headers["location"])
        self.people.provider.nonce, self.people.provider.challenge = asked["nonce"], asked["code_challenge"]
        return asked

    async def come_back(self, state: str, code: str = "good", iss: str = ISSUER, **more: str) -> httpx.Response:
        given = {"state": state, "code": code, "iss": iss, **more}
        query = httpx.QueryParams({name: value for name, value in given.items() if value})
        return await self.get(f"/sso/oidc/callback?{query}")

    async def sign_in(self) -> httpx.Response:
        return await self.come_back((await self.begin())["state"])

    async def csrf(self) -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', (await self.get("/connect")).text)
        assert found is not None
        return found[1]

    async def post(
        self, path: str, *, site: str = "same-origin", origin: str = "null", **fields: str
    ) -> httpx.Response:
        """As a browser posts a form of our pages; ``site`` and ``origin`` are left out where they are empty."""
        headers = {name: value for name, value in (("Sec-Fetch-Site", site), ("Origin", origin)) if value}
        url = path if path.startswith("http") else BASE + path
        return await self.client.post(url, data=fields, headers=headers)


def fields_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


@asynccontextmanager
async def people(folder: Path) -> AsyncIterator[People]:
    clock = ManualClock()
    async with open_store(folder / "p.db", clock, inline=True) as store:
        yield People(store, clock)


async def refused(here: People, reason: str, **come: Any) -> None:
    """Nobody is signed in, the reason stands in the audit, and nothing of it in the page."""
    browser = here.browser()
    asked = await browser.begin()
    answer = await browser.come_back(asked["state"], **come)
    assert answer.status_code == 403, answer.text
    assert reason in here.refusals()[-1]
    assert reason not in answer.text
    assert asked["state"] not in answer.text
    assert "set-cookie" not in answer.headers
    assert await here.store.sessions.all() == []
