"""Whether a delivery is sent or only rehearsed: decided in the transaction that plans it, so that no restart, reload or
order of commands lets anybody through. Who was in once is remembered, by hash, and stays in.
"""

import sqlite3
from collections.abc import Iterable, Sequence

import msgspec

from actors.domain.outbox import State
from actors.domain.piloting import Cohort, Piloted, Subject, in_words, inside, member
from daemon.store import holding, lines

STOPPED_AT_ONCE = 2_000
"""So many waiting deliveries are rehearsed only in one transaction when a pilot stops."""
FAULTY = "it could not have been sent: "
NOT_MADE = "pilot {}: it was not created yet (lmsyncctl pilot create)"
STOPPED = "pilot {}: it was stopped, and nobody is told"
OUTSIDE = "pilot {}: not in the cohort ({})"
_cohort = msgspec.json.Decoder(Cohort).decode
_PILOT = "SELECT no, state, salt, cohort FROM pilots WHERE tenant = ? AND name = ?"
_OPEN = (
    "SELECT seq, lane, destination, state, kind, head FROM deliveries INDEXED BY deliveries_pilot "
    "WHERE pilot = ? AND pilot IS NOT NULL AND state IN ('waiting', 'held') AND sent_us IS NULL AND digest IS NULL "
    "ORDER BY seq LIMIT ?"
)


class Judged(msgspec.Struct, frozen=True):
    """``pilot``: its number; ``why`` it is only rehearsed, empty: it is sent; ``rendered``: what it would say."""

    pilot: int | None = None
    why: str = ""
    rendered: bytes | None = None


SENT = Judged()


def judge(raw: sqlite3.Connection, tenant: str, piloted: Piloted | None) -> Judged:
    """Of what no pilot is for, everything is sent. Whoever is in is remembered."""
    if piloted is None:
        return SENT
    pilot, why = _judged(raw, tenant, piloted)
    if why and piloted.fault:
        why = f"{why}; {FAULTY}{piloted.fault}"
    return Judged(pilot, why, piloted.rendered if why else None)


def _judged(raw: sqlite3.Connection, tenant: str, piloted: Piloted) -> tuple[int | None, str]:
    row = raw.execute(_PILOT, (tenant, piloted.name)).fetchone()
    if row is None:
        return None, NOT_MADE.format(piloted.name)
    no, state, salt, packed = row
    if state != "running":
        return no, "" if state == "everyone" else STOPPED.format(piloted.name)
    cohort = _cohort(packed)
    if _known(raw, no, salt, piloted.subject) or inside(cohort, salt, piloted.subject):
        remember(raw, no, salt, piloted.subject.names)
        return no, ""
    return no, OUTSIDE.format(piloted.name, in_words(cohort))


def remember(raw: sqlite3.Connection, no: int, salt: str, names: Iterable[str]) -> None:
    raw.executemany("INSERT OR IGNORE INTO pilot_members VALUES (?, ?)", [(no, member(salt, each)) for each in names])


def forget(raw: sqlite3.Connection, tenant: str, names: Sequence[str]) -> None:
    """Somebody was erased: no pilot knows them any more."""
    for no, salt in raw.execute("SELECT no, salt FROM pilots WHERE tenant = ?", (tenant,)).fetchall():
        raw.executemany(
            "DELETE FROM pilot_members WHERE pilot = ? AND member = ?", [(no, member(salt, each)) for each in names]
        )


def call_off(raw: sqlite3.Connection, no: int, name: str, now_us: int) -> int:
    """What waits of a pilot that was stopped and surely was not sent is not sent: a bounded number. How many."""
    found = raw.execute(_OPEN, (no, STOPPED_AT_ONCE)).fetchall()
    for seq, lane, destination, _, kind, head in found:
        raw.execute(
            "UPDATE deliveries SET state = 'shadowed', head = 0, held_for = '', detail = ?, done_us = ? WHERE seq = ?",
            (STOPPED.format(name), now_us, seq),
        )
        if kind == "digest":
            [key] = raw.execute("SELECT lower(hex(id)) FROM deliveries WHERE seq = ?", (seq,)).fetchone()
            holding.settle_items(raw, seq, State.SHADOWED, None, now_us, key)
        if head:
            lines.advance(raw, lane, destination, now_us)
    return len(found)


def _known(raw: sqlite3.Connection, no: int, salt: str, subject: Subject) -> bool:
    return any(
        raw.execute("SELECT 1 FROM pilot_members WHERE pilot = ? AND member = ?", (no, member(salt, name))).fetchone()
        for name in subject.names
    )
