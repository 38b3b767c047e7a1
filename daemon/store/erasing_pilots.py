"""Pilots that know a person by hash, in by rule or named one by one, whether anything was ever told of them or not.
See ``erasing``.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any

from actors.domain.erasing import Eraser, Fate
from actors.domain.piloting import member, names_of
from daemon.store import piloting
from daemon.store.erasing import Counts, Room, Rows


def find_pilots(raw: sqlite3.Connection, tenant: str, after: int) -> Rows:
    """One at a time, with all of its members."""
    sql = "SELECT no, salt FROM pilots WHERE tenant = ? AND no > ? ORDER BY no LIMIT 1"
    return [
        (no, salt, frozenset(row[0] for row in raw.execute("SELECT member FROM pilot_members WHERE pilot = ?", (no,))))
        for no, salt in raw.execute(sql, (tenant, after)).fetchall()
    ]


def fate_of_pilot(eraser: Eraser, row: Any) -> Fate:
    _, salt, members = row
    return Fate.CHANGED if any(member(salt, name) in members for name in names_of(eraser.person)) else Fate.STAYS


def tally_pilots(raw: sqlite3.Connection, tenant: str, judged: Sequence[tuple[Any, Fate]]) -> Counts:
    return {"pilots_changed": len(judged)}


def apply_to_pilots(raw: sqlite3.Connection, tenant: str, eraser: Eraser, rows: Rows, now_us: int) -> Counts:
    return {"pilots_changed": piloting.forget(raw, tenant, names_of(eraser.person))}


PILOTS = Room("pilots", find_pilots, fate_of_pilot, apply_to_pilots, tally_pilots)
