"""The feed of changes: the log once more, as what the router recognised in it.

It ends where the router's cursor stands. What is behind the cursor is committed with it, so a place that was given out
is final: nothing comes to stand before it (``latecomers``). A job looks at ``STEPS_MAX`` statements of the log, so that
a tenant whose statements tell nothing holds nobody up; a page ends after ``JOBS_MAX`` of them and says so.
"""

import sqlite3
from collections.abc import Collection
from heapq import merge
from typing import Any, NamedTuple
from uuid import UUID

from actors.domain.changes import AnyChange
from daemon.gateway.ports_feed import FeedEntry, FeedGone, FeedPage, Place
from daemon.store import rows
from daemon.store.engine import Engine
from daemon.store.latecomers import SHOWN

STEPS_MAX = 2_000
"""Statements looked at in one job: a few milliseconds."""
JOBS_MAX = 25
BYTES_MAX = 8 * 1024 * 1024
"""Of changes in one page; one of them always fits."""
START: Place = (-1, 0)

_LOOKED = (
    "SELECT count(*), max(seq) FROM (SELECT seq FROM statements INDEXED BY statements_tenant "
    "WHERE tenant = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?)"
)
_COLUMNS = (
    "o.seq, o.news, o.occurrence, o.kind, o.change, o.entity, o.corrects, a.quiet, s.id, a.source, a.correlation_id, "
    "a.version"
)
_JOINED = "JOIN statements s ON s.seq = o.seq JOIN arrivals a ON a.no = s.arrival"
_IN_TIME = (
    f"SELECT t.seq, 0, {_COLUMNS} FROM statements t INDEXED BY statements_tenant "  # noqa: S608  # constants only
    f"CROSS JOIN outcomes o ON o.seq = t.seq {_JOINED} WHERE t.tenant = ? AND t.seq > ? AND t.seq <= ? "
    f"AND o.news IN {SHOWN} AND NOT EXISTS (SELECT 1 FROM latecomers WHERE seq = t.seq) ORDER BY t.seq"
)
_LATE = (
    f"SELECT t.at_seq, t.place, {_COLUMNS} FROM latecomers t INDEXED BY latecomers_place "  # noqa: S608  # constants only
    f"CROSS JOIN outcomes o ON o.seq = t.seq {_JOINED} WHERE t.tenant = ? AND (t.at_seq, t.place) > (?, ?) "
    "AND t.at_seq <= ? ORDER BY t.at_seq, t.place"
)
_PLACES = "SELECT coalesce(max(place), 0) FROM latecomers WHERE tenant = ? AND at_seq = ?"
_CURSOR = "SELECT seq, gone_seq, gone_place, late_seq, late_place FROM cursors WHERE tenant = ?"
_TAKEN_BACK = (
    "SELECT o.kind, o.change, o.occurrence FROM voids v JOIN statements s ON s.tenant = v.tenant AND s.id = v.id "
    "JOIN outcomes o ON o.seq = s.seq WHERE v.by_seq = ?"
)


class Look(NamedTuple):
    """What one job found, and how many bytes that is; ``end`` is how far it looked, ``more`` whether there may be
    anything behind."""

    entries: list[FeedEntry]
    size: int
    end: Place
    more: bool


class SqlFeed:
    """Implements the gateway's ``Feed``."""

    def __init__(self, reader: Engine) -> None:
        self._read = reader.run

    async def changes(self, tenant: str, after: Place | None, kinds: Collection[str], limit: int) -> FeedPage:
        entries: list[FeedEntry] = []
        size = 0
        end, more = after, True
        for _ in range(JOBS_MAX):
            at, room = end, limit - len(entries)
            look = await self._read(lambda raw: look_on(raw, tenant, at, kinds, room))  # noqa: B023  # awaited here
            entries += look.entries
            size += look.size
            end, more = look.end, look.more
            if not more or len(entries) == limit or size > BYTES_MAX:
                break
        return FeedPage(entries=entries, end=START if end is None else end, more=more)


def look_on(raw: sqlite3.Connection, tenant: str, after: Place | None, kinds: Collection[str], room: int) -> Look:
    """One job. What it reads is of one moment: what the router writes meanwhile is seen whole or not at all."""
    raw.execute("BEGIN")
    try:
        return _look(raw, tenant, after, kinds, room)
    finally:
        if raw.in_transaction:
            raw.execute("COMMIT")


def _look(raw: sqlite3.Connection, tenant: str, after: Place | None, kinds: Collection[str], room: int) -> Look:
    row = raw.execute(_CURSOR, (tenant,)).fetchone()
    if row is None:
        return Look([], 0, after or START, more=False)
    routed, gone, latest = row[0], (row[1], row[2]), (row[3], row[4])
    if after is not None and after < gone:
        raise FeedGone(gone)
    start = after or gone  # what is older, and still there, has gaps
    if start[0] > routed:  # of a store that was put back to an earlier state: what comes now is stored later still
        return Look([], 0, start, more=False)
    looked, last = raw.execute(_LOOKED, (tenant, start[0], routed, STEPS_MAX)).fetchone()
    upto = last if looked == STEPS_MAX else routed
    entries: list[FeedEntry] = []
    size, end = 0, start
    in_time = raw.execute(_IN_TIME, (tenant, start[0], upto))
    late = raw.execute(_LATE, (tenant, *start, upto))
    for n, found in enumerate(merge(in_time, late, key=lambda row: row[:2])):
        if len(entries) == room or size > BYTES_MAX or n == STEPS_MAX:
            return Look(entries, size, end, more=True)
        end, news, kind, change = found[:2], found[3], found[5], found[6]
        if not kinds or kind in kinds or news == "retracted":
            entry = _entry(raw, found)
            if not kinds or not entry.kind or entry.kind in kinds:
                entries.append(entry)
                size += len(change or b"")
    if upto < routed:
        return Look(entries, size, (upto, raw.execute(_PLACES, (tenant, upto)).fetchone()[0]), more=True)
    return Look(entries, size, max(start, (routed, latest[1] if latest[0] == routed else 0)), more=False)


def _entry(raw: sqlite3.Connection, row: Any) -> FeedEntry:
    at_seq, place, seq, news, occurrence, kind, change, entity, corrects, quiet, statement_id, *request = row
    told: AnyChange | None = rows.unpack_change(change) if change else None
    name = b"" if entity is None else rows.change_id(entity, occurrence)
    if news == "retracted":
        name = corrects
        kind, change, occurrence = raw.execute(_TAKEN_BACK, (seq,)).fetchone() or ("", None, 0)
        told = rows.unpack_change(change) if change else None
    source, correlation_id, version = request
    return FeedEntry(
        place=(at_seq, place),
        id=name.hex(),
        news=news,
        occurrence=occurrence,
        kind=kind,
        change=told,
        corrects="" if corrects is None else corrects.hex(),
        imported=bool(quiet),
        statement_id=str(UUID(bytes=statement_id)),
        source=source,
        stored_us=seq,
        correlation_id=correlation_id,
        version=version,
    )
