"""How a statement of a source was learnt: what is kept beside it, and what is still known of its record and reading.

A place may be another record's by now: whatever is younger than the statement did not tell it.
"""

import sqlite3

import msgspec

from actors.ports import Origin

_decode = msgspec.json.Decoder(Origin).decode
_LEARNT = """
    SELECT a.origin, s.record, coalesce(o.kind, ''), o.no FROM statements s JOIN arrivals a ON a.no = s.arrival
    LEFT JOIN sources o ON o.tenant = s.tenant AND o.name = a.source WHERE s.seq = ? AND a.origin <> ''
"""
_RECORD = "SELECT entity, id, form FROM records WHERE no = ? AND source = ? AND first_us <= ?"
_READING = "SELECT ended_us, how FROM readings WHERE source = ? AND began_us = ? AND mode = ? ORDER BY no LIMIT 1"


class Learnt(msgspec.Struct, frozen=True, kw_only=True):
    """``kind`` of the source, empty where it is not known any more. ``entity``, ``id``, ``form``: of the record, empty
    where there was none or it is not kept any more (``gone`` then). ``ended_us`` and ``how``: of its reading, as long
    as that is on record."""

    origin: Origin
    kind: str
    entity: str = ""
    id: str = ""
    form: str = ""
    gone: bool = False
    ended_us: int | None = None
    how: str = ""


def learnt(raw: sqlite3.Connection, seq: int) -> Learnt | None:
    row = raw.execute(_LEARNT, (seq,)).fetchone()
    if row is None:
        return None
    text, place, kind, source = row
    origin = _decode(text)
    record = reading = None
    if source is not None and place is not None:
        record = raw.execute(_RECORD, (place, source, seq)).fetchone()
    if source is not None and origin.began_us:
        reading = raw.execute(_READING, (source, origin.began_us, origin.mode)).fetchone()
    entity, name, form = record or ("", "", "")
    ended_us, how = reading or (None, "")
    return Learnt(
        origin=origin,
        kind=kind,
        entity=entity,
        id=name,
        form=form,
        gone=place is not None and record is None,
        ended_us=ended_us,
        how=how,
    )
