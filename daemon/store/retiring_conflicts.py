"""Conflicts that were dealt with long ago leave, and decisions that are not in force any more. See ``retiring``."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from actors.domain.retention import Cutoffs
from daemon.store.deciding import unfixed
from daemon.store.retiring import LOOK_MAX, After, Chore, Page

_FOUND = (
    "SELECT no, state, seen_us, decided_us, EXISTS (SELECT 1 FROM rulings r WHERE r.conflict = c.no "
    "AND r.ended_us IS NULL) FROM conflicts c WHERE tenant = ? AND no > ? ORDER BY no LIMIT ?"
)
_RULINGS = "SELECT no, at_us, ended_us, fix FROM rulings WHERE tenant = ? AND no > ? ORDER BY no LIMIT ?"


def _conflicts(raw: sqlite3.Connection, cut: Cutoffs, after: After) -> Page:
    """What is open stays, and so does what stands behind a decision in force, and what was seen lately."""
    found = raw.execute(_FOUND, (cut.tenant, *(after or (-1,)), LOOK_MAX)).fetchall()
    keys = [
        (no,)
        for no, state, seen_us, decided_us, in_force in found
        if state != "open" and not in_force and max(seen_us, decided_us or 0) < cut.figures_us
    ]
    return Page(keys, (found[-1][0],) if len(found) == LOOK_MAX else None)


def _take_conflicts(raw: sqlite3.Connection, cut: Cutoffs, keys: Sequence[Any]) -> Mapping[str, int]:
    sql = "DELETE FROM conflicts WHERE no = ? AND state <> 'open'"
    return {"conflicts": max(0, raw.executemany(sql, keys).rowcount)}


def _rulings(raw: sqlite3.Connection, cut: Cutoffs, after: After) -> Page:
    """Those that were replaced or taken back, and those that counted once, long ago."""
    found = raw.execute(_RULINGS, (cut.tenant, *(after or (-1,)), LOOK_MAX)).fetchall()
    keys = []
    for no, at_us, ended_us, fix in found:
        over_us = at_us if ended_us is None and unfixed(fix).once else ended_us
        if over_us is not None and over_us < cut.figures_us:
            keys.append((no,))
    return Page(keys, (found[-1][0],) if len(found) == LOOK_MAX else None)


def _take_rulings(raw: sqlite3.Connection, cut: Cutoffs, keys: Sequence[Any]) -> Mapping[str, int]:
    return {"rulings": max(0, raw.executemany("DELETE FROM rulings WHERE no = ?", keys).rowcount)}


CONFLICT_CHORES: dict[str, Chore] = {
    "conflicts": Chore(_conflicts, _take_conflicts),
    "rulings": Chore(_rulings, _take_rulings),
}
