"""What a browser would keep: the way to the provider and back, and the session that comes of it."""

import re
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec
from besieged import Answer, Besieged, request
from evil_idp import Forge

SIGN_ON = "lmsyncd-sign-on"


class Begun(msgspec.Struct, frozen=True):
    """Somebody who is at the provider."""

    tenant: str
    state: str
    nonce: str
    cookie: str


class SignedIn(msgspec.Struct, frozen=True):
    """Somebody who is back. ``csrf`` is on each form."""

    tenant: str
    cookie: str
    csrf: str


def begin(besieged: Besieged, tenant: str = "acme", *, address: str = "", **query: str) -> Begun:
    """``address``: from where, as the proxy says."""
    path = f"/t/{tenant}/sso/oidc" + (f"?{urlencode(query)}" if query else "")
    told = besieged.send(request("GET", path, X_Forwarded_For=address))
    assert told.status == 303, told.raw
    asked = parse_qs(urlsplit(told.headers["location"]).query)
    return Begun(tenant, asked["state"][0], asked["nonce"][0], cookie_of(told, SIGN_ON))


def back(
    begun: Begun, code: str, *, cookie: str | None = None, tenant: str = "", address: str = "", **more: str
) -> bytes:
    """The request by which a browser comes back."""
    query = urlencode({"state": begun.state, "code": code, **more})
    held = begun.cookie if cookie is None else cookie
    return request(
        "GET", f"/t/{tenant or begun.tenant}/sso/oidc/callback?{query}", Cookie=held, X_Forwarded_For=address
    )


def forged(forge: Forge, tenant: str = "acme", **claims: Any) -> Any:
    """Sign in with a token as ``forge`` makes it."""

    def make(besieged: Besieged) -> bytes:
        begun = begin(besieged, tenant)
        code = f"code-{begun.state}"
        besieged.idp.put(code, tenant, forge(besieged.idp, tenant, besieged.idp.claims(tenant, begun.nonce, **claims)))
        return back(begun, code)

    return make


def sign_in(besieged: Besieged, tenant: str = "acme", *, held: str = "", address: str = "", **claims: Any) -> SignedIn:
    """Properly. ``held``: cookies that the browser had before."""
    begun = begin(besieged, tenant, address=address)
    code = f"code-{begun.state}"
    besieged.idp.put(code, tenant, besieged.idp.signed(tenant, besieged.idp.claims(tenant, begun.nonce, **claims)))
    told = besieged.send(back(begun, code, cookie=f"{begun.cookie}; {held}" if held else None, address=address))
    assert told.status == 303, told.raw
    cookie = cookie_of(told, f"lmsyncd-{tenant}")
    page = besieged.send(request("GET", f"/t/{tenant}/connect", Cookie=cookie))
    found = re.search(rb'name="csrf" value="([^"]+)"', page.body)
    assert found is not None, page.raw
    return SignedIn(tenant, cookie, found[1].decode())


def cookie_of(answer: Answer, name: str) -> str:
    found = re.search(rf"^set-cookie: ({re.escape(name)}=[^;\r\n]+)", answer.raw.decode("latin-1"), re.I | re.M)
    assert found is not None, answer.raw
    return found[1]
