"""What is known of each entity: its value now, how often it has changed, what it was before (``domain.occurrence``)."""

import sqlite3
from collections.abc import Iterable

import msgspec

from actors.domain.occurrence import Earlier, Known
from daemon.store import many, rows

_earlier = msgspec.json.Decoder(tuple[Earlier, ...])
_KNOWN = "SELECT key, value, occurrence, at_us, top, earlier FROM entities WHERE key"
_KEEP = "INSERT OR REPLACE INTO entities (key, value, occurrence, at_us, top, earlier)"


class Entities:
    """Those that one job is about: ``foreseen`` are read together, what is kept is written together, by ``write``."""

    def __init__(self, raw: sqlite3.Connection, foreseen: Iterable[bytes] = ()) -> None:
        self._raw = raw
        self._known: dict[bytes, Known | None] = dict.fromkeys(foreseen)
        self._kept: set[bytes] = set()
        for keys in many.some(list(self._known)):
            marks = ",".join("?" * len(keys))
            self._known.update((row[0], _of(row)) for row in raw.execute(f"{_KNOWN} IN ({marks})", keys))

    def of(self, key: bytes) -> Known | None:
        if key not in self._known:
            self._known[key] = known_of(self._raw, key)
        return self._known[key]

    def keep(self, key: bytes, now: Known) -> None:
        self._known[key] = now
        self._kept.add(key)

    def write(self) -> None:
        """What was kept since the last time."""
        rows_ = [_row(key, known) for key in self._kept if (known := self._known[key]) is not None]
        many.insert(self._raw, _KEEP, rows_)
        self._kept.clear()


def known_of(raw: sqlite3.Connection, key: bytes) -> Known | None:
    row = raw.execute(f"{_KNOWN} = ?", (key,)).fetchone()
    return None if row is None else _of(row)


def keep(raw: sqlite3.Connection, key: bytes, now: Known) -> None:
    many.insert(raw, _KEEP, [_row(key, now)])


def _of(row: tuple[bytes, str, int, int, int, bytes]) -> Known:
    _, value, occurrence, at_us, top, earlier = row
    line = _earlier.decode(earlier) if earlier else ()
    return Known(value=value, occurrence=occurrence, at_us=at_us, top=top, earlier=line)


def _row(key: bytes, known: Known) -> tuple[object, ...]:
    line = rows.pack(known.earlier) if known.earlier else ""
    return key, known.value, known.occurrence, known.at_us, known.top, line
