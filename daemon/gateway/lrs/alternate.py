"""xAPI 1.0.3's alternate request syntax, for clients that can send forms only: a POST whose query is ``method=PUT`` and
whose form has headers, parameters and ``content`` becomes the request that it stands for.

``translated`` is pure; ``Alternate`` is the layer in front of the routes, so that no resource knows of any of this. The
form comes through the frame like every body: counted and timed. xAPI 2.0 has no such syntax: refused there.
"""

import binascii
import re
from urllib.parse import quote_from_bytes

import msgspec
import trio
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from daemon.gateway.lrs.headers import VERSION, spoken
from daemon.gateway.problems import Problem

METHODS = ("GET", "PUT", "POST", "DELETE")
FIELDS_MAX = 64
QUERY_BYTES_MAX = 65_536
"""Of all parameters together, as the server bounds a query that comes in the usual way."""
LARGE_BYTES = 256 * 1024
FORM = "application/x-www-form-urlencoded"
_HEADERS = frozenset(
    (
        b"authorization",
        b"x-experience-api-version",
        b"content-length",
        b"content-type",
        b"if-match",
        b"if-none-match",
        b"accept",
        b"accept-language",
    )
)
"""What a form says of these stands above the real header; of ``Content-Length`` it says nothing that we believe."""
_MEASURED = frozenset((b"content-length", b"transfer-encoding"))
_PATH = re.compile(r"/t/[^/]+/xapi/.+")
_METHOD = re.compile(rb"method(?:=|&|\Z)")
_BROKEN = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_VALUE = re.compile(rb"[\x20-\x7e\x80-\xff\t]*")


class Translated(msgspec.Struct, frozen=True):
    """The request meant. ``headers`` are raw, names in lower case."""

    method: str
    query: bytes
    headers: list[tuple[bytes, bytes]]
    content: bytes


def translated(query: bytes, headers: list[tuple[bytes, bytes]], form: bytes) -> Translated:
    """Raises Problem 400 for whatever is not the alternate syntax of 1.0.3."""
    method = query.removeprefix(b"method=").decode("latin-1")
    if method not in METHODS:
        raise _problem("with the parameter method, the query must have method=GET, PUT, POST or DELETE and no more")
    kept = [(name, value) for name, value in headers if name not in _MEASURED]
    if form and _of(kept, b"content-type").partition(b";")[0].strip().lower() != FORM.encode():
        raise _problem(f"the body must be {FORM} where the query has method=")
    said: dict[bytes, bytes] = {}
    parameters: dict[bytes, bytes] = {}
    for name, value in _fields(form):
        header = name.lower() if name.lower() in _HEADERS else None
        group, key = (parameters, name) if header is None else (said, header)
        if key in group:
            raise _problem(f"the form gives {_shown(name)} more than once")
        if header is not None and not _VALUE.fullmatch(value):
            raise _problem(f"{_shown(name)} in the form is no header's value")
        group[key] = value
    said.pop(b"content-length", None)
    content = parameters.pop(b"content", None)
    if method in ("PUT", "POST") and content is None:
        raise _problem(f"a form that stands for a {method} must have the document or statements in content")
    if method in ("GET", "DELETE") and content is not None:
        raise _problem(f"a form that stands for a {method} can have no content")
    asked = "&".join([f"{_quoted(name)}={_quoted(value)}" for name, value in parameters.items()])
    if len(asked) > QUERY_BYTES_MAX:
        raise _problem(f"the form's parameters have more than {QUERY_BYTES_MAX} bytes")
    if content is not None:
        said.setdefault(b"content-type", b"application/json")
        said[b"content-length"] = str(len(content)).encode()
    kept = [(name, value) for name, value in kept if name not in said and name != b"content-type"]
    return Translated(method, asked.encode(), [*kept, *said.items()], content or b"")


def _fields(form: bytes) -> list[tuple[bytes, bytes]]:
    if not form:
        return []
    if form.count(b"&") >= FIELDS_MAX:
        raise _problem(f"a form may have at most {FIELDS_MAX} fields")
    if _BROKEN.search(form):
        raise _problem("the form is not url-encoded: a % must be followed by two hexadecimal digits")
    fields = []
    for field in form.split(b"&"):
        name, equals, value = field.partition(b"=")
        if not equals:
            raise _problem(f"the form is not url-encoded: {_shown(name)} has no =")
        fields.append((decoded(name), decoded(value)))
    return fields


_TO_QUOTED_PRINTABLE = bytes.maketrans(b"%+", b"= ")


def decoded(text: bytes) -> bytes:
    """A name or value of a form in which every ``%`` has its digits: read as quoted-printable, which is the same with
    another sign, because that is done in C (16 MB of ``%41`` in Python take seconds)."""
    return binascii.a2b_qp(text.replace(b"=", b"%3D").translate(_TO_QUOTED_PRINTABLE))


def _quoted(text: bytes) -> str:
    return quote_from_bytes(text, safe="")


def _of(headers: list[tuple[bytes, bytes]], wanted: bytes) -> bytes:
    return next((value for name, value in headers if name == wanted), b"")


def _shown(name: bytes) -> str:
    text = name[:80].decode("utf-8", "replace")
    return "".join(char if char.isprintable() else "?" for char in text) or "a field without a name"


def _problem(detail: str) -> Problem:
    return Problem(400, detail, reason="alternate")


class Alternate:
    """ASGI middleware. The scope becomes the one of the request meant, so that whoever looks at it later (which
    version the answer speaks, who has been admitted) sees what was said."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "POST" and _METHOD.match(scope["query_string"]) and _PATH.fullmatch(scope["path"]):
            receive = await self._meant(scope, receive)
        await self._app(scope, receive, send)

    async def _meant(self, scope: Scope, receive: Receive) -> Receive:
        _refuse_in_2_0(scope["headers"])
        form = await _body(receive)

        def read() -> Translated:
            return translated(scope["query_string"], scope["headers"], form)

        meant = await trio.to_thread.run_sync(read) if len(form) > LARGE_BYTES else read()
        scope["method"] = meant.method
        scope["query_string"] = meant.query
        scope["headers"] = meant.headers
        _refuse_in_2_0(meant.headers)
        waiting: list[Message] = [{"type": "http.request", "body": meant.content, "more_body": False}]

        async def receive_content() -> Message:
            return waiting.pop() if waiting else await receive()

        return receive_content


def _refuse_in_2_0(headers: list[tuple[bytes, bytes]]) -> None:
    given = _of(headers, VERSION.lower().encode()).decode("latin-1")
    if spoken(given) == "2.0.0":
        raise _problem("xAPI 2.0 has no alternate request syntax: there is no parameter method")


async def _body(receive: Receive) -> bytes:
    blocks = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        blocks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(blocks)
