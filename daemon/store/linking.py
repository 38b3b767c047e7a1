"""What people say of who is who: two are one person, or one is not; what an operator links beside; what a target calls
a person. It outweighs every rule, and is remembered.
"""

import sqlite3
from collections.abc import Sequence
from itertools import pairwise

from actors.domain.identity import Confidence
from config.identity import Identity
from daemon.store import rostering
from daemon.store.identity import OPERATOR
from daemon.store.persons import next_no, resettle

_OF = "SELECT no FROM personas WHERE person = ? ORDER BY no"


def members(raw: sqlite3.Connection, person: int) -> list[int]:
    """The numbers of a person's personas."""
    return [row[0] for row in raw.execute(_OF, (person,))]


def link(raw: sqlite3.Connection, tenant: str, one: int, other: int, rules: Identity, by: str, now_us: int) -> int:
    """These two persons are one. Its number: that of the older."""
    a, b = members(raw, one), members(raw, other)
    raw.executemany("DELETE FROM decisions WHERE a = ? AND b = ? AND same = 0", [_pair(x, y) for x in a for y in b])
    _decide(raw, tenant, [(a[0], b[0])], by, now_us, same=True)
    resettle(raw, tenant, [a[0], b[0]], rules, now_us)
    return _person(raw, a[0])


def unlink(
    raw: sqlite3.Connection, tenant: str, persona: int, rules: Identity, by: str, now_us: int
) -> tuple[int, int]:
    """This persona is somebody else than the others of its person, who stay one. Its person now, and that of the rest
    (which keeps number and anchor)."""
    rest = [no for no in members(raw, _person(raw, persona)) if no != persona]
    raw.execute("DELETE FROM decisions WHERE same = 1 AND (a = ? OR b = ?)", (persona, persona))
    _decide(raw, tenant, [(persona, no) for no in rest], by, now_us, same=False)
    _decide(raw, tenant, list(pairwise(rest)), by, now_us, same=True)
    resettle(raw, tenant, [persona, *rest], rules, now_us, keeps=rest[0] if rest else None)
    return _person(raw, persona), _person(raw, rest[0]) if rest else 0


def deny(raw: sqlite3.Connection, tenant: str, persona: int, rules: Identity, by: str, now_us: int) -> int:
    """This persona is none of those of whom it is asked. How many questions that answers."""
    found = raw.execute(
        "SELECT a, b FROM matches WHERE a = ? UNION SELECT a, b FROM matches WHERE b = ?", (persona, persona)
    ).fetchall()
    _decide(raw, tenant, found, by, now_us, same=False)
    resettle(raw, tenant, [persona], rules, now_us)
    return len(found)


def decide(
    raw: sqlite3.Connection, tenant: str, a: int, b: int, rules: Identity, by: str, now_us: int, *, same: bool | None
) -> None:
    """These two personas are one person, or (``same`` False) are not; None: what was decided of them is taken back."""
    raw.execute("DELETE FROM decisions WHERE a = ? AND b = ?", _pair(a, b))
    if same:
        here, there = members(raw, _person(raw, a)), members(raw, _person(raw, b))
        contrary = [_pair(x, y) for x in here for y in there if x != y]
        raw.executemany("DELETE FROM decisions WHERE a = ? AND b = ? AND same = 0", contrary)
    if same is not None:
        _decide(raw, tenant, [(a, b)], by, now_us, same=same)
    resettle(raw, tenant, [a, b], rules, now_us)


def add(
    raw: sqlite3.Connection,
    tenant: str,
    person: int,
    identifiers: Sequence[tuple[str, str]],
    rules: Identity,
    by: str,
    now_us: int,
) -> int:
    """An identifier that no source tells is this person's, as an operator says. The person's number after that."""
    first = members(raw, person)[0]
    namespace, value = identifiers[0]
    user = f"{namespace}:{value}"
    row = raw.execute(
        "SELECT no FROM personas WHERE tenant = ? AND source = ? AND user = ?", (tenant, OPERATOR, user)
    ).fetchone()
    no = int(row[0]) if row else next_no(raw, "personas")
    if row is None:
        raw.execute(
            "INSERT INTO personas (no, tenant, source, user, person, known_us) VALUES (?, ?, ?, ?, 0, ?)",
            (no, tenant, OPERATOR, user, now_us),
        )
    raw.executemany(
        "INSERT INTO identifiers VALUES (?, ?, ?, ?, ?, NULL, ?) ON CONFLICT DO UPDATE SET until_us = NULL",
        [(tenant, kind, each, no, now_us, int(Confidence.PERSON)) for kind, each in identifiers],
    )
    raw.execute("DELETE FROM decisions WHERE a = ? OR b = ?", (no, no))
    _decide(raw, tenant, [(first, no)], by, now_us, same=True)
    resettle(raw, tenant, [first, no], rules, now_us, keeps=first)
    return _person(raw, first)


def contact(raw: sqlite3.Connection, person: int, target: str, address: str, by: str, now_us: int) -> str:
    """What a target calls a person from now on (empty: what it is asked). What it was called before."""
    row = raw.execute("SELECT address FROM contacts WHERE person = ? AND target = ?", (person, target)).fetchone()
    if address:
        raw.execute("INSERT OR REPLACE INTO contacts VALUES (?, ?, ?, ?, ?)", (person, target, address, by, now_us))
    else:
        raw.execute("DELETE FROM contacts WHERE person = ? AND target = ?", (person, target))
    for (tenant,) in raw.execute("SELECT tenant FROM persons WHERE no = ?", (person,)).fetchall():
        rostering.mark_tenant(raw, tenant, now_us)
    return str(row[0]) if row else ""


def _person(raw: sqlite3.Connection, persona: int) -> int:
    return int(raw.execute("SELECT person FROM personas WHERE no = ?", (persona,)).fetchone()[0])


def _pair(a: int, b: int) -> tuple[int, int]:
    return (a, b) if a < b else (b, a)


def _decide(
    raw: sqlite3.Connection, tenant: str, pairs: Sequence[tuple[int, int]], by: str, now_us: int, *, same: bool
) -> None:
    raw.executemany(
        "INSERT OR REPLACE INTO decisions (a, b, same, by_who, at_us) VALUES (?, ?, ?, ?, ?)",
        [(*_pair(a, b), int(same), by, now_us) for a, b in pairs],
    )
