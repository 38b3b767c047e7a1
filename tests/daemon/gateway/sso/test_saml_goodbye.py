"""Whose session ends when the identity provider says that one is over."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from starlette.requests import Request
from starlette.responses import Response

from config.model import Tenant
from daemon.control.ask import Role
from daemon.control.roles import Standing
from daemon.gateway.sessions import Session, sealed
from daemon.gateway.sso.saml import SamlResource
from daemon.gateway.sso.saml_desk import Goodbye
from daemon.store.sessions import StoredSession

ACME = Tenant(name="acme", timezone="UTC", locale="en")
IDP = "https://idp.example.edu"
TOKEN = bytes(32)


def session(subject: str, name_id: str) -> Session:
    """Of somebody whom the identity provider called ``name_id``, and whom we call ``subject``."""
    stored = StoredSession(
        id=name_id.encode(),
        tenant="acme",
        via="saml",
        issuer=IDP,
        subject=subject,
        email="",
        name="",
        person="",
        roles=(),
        role=0,
        place="",
        began_us=0,
        seen_us=0,
        until_us=1,
        sealed=sealed(TOKEN, b"hint", msgspec.json.encode((IDP, name_id, "_s1"))),
    )
    return Session(stored=stored, token=TOKEN, standing=Standing(Role.VIEWER, ""), connects=Role.ADMIN)


class Doorman:
    def __init__(self, own: Session) -> None:
        self.own = own
        self.ended: list[str] = []
        self.left = False

    async def sign_in(self, *_given: Any, **_named: Any) -> Response:
        raise AssertionError

    async def of(self, _request: Request, _tenant: Tenant) -> Session | None:
        return self.own

    async def end(self, _request: Request, which: Sequence[StoredSession], _why: str) -> None:
        self.ended += [each.subject for each in which]

    def leave(self, _response: Response, _tenant: str) -> None:
        self.left = True


@pytest.mark.parametrize(
    ("own", "ended"),
    [
        pytest.param(session("eve", "eve"), [], id="of another person who was led to somebody's goodbye"),
        pytest.param(session("username:ada", "_once"), ["username:ada"], id="of a name that was only for once"),
    ],
)
async def test_a_goodbye_ends_the_session_that_it_is_about_and_no_other(own: Session, ended: list[str]) -> None:
    class Desk:
        async def goodbye(self, _tenant: Tenant, _query: str, _crowd: str) -> Goodbye:
            return Goodbye(subject="_once", issuer=IDP, url="")

    async def everybody(_tenant: str) -> Sequence[StoredSession]:
        return [own.stored]

    doorman, desk, nothing = Doorman(own), Desk(), None
    unused: Any = nothing
    resource = SamlResource(desk, doorman, everybody, unused, unused, unused)  # type: ignore[arg-type]  # no more is asked
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b"SAMLRequest=x"}
    await resource.logout(Request(scope), ACME)
    assert (doorman.ended, doorman.left) == (ended, bool(ended))
