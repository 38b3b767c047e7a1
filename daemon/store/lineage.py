"""The store's own account of how far it came: a count of its commits, its lives, and losses that were accepted.

``Account.count`` runs at the end of every transaction, inside of it: one small page more in the log, no sync more. The
first one of a life notes the life, so that opening writes nothing and a full disk keeps nobody from starting. ``read``
gives the account and ``accept`` notes a loss; ``mark`` compares the account with the high-water mark.
"""

import sqlite3
from secrets import token_hex

import msgspec

from daemon.store.errors import StoreRefused, damaged
from daemon.store.mark import LIVES_MAX, Lineage, Lost, Mark

CLOCK_SLACK_US = 60_000_000
UNKNOWN_SPAN_US = 7 * 86_400_000_000
"""How far back posts are looked for where nothing tells since when commits are missing."""


class Account:
    """One life of the store, an opening of it."""

    def __init__(self, raw: sqlite3.Connection, now_us: int, after_no: int = 0) -> None:
        """Numbered beyond every life known here, and beyond ``after_no``. A new store gets its id."""
        raw.execute(
            "INSERT INTO facts SELECT 'store_id', ? WHERE NOT EXISTS (SELECT 1 FROM facts WHERE name = 'store_id')",
            (token_hex(8),),
        )
        newest_no = raw.execute("SELECT max(no) FROM lives").fetchone()[0] or 0
        self._no = max(newest_no, after_no) + 1
        self._token = token_hex(8)
        self._began_us = now_us

    def count(self, raw: sqlite3.Connection, now_us: int) -> None:
        """One commit more."""
        counted = raw.execute(
            "UPDATE commits SET number = number + 1, at_us = ? WHERE life = ?", (now_us, self._no)
        ).rowcount
        if not counted:
            raw.execute(
                "INSERT INTO lives SELECT ?, ?, number, ? FROM commits", (self._no, self._token, self._began_us)
            )
            raw.execute("UPDATE commits SET number = number + 1, at_us = ?, life = ?", (now_us, self._no))
            oldest = raw.execute("SELECT no FROM lives ORDER BY no DESC LIMIT 1 OFFSET ?", (LIVES_MAX - 1,)).fetchone()
            if oldest:
                raw.execute("DELETE FROM lives WHERE no < ?", oldest)


def read(raw: sqlite3.Connection) -> Lineage:
    """The account; a database of before there was one has its store's id and nothing else.
    Raises sqlite3.Error or StoreRefused where it cannot be read."""
    tables = {name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "facts" not in tables:
        return Lineage()
    row = raw.execute("SELECT value FROM facts WHERE name = 'store_id'").fetchone()
    store = str(row[0]) if row else ""
    if "commits" not in tables:
        return Lineage(store=store)
    row = raw.execute("SELECT number, at_us FROM commits").fetchone()
    lives = raw.execute("SELECT no, token, first, began_us FROM lives ORDER BY no").fetchall()
    losses = raw.execute("SELECT life, number, accepted_us FROM losses").fetchall()
    try:
        return msgspec.convert(
            {
                "store": store,
                "number": row[0],
                "at_us": row[1],
                "newest_us": newest_us(raw),
                "lives": [dict(zip(("no", "token", "first", "began_us"), life, strict=True)) for life in lives],
                "accepted": [(life, number) for life, number, _ in losses],
                "accepted_us": max((accepted_us for _, _, accepted_us in losses), default=0),
            },
            Lineage,
        )
    except (TypeError, msgspec.ValidationError) as error:
        raise StoreRefused(damaged(f"its account of commits cannot be read: {error}")) from error


def newest_us(raw: sqlite3.Connection) -> int:
    """The time stored of the newest statement."""
    return raw.execute("SELECT max(seq) FROM statements").fetchone()[0] or 0


def snapshot(raw: sqlite3.Connection, now_us: int) -> Mark:
    """The mark of what is committed now: what a reader sees is on disk."""
    store, number, at_us, no, token, first, newest, audited, audit_hash = raw.execute(
        "SELECT (SELECT value FROM facts WHERE name = 'store_id'), c.number, c.at_us, c.life, l.token, l.first, "
        "(SELECT max(seq) FROM statements), a.seq, a.hash FROM commits c LEFT JOIN lives l ON l.no = c.life "
        "LEFT JOIN audit a ON a.seq = (SELECT max(seq) FROM audit)"
    ).fetchone()
    return Mark(
        store=store,
        life=token or "",
        life_no=no,
        first=first or 0,
        number=number,
        at_us=at_us,
        newest_us=newest or 0,
        written_us=now_us,
        audited=audited or 0,
        audit_hash=(audit_hash or b"").hex(),
    )


def accept(raw: sqlite3.Connection, loss: Lost, now_us: int) -> int:
    """Go on without what is missing, in a life of its own: it is noted for good, and whatever is open may have been
    posted by the lost history, so that it is looked for before it is sent. What was in doubt already is in doubt anew:
    it may have been sent later than was known. How many deliveries that concerns."""
    account = Account(raw, now_us, loss.mark.life_no)
    raw.execute("BEGIN IMMEDIATE")
    try:
        since_us = max(loss.since_us or loss.until_us - UNKNOWN_SPAN_US, CLOCK_SLACK_US) - CLOCK_SLACK_US
        doubted = raw.execute(
            "UPDATE deliveries SET state = 'unknown', sent_us = min(coalesce(sent_us, ?1), ?1), doubt_us = ?2, "
            "detail = 'may have been posted by what was lost' WHERE state IN ('waiting', 'unknown')",
            (since_us, now_us),
        ).rowcount
        raw.execute(
            "INSERT INTO losses (accepted_us, kind, life, number, missing, since_us, until_us, through_us, doubted) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                now_us,
                loss.kind,
                loss.mark.life,
                loss.mark.number,
                -1 if loss.missing is None else loss.missing,
                since_us,
                loss.until_us + CLOCK_SLACK_US,
                newest_us(raw),
                doubted,
            ),
        )
        account.count(raw, now_us)
        raw.execute("COMMIT")
    except BaseException:
        if raw.in_transaction:
            raw.execute("ROLLBACK")
        raise
    return doubted
