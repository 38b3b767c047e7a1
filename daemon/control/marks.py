"""The lines of an export that are no statements: ``{"lmsyncd": {"is": …}}``, each of one of these kinds.

An export is JSON Lines. A line is a statement, just as the LRS shows it, or a mark; who only wants statements skips
what has the property ``lmsyncd``. The first line is an ``export`` mark, the last an ``end``; a file without an end
goes on after its last ``checkpoint``.
"""

from typing import Any

import msgspec

from actors.domain.xapi.documents import Kind
from daemon.control.owning_asks import Format, Where

SCHEMA = 1


class _Mark(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag_field="is"):
    pass


class ExportMark(_Mark, frozen=True, kw_only=True, tag="export"):
    """What the file is. ``through`` is the stored time up to which it is complete, ``since`` (exclusive) that from
    which on; ``through_us`` and ``since_us`` say the same in microseconds since the epoch. ``learner``: whose data it
    is, if it is one person's only."""

    schema: int = SCHEMA
    format: Format
    tenant: str
    through: str
    through_us: int = msgspec.field(name="through_us")
    since: str = ""
    since_us: int = msgspec.field(name="since_us", default=0)
    learner: tuple[str, ...] = ()


class VoidedMark(_Mark, frozen=True, kw_only=True, tag="voided"):
    """The statement on the line before was voided by then."""

    id: str


class AttachmentMark(_Mark, frozen=True, kw_only=True, tag="attachment"):
    """A content that statements below declare, or a part of it: ``data`` is base64, ``bytes`` the size of the whole.
    Each content is in the file once, before the first statement that declares it."""

    sha2: str
    content_type: str
    size: int = msgspec.field(name="bytes")
    part: int = 0
    parts: int = 1
    data: bytes


class DocumentMark(_Mark, frozen=True, kw_only=True, omit_defaults=True, tag="document"):
    """A document of State or of a profile, as it was when it was read. ``agent`` is JSON as in requests; ``content``
    is base64, ``updated_us`` in microseconds since the epoch."""

    resource: Kind
    id: str
    activity_id: str = ""
    agent: dict[str, Any] | None = None
    registration: str = ""
    content_type: str
    updated_us: int = msgspec.field(name="updated_us")
    content: bytes


class CheckpointMark(_Mark, frozen=True, kw_only=True, tag="checkpoint"):
    """Everything up to here is in the file; ``lmsyncctl export --resume`` goes on at ``where``."""

    where: Where
    statements: int = 0
    attachments: int = 0
    documents: int = 0


class EndMark(_Mark, frozen=True, kw_only=True, tag="end"):
    """The file is complete."""

    statements: int = 0
    attachments: int = 0
    documents: int = 0


AnyMark = ExportMark | VoidedMark | AttachmentMark | DocumentMark | CheckpointMark | EndMark


class Marked(msgspec.Struct, frozen=True):
    """The whole line."""

    lmsyncd: AnyMark


_encode = msgspec.json.Encoder().encode
_decode: msgspec.json.Decoder[Marked] = msgspec.json.Decoder(Marked)
PREFIX = b'{"lmsyncd":'


def line(mark: AnyMark) -> bytes:
    """Without its end."""
    return _encode(Marked(mark))


def read(text: bytes | str) -> AnyMark:
    """Raises msgspec.DecodeError for what is no mark, or one of a newer version."""
    return _decode.decode(text).lmsyncd
