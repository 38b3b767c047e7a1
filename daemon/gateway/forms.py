"""What browsers bring to pages: the fields of a form and of a query, each once, and whether a form came from a page of
ours.

Two proofs are asked of a form that changes something. The browser says that it comes from our own pages: by
``Sec-Fetch-Site``, or by ``Origin``; one of them at least, and neither may say anything else. (Our pages tell nobody
where a request came from, so that browsers write ``Origin: null`` into our own forms: that says nothing.) And the form
carries the session's token, which another site cannot know.
"""

import hmac
from contextlib import aclosing
from urllib.parse import parse_qsl

from starlette.requests import Request

from daemon.gateway.origin import Origin
from daemon.gateway.sessions import Session

FORM_BYTES_MAX = 16 * 1024
QUERY_BYTES_MAX = 16 * 1024
FIELDS_MAX = 20
FORM_TYPE = "application/x-www-form-urlencoded"


class Malformed(Exception):
    """What came is not what a page of ours sends. The text is for the audit."""


class Forged(Exception):
    """A form that is not from a page of this session. The text is for the audit."""


def followed(request: Request) -> bool:
    """Whether a person's browser came here as a page of its own, as far as it says (``Sec-Fetch-Mode``): no image, no
    script and no frame of another site's page."""
    told = request.headers
    return told.get("sec-fetch-mode", "navigate") == "navigate" and told.get("sec-fetch-dest", "document") == "document"


def query_of(request: Request) -> dict[str, str]:
    """Raises Malformed, also where a name comes twice."""
    return _fields(request.scope["query_string"], QUERY_BYTES_MAX)


async def form_of(request: Request) -> dict[str, str]:
    """Raises Malformed, also where a name comes twice."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM_TYPE:
        raise Malformed("this is no form")
    body = b""
    async with aclosing(request.stream()) as chunks:
        async for chunk in chunks:
            body += chunk
            if len(body) > FORM_BYTES_MAX:
                raise Malformed("the form is too long")
    return _fields(body, FORM_BYTES_MAX)


def _fields(text: bytes, bytes_max: int) -> dict[str, str]:
    if len(text) > bytes_max:
        raise Malformed("it is too long")
    try:
        pairs = parse_qsl(text.decode("ascii"), keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict")
    except ValueError:
        raise Malformed("its fields cannot be read") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Malformed("a field comes twice")
    return fields


def genuine(request: Request, origin: Origin, session: Session, form: dict[str, str]) -> None:
    """Raises Forged."""
    site, came_from = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site not in (None, "same-origin"):
        raise Forged("the browser says that the form comes from elsewhere (Sec-Fetch-Site)")
    if came_from not in (None, "null", origin.origin):
        raise Forged("the browser says that the form comes from elsewhere (Origin)")
    if site is None and came_from != origin.origin:
        raise Forged("the browser does not say where the form comes from")
    if not hmac.compare_digest(form.get("csrf", "").encode(), session.csrf.encode()):
        raise Forged("the form does not carry the token of this session")
