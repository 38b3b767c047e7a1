"""A person leaves the audit: in clear text they give way to the pseudonym, and the chain stays whole.

What was done stays, and so does its place in the chain: there is only a commitment to each text in it, which tells
nothing once the text and its random bytes are gone. A row of the kind ``erased`` says which texts were replaced, with
the commitment to what stands there now. See ``audit_chain``. The host's own rows are looked through too: what an
operator asked for without saying of which tenant stands there.
"""

import sqlite3
from secrets import token_bytes
from typing import Any

import msgspec

from actors.domain.erasing import Eraser, Fate
from daemon.store.audit_chain import FIELDS, SALT_BYTES, Told, commitment, split
from daemon.store.audit_rows import Entry, append
from daemon.store.erasing import Counts, Room, Rows, bounded

ARGUMENTS = FIELDS.index("arguments")
_FOUND = (
    "SELECT a.seq, a.no, t.who, t.place, t.object, t.arguments, t.correlation_id, t.detail, t.salts, a.tenant "
    "FROM audit a JOIN audit_told t ON t.seq = a.seq WHERE a.tenant IN ('', ?) AND {} "
    "AND a.kind NOT IN ('cut', 'erased') ORDER BY a.seq"
)
_decode = msgspec.json.Decoder().decode


def find_deeds(raw: sqlite3.Connection, tenant: str, after: int) -> Rows:
    return bounded(raw.execute(_FOUND.format("a.seq > ?"), (tenant, after)), lambda row: sum(map(len, row[2:8])))


def fate_of_deed(eraser: Eraser, row: Any) -> Fate:
    """It never goes."""
    return Fate.CHANGED if any(_mentioned(eraser, at, text) for at, text in enumerate(row[2:8])) else Fate.STAYS


def _mentioned(eraser: Eraser, at: int, text: str) -> bool:
    if at != ARGUMENTS:
        return eraser.mentions(text)
    return eraser.may_concern(text) and eraser.mentions(_decode(text))


def tally_deeds(raw: sqlite3.Connection, tenant: str, judged: Any) -> Counts:
    return {"audit_changed": len(judged)}


def apply_to_deeds(raw: sqlite3.Connection, tenant: str, eraser: Eraser, rows_: Rows, now_us: int) -> Counts:
    """The row that says so comes first: nothing in clear is changed without one."""
    texts: dict[str, list[tuple[int, int, str]]] = {}
    changes: list[tuple[str, bytes, int, str]] = []
    for seq, *_ in rows_:
        now = raw.execute(_FOUND.format("a.seq = ?"), (tenant, seq)).fetchone()
        if now is None:
            continue
        salts = list(split(now[8], SALT_BYTES))
        for at, text in enumerate(now[2:8]):
            if _mentioned(eraser, at, text):
                fresh = eraser.encoded(text).decode() if at == ARGUMENTS else eraser.text(text)
                salts[at] = token_bytes(SALT_BYTES)
                texts.setdefault(now[9], []).append((now[1], at, commitment(salts[at], fresh).hex()))
                changes.append((fresh, b"".join(salts), seq, FIELDS[at]))
    for whose, replaced in texts.items():
        said = msgspec.json.encode({"texts": replaced}).decode()
        told = Told(who="lmsyncd", arguments=said, detail="a person was erased")
        append(raw, Entry(tenant=whose, kind="erased", what="audit.erased", told=told, result="done"), now_us)
    for fresh, salts_now, seq, field in changes:
        raw.execute(f"UPDATE audit_told SET {field} = ?, salts = ? WHERE seq = ?", (fresh, salts_now, seq))  # noqa: S608
    return {"audit_changed": len({change[2] for change in changes})}


DEEDS = Room("audit", find_deeds, fate_of_deed, apply_to_deeds, tally_deeds)
