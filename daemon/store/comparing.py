"""Who is to be compared between sources, marked in the transaction in which something of them changed; and what is
believed instead of what a source says, for whoever reads its records.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence

from actors.domain.conflicts.fixes import Field
from actors.ports.records import Kept

_OF_PEOPLE = frozenset({"user", "enrolment"})
_DUE = "INSERT OR IGNORE INTO compared_due VALUES (?, ?)"
_SOME_DUE = (
    "INSERT OR IGNORE INTO compared_due SELECT s.no, p.user FROM personas p JOIN sources s ON s.tenant = p.tenant "
    "AND s.name = p.source WHERE s.compared = 1 AND p.{column} IN ({marks})"
)
_ALL_DUE = "INSERT OR IGNORE INTO compared_due SELECT source, id FROM records WHERE source = ? AND entity = 'user'"
_MARKS_MAX = 500


def mark(raw: sqlite3.Connection, source: int, records: Iterable[Kept]) -> None:
    """Users whom these records concern, where their source is compared with others."""
    if not _is_compared(raw, source):
        return
    users = {each.id if each.entity == "user" else each.user for each in records if each.entity in _OF_PEOPLE}
    raw.executemany(_DUE, [(source, user) for user in sorted(users - {""})])


def mark_source(raw: sqlite3.Connection, source: int) -> None:
    """All of them: what its records mean is another thing now."""
    if _is_compared(raw, source):
        raw.execute(_ALL_DUE, (source,))


def mark_personas(raw: sqlite3.Connection, nos: Sequence[int]) -> None:
    """These may belong to somebody else now."""
    for start in range(0, len(nos), _MARKS_MAX):
        some = nos[start : start + _MARKS_MAX]
        raw.execute(_SOME_DUE.format(column="no", marks=",".join("?" * len(some))), some)


def mark_person(raw: sqlite3.Connection, person: int) -> None:
    """Somebody was decided about."""
    raw.execute(_SOME_DUE.format(column="person", marks="?"), (person,))


def believed(raw: sqlite3.Connection, source: int) -> Mapping[tuple[str, str], dict[Field, str]]:
    """What counts instead of what a source says, by its user and course (empty: of the person in all of them)."""
    found: dict[tuple[str, str], dict[Field, str]] = {}
    sql = "SELECT user, course, field, value FROM believed WHERE source = ?"
    for user, course, field, value in raw.execute(sql, (source,)):
        found.setdefault((user, course), {})[field] = value
    return found


def _is_compared(raw: sqlite3.Connection, source: int) -> bool:
    row = raw.execute("SELECT compared FROM sources WHERE no = ?", (source,)).fetchone()
    return row is not None and bool(row[0])
