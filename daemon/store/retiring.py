"""What may leave by retention, one chore a kind of row: how the next few are found, and how they are taken.

Each chore looks at no more than ``LOOK_MAX`` rows at a time and goes on after the last of them, so that whatever has to
stay is passed once a run. Taking looks again, in the transaction that deletes: nothing open or held ever leaves, nor
a statement as long as somebody may still be concerned with what it led to.
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from actors.domain.retention import DAY_US, SLACK_US, Cutoffs
from daemon.store import attachments, latecomers
from daemon.store.departing import depart
from daemon.store.statements import forgotten_key

LOOK_MAX = 100
"""Rows that one transaction looks at and deletes: measured among a million, 100 deliveries take 8 ms, and statements,
with their outcomes, 2 ms."""
DOCUMENTS_MAX = 20
"""Documents, and what an import has left: each may have the size of a request."""
STAGED_KEPT_US = DAY_US
SETTLED = ("cancelled", "delivered", "shadowed", "superseded")
STUCK = ("dead", "parked")
COUNTS_KEPT_US = 400 * DAY_US
"""Counts of single days are kept so long, then they are added up."""

After = tuple[int | str | bytes, ...]


class Page(NamedTuple):
    """The next rows that may leave, by key; ``after`` is where to look on, None at the end."""

    keys: list[Any]
    after: After | None


class Chore(NamedTuple):
    """``take`` deletes keys of a page and says how many rows of what left."""

    find: Callable[[sqlite3.Connection, Cutoffs, After], Page]
    take: Callable[[sqlite3.Connection, Cutoffs, Sequence[Any]], Mapping[str, int]]


def _page(found: Sequence[Any], keys: Iterable[Any], position: Callable[[Any], After]) -> Page:
    return Page(list(keys), position(found[-1]) if len(found) == LOOK_MAX else None)


def _gone(raw: sqlite3.Connection, sql: str, keys: Iterable[Any]) -> int:
    return max(0, raw.executemany(sql, keys).rowcount)


# ── the log ──────────────────────────────────────────────────────────────────────────────────────────

_LOG = (
    "SELECT s.seq, s.id, s.arrival, EXISTS (SELECT 1 FROM deliveries d WHERE d.statement_seq = s.seq "
    "AND (d.done_us IS NULL OR d.state IN ('dead', 'parked'))) FROM (SELECT seq, id, arrival FROM statements "
    "INDEXED BY statements_tenant WHERE tenant = ? AND seq > ? AND seq < ? ORDER BY seq LIMIT ?) s"
)


def _statements(raw: sqlite3.Connection, cut: Cutoffs, after: After) -> Page:
    """Routed, and nobody is concerned with what they led to."""
    routed = raw.execute("SELECT seq FROM cursors WHERE tenant = ?", (cut.tenant,)).fetchone()
    if routed is None:
        return Page([], None)
    upto = min(routed[0] + 1, cut.statements_us)
    found = raw.execute(_LOG, (cut.tenant, *(after or (-1,)), upto, LOOK_MAX)).fetchall()
    return _page(found, (row[:3] for row in found if not row[3]), lambda row: (row[0],))


def _take_statements(raw: sqlite3.Connection, cut: Cutoffs, keys: Sequence[Any]) -> Mapping[str, int]:
    """With their outcomes, and the requests that brought them once nothing of these is left. Their ids stay known."""
    raw.executemany(
        "INSERT OR REPLACE INTO forgotten VALUES (?, ?)",
        [
            (forgotten_key(cut.tenant, key), seq // DAY_US)
            for seq, key, _ in keys
            if seq > cut.horizon_us  # else a repeat is refused for its age
        ],
    )
    latecomers.leave(raw, cut.tenant, [seq for seq, _, _ in keys])
    return depart(raw, cut.tenant, keys)


def _attachments(raw: sqlite3.Connection, cut: Cutoffs, after: After) -> Page:
    """Contents whose statements have all left; large ones a few at a time."""
    found = attachments.idle(raw, cut.tenant, int(after[0]) if after else -1, LOOK_MAX)
    return Page([row[:1] for row in found], (found[-1][0],) if found else None)


def _take_attachments(raw: sqlite3.Connection, cut: Cutoffs, keys: Sequence[Any]) -> Mapping[str, int]:
    return {"attachments": attachments.remove(raw, [key[0] for key in keys])}


def _requests(raw: sqlite3.Connection, cut: Cutoffs, after: After) -> Page:
    """Those that brought nothing new."""
    found = raw.execute(
        "SELECT at_us, no FROM arrivals INDEXED BY arrivals_idle WHERE fresh = 0 AND tenant = ? "
        "AND (at_us, no) > (?, ?) AND at_us < ? ORDER BY at_us, no LIMIT ?",
        (cut.tenant, *(after or (-1, -1)), cut.statements_us, LOOK_MAX),
    ).fetchall()
    return _page(found, ((row[1],) for row in found), lambda row: row)


def _take_requests(raw: sqlite3.Connection, cut: Cutoffs, keys: Sequence[Any]) -> Mapping[str, int]:
    return {"requests": _gone(raw, "DELETE FROM arrivals WHERE no = ? AND fresh = 0", keys)}


def _voids(raw: sqlite3.Connection, cut: Cutoffs, after: After) -> Page:
    """Who voids whom is needed as long as the voided one may still come."""
    found = raw.execute(
        "SELECT by_seq, tenant, id FROM voids INDEXED BY voids_by WHERE by_seq > ? AND by_seq < ? "
        "ORDER BY by_seq LIMIT ?",
        (*(after or (-1,)), cut.horizon_us - SLACK_US, LOOK_MAX),
    ).fetchall()
    return _page(found, (row[1:] for row in found if row[1] == cut.tenant), lambda row: (row[0],))


def _take_voids(raw: sqlite3.Connection, cut: Cutoffs, keys: Sequence[Any]) -> Mapping[str, int]:
    return {"voids": _gone(raw, "DELETE FROM voids WHERE tenant = ? AND id = ?", keys)}


def _documents(raw: sqlite3.Connection, cut: Cutoffs, after: After) -> Page:
    """By their last change."""
    found = raw.execute(
        "SELECT updated_us, no FROM documents INDEXED BY documents_age WHERE tenant = ? AND (updated_us, no) > (?, ?) "
        "AND updated_us < ? ORDER BY updated_us, no LIMIT ?",
        (cut.tenant, *(after or (-1, -1)), cut.documents_us, DOCUMENTS_MAX),
    ).fetchall()
    return Page([row[::-1] for row in found], found[-1] if len(found) == DOCUMENTS_MAX else None)


def _take_documents(raw: sqlite3.Connection, cut: Cutoffs, keys: Sequence[Any]) -> Mapping[str, int]:
    return {"documents": _gone(raw, "DELETE FROM documents WHERE no = ? AND updated_us = ?", keys)}


def _staged(raw: sqlite3.Connection, cut: Cutoffs, after: After) -> Page:
    """What an import left behind."""
    found = raw.execute(
        "SELECT at_us, rowid FROM staged WHERE (at_us, rowid) > (?, ?) AND at_us < ? ORDER BY at_us, rowid LIMIT ?",
        (*(after or (-1, -1)), cut.now_us - STAGED_KEPT_US, DOCUMENTS_MAX),
    ).fetchall()
    return Page([row[::-1] for row in found], found[-1] if len(found) == DOCUMENTS_MAX else None)


def _take_staged(raw: sqlite3.Connection, cut: Cutoffs, keys: Sequence[Any]) -> Mapping[str, int]:
    return {"staged": _gone(raw, "DELETE FROM staged WHERE rowid = ? AND at_us = ?", keys)}


# ── deliveries ───────────────────────────────────────────────────────────────────────────────────────

_DONE = (
    "SELECT lane, state, done_us, seq, kind FROM deliveries INDEXED BY deliveries_done "
    "WHERE lane = ? AND state = ? AND done_us IS NOT NULL AND (done_us, seq) > (?, ?) AND done_us < ? "
    "AND seq < (SELECT max(seq) FROM deliveries) AND {} ORDER BY done_us, seq LIMIT ?"
)
"""The newest delivery of all stays: its number would be given again."""
_ALONE = _DONE.format("digest IS NULL")
_ITEMS = _DONE.format("digest IS NOT NULL AND NOT EXISTS (SELECT 1 FROM deliveries g WHERE g.seq = deliveries.digest)")
_LANES = "SELECT DISTINCT lane FROM depths WHERE lane > ? AND lane < ? ORDER BY lane"


def lanes(raw: sqlite3.Connection, tenant: str) -> list[str]:
    """Every lane of the tenant that ever had a delivery, configured still or not."""
    return [row[0] for row in raw.execute(_LANES, (f"{tenant}/", f"{tenant}0"))]


def _done(raw: sqlite3.Connection, sql: str, tenant: str, states: Sequence[str], before_us: int, after: After) -> Page:
    """Lane by lane, state by state, oldest first."""
    found: list[Any] = []
    for lane in lanes(raw, tenant):
        for state in states:
            if (lane, state) < after[:2]:
                continue
            start = after[2:] if (lane, state) == after[:2] else (-1, -1)
            found += raw.execute(sql, (lane, state, *start, before_us, LOOK_MAX - len(found))).fetchall()
            if len(found) == LOOK_MAX:
                return _page(found, (row[3:] for row in found), lambda row: row[:4])
    return Page([row[3:] for row in found], None)


def _settled(raw: sqlite3.Connection, cut: Cutoffs, after: After) -> Page:
    return _done(raw, _ALONE, cut.tenant, SETTLED, cut.deliveries_us, after)


def _items(raw: sqlite3.Connection, cut: Cutoffs, after: After) -> Page:
    """What stood in a digest goes after it."""
    return _done(raw, _ITEMS, cut.tenant, SETTLED, cut.deliveries_us, after)


def _take_settled(raw: sqlite3.Connection, cut: Cutoffs, keys: Sequence[Any]) -> Mapping[str, int]:
    return {"deliveries": _gone(raw, "DELETE FROM deliveries WHERE seq = ? AND done_us IS NOT NULL", _first(keys))}


def _stuck(raw: sqlite3.Connection, cut: Cutoffs, after: After) -> Page:
    return _done(raw, _ALONE, cut.tenant, STUCK, cut.dead_letters_us, after)


def _take_stuck(raw: sqlite3.Connection, cut: Cutoffs, keys: Sequence[Any]) -> Mapping[str, int]:
    """A digest that nobody replayed takes its changes along: they are let go first, as far as one job may."""
    room = LOOK_MAX
    going = []
    for seq, kind in keys:
        if kind == "digest":
            room -= raw.execute(
                "UPDATE deliveries SET state = 'cancelled', held_for = '', detail = 'its digest had its time', "
                "done_us = (SELECT done_us FROM deliveries WHERE seq = ?1) WHERE seq IN "
                "(SELECT seq FROM deliveries WHERE digest = ?1 AND state = 'held' ORDER BY seq LIMIT ?2)",
                (seq, room),
            ).rowcount
            if raw.execute("SELECT 1 FROM deliveries WHERE digest = ? AND state = 'held'", (seq,)).fetchone():
                break  # the next run goes on with it
        going.append((seq,))
    n = _gone(raw, "DELETE FROM deliveries WHERE seq = ? AND state IN ('dead', 'parked')", going)
    return {"dead_letters": n}


def _first(keys: Sequence[Any]) -> list[tuple[Any]]:
    return [(key[0],) for key in keys]


# ── figures and addresses ────────────────────────────────────────────────────────────────────────────


def _routes(raw: sqlite3.Connection, table: str, tenant: str) -> list[str]:
    """The table's routes, by leaps from one to the next."""
    found: list[str] = []
    sql = f"SELECT min(route) FROM {table} WHERE tenant = ? AND route > ?"  # noqa: S608  # constants only
    route = raw.execute(sql, (tenant, "")).fetchone()[0]
    while route is not None:
        found.append(route)
        route = raw.execute(sql, (tenant, route)).fetchone()[0]
    return found


