"""What vendors tell of members and people, as far as rosters go: in the transaction that keeps what was told.

Nobody is let in or taken out for it: a place is read anew, or compared, soon. What is remembered already is what we did
ourselves, and no news.
"""

import sqlite3
from collections.abc import Sequence

import msgspec

from actors.ports.rosters import COMPARE, READ

SOON_US = 10_000_000
"""So long is waited, so that many who come together are one reading."""
ARCHIVED = "archived: the vendor told of it"
_DUE = (
    "UPDATE roster_places SET due_us = CASE WHEN due > 0 THEN min(due_us, :soon) ELSE :soon END, due = max(due, :due), "
    "marks = marks + 1 WHERE lane = :lane AND "
)
_INSIDE = (
    "EXISTS (SELECT 1 FROM roster_kept AS k WHERE k.place = roster_places.no AND k.id = told.value AND k.inside = 1)"
)
_NEWS = (
    f"EXISTS (SELECT 1 FROM json_each(:joined) AS told WHERE NOT {_INSIDE}) "  # noqa: S608  # our own words
    f"OR EXISTS (SELECT 1 FROM json_each(:left) AS told WHERE {_INSIDE})"
)
_CONCERNED = (
    "no IN (SELECT place FROM roster_standings WHERE account = :person AND account <> '' UNION ALL "
    "SELECT place FROM roster_standings WHERE lower(email) IN (SELECT value FROM json_each(:emails)) AND email <> '')"
)
_NAMED_OTHERS = (
    "DELETE FROM roster_accounts WHERE lane = :lane AND named IN (SELECT value FROM json_each(:emails)) "
    "AND id <> :person"
)
_NAMED_NO_MORE = (
    "DELETE FROM roster_accounts WHERE lane = :lane AND id = :person AND id <> '' "
    "AND named NOT IN (SELECT value FROM json_each(:emails))"
)


def members(
    raw: sqlite3.Connection, lane: str, place: str, joined: Sequence[str], left: Sequence[str], now_us: int
) -> int:
    """These came and went, by the vendor's ids; neither: nobody knows who. How many places it is news to."""
    given = {"soon": now_us + SOON_US, "due": READ, "lane": lane, "place": place}
    given |= {"joined": _json(joined), "left": _json(left)}
    news = f"({_NEWS})" if joined or left else "1"
    return raw.execute(f"{_DUE} place = :place AND place <> '' AND {news}", given).rowcount


def people(
    raw: sqlite3.Connection, lane: str, person: str, emails: Sequence[str], now_us: int, *, came: bool = False
) -> int:
    """Somebody's addresses are these now; none: nobody knows, or they are gone. ``came``: they are new there. What was
    remembered of addresses that this concerns is forgotten; how many places it is news to."""
    given: dict[str, object] = {"lane": lane, "person": person, "emails": _json(emails)}
    forgotten = raw.execute(_NAMED_OTHERS, given).rowcount
    if not came:
        forgotten += raw.execute(_NAMED_NO_MORE, given).rowcount
    if not forgotten:
        return 0
    given |= {"soon": now_us + SOON_US, "due": COMPARE}
    return raw.execute(f"{_DUE} {_CONCERNED}", given).rowcount


def archived(raw: sqlite3.Connection, lane: str, place: str, now_us: int) -> int:
    """Somebody put it into the archive: it is compared, and a person is asked. How many places it is news to."""
    given = {"soon": now_us + SOON_US, "due": COMPARE, "lane": lane, "place": place}
    told = f"{_DUE} place = :place AND place <> '' AND closed = ''"
    if found := raw.execute(told, given).rowcount:
        sql = "UPDATE roster_places SET closed = ? WHERE lane = ? AND place = ? AND closed = ''"
        raw.execute(sql, (ARCHIVED, lane, place))
    return found


def reopened(raw: sqlite3.Connection, lane: str, place: str, now_us: int) -> int:
    """It is back from the archive, or from wherever it was: it is read anew. How many places it is news to."""
    given = {"soon": now_us + SOON_US, "due": READ, "lane": lane, "place": place}
    found = raw.execute(f"{_DUE} place = :place AND place <> '' AND closed <> ''", given).rowcount
    if found:
        raw.execute("UPDATE roster_places SET closed = '' WHERE lane = ? AND place = ?", (lane, place))
    return found


def everybody(raw: sqlite3.Connection, lane: str) -> None:
    """Nobody knows any more who changed: what is remembered of addresses counts no longer."""
    raw.execute("UPDATE roster_accounts SET found_us = 0 WHERE lane = ?", (lane,))


def _json(values: Sequence[str]) -> str:
    return msgspec.json.encode(list(values)).decode()
