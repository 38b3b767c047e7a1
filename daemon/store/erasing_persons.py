"""A person leaves the identity ledger: their users, identifiers, links and open questions. See ``erasing``.

A source that still has them tells of them again: they are erased there first.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any

from actors.domain.erasing import Eraser, Fate
from daemon.store import piloting
from daemon.store.erasing import Counts, Room, Rows

_PERSONAS = (
    "SELECT p.no, p.person, p.name, i.namespace, i.value FROM personas p LEFT JOIN identifiers i ON i.persona = p.no "
    "WHERE p.no IN (SELECT no FROM personas WHERE tenant = ? AND no > ? ORDER BY no LIMIT 500) ORDER BY p.no"
)
_ONE = (
    "SELECT p.no, p.person, p.name, i.namespace, i.value FROM personas p LEFT JOIN identifiers i ON i.persona = p.no "
    "WHERE p.no = ? AND p.tenant = ?"
)
_KEYS = {"email": "mbox", "account": "account", "sha1": "sha1", "openid": "openid"}


def find_persons(raw: sqlite3.Connection, tenant: str, after: int) -> Rows:
    return _grouped(raw.execute(_PERSONAS, (tenant, after)).fetchall())


def _grouped(found: Sequence[Any]) -> list[Any]:
    """(number, person, name, keys) of each persona."""
    rows: dict[int, tuple[int, int, str, list[str]]] = {}
    for no, person, name, namespace, value in found:
        row = rows.setdefault(no, (no, person, name, []))
        if namespace in _KEYS:
            row[3].append(f"{_KEYS[namespace]}:{value}")
    return list(rows.values())


def fate_of_persona(eraser: Eraser, row: Any) -> Fate:
    """It is theirs by any identifier that it has or had and that is meant."""
    if not any(eraser.person.is_learner(key, "") for key in row[3]):
        return Fate.STAYS
    eraser.learn(row[2])
    eraser.numbers.add(row[1])
    return Fate.GOES


def tally_persons(raw: sqlite3.Connection, tenant: str, judged: Sequence[tuple[Any, Fate]]) -> Counts:
    return {"identities": len(judged)}


def apply_to_persons(raw: sqlite3.Connection, tenant: str, eraser: Eraser, rows: Rows, now_us: int) -> Counts:
    gone = 0
    for row in rows:
        for now in _grouped(raw.execute(_ONE, (row[0], tenant)).fetchall()):
            if fate_of_persona(eraser, now) is Fate.GOES:
                forget(raw, tenant, now[0], now[1], now[3])
                gone += 1
    return {"identities": gone}


def forget(raw: sqlite3.Connection, tenant: str, no: int, person: int, keys: Sequence[str]) -> None:
    """A persona leaves, and its person with the last of them."""
    piloting.forget(raw, tenant, keys)
    for table, column in (("identifiers", "persona"), ("personas", "no")):
        raw.execute(f"DELETE FROM {table} WHERE {column} = ?", (no,))  # noqa: S608  # constants only
    for table in ("matches", "decisions"):
        raw.execute(f"DELETE FROM {table} WHERE a = ? OR b = ?", (no, no))  # noqa: S608  # constants only
    if raw.execute("SELECT 1 FROM personas WHERE person = ?", (person,)).fetchone() is None:
        raw.execute("DELETE FROM identities WHERE person = ?", (person,))
        raw.execute("DELETE FROM contacts WHERE person = ?", (person,))
        raw.execute("DELETE FROM roster_kept WHERE person = ? AND person <> 0 AND inside = 0", (person,))
        raw.execute("UPDATE roster_kept SET person = 0 WHERE person = ? AND person <> 0", (person,))
        raw.execute("DELETE FROM roster_standings WHERE person = ? AND person <> 0", (person,))
        raw.execute("DELETE FROM rulings WHERE person = ? AND person <> 0", (person,))
        raw.execute("DELETE FROM persons WHERE no = ?", (person,))
        return
    raw.executemany(
        "DELETE FROM identities WHERE tenant = ? AND identity = ? AND person = ? AND identity NOT IN "
        "(SELECT anchor FROM persons WHERE no = ?)",
        [(tenant, key, person, person) for key in keys],
    )


PERSONS = Room("identities", find_persons, fate_of_persona, apply_to_persons, tally_persons)
