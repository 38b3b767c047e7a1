"""Rows about conflicts: where systems disagree, what may be done about it, and what was decided. ``views`` re-exports
them.
"""

import msgspec

from daemon.control.view import View


class ConflictRow(View, frozen=True, kw_only=True, tag="conflict"):
    """One of many. ``class_``: what it is; ``fix``: what is most likely right, in words, or what was decided;
    ``confidence`` in percent."""

    name: str
    class_: str
    state: str
    about: str
    detail: str
    fix: str
    confidence: int
    fixes: int
    raised_us: int
    seen_us: int
    times: int
    decided_us: int | None = None
    decided_by: str = ""


class SideView(msgspec.Struct, frozen=True, kw_only=True):
    """What one party says, where (``record``), and since when (0: nobody knows)."""

    who: str
    value: str
    record: str = ""
    since_us: int = 0
    detail: str = ""


class FixView(msgspec.Struct, frozen=True, kw_only=True):
    """A fix: ``said`` in words, ``patch`` as JSON. ``people``, ``places``, ``adds``, ``removes``: how far it reaches at
    most. ``undoes``: what undoing brings back; empty: everything. ``chosen``: it was approved."""

    number: int
    said: str
    patch: str
    confidence: int
    why: str
    people: int
    places: int
    adds: int
    removes: int
    note: str = ""
    undoes: str = ""
    chosen: bool = False


class EventView(msgspec.Struct, frozen=True, kw_only=True):
    at_us: int
    what: str
    who: str = ""
    by_way: str = ""
    detail: str = ""


class ConflictStory(View, frozen=True, kw_only=True, tag="conflict_story"):
    """All of one. ``mark``: a digest of what the sides say."""

    name: str
    class_: str
    state: str
    about: str
    detail: str
    mark: str
    sides: tuple[SideView, ...]
    fixes: tuple[FixView, ...]
    history: tuple[EventView, ...]
    raised_us: int
    seen_us: int
    times: int
    rule: str = ""
    unit: str = ""
    lane: str = ""
    place: str = ""
    person: int = 0
    correlation_ids: tuple[str, ...] = ()
