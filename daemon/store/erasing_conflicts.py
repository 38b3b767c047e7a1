"""What was asked and decided about a person leaves with them; where they are only named, a pseudonym stands. See
``erasing``.

What was decided about them is not in force any more then: a source that still has them is asked about anew.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from actors.domain.erasing import Eraser, Fate
from daemon.store.erasing import Counts, Room, Rows, bounded

_FOUND = (
    "SELECT no, person, body, history, decided_by, subject, state, choice FROM conflicts "
    "WHERE tenant = ? AND no > ? ORDER BY no"
)
_RULINGS = "SELECT no, person, fix, by_who FROM rulings WHERE tenant = ? AND no > ? ORDER BY no LIMIT 500"
_HELD = "SELECT i.namespace, i.value FROM personas p JOIN identifiers i ON i.persona = p.no WHERE p.person = ?"
_KEYS = {"email": "mbox", "account": "account", "sha1": "sha1", "openid": "openid"}
_decode = msgspec.json.Decoder().decode


def find_conflicts(raw: sqlite3.Connection, tenant: str, after: int) -> Rows:
    found = bounded(raw.execute(_FOUND, (tenant, after)), lambda row: len(row[2]) + len(row[3]))
    return [(*row, _keys(raw, row[1])) for row in found]


def _keys(raw: sqlite3.Connection, person: int) -> tuple[str, ...]:
    """The keys of whom it is about."""
    if not person:
        return ()
    return tuple(f"{_KEYS[kind]}:{value}" for kind, value in raw.execute(_HELD, (person,)) if kind in _KEYS)


def fate_of_conflict(eraser: Eraser, row: Any) -> Fate:
    _, person, body, history, decided_by, _, state, choice, keys = row
    if person in eraser.numbers or any(eraser.person.is_learner(key, "") for key in keys):
        return Fate.GOES
    if eraser.members:
        fixes = [each["fix"] for each in _decode(body)["fixes"]]
        asked = fixes if state == "open" or choice is None else [fixes[choice]]
        if any(_is_theirs(eraser, fix) for fix in asked):
            return Fate.GOES
    for text in (body, history, decided_by):
        if text and eraser.may_concern(text) and eraser.mentions(_decode(text) if text is body else str(text)):
            return Fate.CHANGED
    return Fate.STAYS


def _is_theirs(eraser: Eraser, fix: Mapping[str, Any]) -> bool:
    """Whether a fix is about what a vendor calls them, or about their number in the ledger."""
    return fix.get("member") in eraser.members or fix.get("person") in eraser.numbers


def apply_to_conflicts(raw: sqlite3.Connection, tenant: str, eraser: Eraser, rows: Rows, now_us: int) -> Counts:
    gone = changed = 0
    for row in rows:
        match fate_of_conflict(eraser, row):
            case Fate.GOES:
                raw.execute("DELETE FROM conflicts WHERE no = ?", (row[0],))
                raw.execute("DELETE FROM rulings WHERE conflict = ?", (row[0],))
                raw.execute("DELETE FROM rulings WHERE tenant = ? AND person = ? AND person <> 0", (tenant, row[1]))
                gone += 1
            case Fate.CHANGED:
                raw.execute(
                    "UPDATE conflicts SET body = ?, history = ?, decided_by = ?, subject = ? WHERE no = ?",
                    (eraser.encoded(row[2]), *(eraser.text(each) for each in row[3:6]), row[0]),
                )
                changed += 1
            case Fate.STAYS:
                pass
    return {"conflicts": gone, "conflicts_changed": changed}


def tally_conflicts(raw: sqlite3.Connection, tenant: str, judged: Sequence[tuple[Any, Fate]]) -> Counts:
    goes = sum(fate is Fate.GOES for _, fate in judged)
    return {"conflicts": goes, "conflicts_changed": len(judged) - goes}


def find_rulings(raw: sqlite3.Connection, tenant: str, after: int) -> Rows:
    return raw.execute(_RULINGS, (tenant, after)).fetchall()


def fate_of_ruling(eraser: Eraser, row: Any) -> Fate:
    """Also of those that came of no question, but of taking a decision back."""
    _, person, fix, by_who = row
    if person in eraser.numbers or _is_theirs(eraser, _decode(fix)):
        return Fate.GOES
    concerned = any(eraser.may_concern(each) for each in (fix, by_who))
    return Fate.CHANGED if concerned and (eraser.mentions(_decode(fix)) or eraser.mentions(by_who)) else Fate.STAYS


def apply_to_rulings(raw: sqlite3.Connection, tenant: str, eraser: Eraser, rows: Rows, now_us: int) -> Counts:
    gone = 0
    for row in rows:
        if fate_of_ruling(eraser, row) is Fate.GOES:
            raw.execute("DELETE FROM rulings WHERE no = ?", (row[0],))
            gone += 1
        else:
            values = (eraser.encoded(row[2]), eraser.text(row[3]), row[0])
            raw.execute("UPDATE rulings SET fix = ?, by_who = ? WHERE no = ?", values)
    return {"rulings": gone, "rulings_changed": len(rows) - gone}


def tally_rulings(raw: sqlite3.Connection, tenant: str, judged: Sequence[tuple[Any, Fate]]) -> Counts:
    goes = sum(fate is Fate.GOES for _, fate in judged)
    return {"rulings": goes, "rulings_changed": len(judged) - goes}


def find_believed(raw: sqlite3.Connection, tenant: str, after: int) -> Rows:
    """All at once: a row for each difference that somebody, or a rule, decided."""
    if after >= 0:
        return []
    sql = (
        "SELECT 0, b.source, b.user, b.course, b.field, b.value, s.home_page FROM believed b "
        "JOIN sources s ON s.no = b.source WHERE s.tenant = ?"
    )
    return raw.execute(sql, (tenant,)).fetchall()


def fate_of_believed(eraser: Eraser, row: Any) -> Fate:
    """What was believed of a user of theirs, or what names them."""
    theirs = eraser.has_account((row[6],), row[2]) or row[5] in eraser.person.emails or eraser.mentions(row[5])
    return Fate.GOES if theirs else Fate.STAYS


def apply_to_believed(raw: sqlite3.Connection, tenant: str, eraser: Eraser, rows: Rows, now_us: int) -> Counts:
    sql = "DELETE FROM believed WHERE source = ? AND user = ? AND course = ? AND field = ?"
    raw.executemany(sql, [row[1:5] for row in rows])
    return {"believed": len(rows)}


def tally_believed(raw: sqlite3.Connection, tenant: str, judged: Sequence[tuple[Any, Fate]]) -> Counts:
    return {"believed": len(judged)}


RULINGS = Room("rulings", find_rulings, fate_of_ruling, apply_to_rulings, tally_rulings)
CONFLICTS = Room("conflicts", find_conflicts, fate_of_conflict, apply_to_conflicts, tally_conflicts)
BELIEVED = Room("believed", find_believed, fate_of_believed, apply_to_believed, tally_believed)
