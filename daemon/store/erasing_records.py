"""What sources told of a person leaves: their own records, with corrections, flaws and what takes a mapping back; in
records of others they give way to the pseudonym. See ``erasing``.

A source that still has them tells of them again when it is next read whole: they are erased there first. A record that
only mentions them keeps the digest of what was read, so it stays as it is until the source tells something else.
"""

import sqlite3
from typing import Any

import msgspec

from actors.domain.canonical import ENTITIES
from actors.domain.erasing import Eraser, Fate
from actors.domain.people import fold_email
from actors.domain.remapping import entity
from daemon.store.erasing import Counts, Room, Rows, bounded
from daemon.store.remapping import forget

_RECORDS = (
    "SELECT r.no, rtrim(s.home_page, '/'), r.entity, r.id, r.canonical, r.raw, r.user FROM records r "
    "JOIN sources s ON s.no = r.source WHERE {} ORDER BY r.no"
)
_decode = msgspec.json.Decoder().decode


def find_records(raw: sqlite3.Connection, tenant: str, after: int) -> Rows:
    found = raw.execute(_RECORDS.format("r.no > ? AND s.tenant = ?"), (after, tenant))
    return bounded(found, lambda row: len(row[4]) + len(row[5]))


def fate_of_record(eraser: Eraser, row: Any) -> Fate:
    """Theirs, where it is their account or bears their address; else a change where it names them."""
    _, home, kind, name, canonical, body, member = row
    whose = member
    if kind == "user":
        whose = name
        if _bears(eraser, canonical, body):
            eraser.owns(home, name)
            return Fate.GOES
    elif canonical and kind in ENTITIES:
        whose = getattr(entity(kind, canonical), "user", "")
    if home and whose and (home, whose) in eraser.person.accounts:
        eraser.learn(_display_name(canonical) if kind == "user" else None)
        return Fate.GOES
    mentioned = any(text and eraser.may_concern(text) and eraser.mentions(_decode(text)) for text in (canonical, body))
    return Fate.CHANGED if mentioned else Fate.STAYS


def _bears(eraser: Eraser, canonical: bytes, body: bytes) -> bool:
    """Whether a user's record has an address of theirs as its own; one that never meant anything, as any text."""
    if not canonical:
        return bool(body) and eraser.may_concern(body) and eraser.mentions(_decode(body))
    email = getattr(entity("user", canonical), "email", "")
    if not email or fold_email(email) not in eraser.person.emails:
        return False
    eraser.learn(_display_name(canonical))
    return True


def _display_name(canonical: bytes) -> str:
    return str(getattr(entity("user", canonical), "display_name", "")) if canonical else ""


def tally_records(raw: sqlite3.Connection, tenant: str, judged: Any) -> Counts:
    goes = sum(fate is Fate.GOES for _, fate in judged)
    return {"records": goes, "records_changed": len(judged) - goes}


def apply_to_records(raw: sqlite3.Connection, tenant: str, eraser: Eraser, rows_: Rows, now_us: int) -> Counts:
    gone = changed = 0
    for row in rows_:
        now = raw.execute(_RECORDS.format("r.no = ? AND s.tenant = ?"), (row[0], tenant)).fetchone()
        match Fate.STAYS if now is None else fate_of_record(eraser, now):
            case Fate.GOES:
                raw.execute("DELETE FROM records WHERE no = ?", (row[0],))
                forget(raw, [row[0]])
                gone += 1
            case Fate.CHANGED:
                _rewrite(raw, eraser, now)
                changed += 1
            case Fate.STAYS:
                pass
    return {"records": gone, "records_changed": changed}


def _rewrite(raw: sqlite3.Connection, eraser: Eraser, row: Any) -> None:
    no, _, kind, _, canonical, body, _ = row
    fresh = eraser.encoded(canonical) if canonical else canonical
    if fresh and kind in ENTITIES:
        entity(kind, fresh)  # what cannot be read any more is not stored
    raw.execute("UPDATE records SET canonical = ?, raw = ? WHERE no = ?", (fresh, eraser.encoded(body), no))
    for n, value, suggestion in raw.execute(
        "SELECT n, value, suggestion FROM flaws WHERE record = ?", (no,)
    ).fetchall():
        raw.execute(
            "UPDATE flaws SET value = ?, suggestion = ? WHERE record = ? AND n = ?",
            (eraser.encoded(value).decode(), eraser.text(suggestion), no, n),
        )
    for path, value, was in raw.execute("SELECT path, value, was FROM corrections WHERE record = ?", (no,)).fetchall():
        raw.execute(
            "UPDATE corrections SET value = ?, was = ? WHERE record = ? AND path = ?",
            (eraser.encoded(value).decode(), eraser.encoded(was).decode() if was else was, no, path),
        )
    raw.execute("DELETE FROM undos WHERE record = ?", (no,))  # what it meant before names them too


RECORDS = Room("records", find_records, fate_of_record, apply_to_records, tally_records)
