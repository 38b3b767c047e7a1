"""A person who connects accounts of a campus: the desk, the vendor's page of consent, and back."""

from urllib.parse import parse_qsl, urlencode, urlsplit

from world import Campus

from actors.domain.flow import Request
from actors.ports.tokens import Begun, Connected, NotConnected, Who
from config.model import Configuration, Daemon
from daemon.connections import ConnectionDesk

BACK = "https://sync.example.edu/t/acme/connect/slack/callback"
ADA = Who(who="oidc:ada", where="192.0.2.7", email="ada@example.edu", name="Ada", roles=("it",))


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
