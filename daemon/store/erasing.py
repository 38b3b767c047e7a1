"""A person is erased from the log: pages that are looked through, and jobs that take away or change what was found.

Each job is one short transaction that leaves everything consistent, so an erasure that is killed half-way is simply run
again: it finds what is left. What was found is judged again where it is changed.
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from actors.domain.erasing import Eraser, Fate
from actors.domain.xapi.attachments import declared
from actors.domain.xapi.identity import digest
from actors.domain.xapi.keys import target
from daemon.store import asking, attachments, indexing
from daemon.store.departing import depart
from daemon.store.indexing import Entry
from daemon.store.statements import forgotten_key

PAGE = 500
PAGE_BYTES = 2 * 1024 * 1024
TAKEN_MAX = 50
"""Rows that one transaction takes away or changes, beside what refers to them."""
FOR_EVER = 1 << 40
"""The day until which the ids of erased statements are known: no retention comes to it."""

Rows = Sequence[Any]
Counts = Mapping[str, int]


class Room(NamedTuple):
    """A kind of rows. ``find`` gives the next page after a position (a row's first column is the position), ``fate``
    judges a row, ``apply`` deals with rows whose fate is not to stay, ``tally`` says what it would do."""

    name: str
    find: Callable[[sqlite3.Connection, str, int], Rows]
    fate: Callable[[Eraser, Any], Fate]
    apply: Callable[[sqlite3.Connection, str, Eraser, Rows, int], Counts]
    tally: Callable[[sqlite3.Connection, str, Sequence[tuple[Any, Fate]]], Counts]


def bounded(found: Iterable[Any], size: Callable[[Any], int]) -> list[Any]:
    """A page: so many rows, or fewer large ones."""
    page: list[Any] = []
    taken = 0
    for row in found:
        page.append(row)
        taken += size(row)
        if taken >= PAGE_BYTES or len(page) >= PAGE:
            break
    return page


# ── statements ───────────────────────────────────────────────────────────────────────────────────────

_LOG = (
    "SELECT s.seq, s.id, s.arrival, s.body, a.authority FROM statements s JOIN arrivals a ON a.no = s.arrival "
    "WHERE s.tenant = ? AND s.seq > ? ORDER BY s.seq"
)
_ONE = (
    "SELECT s.seq, s.id, s.arrival, s.body, a.authority FROM statements s JOIN arrivals a ON a.no = s.arrival "
    "WHERE s.seq = ? AND s.tenant = ?"
)


def find_statements(raw: sqlite3.Connection, tenant: str, after: int) -> Rows:
    return bounded(raw.execute(_LOG, (tenant, after)), lambda row: len(row[3]))


def fate_of_statement(eraser: Eraser, row: Any) -> Fate:
    """Its own, or at least a change where the authority is the person."""
    _, _, _, body, authority = row
    fate = Fate.STAYS
    if eraser.may_concern(body):
        fate = eraser.fate(indexing.content(body))
    if fate is Fate.STAYS and authority and eraser.may_concern(authority) and eraser.mentions(_decode(authority)):
        return Fate.CHANGED
    return fate


def count_statements(raw: sqlite3.Connection, tenant: str, judged: Sequence[tuple[Any, Fate]]) -> Counts:
    """Referring ones are counted with the first that takes them along."""
    going = [row for row, fate in judged if fate is Fate.GOES]
    changed = sum(fate is Fate.CHANGED for _, fate in judged)
    return {
        "statements": len(going),
        "statements_referring": len(referring(raw, tenant, [row[:3] for row in going])),
        "statements_changed": changed,
    }


def referring(raw: sqlite3.Connection, tenant: str, keys: Rows) -> list[tuple[int, bytes, int]]:
    """(seq, id, arrival) of the statements that are about these: whoever refers to them as its object, also to void
    them, and whoever refers to those."""
    found: dict[int, tuple[int, bytes, int]] = {}
    known = {key[0] for key in keys}
    waiting = [key[1] for key in keys]
    while waiting:
        about = waiting.pop()
        for row in raw.execute(
            "SELECT s.seq, s.id, s.arrival FROM referrers r JOIN statements s ON s.seq = r.seq "
            "WHERE r.tenant = ? AND r.target = ?",
            (tenant, about),
        ).fetchall():
            if row[0] not in known:
                known.add(row[0])
                found[row[0]] = row
                waiting.append(row[1])
    return [found[seq] for seq in sorted(found)]


def apply_to_statements(raw: sqlite3.Connection, tenant: str, eraser: Eraser, rows: Rows, now_us: int) -> Counts:
    going: list[Any] = []
    counts: dict[str, int] = {}
    for row in rows:
        now = raw.execute(_ONE, (row[0], tenant)).fetchone()
        match Fate.STAYS if now is None else fate_of_statement(eraser, now):
            case Fate.GOES:
                going.append(now[:3])
            case Fate.CHANGED:
                _change(raw, tenant, eraser, now)
                _add(counts, {"statements_changed": 1})
            case Fate.STAYS:
                pass
    along = referring(raw, tenant, going)
    _add(counts, _take(raw, tenant, [*going, *along]))
    if along:
        counts["statements_referring"] = len(along)
        counts["statements"] -= len(along)
    return counts


def _take(raw: sqlite3.Connection, tenant: str, keys: Rows) -> Counts:
    keys = sorted(keys)
    seqs = [(key[0],) for key in keys]
    contents = [row[0] for seq in seqs for row in raw.execute("SELECT content FROM attachments WHERE seq = ?", seq)]
    for seq in seqs:
        raw.execute(
            "DELETE FROM entities WHERE key = (SELECT entity FROM outcomes WHERE seq = ? "
            "AND kind NOT IN ('assignment_posted', 'statement'))",
            seq,
        )
    raw.executemany(
        "INSERT OR REPLACE INTO forgotten VALUES (?, ?)", [(forgotten_key(tenant, key[1]), FOR_EVER) for key in keys]
    )
    raw.executemany("DELETE FROM voids WHERE tenant = ? AND id = ?", [(tenant, key[1]) for key in keys])
    gone = dict(depart(raw, tenant, keys)) if keys else {}
    gone["attachments"] = attachments.remove(raw, sorted(set(contents)))
    return gone


def _change(raw: sqlite3.Connection, tenant: str, eraser: Eraser, row: Any) -> None:
    """The statement without the person, found by what it says now; so is whoever refers to it, and whoever shares its
    authority."""
    seq, key, arrival, body, authority = row
    authored = bool(authority) and eraser.may_concern(authority) and eraser.mentions(_decode(authority))
    moved = dict.fromkeys([seq, *(other[0] for other in referring(raw, tenant, [row]))])
    if authored:
        [fresh] = raw.execute("SELECT fresh FROM arrivals WHERE no = ?", (arrival,)).fetchone()
        moved |= dict.fromkeys(fellow[1] for fellow in asking.statements_of(raw, arrival, fresh))
    seqs = sorted(moved)
    indexing.remove(raw, tenant, seqs[::-1])  # who refers before whom is referred to, as a rule
    if authored:
        raw.execute("UPDATE arrivals SET authority = ? WHERE no = ?", (eraser.encoded(authority), arrival))
    if eraser.may_concern(body):
        _rewrite(raw, eraser, seq, key, body)
    _index_again(raw, tenant, seqs)


def _rewrite(raw: sqlite3.Connection, eraser: Eraser, seq: int, key: bytes, body: bytes) -> None:
    before = indexing.content(body)
    after = eraser.statement(before)
    after["id"] = str(UUID(bytes=key))
    [known] = raw.execute("SELECT digest FROM statements WHERE seq = ?", (seq,)).fetchone()
    raw.execute(
        "UPDATE statements SET body = ?, digest = ? WHERE seq = ?",
        (_encode(after), bytes(known[:32]) + digest(after), seq),
    )
    kept = {attachment["sha2"].lower() for _, attachment in declared(after)}
    for content, sha2 in raw.execute("SELECT content, sha2 FROM attachments WHERE seq = ?", (seq,)).fetchall():
        if sha2.lower() not in kept:
            raw.execute("DELETE FROM attachments WHERE seq = ? AND content = ?", (seq, content))
            attachments.remove(raw, [content])
    told = raw.execute("SELECT reason, change FROM outcomes WHERE seq = ?", (seq,)).fetchone()
    if told is not None:
        change = None if told[1] is None else eraser.encoded(told[1])
        raw.execute("UPDATE outcomes SET reason = ?, change = ? WHERE seq = ?", (eraser.text(told[0]), change, seq))


def _index_again(raw: sqlite3.Connection, tenant: str, seqs: Sequence[int]) -> None:
    for seq in seqs:
        _, key, _, body, authority = raw.execute(_ONE, (seq, tenant)).fetchone()
        statement = indexing.content(body)
        named = target(statement) if statement else None
        indexing.add(raw, tenant, [Entry(seq, key, indexing.own_keys(statement, tenant), named)], authority)


def _add(counts: dict[str, int], more: Counts) -> None:
    for what, n in more.items():
        counts[what] = counts.get(what, 0) + n


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode

STATEMENTS = Room("statements", find_statements, fate_of_statement, apply_to_statements, count_statements)
