"""Old rows of the audit leave: a whole beginning of a tenant's chain, after a row that says how far, and its hash.

That row is one of the chain like any other, so that what is left proves itself, and says what is not there any more.
Rows leave a few a transaction; a cut that was interrupted is carried on by the next one.
"""

import sqlite3

import msgspec

from daemon.store.audit_chain import Told
from daemon.store.audit_rows import Entry, append

SLACK_US = 7 * 86_400_000_000
"""So much longer rows may stand, so that there is a cut a week and not one for each row."""
GONE_MAX = 500
"""Rows of one transaction."""


def tenants(raw: sqlite3.Connection) -> list[str]:
    """Those that have rows, the host among them."""
    found: list[str] = []
    sql = "SELECT min(tenant) FROM audit"
    [name] = raw.execute(sql).fetchone()
    while name is not None:
        found.append(name)
        [name] = raw.execute(f"{sql} WHERE tenant > ?", (name,)).fetchone()
    return found


def cut(raw: sqlite3.Connection, tenant: str, before_us: int, now_us: int, floor: int) -> int:
    """Say that everything up to the last row before this time may go; how many rows that are, none if nothing is old
    enough yet."""
    oldest = raw.execute("SELECT no, at_us FROM audit WHERE tenant = ? ORDER BY no LIMIT 1", (tenant,)).fetchone()
    if oldest is None or oldest[1] >= before_us - SLACK_US or oldest[0] <= cut_to(raw, tenant):
        return 0
    younger = raw.execute(
        "SELECT no FROM audit WHERE tenant = ? AND at_us >= ? ORDER BY no LIMIT 1", (tenant, before_us)
    ).fetchone()
    clause, more = ("AND no < ?", (younger[0],)) if younger else ("", ())
    last = raw.execute(
        f"SELECT no, hash, seq, at_us FROM audit WHERE tenant = ? {clause} ORDER BY no DESC LIMIT 1",  # noqa: S608
        (tenant, *more),
    ).fetchone()
    rows = last[0] - oldest[0] + 1
    said = {"rows": rows, "through": last[0], "hash": last[1].hex(), "seq": last[2], "until_us": last[3]}
    told = Told(who="lmsyncd", arguments=msgspec.json.encode(said).decode(), detail="the time that rows are kept")
    entry = Entry(tenant=tenant, kind="cut", what="audit.cut", told=told, of=last[0], result="done")
    append(raw, entry, now_us, floor)
    return int(rows)


def let_go(raw: sqlite3.Connection, tenant: str) -> int:
    """Some rows that a cut covers leave; how many. 0: none is left."""
    sql = "SELECT seq FROM audit WHERE tenant = ? AND no <= ? ORDER BY no LIMIT ?"
    going = raw.execute(sql, (tenant, cut_to(raw, tenant), GONE_MAX)).fetchall()
    raw.executemany("DELETE FROM audit WHERE seq = ?", going)
    raw.executemany("DELETE FROM audit_told WHERE seq = ?", going)
    return len(going)


def cut_to(raw: sqlite3.Connection, tenant: str) -> int:
    """The last number that a cut covers; 0 without one."""
    return raw.execute("SELECT max(of) FROM audit WHERE kind = 'cut' AND tenant = ?", (tenant,)).fetchone()[0] or 0
