"""Other rules of who is who (``[identity]``) reach those who are known already: a few at a time, each step a
transaction with how far it has come.

By which rules a tenant's personas were judged is kept, so that nothing is done while these are the same, and a change
that was made while the daemon was down is noticed too.
"""

import sqlite3
from hashlib import blake2b

import msgspec

from actors.ports.persons import Reviewed
from config.identity import Identity
from daemon.store.persons import resettle

PERSONAS = 50
"""Judged in one step, with all whom that may concern."""
JUDGED_AS = b"3"
"""How rules are applied. Another one: everybody is judged anew, as by other rules."""
_encode = msgspec.json.Encoder(order="deterministic").encode


def note_rules(raw: sqlite3.Connection, tenant: str, rules: Identity) -> None:
    """Whoever comes first is judged by these. Writes nothing where somebody was there before."""
    raw.execute("INSERT OR IGNORE INTO judged VALUES (?, ?, NULL)", (tenant, _digest(rules)))


def is_due(raw: sqlite3.Connection, tenant: str, rules: Identity) -> bool:
    row = raw.execute("SELECT rules, upto FROM judged WHERE tenant = ?", (tenant,)).fetchone()
    return row is not None and (bytes(row[0]) != _digest(rules) or row[1] is not None)


def review(raw: sqlite3.Connection, tenant: str, rules: Identity, now_us: int) -> Reviewed:
    """One step. Other rules in the middle of it: from the beginning."""
    digest = _digest(rules)
    row = raw.execute("SELECT upto FROM judged WHERE tenant = ? AND rules = ?", (tenant, digest)).fetchone()
    after = (row[0] or 0) if row is not None else 0
    sql = "SELECT no FROM personas WHERE tenant = ? AND no > ? ORDER BY no LIMIT ?"
    nos = [no for (no,) in raw.execute(sql, (tenant, after, PERSONAS))]
    learnt = resettle(raw, tenant, nos, rules, now_us)
    upto = nos[-1] if len(nos) == PERSONAS else None
    raw.execute("INSERT OR REPLACE INTO judged VALUES (?, ?, ?)", (tenant, digest, upto))
    return Reviewed(personas=len(nos), moved=learnt.moved, matches=learnt.matches, more=upto is not None)


def _digest(rules: Identity) -> bytes:
    return blake2b(JUDGED_AS + _encode(rules), digest_size=16).digest()
