"""What rosters remember of a person leaves with them: how they stood in places, whom a vendor has by their addresses,
and plans that name them. See ``erasing``. Who is in a place by the vendor's id leaves with the person's last persona.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec

from actors.domain.erasing import Eraser, Fate
from daemon.store.erasing import Counts, Room, Rows, bounded

_ACCOUNTS = "SELECT 0, lane, named, email, name FROM roster_accounts WHERE lane > ? AND lane < ?"
_PLANS = "SELECT no, body, by_who FROM roster_plans WHERE tenant = ? AND no > ? ORDER BY no"
_decode = msgspec.json.Decoder().decode


def find_standings(raw: sqlite3.Connection, tenant: str, after: int) -> Rows:
    """Of a few places at a time."""
    sql = (
        "SELECT s.place, s.who, s.name, s.email, s.detail FROM roster_standings s WHERE s.place IN "
        "(SELECT no FROM roster_places WHERE tenant = ? AND no > ? ORDER BY no LIMIT 5) ORDER BY s.place"
    )
    found = raw.execute(sql, (tenant, after)).fetchall()
    if found:
        return found
    later = raw.execute("SELECT max(no) FROM roster_places WHERE tenant = ? AND no > ?", (tenant, after)).fetchone()[0]
    return [] if later is None else [(min(after + 5, later), "", "", "", "")]


def fate_of_standing(eraser: Eraser, row: Any) -> Fate:
    _, _, name, email, detail = row
    if email and email.casefold() in eraser.person.emails:
        eraser.learn(name)
        return Fate.GOES
    return Fate.GOES if eraser.may_concern(detail) and eraser.mentions(detail) else Fate.STAYS


def apply_to_standings(raw: sqlite3.Connection, tenant: str, eraser: Eraser, rows: Rows, now_us: int) -> Counts:
    raw.executemany("DELETE FROM roster_standings WHERE place = ? AND who = ?", [row[:2] for row in rows])
    return {"roster_standings": len(rows)}


def find_accounts(raw: sqlite3.Connection, tenant: str, after: int) -> Rows:
    """All at once: a row for each address that was ever looked up."""
    return [] if after >= 0 else raw.execute(_ACCOUNTS, (f"{tenant}/", f"{tenant}0")).fetchall()


def fate_of_account(eraser: Eraser, row: Any) -> Fate:
    return Fate.GOES if {row[2], row[3].casefold()} & set(eraser.person.emails) else Fate.STAYS


def apply_to_accounts(raw: sqlite3.Connection, tenant: str, eraser: Eraser, rows: Rows, now_us: int) -> Counts:
    raw.executemany("DELETE FROM roster_accounts WHERE lane = ? AND named = ?", [row[1:3] for row in rows])
    return {"roster_accounts": len(rows)}


def find_plans(raw: sqlite3.Connection, tenant: str, after: int) -> Rows:
    return bounded(raw.execute(_PLANS, (tenant, after)), lambda row: len(row[1]))


def fate_of_plan(eraser: Eraser, row: Any) -> Fate:
    body, by_who = row[1:]
    if by_who and eraser.may_concern(by_who) and eraser.mentions(by_who):
        return Fate.GOES
    return Fate.GOES if eraser.may_concern(body) and eraser.mentions(_decode(body)) else Fate.STAYS


def apply_to_plans(raw: sqlite3.Connection, tenant: str, eraser: Eraser, rows: Rows, now_us: int) -> Counts:
    """One that waited for a person is made again by the next run."""
    raw.executemany("DELETE FROM roster_plans WHERE no = ?", [(row[0],) for row in rows])
    return {"roster_plans": len(rows)}


def _tally(name: str) -> Any:
    def tally(raw: sqlite3.Connection, tenant: str, judged: Sequence[tuple[Any, Fate]]) -> Counts:
        return {name: len(judged)}

    return tally


ROSTERS = (
    Room("roster_plans", find_plans, fate_of_plan, apply_to_plans, _tally("roster_plans")),
    Room("roster_standings", find_standings, fate_of_standing, apply_to_standings, _tally("roster_standings")),
    Room("roster_accounts", find_accounts, fate_of_account, apply_to_accounts, _tally("roster_accounts")),
)
