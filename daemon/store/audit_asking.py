"""The audit as it is looked at: deeds, each with its end, the newest first; and one tenant's chain as it stands."""

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec

from daemon.store.audit_rows import KEPT, Kept, kept

SPAN = 5_000
"""Rows that are looked through at once, so that others are served in between."""
PAGE = 500


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for. ``tenant`` None: of all; empty: the host's. ``who`` and ``object`` are parts of texts,
    ``what`` a verb or the beginning of one (``token``), ``result`` done, failed, refused or unfinished; ``since_us`` is
    inclusive, ``until_us`` exclusive."""

    tenant: str | None = None
    who: str = ""
    what: str = ""
    object: str = ""
    result: str = ""
    correlation_id: str = ""
    since_us: int = 0
    until_us: int | None = None


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A deed. ``result`` empty: it was intended, and there is no conclusion."""

    seq: int
    tenant: str
    no: int
    at_us: int
    kind: str
    what: str
    result: str
    times: int
    who: str
    place: str
    object: str
    arguments: str
    correlation_id: str
    detail: str
    ended_us: int | None


_DEEDS = (
    "SELECT a.seq, a.tenant, a.no, a.at_us, a.kind, a.what, CASE a.kind WHEN 'intended' THEN coalesce(c.result, '') "
    "ELSE a.result END AS how, a.times, coalesce(t.who, ''), coalesce(t.place, ''), coalesce(t.object, ''), "
    "coalesce(t.arguments, '{}'), coalesce(t.correlation_id, ''), coalesce(ct.detail, t.detail, ''), c.at_us "
    "FROM audit a LEFT JOIN audit_told t ON t.seq = a.seq "
    "LEFT JOIN audit c ON c.kind = 'concluded' AND c.tenant = a.tenant AND c.of = a.no AND a.kind = 'intended' "
    "LEFT JOIN audit_told ct ON ct.seq = c.seq "
    "WHERE a.seq > ? AND a.seq <= ? AND a.kind <> 'concluded'"
)


def deeds(raw: sqlite3.Connection, asked: Asked, after: int, through: int, limit: int) -> list[Seen]:
    """Of the rows after one and through another, the newest first."""
    where, values = _filters(asked)
    sql = f"{_DEEDS}{where} ORDER BY a.seq DESC LIMIT ?"
    names = Seen.__struct_fields__
    found = raw.execute(sql, (after, through, *values, limit))
    return [Seen(**dict(zip(names, row, strict=True))) for row in found]


def _filters(asked: Asked) -> tuple[str, Sequence[Any]]:
    parts: list[str] = []
    values: list[Any] = []

    def add(part: str, *given: Any) -> None:
        parts.append(part)
        values.extend(given)

    if asked.tenant is not None:
        add("a.tenant = ?", asked.tenant)
    if asked.who:
        add("instr(lower(t.who), lower(?)) > 0", asked.who)
    if asked.object:
        add("instr(lower(t.object), lower(?)) > 0", asked.object)
    if asked.what:
        add("(a.what = ? OR substr(a.what, 1, ?) = ?)", asked.what, len(asked.what) + 1, f"{asked.what}.")
    if asked.correlation_id:
        add("t.correlation_id = ?", asked.correlation_id)
    if asked.result:
        add("how = ?", "" if asked.result == "unfinished" else asked.result)
    if asked.since_us:
        add("a.at_us >= ?", asked.since_us)
    if asked.until_us is not None:
        add("a.at_us < ?", asked.until_us)
    return "".join(f" AND {part}" for part in parts), values


def chain(raw: sqlite3.Connection, tenant: str, after_no: int) -> list[Kept]:
    """A page of a tenant's rows as they stand. Raises ValueError for one that no lmsyncd wrote."""
    sql = f"{KEPT} WHERE a.tenant = ? AND a.no > ? ORDER BY a.no LIMIT ?"
    return [kept(row) for row in raw.execute(sql, (tenant, after_no, PAGE))]
