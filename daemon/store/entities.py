"""What is known of each entity: its value now, how often it has changed, what it was before (``domain.occurrence``)."""

import sqlite3

import msgspec

from actors.domain.occurrence import Earlier, Known
from daemon.store import rows

_earlier = msgspec.json.Decoder(tuple[Earlier, ...])


def known_of(raw: sqlite3.Connection, key: bytes) -> Known | None:
    row = raw.execute("SELECT value, occurrence, at_us, top, earlier FROM entities WHERE key = ?", (key,)).fetchone()
    if row is None:
        return None
    earlier = _earlier.decode(row[4]) if row[4] else ()
    return Known(value=row[0], occurrence=row[1], at_us=row[2], top=row[3], earlier=earlier)


def keep(raw: sqlite3.Connection, key: bytes, now: Known) -> None:
    raw.execute(
        "INSERT OR REPLACE INTO entities (key, value, occurrence, at_us, top, earlier) VALUES (?, ?, ?, ?, ?, ?)",
        (key, now.value, now.occurrence, now.at_us, now.top, rows.pack(now.earlier) if now.earlier else ""),
    )
