"""An identity ledger in memory, what sources tell it, and what it says."""

import sqlite3
from itertools import groupby

from migrated import migrate_by_copy

from actors.domain.acquaintance import Known
from actors.domain.canonical import User
from config.identity import Identity
from daemon.store import acquaintance
from daemon.store.identity import Told, learn

RULES = Identity()


def ledger() -> sqlite3.Connection:
    raw = sqlite3.connect(":memory:", isolation_level=None)
    migrate_by_copy(raw, 1)
    return raw


def teach(raw: sqlite3.Connection, source: str, *users: User, at_us: int = 1_000, gone: tuple[str, ...] = ()) -> None:
    told = [Told(user=user, gone=user.id in gone) for user in users]
    learn(raw, "acme", source, f"https://{source}", told, RULES, at_us)


def persons(raw: sqlite3.Connection) -> set[frozenset[tuple[str, str]]]:
    """Who is one person: sets of (source, user)."""
    rows = raw.execute("SELECT person, source, user FROM personas ORDER BY person").fetchall()
    return {frozenset(row[1:] for row in together) for _, together in groupby(rows, key=lambda row: row[0])}


def matches(raw: sqlite3.Connection) -> set[frozenset[tuple[str, str]]]:
    sql = (
        "SELECT a.source, a.user, b.source, b.user FROM matches m JOIN personas a ON a.no = m.a "
        "JOIN personas b ON b.no = m.b"
    )
    return {frozenset({row[:2], row[2:]}) for row in raw.execute(sql)}


def who(raw: sqlite3.Connection, key: str, at_us: int = 10_000) -> Known | None:
    return acquaintance.known(raw, "acme", [(key, at_us)]).get((key, at_us))


def person_of(raw: sqlite3.Connection, source: str, user: str) -> int:
    [no] = raw.execute("SELECT person FROM personas WHERE source = ? AND user = ?", (source, user)).fetchone()
    return int(no)