def _by_route(raw: sqlite3.Connection, table: str, sql: str, cut: Cutoffs, before: int, after: After) -> list[Any]:
    """Rows (route, when, which) before a time, route by route."""
    found: list[Any] = []
    for route in _routes(raw, table, cut.tenant):
        if (route,) >= after[:1] and len(found) < LOOK_MAX:
            start = after[1:] if (route,) == after[:1] else (-1, -1)
            found += raw.execute(sql, (cut.tenant, route, *start, before, LOOK_MAX - len(found))).fetchall()
    return found


def _late(raw: sqlite3.Connection, cut: Cutoffs, after: After) -> Page:
    sql = (
        "SELECT route, done_us, seq FROM late INDEXED BY late_route WHERE tenant = ? AND route = ? "
        "AND (done_us, seq) > (?, ?) AND done_us < ? ORDER BY done_us, seq LIMIT ?"
    )
    found = _by_route(raw, "late", sql, cut, cut.figures_us, after)
    return _page(found, ((row[2],) for row in found), lambda row: row)


def _take_late(raw: sqlite3.Connection, cut: Cutoffs, keys: Sequence[Any]) -> Mapping[str, int]:
    return {"late": _gone(raw, "DELETE FROM late WHERE seq = ?", keys)}


def _propagation(raw: sqlite3.Connection, cut: Cutoffs, after: After) -> Page:
    sql = (
        "SELECT route, hour, bucket FROM propagation WHERE tenant = ? AND route = ? "
        "AND (hour, bucket) > (?, ?) AND hour < ? ORDER BY hour, bucket LIMIT ?"
    )
    found = _by_route(raw, "propagation", sql, cut, cut.figures_us // 3_600_000_000, after)
    return _page(found, found, lambda row: row)


def _take_propagation(raw: sqlite3.Connection, cut: Cutoffs, keys: Sequence[Any]) -> Mapping[str, int]:
    sql = "DELETE FROM propagation WHERE tenant = ? AND route = ? AND hour = ? AND bucket = ?"
    return {"propagation": _gone(raw, sql, [(cut.tenant, *key) for key in keys])}


def _holds(raw: sqlite3.Connection, cut: Cutoffs, after: After) -> Page:
    found = raw.execute(
        "SELECT lane, from_us, why, until_us FROM holds WHERE (lane, from_us, why) > (?, ?, ?) AND lane < ? "
        "ORDER BY lane, from_us, why LIMIT ?",
        (*(after or (f"{cut.tenant}/", -1, "")), f"{cut.tenant}0", LOOK_MAX),
    ).fetchall()
    return _page(found, (row[:3] for row in found if row[3] < cut.figures_us), lambda row: row[:3])


def _take_holds(raw: sqlite3.Connection, cut: Cutoffs, keys: Sequence[Any]) -> Mapping[str, int]:
    return {"holds": _gone(raw, "DELETE FROM holds WHERE lane = ? AND from_us = ? AND why = ?", keys)}


def _addresses(raw: sqlite3.Connection, cut: Cutoffs, after: After) -> Page:
    """Not looked up for so long that the vendor had better be asked again."""
    found = raw.execute(
        "SELECT lane, email, found_us FROM addresses WHERE (lane, email) > (?, ?) AND lane < ? "
        "ORDER BY lane, email LIMIT ?",
        (*(after or (f"{cut.tenant}/", "")), f"{cut.tenant}0", LOOK_MAX),
    ).fetchall()
    return _page(found, (row[:2] for row in found if row[2] < cut.horizon_us), lambda row: row[:2])


def _take_addresses(raw: sqlite3.Connection, cut: Cutoffs, keys: Sequence[Any]) -> Mapping[str, int]:
    return {"addresses": _gone(raw, "DELETE FROM addresses WHERE lane = ? AND email = ?", keys)}


def _clicks(raw: sqlite3.Connection, cut: Cutoffs, after: After) -> Page:
    """What people did with posts; it lies there for whoever decides about it."""
    found = raw.execute(
        "SELECT lane, at_us, seq FROM clicks WHERE (lane, at_us, seq) > (?, ?, ?) AND lane < ? "
        "ORDER BY lane, at_us, seq LIMIT ?",
        (*(after or (f"{cut.tenant}/", -1, -1)), f"{cut.tenant}0", LOOK_MAX),
    ).fetchall()
    return _page(found, ((row[2],) for row in found if row[1] < cut.figures_us), lambda row: row)


def _take_clicks(raw: sqlite3.Connection, cut: Cutoffs, keys: Sequence[Any]) -> Mapping[str, int]:
    return {"clicks": _gone(raw, "DELETE FROM clicks WHERE seq = ?", keys)}


CHORES: dict[str, Chore] = {
    "deliveries": Chore(_settled, _take_settled),
    "dead_letters": Chore(_stuck, _take_stuck),
    "items": Chore(_items, _take_settled),
    "statements": Chore(_statements, _take_statements),
    "attachments": Chore(_attachments, _take_attachments),
    "documents": Chore(_documents, _take_documents),
    "staged": Chore(_staged, _take_staged),
    "requests": Chore(_requests, _take_requests),
    "voids": Chore(_voids, _take_voids),
    "late": Chore(_late, _take_late),
    "propagation": Chore(_propagation, _take_propagation),
    "holds": Chore(_holds, _take_holds),
    "clicks": Chore(_clicks, _take_clicks),
    "addresses": Chore(_addresses, _take_addresses),
}
"""In this order: what keeps something else back goes before it."""


def count(raw: sqlite3.Connection, tenant: str, removed: Mapping[str, int], now_us: int) -> None:
    """What left is counted in the transaction in which it leaves; days long past are added up (as day 0)."""
    today = now_us // DAY_US
    raw.executemany(
        "INSERT INTO retired VALUES (?, ?, ?, ?) ON CONFLICT (tenant, what, day) DO UPDATE SET n = n + excluded.n",
        [(tenant, what, today, n) for what, n in removed.items() if n],
    )
    past = (tenant, (now_us - COUNTS_KEPT_US) // DAY_US)
    if raw.execute("SELECT 1 FROM retired WHERE tenant = ? AND day > 0 AND day < ? LIMIT 1", past).fetchone():
        raw.execute(
            "INSERT INTO retired SELECT tenant, what, 0, sum(n) FROM retired WHERE tenant = ? AND day > 0 AND day < ? "
            "GROUP BY what ON CONFLICT (tenant, what, day) DO UPDATE SET n = n + excluded.n",
            past,
        )
        raw.execute("DELETE FROM retired WHERE tenant = ? AND day > 0 AND day < ?", past)
