"""What another LRS says, taken apart. No I/O."""

import base64
import hashlib
import re
from collections.abc import Mapping
from urllib.parse import urlencode

import msgspec

from actors.domain.flow import Outcome, Request, Response, Veiled
from actors.domain.harvest import Halted
from actors.domain.xapi.moments import instant_us
from actors.sources.answers import Remedies, halted

BUCKET = "requests"
OPERATION = "statements.get"
ANSWER_BYTES_MAX = 64 * 1024 * 1024
PATIENCE_S = 120.0
DETAIL_CHARS_MAX = 300
THROUGH = "x-experience-api-consistent-through"
_ALGORITHMS = {56: hashlib.sha224, 64: hashlib.sha256, 96: hashlib.sha384, 128: hashlib.sha512}
_BOUNDARY = re.compile(r'multipart/mixed\s*;(?:.*;)?\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)


REMEDIES = Remedies(
    unknown="the key and its secret are not known there: give those of a client that is",
    forbidden="the key may not read statements: give it the scope statements/read there",
    missing="there is no LRS at endpoint: write its address above statements",
    address="endpoint",
)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a page depends on. ``since`` is exclusive, ``until`` inclusive, both RFC 3339 or empty."""

    since: str = ""
    until: str = ""
    page: int
    verb: str = ""
    activity: str = ""
    related_activities: bool = False
    attachments: bool = False

    def query(self) -> str:
        given = {"since": self.since, "until": self.until, "verb": self.verb, "activity": self.activity}
        flags = {"related_activities": self.related_activities, "attachments": self.attachments}
        return urlencode(
            {name: value for name, value in given.items() if value}
            | {name: "true" for name, on in flags.items() if on}
            | {"ascending": "true", "format": "exact", "limit": str(self.page)}
        )


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A page: statements as they stand there, when each was stored (as spelt there), the contents that came along,
    where it goes on (empty: that was all), and up to when the answer is complete (empty: it does not say)."""

    statements: tuple[bytes, ...]
    stored: tuple[str, ...]
    contents: Mapping[str, bytes]
    more: str
    through: str


class _Page(msgspec.Struct):
    statements: list[msgspec.Raw]
    more: str = ""


class _Stored(msgspec.Struct):
    stored: str = ""


class _Unreadable(Exception):
    """The answer is not what an LRS answers. The text says how."""


def asking(url: str, authorization: str, version: str) -> Request:
    """The request for a page. What authorises it stands in a header only."""
    return Request(
        method="GET",
        url=url,
        operation=OPERATION,
        headers={
            "authorization": Veiled(authorization),
            "x-experience-api-version": version,
            "accept": "application/json, multipart/mixed",
        },
        draws=(BUCKET,),
        answer_bytes_max=ANSWER_BYTES_MAX,
        patience_s=PATIENCE_S,
    )


def basic(key: str, secret: str) -> str:
    """The value of the header by HTTP Basic."""
    return "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()


def told(outcome: Outcome) -> Told | Halted:
    """What came of asking for a page."""
    match outcome:
        case Response(status=200):
            try:
                return _page(outcome)
            except _Unreadable as error:
                return Halted(why="faulted", detail=f"{OPERATION}: {error}")
        case _:
            return halted(outcome, OPERATION, REMEDIES)


def _page(answer: Response) -> Told:
    kind = answer.headers.get("content-type", "")
    contents: dict[str, bytes] = {}
    body = answer.body
    if kind.lower().startswith("multipart/mixed"):
        body, contents = _opened(body, kind)
    try:
        page = msgspec.json.decode(body, type=_Page)
        stored = tuple(msgspec.json.decode(each, type=_Stored).stored for each in page.statements)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _Unreadable(f"the answer is no page of statements: {error}"[:DETAIL_CHARS_MAX]) from None
    if untimed := sum(instant_us(each) is None for each in stored):
        raise _Unreadable(f"{untimed} of {len(stored)} statements do not say when they were stored")
    through = answer.headers.get(THROUGH, "")
    if through and instant_us(through) is None:
        raise _Unreadable("X-Experience-API-Consistent-Through is no time")
    statements = tuple(bytes(each) for each in page.statements)
    return Told(statements=statements, stored=stored, contents=contents, more=page.more, through=through)


def _opened(body: bytes, kind: str) -> tuple[bytes, dict[str, bytes]]:
    """The statements, and what is enclosed by its sha2 in lower case. Contents that are not what their hash says are
    left out: then the statement that declares them is what is wrong."""
    named = _BOUNDARY.search(kind)
    if named is None:
        raise _Unreadable("multipart/mixed without a boundary")
    mark = b"--" + (named[1] or named[2]).encode()
    pieces = (b"\r\n" + body).split(b"\r\n" + mark)[1:]
    if not pieces or not pieces.pop().startswith(b"--"):
        raise _Unreadable("the multipart answer does not end with its boundary")
    statements: bytes | None = None
    contents: dict[str, bytes] = {}
    for piece in pieces:
        head, gap, content = piece.partition(b"\r\n\r\n")
        if not gap:
            raise _Unreadable("a part of the multipart answer has no empty line after its head")
        if statements is None:
            statements = content
            continue
        headers = dict(line.partition(":")[::2] for line in head.decode("latin-1").lower().split("\r\n"))
        sha2 = headers.get("x-experience-api-hash", "").strip()
        algorithm = _ALGORITHMS.get(len(sha2))
        if algorithm is not None and algorithm(content).hexdigest() == sha2:
            contents[sha2] = content
    if statements is None:
        raise _Unreadable("the multipart answer is empty")
    return statements, contents
