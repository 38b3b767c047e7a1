"""Work that is due, in SQL: a walk along its dates, and for each piece of work along those who still owe it."""

import sqlite3
from collections.abc import Sequence
from itertools import groupby

import msgspec

from actors.domain.canonical import Assignment
from actors.domain.xapi.accepted import NewStatement
from actors.ports import Provenance
from actors.ports.reminders import DueWork, Owing, Reminded
from daemon.store.engine import Engine
from daemon.store.statements import SqlStatements
from daemon.store.writer import Writer

_KEPT_US = 400 * 86_400_000_000
_WORK = """
    SELECT DISTINCT a.no, a.source, a.canonical, coalesce(c.canonical, x'')
    FROM dues d CROSS JOIN records a ON a.no = d.record
    LEFT JOIN records c ON c.source = a.source AND c.entity = 'course' AND c.state <> 'gone'
        AND c.id = json_extract(CAST(a.canonical AS TEXT), '$.course')
    WHERE d.due >= ? AND d.due < ? AND a.no > ? AND a.state = 'active' AND a.source IN ({marks})
    ORDER BY a.no LIMIT ?
"""
_OWING = """
    SELECT e.user, u.canonical, e.canonical FROM records e CROSS JOIN records u
    ON u.source = e.source AND u.entity = 'user' AND u.id = e.user AND u.state <> 'gone' AND u.canonical <> x''
    WHERE e.source = ? AND e.course = ? AND e.user > ? AND e.user <> '' AND e.state <> 'gone' AND e.canonical <> x''
    AND NOT EXISTS (SELECT 1 FROM handed h WHERE h.source = e.source AND h.work IN (?, ?) AND h.user = e.user)
    ORDER BY e.user LIMIT ?
"""
_DONE = "SELECT due, before_s FROM reminded WHERE source = ? AND work = ? AND user = ?"


class SqlReminders:
    """Implements ``ports.reminders.Reminders``."""

    def __init__(self, writer: Writer, reader: Engine, statements: SqlStatements) -> None:
        self._write = writer.submit
        self._read = reader.run
        self._statements = statements

    async def work(self, sources: Sequence[int], low: str, high: str, after_no: int, limit: int) -> list[DueWork]:
        sql = _WORK.format(marks=",".join("?" * len(sources)))
        found = await self._read(lambda raw: raw.execute(sql, (low, high, after_no, *sources, limit)).fetchall())
        return [DueWork(no=row[0], source=row[1], assignment=row[2], course=row[3]) for row in found]

    async def owing(self, work: DueWork, after_user: str, limit: int) -> list[Owing]:
        assignment = _assignment(work.assignment)
        return await self._read(lambda raw: _owing(raw, work.source, assignment, after_user, limit))

    async def remind(
        self, made: Sequence[Reminded], statements: Sequence[NewStatement], provenance: Provenance
    ) -> None:
        lesson = self._statements.lesson(statements, provenance)

        def job(raw: sqlite3.Connection) -> None:
            if statements:
                self._statements.append_in(raw, statements, provenance, lesson)
            raw.executemany(
                "INSERT OR IGNORE INTO reminded VALUES (?, ?, ?, ?, ?, ?)",
                [(one.source, one.work, one.user, one.due, one.before_s, one.at_us) for one in made],
            )

        await self._write(job)
        lesson.confirm()


_assignment = msgspec.json.Decoder(Assignment).decode


def _owing(raw: sqlite3.Connection, source: int, assignment: Assignment, after_user: str, limit: int) -> list[Owing]:
    """Whole users only: the last one of a full page may have more enrolments, and is read with the next."""
    rows = raw.execute(_OWING, (source, assignment.course, after_user, assignment.id, assignment.iri, limit)).fetchall()
    groups = [(user, list(together)) for user, together in groupby(rows, key=lambda row: row[0])]
    if len(rows) == limit and len(groups) > 1:
        groups.pop()
    return [
        Owing(
            user=together[0][1],
            enrolments=tuple(row[2] for row in together),
            done=tuple(raw.execute(_DONE, (source, assignment.id, user)).fetchall()),
        )
        for user, together in groups
    ]
