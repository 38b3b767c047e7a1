"""Records that leave by retention: what sources do not have any more, and how to take a mapping back that has been in
force for long. What a source has, and what stands in quarantine, never leaves so.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from actors.domain.retention import Cutoffs
from daemon.store.remapping import forget
from daemon.store.retiring import LOOK_MAX, After, Chore, Page

UNDOS_MAX = 1_000
"""Small rows, of which one activation has as many as its source has records."""


def sources_of(raw: sqlite3.Connection, tenant: str) -> list[int]:
    """Every source that the tenant ever had."""
    return [row[0] for row in raw.execute("SELECT no FROM sources WHERE tenant = ? ORDER BY no", (tenant,))]


def _records(raw: sqlite3.Connection, cut: Cutoffs, after: After) -> Page:
    """Source by source, the longest gone first."""
    found: list[Any] = []
    for source in sources_of(raw, cut.tenant):
        if (source,) < after[:1]:
            continue
        start = after[1:] if (source,) == after[:1] else (-1, -1)
        found += raw.execute(
            "SELECT source, changed_us, no FROM records INDEXED BY records_gone WHERE source = ? AND state = 'gone' "
            "AND (changed_us, no) > (?, ?) AND changed_us < ? AND no < (SELECT max(no) FROM records) "
            "ORDER BY changed_us, no LIMIT ?",
            (source, *start, cut.records_us, LOOK_MAX - len(found)),
        ).fetchall()
        if len(found) == LOOK_MAX:
            return Page([row[1:] for row in found], found[-1])
    return Page([row[1:] for row in found], None)


def _take_records(raw: sqlite3.Connection, cut: Cutoffs, keys: Sequence[Any]) -> Mapping[str, int]:
    """The newest of all stays: its place would be given again."""
    gone = [
        no
        for changed_us, no in keys
        if raw.execute(
            "DELETE FROM records WHERE no = ? AND changed_us = ? AND state = 'gone'", (no, changed_us)
        ).rowcount
    ]
    forget(raw, gone)
    return {"records": len(gone)}


def _undos(raw: sqlite3.Connection, cut: Cutoffs, after: After) -> Page:
    """Of activations that ended long ago, one after the other."""
    first, start = after or (0, -1)
    for (no,) in raw.execute(
        "SELECT a.no FROM activations a JOIN sources s ON s.no = a.source WHERE s.tenant = ? AND a.ended_us < ? "
        "AND a.no >= ? ORDER BY a.no",
        (cut.tenant, cut.undos_us, first),
    ).fetchall():
        found = raw.execute(
            "SELECT record, activation FROM undos INDEXED BY undos_activation WHERE activation = ? AND record > ? "
            "ORDER BY record LIMIT ?",
            (no, start if no == first else -1, UNDOS_MAX),
        ).fetchall()
        if found:
            return Page(found, (no, found[-1][0]))
    return Page([], None)


def _take_undos(raw: sqlite3.Connection, cut: Cutoffs, keys: Sequence[Any]) -> Mapping[str, int]:
    """From the first of them on it cannot be taken back."""
    raw.executemany("UPDATE activations SET kept = 0 WHERE no = ?", [(no,) for no in sorted({no for _, no in keys})])
    gone = raw.executemany("DELETE FROM undos WHERE record = ? AND activation = ?", keys).rowcount
    return {"undos": max(0, gone)}


RECORDS_CHORES: dict[str, Chore] = {
    "records": Chore(_records, _take_records),
    "undos": Chore(_undos, _take_undos),
}
