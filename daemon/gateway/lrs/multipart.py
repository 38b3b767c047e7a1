"""A ``multipart/mixed`` request taken apart: the statements first, then the contents of their attachments, byte for
byte as they were sent.

The library finds the boundaries; what a part must say about itself is ours. Everything is bounded before it is read:
the body by the frame, the parts by counting their boundaries, headers by number and length.
"""

import logging
import re
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from actors.domain.xapi.attachments import matches
from actors.domain.xapi.faults import Fault, Refusal
from actors.domain.xapi.patterns import SHA2_HEX
from daemon.gateway.problems import Problem

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

PARTS_MAX = 1_000
"""Attachments in one request."""
HEADERS_MAX = 16
HEADER_BYTES_MAX = 4_096
_BOUNDARY = re.compile(rb"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")
"""As RFC 2046 has it."""
_SHA2 = re.compile(SHA2_HEX)

logging.getLogger("python_multipart").addHandler(logging.NullHandler())
logging.getLogger("python_multipart").propagate = False  # its warnings are about senders, who are told by us


def is_json(content_type: str) -> bool:
    """Raises Problem 400 for JSON in another encoding than UTF-8."""
    kind, options = _described(content_type)
    if kind != b"application/json":
        return False
    if options.get(b"charset", b"utf-8").strip().lower() not in (b"", b"utf-8", b"utf8"):
        raise Problem(400, "JSON is always UTF-8", reason="content_type")
    return True


def boundary_of(content_type: str) -> bytes | None:
    """The boundary of ``multipart/mixed``, None for everything else. Raises Problem 400 where it has none."""
    kind, options = _described(content_type)
    if kind != b"multipart/mixed":
        return None
    boundary = options.get(b"boundary", b"").strip(b" \t")
    if not _BOUNDARY.fullmatch(boundary):
        raise Problem(
            400, "Content-Type must name the boundary of multipart/mixed, 1 to 70 characters", reason="content_type"
        )
    return boundary


def _described(content_type: str) -> tuple[bytes, dict[bytes, bytes]]:
    """Type and parameters. The library knows headers as bytes only, so what is not in ASCII says nothing."""
    return parse_options_header(content_type) if content_type.isascii() else (b"", {})


class _Part:
    """Headers by name in lower case, and the content."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.content = b""


def parts(body: bytes, boundary: bytes) -> list[_Part]:
    """Raises Refusal that says where the body is not what ``multipart/mixed`` must be."""
    delimiter = b"--" + boundary
    if body.count(b"\r\n" + delimiter) > PARTS_MAX + 2:
        raise _refusal("", f"there may be at most {PARTS_MAX} attachments in one request")
    if not body.startswith(delimiter):
        begin = body.find(b"\r\n" + delimiter)  # before it there may be words for people, says RFC 2046
        if begin < 0:
            raise _refusal("", "the boundary that Content-Type names is nowhere in the body")
        body = body[begin + 2 :]
    reading = _Reading()
    parser = MultipartParser(
        boundary, reading.callbacks(), max_header_count=HEADERS_MAX, max_header_size=HEADER_BYTES_MAX
    )
    try:
        parser.write(body)
    except FormParserError as error:
        raise _refusal(reading.place, f"is not well-formed: {error}") from None
    if not reading.ended:
        raise _refusal(reading.place, "the body ends before its closing boundary")
    return reading.parts


class _Reading:
    """What the parser tells, one part after the other."""

    def __init__(self) -> None:
        self.parts: list[_Part] = []
        self.ended = False
        self._name = b""
        self._value = b""

    @property
    def place(self) -> str:
        return _place(len(self.parts) - 1) if self.parts else ""

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._part,
            "on_header_field": self._field,
            "on_header_value": self._said,
            "on_header_end": self._header,
            "on_part_data": self._data,
            "on_end": self._end,
        }

    def _part(self) -> None:
        self.parts.append(_Part())

    def _field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _said(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header(self) -> None:
        name, value = self._name.decode("latin-1").lower(), self._value.decode("latin-1").strip(" \t")
        self._name = self._value = b""
        if name in self.parts[-1].headers:
            raise _refusal(f"{self.place}.{name}", "is given more than once")
        self.parts[-1].headers[name] = value

    def _data(self, data: bytes, start: int, end: int) -> None:
        part = self.parts[-1]
        part.content = part.content + data[start:end] if part.content else data[start:end]

    def _end(self) -> None:
        self.ended = True


def opened(body: bytes, boundary: bytes) -> tuple[bytes, dict[str, bytes]]:
    """The first part's JSON, and the contents of the others by their sha2 in lower case, which is theirs indeed.
    Raises Refusal, Problem 400."""
    found = parts(body, boundary)
    if not found or not is_json(found[0].headers.get("content-type", "")):
        raise _refusal(f"{_place(0)}.content-type", "must be application/json: the statements come first")
    contents: dict[str, bytes] = {}
    for index, part in enumerate(found[1:], 1):
        if part.headers.get("content-transfer-encoding", "").lower() != "binary":
            raise _refusal(f"{_place(index)}.content-transfer-encoding", "must be binary")
        sha2 = part.headers.get("x-experience-api-hash", "").lower()
        if not _SHA2.search(sha2):
            raise _refusal(
                f"{_place(index)}.x-experience-api-hash", "must be the content's SHA-2 in hexadecimal digits"
            )
        if sha2 not in contents and not matches(part.content, sha2):
            raise _refusal(
                f"{_place(index)}.x-experience-api-hash", f"is not the hash of this part's {len(part.content)} bytes"
            )
        if contents.setdefault(sha2, part.content) != part.content:
            raise _refusal(f"{_place(index)}.x-experience-api-hash", "is the hash of another part")
    return found[0].content, contents


def _place(index: int) -> str:
    return f"parts[{index}]"


def _refusal(path: str, rule: str) -> Refusal:
    return Refusal((Fault(path, rule),))
