"""Rows about the audit: deeds, the chain as it is exported, what does not fit in it, and who is asking."""

from typing import Any

import msgspec

from daemon.control.view import View


class WhoRow(View, frozen=True, kw_only=True, tag="who"):
    """Who asks, as the kernel vouches for them; what they may do, and why."""

    login: str
    uid: int
    pid: int
    role: str
    why: str


class AuditRow(View, frozen=True, kw_only=True, tag="audit"):
    """A deed. ``tenant`` empty: the host's. ``result`` is done, failed or refused; running while it is being done,
    unfinished where nobody knows how it ended. ``times``: how often a refusal was met. ``seq`` and ``no`` are its
    numbers among all rows, and among the tenant's."""

    seq: int
    tenant: str
    no: int
    at_us: int
    who: str
    place: str = ""
    what: str
    object: str = ""
    arguments: dict[str, Any] = msgspec.field(default_factory=dict)
    result: str
    detail: str = ""
    correlation_id: str = ""
    times: int = 1
    ended_us: int | None = None


class ChainRow(View, frozen=True, kw_only=True, tag="chain"):
    """A row of the chain with all that proves it: docs/audit.md tells how. ``salts`` open ``sums``, in the order in
    which ``told`` has its texts."""

    v: int
    seq: int
    tenant: str
    no: int
    at_us: int
    row: str
    of: int
    what: str
    result: str
    times: int
    sums: tuple[str, ...]
    prev: str
    before: str
    hash: str
    told: tuple[str, ...]
    salts: tuple[str, ...]


class AuditHeadRow(View, frozen=True, kw_only=True, tag="audit_head"):
    """How far the audit has come: ``rows`` were ever written, the newest has this hash. ``anchored``: where that was
    told."""

    rows: int
    hash: str
    anchored: tuple[str, ...] = ()


class MisfitRow(View, frozen=True, kw_only=True, tag="misfit"):
    """Something that does not fit. ``what`` is edited, removed, inserted, reordered, forked, told_edited, told_removed,
    cut_short, ahead, other or unreadable."""

    what: str
    seq: int
    tenant: str = ""
    no: int = 0
    detail: str


class ProvenRow(View, frozen=True, kw_only=True, tag="proven"):
    """What was looked at: ``rows`` up to the head, of so many tenants; ``cut`` left by retention, ``erased`` texts gave
    way to a pseudonym; ``anchors`` were compared. ``misfits`` do not fit."""

    rows: int
    tenants: int
    cut: int
    erased: int
    unfinished: int
    anchors: int
    head: int
    hash: str
    misfits: int
