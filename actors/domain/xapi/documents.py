"""Documents of the State and profile resources: where one lies, what a precondition asks of it, how two are merged.

A document is any bytes of any type, addressed by its own id within a *shelf*: what it is about. Everything here is
decided on the document as it stands when the decision is made, so whoever stores documents calls it in the same
transaction that writes.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from actors.domain.xapi.guard import parse
from actors.domain.xapi.patterns import Version

Kind = Literal["state", "agent_profile", "activity_profile"]
Complaint = Literal["mismatch", "unconditional", "unsaid", "unmergeable", "too_large"]
"""``mismatch``: a precondition does not hold. ``unconditional``: there is a document, and the request does not say
that it knows it. ``unsaid``: there is none, and 1.0.3 wants that said too. The rest: no merge."""


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """What documents are about. ``agent`` is its key (``keys.agent_key``), ``agent_json`` the identifying part of what
    the key was made of; ``registration`` is in lower case, empty: none, or any where many documents are meant."""

    kind: Kind
    activity: str = ""
    agent: str = ""
    agent_json: bytes = b""
    registration: str = ""


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What a document consists of. ``etag`` is the SHA-1 of ``body`` in lower-case hex, as xAPI 1.0.3 wants it."""

    content_type: str
    body: bytes
    etag: str


class Document(Content, frozen=True, kw_only=True):
    """One that is stored."""

    updated_us: int


Decide = Callable[[Document | None], Content | None]
"""From what is there (None: nothing) to what shall be there. Raises Rejected to leave everything as it is."""


class Rejected(Exception):
    """A document that is not written, removed or shown, and why in words."""

    def __init__(self, complaint: Complaint, detail: str) -> None:
        super().__init__(detail)
        self.complaint = complaint


def content(body: bytes, content_type: str) -> Content:
    return Content(content_type=content_type, body=body, etag=hashlib.sha1(body, usedforsecurity=False).hexdigest())


# ── preconditions ────────────────────────────────────────────────────────────────────────────────────


class Precondition(msgspec.Struct, frozen=True, kw_only=True):
    """``If-Match`` and ``If-None-Match``: None where the request has no such header, else tags; ``*`` is any."""

    match: frozenset[str] | None = None
    none_match: frozenset[str] | None = None

    @property
    def given(self) -> bool:
        return self.match is not None or self.none_match is not None

    def check_match(self, there: Content | None) -> None:
        """Raises Rejected (``mismatch``)."""
        if self.match is not None and not _meets(self.match, there):
            found = "there is no document" if there is None else f'the document is now "{there.etag}"'
            raise Rejected("mismatch", f"If-Match does not hold: {found}")

    def matches_none(self, there: Content | None) -> bool:
        """Whether ``If-None-Match`` holds, or is not asked."""
        return self.none_match is None or not _meets(self.none_match, there)

    def check(self, there: Content | None) -> None:
        """Both, as a write needs them. Raises Rejected (``mismatch``)."""
        self.check_match(there)
        if there is not None and not self.matches_none(there):
            raise Rejected("mismatch", f'If-None-Match does not hold: there is a document, "{there.etag}"')


def _meets(tags: frozenset[str], there: Content | None) -> bool:
    return there is not None and ("*" in tags or there.etag in tags)


_TAG = r'(?:W/)?+"([\x21\x23-\x7e\x80-\xff]*+)"'
_LIST = re.compile(rf"[ \t,]*+{_TAG}(?:[ \t]*+,[ \t,]*+{_TAG})*+[ \t,]*+")
_tags = re.compile(_TAG)


def read_tags(lines: Sequence[str], name: str) -> frozenset[str] | None:
    """The entity tags of a header given once or more; None: not given. A weak tag counts like a strong one: proxies
    that compress make ours weak, and the content behind it is the same. Raises ValueError with the rule."""
    if not lines:
        return None
    text = ",".join(lines).strip(" \t")
    if text == "*":
        return frozenset("*")
    if not _LIST.fullmatch(text):
        raise ValueError(f'{name} must be * or a list of entity tags, each in quotation marks: "…"')
    return frozenset(_tags.findall(text))


# ── what requests do ─────────────────────────────────────────────────────────────────────────────────


def putting(new: Content, *, kind: Kind, version: Version, precondition: Precondition) -> Decide:
    """Replace or create. Where another client's work could be lost unseen, a precondition is demanded: for profiles in
    both versions, for State in 2.0."""

    def decide(there: Document | None) -> Content:
        precondition.check(there)
        if not precondition.given:
            if there is not None and (version != "1.0.3" or kind != "state"):
                raise Rejected(
                    "unconditional",
                    "this document exists already, and the request does not say that it knows it: nothing was changed. "
                    "GET it, and repeat this PUT with its ETag in If-Match; or use POST to merge into it",
                )
            if there is None and version == "1.0.3" and kind != "state":
                raise Rejected(
                    "unsaid",
                    "a PUT of a profile must say what it replaces: If-None-Match: * for a new document, "
                    "If-Match with the ETag of one that exists",
                )
        return new

    return decide


def posting(new: Content, *, precondition: Precondition, bytes_max: int) -> Decide:
    """Merge into what is there, or create. ``new`` has been through ``check_object`` if it claims to be JSON. A merged
    document larger than ``bytes_max`` is refused, so that none grows without end."""

    def decide(there: Document | None) -> Content:
        precondition.check(there)
        return new if there is None else merged(there, new, bytes_max)

    return decide


def deleting(precondition: Precondition) -> Decide:
    def decide(there: Document | None) -> None:
        precondition.check(there)

    return decide


# ── JSON ─────────────────────────────────────────────────────────────────────────────────────────────

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode


def is_json(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == "application/json"


def check_object(body: bytes) -> None:
    """Raises Rejected for JSON that is no object, Refusal (``faults``) for what is no sound JSON."""
    if not isinstance(parse(body), dict):
        raise Rejected("unmergeable", "a document of type application/json that is posted must be a JSON object")


def merged(there: Content, new: Content, bytes_max: int) -> Content:
    """The members of both, ``new``'s where both have one: at the top level only, values byte for byte as they were."""
    if not is_json(there.content_type):
        raise Rejected("unmergeable", f"the document there is {there.content_type}, not application/json: use PUT")
    if not is_json(new.content_type):
        raise Rejected("unmergeable", f"Content-Type is {new.content_type}, only application/json is merged: use PUT")
    try:
        members = _members(there.body.decode())  # whatever a PUT brought: values are taken over unread
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Rejected("unmergeable", "the document there is not a JSON object: use PUT to replace it") from None
    body = _encode({**members, **_members(new.body)})
    if len(body) > bytes_max:
        raise Rejected("too_large", f"the merged document would have {len(body)} bytes, and may have {bytes_max}")
    return content(body, there.content_type)
