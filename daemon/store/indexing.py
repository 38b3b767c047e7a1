"""Writes what statements are found by (see ``0006_finding.sql``), in the transaction that stores or removes them.

A statement that refers to another is found by the other's keys too, and by those of what the other refers to. They
are copied when both are there, whichever came first, so that reading needs no search. What cannot be settled so, a
chain whose end has not arrived or a target that a great many await, gets the one key ``loose`` instead: it is looked
at by every query of the tenant. So no arrival touches more than ``AWAITING_MAX`` older statements.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from actors.domain.xapi.keys import authority_keys, key, keys, target
from config.recall import remembered

CELL = 64
"""Statements in a row of the index, by ``seq``."""
AWAITING_MAX = 256
"""Statements that await one target and get its keys when it comes; those after them are loose."""
LINKS_MAX = 16
"""Statements along one chain of references whose keys are copied; where it is longer, the first is loose."""
CATCH_UP = 1000
_EVERY = 1 << CELL  # no key: these have 64 bits
_ALL = (1 << CELL) - 1
_HALF = 1 << (CELL - 1)

_ADD = "INSERT INTO finder VALUES (?, ?, ?) ON CONFLICT (key, cell) DO UPDATE SET bits = bits | excluded.bits"
_CONTENT = (
    "SELECT s.body, a.authority FROM statements s JOIN arrivals a ON a.no = s.arrival WHERE s.tenant = ? AND s.id = ?"
)
_AWAITED = (
    "SELECT s.id FROM statements s WHERE s.seq BETWEEN ? AND ? AND s.tenant = ? "
    "AND EXISTS (SELECT 1 FROM referrers r WHERE r.tenant = s.tenant AND r.target = s.id)"
)
_decode = msgspec.json.Decoder().decode


class Entry(NamedTuple):
    """A statement just stored: its own keys, and the id of the statement that it refers to."""

    seq: int
    id: bytes
    keys: Sequence[int]
    target: str | None


def first_seq(floor: int, n: int) -> int:
    """Where a batch of ``n`` begins that may not begin before ``floor``: in a cell of its own if it fits into one,
    which is at most 63 µs later."""
    return floor if floor % CELL + n <= CELL or n > CELL else -(-floor // CELL) * CELL


def signed(bits: int) -> int:
    """64 bits as SQLite keeps them."""
    return bits - (1 << CELL) if bits >= _HALF else bits


def content(body: bytes) -> dict[str, Any]:
    """A stored statement. What is none any more (a damaged disk; ``soundness`` says so) is empty."""
    try:
        found = _decode(body)
        return found if isinstance(found, dict) and "verb" in found else _NOTHING
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _NOTHING


_NOTHING: dict[str, Any] = {}


def own_keys(statement: dict[str, Any], tenant: str) -> tuple[int, ...]:
    return keys(statement, tenant) if statement else ()


@remembered("store_words", 1024)
def keys_of_authority(authority: bytes, tenant: str) -> tuple[int, ...]:
    known = authority_of(authority)
    return () if known is None else authority_keys(known, tenant)


@remembered("store_words", 1024)
def authority_of(authority: bytes) -> dict[str, Any] | None:
    """As stored with an arrival; not to be changed."""
    return _decode(authority) if authority else None


# ── storing ──────────────────────────────────────────────────────────────────────────────────────────


def add(raw: sqlite3.Connection, tenant: str, fresh: Sequence[Entry], authority: bytes) -> None:
    """Index statements of one arrival, in the order of seq; their rows are in the log already."""
    if not fresh:
        return
    cells: dict[int, dict[int, int]] = {}
    for seq, _, own, _ in fresh:
        places = cells.setdefault(seq // CELL, {_EVERY: 0})
        bit = 1 << seq % CELL
        places[_EVERY] |= bit
        for one in own:
            places[one] = places.get(one, 0) | bit
    given = keys_of_authority(authority, tenant)
    rows = []
    for cell, places in cells.items():
        every = places.pop(_EVERY)
        for one in given:
            places[one] = every
        rows += [(one, cell, signed(bits)) for one, bits in places.items()]
    raw.executemany(_ADD, rows)
    _refer(raw, tenant, [entry for entry in fresh if entry.target is not None])
    if raw.execute("SELECT 1 FROM referrers WHERE tenant = ? LIMIT 1", (tenant,)).fetchone():
        for (awaited,) in raw.execute(_AWAITED, (fresh[0].seq, fresh[-1].seq, tenant)).fetchall():
            _hand_on(raw, tenant, awaited)


def _refer(raw: sqlite3.Connection, tenant: str, referring: Sequence[Entry]) -> None:
    """These get the keys of what they refer to, as far as it is there."""
    for seq, _, _, named in referring:
        wanted = UUID(named).bytes
        raw.execute("INSERT INTO referrers (tenant, target, seq) VALUES (?, ?, ?)", (tenant, wanted, seq))
        found, settled = _along(raw, tenant, wanted)
        if found:
            _inherit(raw, tenant, wanted, [seq], found if settled else {key(tenant, "loose")})
        elif _awaiting(raw, tenant, wanted, AWAITING_MAX + 1)[AWAITING_MAX:]:
            _inherit(raw, tenant, wanted, [seq], {key(tenant, "loose")})


def _hand_on(raw: sqlite3.Connection, tenant: str, arrived: bytes) -> None:
    """Those that awaited it get the keys of what has arrived. Whoever refers to one of them is loose already."""
    found, settled = _along(raw, tenant, arrived)
    awaiting = _awaiting(raw, tenant, arrived, AWAITING_MAX)
    _inherit(raw, tenant, arrived, awaiting, found if settled else {key(tenant, "loose")})


def _awaiting(raw: sqlite3.Connection, tenant: str, wanted: bytes, limit: int) -> list[int]:
    sql = "SELECT seq FROM referrers WHERE tenant = ? AND target = ? ORDER BY seq LIMIT ?"
    return [row[0] for row in raw.execute(sql, (tenant, wanted, limit))]


def _along(raw: sqlite3.Connection, tenant: str, statement_id: bytes) -> tuple[set[int], bool]:
    """The keys of a statement and of all those that it refers to, one after the other; and whether that was all."""
    found: set[int] = set()
    seen: set[bytes] = set()
    while statement_id not in seen:
        row = raw.execute(_CONTENT, (tenant, statement_id)).fetchone()
        if row is None or len(seen) == LINKS_MAX:
            return found, False
        statement = content(row[0])
        found.update(own_keys(statement, tenant), keys_of_authority(row[1], tenant))
        further = target(statement) if statement else None
        if further is None:
            return found, True
        seen.add(statement_id)
        statement_id = UUID(further).bytes
    return found, True  # a circle: all of it is known


def _inherit(raw: sqlite3.Connection, tenant: str, wanted: bytes, seqs: Iterable[int], found: set[int]) -> None:
    """The referring statements are found by these keys too, and it is noted for the day when they are removed."""
    for seq in seqs:
        raw.executemany(_ADD, [(one, seq // CELL, signed(1 << seq % CELL)) for one in found])
        name = (tenant, wanted, seq)
        sql = "SELECT inherited FROM referrers WHERE tenant = ? AND target = ? AND seq = ?"
        known = _unpacked(raw.execute(sql, name).fetchone()[0])
        raw.execute(
            "UPDATE referrers SET inherited = ? WHERE tenant = ? AND target = ? AND seq = ?",
            (b"".join(one.to_bytes(8, signed=True) for one in sorted(known | found)), *name),
        )


def _unpacked(packed: bytes) -> set[int]:
    return {int.from_bytes(packed[start : start + 8], signed=True) for start in range(0, len(packed), 8)}


# ── removing ─────────────────────────────────────────────────────────────────────────────────────────


def remove(raw: sqlite3.Connection, tenant: str, seqs: Sequence[int]) -> None:
    """Forget what these statements of a tenant were found by. To be called before their rows are deleted."""
    cells: dict[tuple[int, int], int] = {}
    sql = "SELECT s.body, a.authority FROM statements s JOIN arrivals a ON a.no = s.arrival WHERE s.seq = ?"
    for seq in seqs:
        row = raw.execute(sql, (seq,)).fetchone()
        if row is None:
            continue
        statement = content(row[0])
        known = {*own_keys(statement, tenant), *keys_of_authority(row[1], tenant)}
        if statement and (named := target(statement)) is not None:
            name = (tenant, UUID(named).bytes, seq)
            gone = raw.execute(
                "DELETE FROM referrers WHERE tenant = ? AND target = ? AND seq = ? RETURNING inherited", name
            ).fetchall()
            known.update(*(_unpacked(packed) for (packed,) in gone))
        for one in known:
            cells[one, seq // CELL] = cells.get((one, seq // CELL), 0) | 1 << seq % CELL
    _take(raw, cells)
    newest = raw.execute("SELECT max(seq) FROM statements").fetchone()[0]
    if newest is not None and newest in seqs:  # its number is not given again, whatever the clock says
        raw.execute("INSERT OR REPLACE INTO facts VALUES ('removed_seq', ?)", (str(newest_seq(raw)),))


def _take(raw: sqlite3.Connection, cells: Mapping[tuple[int, int], int]) -> None:
    places = [(signed(_ALL & ~bits), one, cell) for (one, cell), bits in cells.items()]
    raw.executemany("UPDATE finder SET bits = bits & ? WHERE key = ? AND cell = ?", places)
    raw.executemany("DELETE FROM finder WHERE key = ? AND cell = ? AND bits = 0", [place[1:] for place in places])


def newest_seq(raw: sqlite3.Connection) -> int:
    """The highest ``seq`` that was ever given, also where that statement has left."""
    return int(
        raw.execute(
            "SELECT max(coalesce((SELECT max(seq) FROM statements), 0), "
            "coalesce((SELECT CAST(value AS INTEGER) FROM facts WHERE name = 'removed_seq'), 0))"
        ).fetchone()[0]
    )


# ── what was stored before there was an index ────────────────────────────────────────────────────────


def catch_up(raw: sqlite3.Connection) -> int:
    """Index what an older version stored, some at a time, each in a transaction; how many these were. Goes on where
    it was interrupted."""
    done = 0
    while (after := raw.execute("SELECT value FROM facts WHERE name = 'unfound_after'").fetchone()) is not None:
        raw.execute("BEGIN IMMEDIATE")
        try:
            done += _some(raw, int(after[0]))
            raw.execute("COMMIT")
        except BaseException:
            if raw.in_transaction:
                raw.execute("ROLLBACK")
            raise
    return done


def _some(raw: sqlite3.Connection, after: int) -> int:
    found = raw.execute(
        "SELECT s.seq, s.id, s.body, s.tenant, a.authority FROM statements s JOIN arrivals a ON a.no = s.arrival "
        "WHERE s.seq > ? ORDER BY s.seq LIMIT ?",
        (after, CATCH_UP),
    ).fetchall()
    for (tenant, authority), together in groupby(found, lambda row: row[3:]):
        entries = []
        for seq, name, body, _, _ in together:
            statement = content(body)
            named = target(statement) if statement else None
            entries.append(Entry(seq, name, own_keys(statement, tenant), named))
        add(raw, tenant, entries, authority)
    if found:
        raw.execute("UPDATE facts SET value = ? WHERE name = 'unfound_after'", (str(found[-1][0]),))
    else:
        raw.execute("DELETE FROM facts WHERE name = 'unfound_after'")
    return len(found)
