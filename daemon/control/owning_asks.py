"""What operators ask in order to take their data along, bring it in, or have a person forgotten.

Exports and imports go page by page, each a request of its own: the daemon keeps nothing of them in memory, whoever is
interrupted asks on where it stopped, and everybody else is served in between.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from daemon.control.ask import Ask, Change, Role, Word

LINES_MAX = 2_000
"""Lines of one request."""
PART_BYTES = 384 * 1024
"""What does not fit into one request (an attachment, a very long statement) is sent in parts of so many bytes."""
PARTS_MAX = 4_096

Format = Literal["xapi", "json"]
Part = Literal["statements", "documents"]
Sha2 = Annotated[str, Meta(pattern=r"^(?:[0-9a-f]{56}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})\Z")]
Time = Annotated[int, Meta(ge=0, le=1 << 62)]
Persons = Annotated[tuple[Word, ...], Meta(max_length=100)]
"""Identifiers of one person, as ``domain.persons`` writes them."""


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """Where an export goes on: in which part, after what. It stands on the export's checkpoint lines."""

    part: Part = "statements"
    after: Annotated[str, Meta(max_length=65_536)] = ""


class ExportBegin(Ask, frozen=True, kw_only=True, tag="export.begin"):
    """How far the log goes now: the pages of an export stop there. Times are those stored. With ``persons`` only what
    this person did, or what is about them."""

    tenant: Word
    format: Format = "xapi"
    since_us: Time = 0
    until_us: Time | None = None
    persons: Persons = ()

    role = Role.OPERATOR
    mutates = True
    """It changes nothing, but who takes data along is on record."""


class ExportPage(Ask, frozen=True, kw_only=True, tag="export.page"):
    """The next lines. ``since_us`` is exclusive, ``through_us`` inclusive."""

    tenant: Word
    format: Format = "xapi"
    where: Where = Where()
    since_us: Time = 0
    through_us: Time
    persons: Persons = ()

    role = Role.OPERATOR


class Line(msgspec.Struct, frozen=True, array_like=True):
    """A line of the file by its number. One that is too long for a request is ``staged`` instead, under this sha256."""

    at: int
    text: str = ""
    staged: str = ""


class ImportLines(Change, frozen=True, kw_only=True, tag="import.lines"):
    """Statements (and marks, documents) as a file has them. With ``announce`` they are routed like any other."""

    tenant: Word
    source: Word
    lines: Annotated[tuple[Line, ...], Meta(max_length=LINES_MAX)]
    announce: bool = False
    run: Word = ""
    """Names the import: the correlation id of whatever it brings in."""

    role = Role.OPERATOR


class ErasePlan(Ask, frozen=True, kw_only=True, tag="erase.plan"):
    """What an erasure of this person would do."""

    tenant: Word
    persons: Persons

    role = Role.ADMIN


class EraseRun(Change, frozen=True, kw_only=True, tag="erase.run"):
    """Erase the person: as a plan with this hash showed it, or with ``sure`` whatever it comes to."""

    tenant: Word
    persons: Persons
    plan: Word = ""
    sure: bool = False

    role = Role.ADMIN


class EraseList(Ask, frozen=True, kw_only=True, tag="erase.list"):
    """Erasures on record. ``tenant`` empty: of all."""

    tenant: Word = ""
    limit: Annotated[int, Meta(ge=1, le=10_000)] = 50

    role = Role.ADMIN


class ImportPart(Change, frozen=True, kw_only=True, tag="import.part"):
    """A part of something long, kept until the lines that refer to it come, or for a day."""

    tenant: Word
    sha2: Sha2
    part: Annotated[int, Meta(ge=0, lt=PARTS_MAX)]
    bytes: Annotated[bytes, Meta(max_length=PART_BYTES)]

    role = Role.OPERATOR
