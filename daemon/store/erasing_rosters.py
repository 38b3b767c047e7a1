"""What rosters remember of a person leaves with them: how they stood in places, whom a vendor has by their addresses,
and plans that name them. See ``erasing``.

Of whoever is in a place just now the vendor's id stays, as that of somebody who was erased, until they are taken out
of it: that is done by the next run, which nobody is asked about.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec

from actors.domain.erasing import Eraser, Fate
from daemon.store.erasing import Counts, Room, Rows, bounded

_ACCOUNTS = "SELECT 0, lane, named, email, id, 0 FROM roster_accounts WHERE lane > ? AND lane < ?"
_CONTACTS = (
    "SELECT 0, c.target, '', '', c.address, p.no FROM contacts c JOIN persons p ON p.no = c.person WHERE p.tenant = ?"
)
_HOMES = "SELECT DISTINCT home_page FROM sources WHERE tenant = ? AND home_page <> ''"
_DUE = "UPDATE roster_places SET due = max(due, 1), due_us = 0, marks = marks + 1 WHERE no = ?"
_PLANS = "SELECT no, body, by_who FROM roster_plans WHERE tenant = ? AND no > ? ORDER BY no"
_decode = msgspec.json.Decoder().decode


def find_standings(raw: sqlite3.Connection, tenant: str, after: int) -> Rows:
    """Of a few places at a time."""
    sql = (
        "SELECT s.place, s.who, s.name, s.email, s.detail, s.person, s.user, s.account FROM roster_standings s "
        "WHERE s.place IN (SELECT no FROM roster_places WHERE tenant = ? AND no > ? ORDER BY no LIMIT 5) "
        "ORDER BY s.place"
    )
    if found := raw.execute(sql, (tenant, after)).fetchall():
        homes = tuple(row[0] for row in raw.execute(_HOMES, (tenant,)))
        return [(*row, homes) for row in found]
    return [(no, "", "", "", "", 0, "", "", ()) for no in _passed(raw, tenant, after)]


def _passed(raw: sqlite3.Connection, tenant: str, after: int) -> list[int]:
    """The last of a few places of which nothing is kept, if there are any."""
    sql = "SELECT max(no) FROM (SELECT no FROM roster_places WHERE tenant = ? AND no > ? ORDER BY no LIMIT 5)"
    last = raw.execute(sql, (tenant, after)).fetchone()[0]
    return [] if last is None else [last]


def fate_of_standing(eraser: Eraser, row: Any) -> Fate:
    """Theirs by address, by their number in the ledger, by what the vendor calls them, or, of whom the ledger has not,
    by what a source calls them."""
    _, _, name, email, detail, person, user, account, homes = row
    if email and email.casefold() in eraser.person.emails:
        eraser.learn(name)
        return Fate.GOES
    if person in eraser.numbers or account in eraser.members or (not person and eraser.has_account(homes, user)):
        return Fate.GOES
    return Fate.GOES if eraser.may_concern(detail) and eraser.mentions(detail) else Fate.STAYS


def apply_to_standings(raw: sqlite3.Connection, tenant: str, eraser: Eraser, rows: Rows, now_us: int) -> Counts:
    raw.executemany("DELETE FROM roster_standings WHERE place = ? AND who = ?", [row[:2] for row in rows])
    raw.executemany(_DUE, [(place,) for place in {row[0] for row in rows}])
    return {"roster_standings": len(rows)}


def find_members(raw: sqlite3.Connection, tenant: str, after: int) -> Rows:
    """Of a few places at a time."""
    sql = (
        "SELECT place, id, person FROM roster_kept WHERE place IN "
        "(SELECT no FROM roster_places WHERE tenant = ? AND no > ? ORDER BY no LIMIT 5) AND erased = 0 ORDER BY place"
    )
    found = raw.execute(sql, (tenant, after)).fetchall()
    return found or [(no, "", 0) for no in _passed(raw, tenant, after)]


def fate_of_member(eraser: Eraser, row: Any) -> Fate:
    if row[2] in eraser.numbers:
        eraser.called(row[1])
    return Fate.GOES if row[1] in eraser.members else Fate.STAYS


def apply_to_members(raw: sqlite3.Connection, tenant: str, eraser: Eraser, rows: Rows, now_us: int) -> Counts:
    """Who is in it leaves by the next run; who is not is forgotten."""
    keys = [row[:2] for row in rows]
    raw.executemany("DELETE FROM roster_kept WHERE place = ? AND id = ? AND inside = 0", keys)
    raw.executemany(
        "UPDATE roster_kept SET erased = 1, person = 0, accepted = 0, refused = '', refused_us = 0 "
        "WHERE place = ? AND id = ?",
        keys,
    )
    raw.executemany(_DUE, [(place,) for place in {key[0] for key in keys}])
    return {"roster_members": len(rows)}


def find_accounts(raw: sqlite3.Connection, tenant: str, after: int) -> Rows:
    """All at once: a row for each address that was ever looked up, and for what operators said."""
    if after >= 0:
        return []
    return [*raw.execute(_ACCOUNTS, (f"{tenant}/", f"{tenant}0")), *raw.execute(_CONTACTS, (tenant,))]


def fate_of_account(eraser: Eraser, row: Any) -> Fate:
    """By an address of theirs, or as what is known to be theirs. What operators said leaves with the person."""
    _, _, named, email, member, person = row
    if {named, email.casefold()} & set(eraser.person.emails) or person in eraser.numbers:
        eraser.called(member)
    return Fate.GOES if not person and member in eraser.members else Fate.STAYS


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


ACCOUNTS = Room("roster_accounts", find_accounts, fate_of_account, apply_to_accounts, _tally("roster_accounts"))
MEMBERS = Room("roster_members", find_members, fate_of_member, apply_to_members, _tally("roster_members"))
ROSTERS = (
    Room("roster_plans", find_plans, fate_of_plan, apply_to_plans, _tally("roster_plans")),
    Room("roster_standings", find_standings, fate_of_standing, apply_to_standings, _tally("roster_standings")),
    MEMBERS,
)
"""``ACCOUNTS`` leave after these: by them it is known who is who."""
