"""Rows about mapping tables. ``views`` re-exports them."""

import msgspec

from daemon.control.view import View


class MappingRow(View, frozen=True, kw_only=True, tag="mapping"):
    """A version of a source's mapping. ``origin``: ``shipped``, or the operator's file. ``since_us``: since when it is
    in force, where it is and that is known; ``next``: the source, not read yet, begins with it."""

    source: str
    version: int
    origin: str
    note: str
    forms: int
    in_force: bool = False
    since_us: int | None = None
    next: bool = False


class TableRow(View, frozen=True, kw_only=True, tag="table"):
    """A version in full, after what it extends: ``toml`` as one would write it, ``table`` the same as data."""

    source: str
    version: int
    origin: str
    toml: str
    table: dict[str, object]


class FieldView(msgspec.Struct, frozen=True, kw_only=True):
    """A field of what a record means, as JSON, and where in the record it comes from."""

    field: str
    value: str
    place: str = ""


class FaultView(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a record."""

    rule: str
    path: str
    value: str
    suggestion: str


class MappedRow(View, frozen=True, kw_only=True, tag="mapped"):
    """What a version makes of a record. Either ``faults`` or ``fields`` (and ``canonical``, as data). ``statements``
    are those that it would publish if nothing were known of it yet; ``note``: why there are none, or what stands in."""

    source: str
    version: int
    record: str
    form: str
    raw: str
    fields: tuple[FieldView, ...] = ()
    canonical: dict[str, object] = msgspec.field(default_factory=dict)
    faults: tuple[FaultView, ...] = ()
    statements: tuple[dict[str, object], ...] = ()
    note: str = ""
