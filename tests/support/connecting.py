"""A person who connects accounts of a campus: the desk, the vendor's page of consent, and back; and what is looked at
afterwards."""

from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
from world import Campus, route, tenant

from actors.domain.flow import Request
from actors.ports.tokens import Begun, Connected, NotConnected, Who
from config.model import Configuration, Daemon, Tenant
from daemon.connections import ConnectionDesk

BACK = "https://sync.example.edu/t/acme/connect/slack/callback"
ADA = Who(who="oidc:ada", where="192.0.2.7", email="ada@example.edu", name="Ada", roles=("it",))

COMPLETIONS = route("completions", "completed")
BY_SIGN_IN = {"token": None, "client_id": "sandbox", "client_secret": {"env": "source-secret"}}


def slack_tenant(**settings: object) -> Tenant:
    return tenant(COMPLETIONS, settings={"slack": {**BY_SIGN_IN, **settings}})


def adjust(campus: Campus, vendor: str = "slack", **terms: object) -> None:
    fake = campus.fakes[vendor]
    fake.adjust(msgspec.json.encode(terms), campus.clock.now_us() / 1e6)  # type: ignore[attr-defined]


def told(campus: Campus, event: str, on: str = "acme/slack", speaker: str = "") -> int:
    """How often this was told of the connection."""
    named = campus.notes.named(f"token.{event}")
    return sum(each["connection"] == on and speaker in ("", each["speaker"]) for each in named)


def happen(campus: Campus, **what: object) -> None:
    campus.fakes["slack"].happen(msgspec.json.encode(what), campus.clock.now_us() / 1e6)  # type: ignore[attr-defined]


async def suspended(campus: Campus, lane: str = "acme/slack") -> str:
    """Why the lane waits; empty: it does not."""
    rows = await campus.rows("SELECT suspended FROM lanes WHERE lane = ?", lane)
    return rows[0][0] if rows and rows[0][0] else ""


def desk_of(campus: Campus) -> ConnectionDesk:
    desk = ConnectionDesk(campus.custody, campus.switchboard, campus.clock)
    nowhere = campus.store.path.parent
    desk.configure(Configuration(root=nowhere, daemon=Daemon(), tenants=dict(campus.tenants), state=nowhere))
    return desk


async def connect(
    campus: Campus, name: str = "slack", *, vendor: str = "slack", by: Who = ADA, **typed: str
) -> Connected | NotConnected:
    """Through the vendor's page, as a browser goes. ``typed``: what the person changes in its form."""
    desk = desk_of(campus)
    begun = desk.begin("acme", name, BACK, "a-state")
    assert isinstance(begun, Begun), begun
    code = consent(campus, vendor, begun.url, **typed)
    return await desk.finish("acme", name, code, begun.verifier, BACK, by, "corr-connect")


def consent(campus: Campus, vendor: str, url: str, **typed: str) -> str:
    """Press Allow; the code."""
    parts = urlsplit(url)
    asked = dict(parse_qsl(parts.query))
    form = {**asked, **typed, "decision": "allow"}
    request = Request(
        method="POST",
        url=parts.path,
        operation="",
        headers={"content-type": "application/x-www-form-urlencoded", "host": parts.netloc},
        body=urlencode(form).encode(),
    )
    answer = campus.fakes[vendor].handle(request, campus.clock.now_us() / 1e6).response
    assert answer.status == 302, answer.body.decode()
    back = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
    assert back["state"] == "a-state"
    return back["code"]
