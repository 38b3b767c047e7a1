"""What every fake vendor's page of consent does: ask a person in a browser, and send the browser back with a code.

The page is a form without scripts. A browser shows it; a test posts what ``answered`` reads (``decision=allow``
beside the parameters of the request), without having seen the page.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from html import escape
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec

from actors.domain.flow import Request, Response

FIELDS_MAX = 50
VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}", re.ASCII)
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_PAGE = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """A page of consent. ``hidden`` comes back as it is, ``typed`` as the person changes it (name: label, value)."""

    title: str
    wants: Iterable[str]
    action: str
    hidden: Mapping[str, str]
    typed: Mapping[str, tuple[str, str]] = {}


def query_of(request: Request) -> dict[str, str]:
    """The parameters of an address; none where there are too many to be meant."""
    try:
        return dict(parse_qsl(request.url.partition("?")[2], keep_blank_values=True, max_num_fields=FIELDS_MAX))
    except ValueError:
        return {}


def form_of(request: Request) -> dict[str, str]:
    """The fields of a form; none where the body is no form."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return {}
    try:
        return dict(parse_qsl(request.body.decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX))
    except ValueError:
        return {}


def asked(page: Asking) -> Response:
    """The page itself: what is wanted, and two buttons."""
    wants = "".join(f"<li><code>{escape(want)}</code></li>" for want in page.wants)
    hidden = _hidden(page.hidden)
    typed = "".join(
        f'<p><label>{escape(label)} <input name="{escape(name)}" value="{escape(value)}"></label></p>'
        for name, (label, value) in page.typed.items()
    )
    body = (
        f'<form method="post" action="{escape(page.action)}">{hidden}{typed}<ul>{wants}</ul>'
        '<p><button name="decision" value="allow" id="allow">Allow</button> '
        '<button name="decision" value="deny" id="deny">Cancel</button></p></form>'
    )
    return _html(200, page.title, body)


def said(status: int, title: str, detail: str) -> Response:
    """A page that only says something: what is wrong with a request that must not be sent back anywhere."""
    return _html(status, title, f"<p>{escape(detail)}</p>")


def sent_back(address: str, **given: str) -> Response:
    """302 to where the request came from. Parameters that the address has stay; empty ones are left out."""
    parts = urlsplit(address)
    query = [*parse_qsl(parts.query, keep_blank_values=True), *((name, text) for name, text in given.items() if text)]
    location = urlunsplit(parts._replace(query=urlencode(query)))
    return Response(status=302, headers={"location": location, "cache-control": "no-store"})


def posted_back(address: str, **given: str) -> Response:
    """The same as a form that the person sends on (``response_mode=form_post``); no script does it for them."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(text)}">' for name, text in given.items()
    )
    body = (
        f'<form method="post" action="{escape(address)}">{hidden}<p><button id="continue">Continue</button></p></form>'
    )
    return _html(200, "Back to where you came from", body)


def may_return(address: str, registered: Iterable[str], *, below: bool) -> bool:
    """Whether a browser may be sent there: to what is registered (or, with ``below``, to a path below it); where
    nothing is registered, to any address without fragment."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.fragment:
        return False
    known = list(registered)
    if not known:
        return True
    return any(address == each or (below and address.startswith(each.rstrip("/") + "/")) for each in known)


def proves(challenge: str, verifier: str) -> bool:
    """PKCE, S256 (RFC 7636)."""
    if not VERIFIER.fullmatch(verifier):
        return False
    made = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    return hmac.compare_digest(made, challenge)


def _hidden(fields: Mapping[str, str]) -> str:
    return "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(text)}">' for name, text in fields.items()
    )


def _html(status: int, title: str, body: str) -> Response:
    page = (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        "<style>body{font-family:sans-serif;max-width:40em;margin:3em auto}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
    return Response(status=status, headers=_PAGE, body=page.encode())
