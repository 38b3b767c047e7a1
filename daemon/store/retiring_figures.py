"""Figures that have had their time: a tenant's counts of deliveries by hour."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from actors.domain.retention import Cutoffs
from daemon.store import figures
from daemon.store.propagation import HOUR_US
from daemon.store.retiring import LOOK_MAX, After, Chore, Page

_KEY = "hour, route, target, what, which, bucket"
_OLD = f"SELECT {_KEY} FROM {{}} WHERE tenant = ?1 AND ({_KEY}) > (?2, ?3, ?4, ?5, ?6, ?7) AND hour < ?8"  # noqa: S608
FIND = (
    f"SELECT * FROM ({_OLD.format('figures')} ORDER BY {_KEY} LIMIT ?9) "  # noqa: S608
    f"UNION {_OLD.format('figures_new')} ORDER BY {_KEY} LIMIT ?9"
)
_TAKE = (
    "DELETE FROM figures WHERE tenant = ? AND hour = ? AND route = ? AND target = ? AND what = ? AND which = ? "
    "AND bucket = ?"
)


def _figures(raw: sqlite3.Connection, cut: Cutoffs, after: After) -> Page:
    start = after or (-1, "", "", "", "", -1)
    found = raw.execute(FIND, (cut.tenant, *start, cut.figures_us // HOUR_US, LOOK_MAX)).fetchall()
    return Page(found, found[-1] if len(found) == LOOK_MAX else None)


def _take_figures(raw: sqlite3.Connection, cut: Cutoffs, keys: Sequence[Any]) -> Mapping[str, int]:
    figures.add_up(raw)  # what is only in the newest would come back
    return {"figures": max(0, raw.executemany(_TAKE, [(cut.tenant, *key) for key in keys]).rowcount)}


FIGURE_CHORES: dict[str, Chore] = {"figures": Chore(_figures, _take_figures)}
