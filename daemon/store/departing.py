"""Statements leave the log, by retention or with the person they are about: with all that hangs on them.

Their ids are the caller's to keep (``forgotten``). What they declared of attachments' contents is released; contents
that nobody declares any more leave after them.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from daemon.store import attachments, conserving, indexing


def depart(raw: sqlite3.Connection, tenant: str, keys: Sequence[Any]) -> Mapping[str, int]:
    """``keys`` are (seq, id, arrival), in order. With their outcomes, what they were found by, and the requests that
    brought them once nothing of these is left. How many rows of what left."""
    conserving.depart(raw, Counter(arrival for _, _, arrival in keys))
    seqs = [(seq,) for seq, _, _ in keys]
    raw.executemany("DELETE FROM outcomes WHERE seq = ?", seqs)
    raw.executemany("DELETE FROM tellings WHERE seq = ?", seqs)
    raw.executemany("DELETE FROM latecomers WHERE seq = ?", seqs)
    attachments.release(raw, [seq for seq, _, _ in keys])
    indexing.remove(raw, tenant, [seq for seq, _, _ in keys])
    n = _gone(raw, "DELETE FROM statements WHERE seq = ?", seqs)
    spans: dict[int, tuple[int, int]] = {}
    for seq, _, arrival in keys:
        spans[arrival] = (spans.get(arrival, (seq, seq))[0], seq)
    empty = [
        arrival for arrival, (first, last) in spans.items() if raw.execute(_EMPTY, (arrival, first, last)).fetchone()
    ]
    conserving.close_requests(raw, empty)
    return {"statements": n, "requests": _gone(raw, "DELETE FROM arrivals WHERE no = ?", [(no,) for no in empty])}


_EMPTY = (  # the statements of a request stand side by side
    "SELECT 1 FROM arrivals WHERE no = ?1 AND NOT EXISTS (SELECT 1 FROM statements "
    "WHERE seq > ?3 - fresh AND seq < ?2 + fresh AND arrival = no)"
)


def _gone(raw: sqlite3.Connection, sql: str, keys: Iterable[Any]) -> int:
    return max(0, raw.executemany(sql, keys).rowcount)
