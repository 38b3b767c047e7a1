"""What is kept and what has left, in figures for operators: each from an index, from what is counted anyway, or from a
sample, so that asking costs little however much there is.
"""

import sqlite3
from collections.abc import Sequence

import msgspec

from daemon.store import figures
from daemon.store.retiring import SETTLED, STUCK, lanes

_FIGURES = f"SELECT DISTINCT {figures.GROUP} FROM figures_all WHERE tenant = ?"  # noqa: S608
COUNT_MAX = 100_000
"""Rows that are counted one by one; beyond it there are at least so many."""
SAMPLE = 1_000
"""Keys from which the number of all is estimated (they are hashes, spread evenly)."""
SIZED = 50
"""The newest rows whose size is taken for everybody's."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of one kind. ``about``: the number is an estimate, ``more``: there are at least so many. ``bytes`` is what
    they hold, without indexes, estimated; 0 where it was not looked at. ``removed``: how many left ever, the last of
    them on ``removed_day`` (days since the epoch)."""

    what: str
    n: int
    about: bool = False
    more: bool = False
    bytes: int = 0
    oldest_us: int | None = None
    removed: int = 0
    removed_day: int | None = None


def of_tenant(raw: sqlite3.Connection, tenant: str) -> list[Kept]:
    """What is a tenant's own."""
    states: dict[str, int] = {}
    for lane in lanes(raw, tenant):
        for state, n in raw.execute("SELECT state, n FROM depths WHERE lane = ?", (lane,)):
            states[state] = states.get(state, 0) + n
    settled, stuck = (sum(states.get(state, 0) for state in some) for some in (SETTLED, STUCK))
    size = _mean(
        raw,
        "SELECT length(audience) + length(change) + length(history) + length(detail) + coalesce(length(receipt), 0) "
        "+ 250 FROM deliveries WHERE seq > (SELECT max(seq) FROM deliveries) - ?",
    )
    log, more = _counted(raw, "SELECT 1 FROM statements INDEXED BY statements_tenant WHERE tenant = ?", tenant)
    body = _mean(raw, "SELECT length(body) + 100 FROM statements ORDER BY seq DESC LIMIT ?")
    oldest = raw.execute("SELECT min(seq) FROM statements WHERE tenant = ?", (tenant,)).fetchone()[0]
    found = [
        Kept(what="statements", n=log, more=more, bytes=log * body, oldest_us=oldest),
        Kept(what="deliveries", n=settled, bytes=settled * size, oldest_us=_oldest(raw, tenant, SETTLED)),
        Kept(what="dead_letters", n=stuck, bytes=stuck * size, oldest_us=_oldest(raw, tenant, STUCK)),
        Kept(what="open", n=sum(states.values()) - settled - stuck),
    ]
    found.append(_attachments(raw, tenant))
    found.append(_records(raw, tenant))
    for what, sql, key in (
        ("documents", "SELECT 1 FROM documents INDEXED BY documents_age WHERE tenant = ?", tenant),
        ("late", "SELECT 1 FROM late WHERE tenant = ?", tenant),
        ("propagation", "SELECT 1 FROM propagation WHERE tenant = ?", tenant),
        ("figures", _FIGURES, tenant),
        ("holds", "SELECT 1 FROM holds WHERE lane BETWEEN ? || '/' AND ?1 || '0'", tenant),
        ("clicks", "SELECT 1 FROM clicks WHERE lane BETWEEN ? || '/' AND ?1 || '0'", tenant),
        ("conflicts", "SELECT 1 FROM conflicts WHERE tenant = ?", tenant),
        ("rulings", "SELECT 1 FROM rulings WHERE tenant = ?", tenant),
        ("addresses", "SELECT 1 FROM addresses WHERE lane BETWEEN ? || '/' AND ?1 || '0'", tenant),
    ):
        n, more = _counted(raw, sql, key)
        found.append(Kept(what=what, n=n, more=more))
    return _with_removed(raw, tenant, found)


def _attachments(raw: sqlite3.Connection, tenant: str) -> Kept:
    n, size = raw.execute(
        "SELECT count(*), coalesce(sum(bytes), 0) FROM (SELECT bytes FROM contents WHERE tenant = ? LIMIT ?)",
        (tenant, COUNT_MAX),
    ).fetchone()
    return Kept(what="attachments", n=n, more=n == COUNT_MAX, bytes=size)


def _records(raw: sqlite3.Connection, tenant: str) -> Kept:
    """What sources told."""
    n, more = _counted(raw, "SELECT 1 FROM sources s JOIN records r ON r.source = s.no WHERE s.tenant = ?", tenant)
    size = _mean(raw, "SELECT length(raw) + length(canonical) + 250 FROM records ORDER BY no DESC LIMIT ?")
    return Kept(what="records", n=n, more=more, bytes=n * size)


def of_all(raw: sqlite3.Connection) -> list[Kept]:
    """What is kept by hash alone, for all tenants together."""
    found = []
    for table in ("effects", "entities", "forgotten"):
        keys = raw.execute(f"SELECT key FROM {table} ORDER BY key LIMIT ?", (SAMPLE,)).fetchall()  # noqa: S608
        if len(keys) < SAMPLE:
            found.append(Kept(what=table, n=len(keys)))
        else:
            share = int.from_bytes(keys[-1][0], "big") / 2**128
            found.append(Kept(what=table, n=round(SAMPLE / share), about=True))
    return _with_removed(raw, "", found)


def _with_removed(raw: sqlite3.Connection, tenant: str, found: Sequence[Kept]) -> list[Kept]:
    """With what has left, kinds of which nothing is left to count included."""
    removed = {
        what: (n, day)
        for what, n, day in raw.execute(
            "SELECT what, sum(n), max(day) FROM retired WHERE tenant = ? GROUP BY what", (tenant,)
        )
    }
    known = {one.what for one in found}
    rest = [Kept(what=what, n=0) for what in sorted(removed.keys() - known)]
    return [
        msgspec.structs.replace(one, removed=removed[one.what][0], removed_day=removed[one.what][1])
        if one.what in removed
        else one
        for one in (*found, *rest)
    ]


def _counted(raw: sqlite3.Connection, sql: str, key: str) -> tuple[int, bool]:
    """How many rows, and whether counting ended before them."""
    [n] = raw.execute(f"SELECT count(*) FROM ({sql} LIMIT {COUNT_MAX})", (key,)).fetchone()  # noqa: S608  # ours
    return int(n), n == COUNT_MAX


def _mean(raw: sqlite3.Connection, sql: str) -> int:
    sizes = [row[0] for row in raw.execute(sql, (SIZED,))]
    return round(sum(sizes) / len(sizes)) if sizes else 0


def _oldest(raw: sqlite3.Connection, tenant: str, states: Sequence[str]) -> int | None:
    """When the first of them ended."""
    ended = [
        raw.execute(
            "SELECT min(done_us) FROM deliveries INDEXED BY deliveries_done WHERE lane = ? AND state = ? "
            "AND done_us IS NOT NULL",
            (lane, state),
        ).fetchone()[0]
        for lane in lanes(raw, tenant)
        for state in states
    ]
    return min((each for each in ended if each is not None), default=None)
