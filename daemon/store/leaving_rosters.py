"""What leaves of rosters by retention: whom a vendor had by an address, once that was looked up so long ago that it had
better be asked again, and plans that wait for nobody any more. See ``retiring``.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from actors.domain.retention import Cutoffs
from daemon.store.retiring import LOOK_MAX, After, Chore, Page

_ACCOUNTS = (
    "SELECT lane, named, found_us FROM roster_accounts WHERE (lane, named) > (?, ?) AND lane < ? "
    "ORDER BY lane, named LIMIT ?"
)
_PLANS = (
    "SELECT made_us, no, state FROM roster_plans INDEXED BY roster_plans_made WHERE tenant = ? "
    "AND (made_us, no) > (?, ?) AND made_us < ? ORDER BY made_us, no LIMIT ?"
)


def _accounts(raw: sqlite3.Connection, cut: Cutoffs, after: After) -> Page:
    start = after or (f"{cut.tenant}/", "")
    found = raw.execute(_ACCOUNTS, (*start, f"{cut.tenant}0", LOOK_MAX)).fetchall()
    keys = [row[:2] for row in found if row[2] < cut.horizon_us]
    return Page(keys, found[-1][:2] if len(found) == LOOK_MAX else None)


def _take_accounts(raw: sqlite3.Connection, cut: Cutoffs, keys: Sequence[Any]) -> Mapping[str, int]:
    raw.executemany("DELETE FROM roster_accounts WHERE lane = ? AND named = ?", keys)
    return {"roster_accounts": len(keys)}


def _plans(raw: sqlite3.Connection, cut: Cutoffs, after: After) -> Page:
    """What waits for a person stays, however long that takes."""
    found = raw.execute(_PLANS, (cut.tenant, *(after or (-1, -1)), cut.deliveries_us, LOOK_MAX)).fetchall()
    keys = [(row[1],) for row in found if row[2] not in ("parked", "accepted")]
    return Page(keys, found[-1][:2] if len(found) == LOOK_MAX else None)


def _take_plans(raw: sqlite3.Connection, cut: Cutoffs, keys: Sequence[Any]) -> Mapping[str, int]:
    raw.executemany("DELETE FROM roster_plans WHERE no = ? AND state NOT IN ('parked', 'accepted')", keys)
    return {"roster_plans": len(keys)}


ROSTER_CHORES: dict[str, Chore] = {
    "roster_accounts": Chore(_accounts, _take_accounts),
    "roster_plans": Chore(_plans, _take_plans),
}
