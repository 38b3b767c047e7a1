"""Rows about data that is taken along, brought in or erased. ``views`` re-exports those that people are shown."""

import msgspec

from daemon.control.owning_asks import Where
from daemon.control.view import View


class BegunRow(View, frozen=True, kw_only=True, tag="export_begun"):
    """``first``: the file's first line. ``through_us``: the place in the log at which the export ends."""

    through_us: int
    first: str


class ExportedRow(View, frozen=True, kw_only=True, tag="exported"):
    """Lines of an export, as they are, for the file. The last row of a page says where it goes on (``next`` None: the
    export is complete)."""

    lines: tuple[msgspec.Raw, ...]
    statements: int = 0
    attachments: int = 0
    documents: int = 0
    page: bool = False
    next: Where | None = None


class ImportFaultRow(View, frozen=True, kw_only=True, tag="import_fault"):
    """A line (or element) of the file that was not taken in, and the rule that it breaks."""

    at: int
    id: str = ""
    rule: str


class ImportedRow(View, frozen=True, kw_only=True, tag="imported"):
    """What became of some lines. ``known`` were here already, or were once; ``refused`` break a rule or differ from
    what is stored under their id."""

    fresh: int = 0
    known: int = 0
    refused: int = 0
    documents: int = 0
    dry_run: bool = False


class ErasePlanRow(View, frozen=True, kw_only=True, tag="erase_plan"):
    """What an erasure would do. ``persons``: all identifiers it looks for, ``names`` what they are called beside those;
    ``counts``: rows by what they are. ``before_us``: when the same person was last erased."""

    tenant: str
    persons: tuple[str, ...]
    names: tuple[str, ...]
    counts: dict[str, int]
    hash: str
    before_us: int | None = None


class ErasingRow(View, frozen=True, kw_only=True, tag="erasing"):
    """How far it is. ``ended``: that was all; ``no`` is its number on record."""

    tenant: str
    no: int = 0
    looked: int = 0
    counts: dict[str, int]
    ended: bool = False
    dry_run: bool = False


class ErasureRow(View, frozen=True, kw_only=True, tag="erasure"):
    """One on record; who it was is not. ``ended_us`` None: it was interrupted, and is to be run again."""

    no: int
    tenant: str
    begun_us: int
    begun_by: str
    ended_us: int | None = None
    counts: dict[str, int]
