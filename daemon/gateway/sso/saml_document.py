"""From what a browser posts to a tree of elements, as strictly as can be: whatever two XML parsers could understand
differently is refused before the second one (xmlsec1's) sees it.

UTF-8 only, no document type, no entities, no comments, no processing instructions, a bounded number of elements.
Nothing here is of SAML. Pure.
"""

import base64
import binascii
import re
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers.expat import ExpatError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

from daemon.gateway.sso.saml_refusals import Reason, Refused

MESSAGE_BYTES_MAX = 256 * 1024
"""Of a response: an assertion with hundreds of groups has 60 KiB."""
ELEMENTS_MAX = 10_000
DEPTH_MAX = 40
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}", re.ASCII)
_WHITE = re.compile(r"[ \t\r\n]+", re.ASCII)
_FOREIGN = (b"\xff\xfe", b"\xfe\xff", b"\x00", b"<\x00", b"+A")
_ENCODING = re.compile(rb"<\?xml\s[^>]*?encoding\s*=\s*[\"']([^\"'>]{0,40})[\"']")


def decoded(text: str, bytes_max: int = MESSAGE_BYTES_MAX) -> bytes:
    """The bytes of base64, which may be broken into lines. Raises Refused."""
    if len(text) > bytes_max * 2:
        raise Refused(Reason.TOO_LARGE)
    packed = _WHITE.sub("", text)
    if len(packed) % 4 or _BASE64.fullmatch(packed) is None:
        raise Refused(Reason.BASE64)
    try:
        message = base64.b64decode(packed, validate=True)
    except binascii.Error:
        raise Refused(Reason.BASE64) from None
    if base64.b64encode(message).decode() != packed:
        raise Refused(Reason.BASE64)  # bits that say nothing say something else to the next one who reads them
    if len(message) > bytes_max:
        raise Refused(Reason.TOO_LARGE)
    return message


class _Tree(TreeBuilder):
    """Counts what it builds."""

    def __init__(self, elements_max: int) -> None:
        super().__init__()
        self._room = elements_max
        self._depth = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        self._room -= 1
        self._depth += 1
        if self._room < 0 or self._depth > DEPTH_MAX:
            raise Refused(Reason.TOO_MUCH)
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        self._depth -= 1
        return super().end(tag)


def tree_of(message: bytes, *, bytes_max: int = MESSAGE_BYTES_MAX, elements_max: int = ELEMENTS_MAX) -> Element:
    """The root element. Raises Refused."""
    if len(message) > bytes_max:
        raise Refused(Reason.TOO_LARGE)
    head = message.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    said = _ENCODING.match(head)
    if head.startswith(_FOREIGN) or b"\0" in message or (said and said[1].upper() not in (b"UTF-8", b"US-ASCII")):
        raise Refused(Reason.ENCODING)
    try:
        message.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(Reason.ENCODING) from None
    parser = DefusedXMLParser(target=_Tree(elements_max), forbid_dtd=True, forbid_entities=True, forbid_external=True)
    parser.parser.CommentHandler = _comment
    parser.parser.ProcessingInstructionHandler = _instruction
    parser.parser.XmlDeclHandler = _declared
    try:
        parser.feed(message)
        root = parser.close()
    except DefusedXmlException:
        raise Refused(Reason.DOCTYPE) from None
    except (ParseError, ExpatError, ValueError, LookupError):
        raise Refused(Reason.XML) from None
    if not isinstance(root, Element):
        raise Refused(Reason.XML)
    return root


def _comment(text: str) -> None:
    raise Refused(Reason.COMMENT)


def _instruction(target: str, data: str) -> None:
    raise Refused(Reason.INSTRUCTION)


def _declared(version: str, encoding: str | None, standalone: int) -> None:
    if version != "1.0":
        raise Refused(Reason.XML)
    if encoding is not None and encoding.upper() not in ("UTF-8", "US-ASCII"):
        raise Refused(Reason.ENCODING)
