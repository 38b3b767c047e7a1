"""What sources told, in SQL: records, the statements they tell and the source's cursor are one transaction.

So a process that is killed between two pages has either taken in a page, with all that follows from it, or has not.
A record's place ``no`` is its rowid: small numbers, given in order, so that a run keeps a bitmap of what it has seen.
Reading by place uses indexes alone; bodies are read by those who show them.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, TypeVar

import msgspec

from actors.domain.canonical import EntityName
from actors.domain.correcting import Correction
from actors.ports import Clock, Provenance
from actors.ports.records import Kept, Key, KnownRecord, Taken, Taking
from daemon.store import comparing, rostering, rows
from daemon.store.acquaintance import SqlPersons
from daemon.store.engine import Engine
from daemon.store.statements import SqlStatements
from daemon.store.writer import Writer

T = TypeVar("T")
_LOOKUP_MAX = 500  # ids in one look-up, below SQLite's limit of bound values
_PAIRS_MAX = 200
_NOBODY = ("", "")  # has no memberships
KNOWN = "no, entity, id, form, digest, mapping, canonical, state, scope, rev, changed_us, partial, quiet"
_INSERT = (
    "INSERT INTO records (no, source, entity, id, form, scope, state, digest, mapping, rev, user, course, first_us, "
    "changed_us, partial, quiet, canonical, raw) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_LARGE = 200
"""Records in one transaction: then many more come, and what SQLite remembers of the pages before is of little use."""
_UPDATE = (
    "UPDATE records SET form = ?, scope = ?, state = ?, digest = ?, mapping = ?, rev = ?, user = ?, course = ?, "
    "changed_us = ?, partial = ?, quiet = ?, canonical = ?{raw} WHERE no = ?"
)
_OF_WORK = ("assignment", "submission", "grade", "completion")
_FOLLOW = f"UPDATE records SET canonical = canonical WHERE no >= ? AND entity IN {_OF_WORK}"  # noqa: S608  # constants
"""Runs the triggers of what follows from these. If insertions ran them, each would cost 3 microseconds more."""
_ANSWERED = """
    SELECT DISTINCT f.record FROM flaws f WHERE f.source = ? AND f.rule = 'reference' AND f.record > ? AND EXISTS (
        SELECT 1 FROM records r WHERE r.source = f.source AND r.entity = f.path AND r.state <> 'gone'
        AND r.id = CASE WHEN json_valid(f.value) THEN json_extract(f.value, '$') END AND r.canonical <> x''
    ) ORDER BY f.record LIMIT ?
"""


class SqlRecords:
    """Implements ``ports.records.Records``."""

    def __init__(
        self, writer: Writer, reader: Engine, statements: SqlStatements, clock: Clock, persons: SqlPersons
    ) -> None:
        self._writer = writer
        self._read = reader.run
        self._statements = statements
        self._clock = clock
        self._persons = persons

    async def known(self, source: int, keys: Sequence[Key]) -> dict[Key, KnownRecord]:
        return await self._read(lambda raw: _by_key(raw, source, keys))

    async def memberships(
        self, source: int, pairs: Sequence[tuple[str, str]]
    ) -> dict[tuple[str, str], list[KnownRecord]]:
        return await self._read(lambda raw: _memberships(raw, source, pairs))

    async def take(self, taking: Taking) -> Taken:
        lesson = self._statements.lesson(taking.statements, taking.provenance)
        quietly = _quietly(taking.provenance)
        learnt = self._statements.lesson(taking.hushed, quietly)

        def job(raw: sqlite3.Connection) -> Taken:
            fresh = 0
            now_us = self._clock.now_us()
            rostering.mark(raw, taking.source, taking.records, taking.provenance, now_us)
            comparing.mark(raw, taking.source, taking.records)
            nos = write(raw, taking.source, taking.records, now_us)
            if taking.statements:
                by = [nos[at] for at in taking.told_by]
                fresh = self._statements.append_in(raw, taking.statements, taking.provenance, lesson, by).fresh
            if taking.hushed:
                by = [nos[at] for at in taking.hushed_by]
                fresh += self._statements.append_in(raw, taking.hushed, quietly, learnt, by).fresh
            meant = ((kept.entity, kept.state, kept.canonical) for kept in taking.records)
            self._persons.learn(raw, taking.source, meant, now_us)
            if taking.cursor is not None:
                cursor = rows.pack(taking.cursor).decode()
                raw.execute("UPDATE sources SET cursor = ? WHERE no = ?", (cursor, taking.source))
            return Taken(nos=nos, statements=fresh)

        taken = await self._writer.firmly(job)
        lesson.confirm()
        learnt.confirm()
        if len(taking.records) >= _LARGE:
            await self._writer.apart(_slim)
            await self._read(_slim)
        return taken

    async def present(self, source: int, entity: EntityName, scope: str | None, after_no: int, limit: int) -> list[int]:
        narrower = "" if scope is None else "AND scope = ? AND scope <> ''" if scope else "AND scope = ?"
        sql = f"SELECT no FROM records WHERE source = ? AND entity = ? AND state <> 'gone' {narrower} "  # noqa: S608
        values = (source, entity) if scope is None else (source, entity, scope)
        found = await self._read(
            lambda raw: raw.execute(f"{sql} AND no > ? ORDER BY no LIMIT ?", (*values, after_no, limit)).fetchall()
        )
        if len(found) >= _LARGE:
            await self._read(_slim)
        return [row[0] for row in found]

    async def seats(self, source: int, nos: Sequence[int]) -> dict[str, tuple[int, int]]:
        return await self._read(lambda raw: _seats(raw, source, nos))

    async def at(self, source: int, nos: Sequence[int]) -> list[KnownRecord]:
        marks = ",".join("?" * len(nos))
        found = await self._read(
            lambda raw: raw.execute(
                f"SELECT {KNOWN} FROM records WHERE no IN ({marks}) AND source = ? ORDER BY no",  # noqa: S608
                (*nos, source),
            ).fetchall()
        )
        return [known(row) for row in found]

    async def awaiting(self, source: int, keys: Sequence[Key]) -> list[int]:
        return await self._read(lambda raw: _awaiting(raw, source, keys))

    async def answered(self, source: int, after_no: int, limit: int) -> list[int]:
        return [
            row[0] for row in await self._read(lambda raw: raw.execute(_ANSWERED, (source, after_no, limit)).fetchall())
        ]

    async def bodies(self, source: int, nos: Sequence[int]) -> dict[int, bytes]:
        marks = ",".join("?" * len(nos))
        return dict(
            await self._read(
                lambda raw: raw.execute(
                    f"SELECT no, raw FROM records WHERE no IN ({marks}) AND source = ?",  # noqa: S608  # marks only
                    (*nos, source),
                ).fetchall()
            )
        )

    async def corrections(self, source: int, nos: Sequence[int]) -> dict[int, tuple[Correction, ...]]:
        marks = ",".join("?" * len(nos))
        sql = f"""
            SELECT c.record, c.path, c.value, c.was, c.made_by, c.made_us FROM corrections c
            JOIN records r ON r.no = c.record
            WHERE c.record IN ({marks}) AND r.source = ? ORDER BY c.record, c.path
        """  # noqa: S608  # marks only
        found: dict[int, tuple[Correction, ...]] = {}
        for no, path, value, was, by, at_us in await self._read(
            lambda raw: raw.execute(sql, (*nos, source)).fetchall()
        ):
            one = Correction(path=path, value=value, was=was, by=by, at_us=at_us)
            found[no] = (*found.get(no, ()), one)
        return found


def known(row: Sequence[Any]) -> KnownRecord:
    """From the columns ``KNOWN``."""
    no, entity, name, form, digest, mapping, canonical, state, scope, rev, changed_us, partial, quiet = row
    return KnownRecord(
        no=no,
        entity=entity,
        id=name,
        form=form,
        digest=digest,
        mapping=mapping,
        canonical=canonical,
        state=state,
        scope=scope,
        rev=rev,
        changed_us=changed_us,
        partial=bool(partial),
        quiet=bool(quiet),
    )


def write(raw: sqlite3.Connection, source: int, records: Sequence[Kept], now_us: int) -> tuple[int, ...]:
    """Their places, in the order given. A record has the flaws it is written with, and no others."""
    after = int(raw.execute("SELECT coalesce(max(no), 0) FROM records").fetchone()[0])
    nos: list[int] = []
    born, told, meant, flawed = [], [], [], []
    for kept in records:
        no = kept.no
        if no is None:
            after += 1
            no = after
            born.append(
                (
                    no, source, kept.entity, kept.id, kept.form, kept.scope, kept.state, kept.digest, kept.mapping,
                    kept.rev, kept.user, kept.course, now_us, now_us, kept.partial, kept.quiet, kept.canonical,
                    kept.raw or b"",
                )
            )  # fmt: skip
        else:
            values = (
                kept.form, kept.scope, kept.state, kept.digest, kept.mapping, kept.rev, kept.user, kept.course,
                now_us, kept.partial, kept.quiet, kept.canonical,
            )  # fmt: skip
            if kept.raw is None:
                meant.append((*values, no))
            else:
                told.append((*values, kept.raw, no))
        nos.append(no)
        flawed += [
            (no, n, source, flaw.rule, flaw.path, flaw.value, flaw.suggestion) for n, flaw in enumerate(kept.flaws)
        ]
    if born:
        raw.executemany(_INSERT, born)
        if any(row[2] in _OF_WORK for row in born):
            raw.execute(_FOLLOW, (born[0][0],))
    if told or meant:
        raw.executemany(_UPDATE.format(raw=", raw = ?"), told)
        raw.executemany(_UPDATE.format(raw=""), meant)
        raw.executemany("DELETE FROM flaws WHERE record = ?", [(row[-1],) for row in (*told, *meant)])
    if flawed:
        raw.executemany("INSERT INTO flaws VALUES (?, ?, ?, ?, ?, ?, ?)", flawed)
    return tuple(nos)


def _quietly(provenance: Provenance) -> Provenance:
    """Of what is told to nobody while other things are: it was found in a part that had not been read before."""
    origin = provenance.origin
    if origin is not None and not origin.quiet:
        origin = msgspec.structs.replace(origin, quiet="part")
    return msgspec.structs.replace(provenance, quiet=True, origin=origin)


def _slim(raw: sqlite3.Connection) -> None:
    """An import touches pages all over the indexes: two connections would fill their caches with them."""
    raw.execute("PRAGMA shrink_memory")


def _seats(raw: sqlite3.Connection, source: int, nos: Sequence[int]) -> dict[str, tuple[int, int]]:
    sql = "SELECT course, count(*) FROM records WHERE source = ? AND entity = 'enrolment' AND course <> ''"
    marks = ",".join("?" * len(nos))
    here = dict(raw.execute(f"{sql} AND no IN ({marks}) GROUP BY course", (source, *nos)).fetchall())
    marks = ",".join("?" * len(here))
    there = f"{sql} AND course IN ({marks}) AND user <> '' AND state <> 'gone' GROUP BY course"
    return {course: (here[course], of) for course, of in raw.execute(there, (source, *here))}


def _by_key(raw: sqlite3.Connection, source: int, keys: Iterable[Key]) -> dict[Key, KnownRecord]:
    found: dict[Key, KnownRecord] = {}
    for entity, ids in _by_entity(keys):
        names = _filled(ids, ids[0], _LOOKUP_MAX)
        marks = ",".join("?" * len(names))
        sql = f"SELECT {KNOWN} FROM records WHERE source = ? AND entity = ? AND id IN ({marks})"  # noqa: S608
        for row in raw.execute(sql, (source, entity, *names)):
            found[entity, row[2]] = known(row)
    return found


def _memberships(
    raw: sqlite3.Connection, source: int, pairs: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], list[KnownRecord]]:
    found: dict[tuple[str, str], list[KnownRecord]] = {}
    wanted = list(dict.fromkeys(pairs))
    for start in range(0, len(wanted), _PAIRS_MAX):
        some = _filled(wanted[start : start + _PAIRS_MAX], _NOBODY, _PAIRS_MAX)
        marks = ",".join(["(?, ?)"] * len(some))
        sql = (
            f"WITH wanted (user, course) AS (VALUES {marks}) "  # noqa: S608  # marks only
            f"SELECT {KNOWN}, r.user, r.course FROM wanted w CROSS JOIN records r "
            "ON r.source = ? AND r.user = w.user AND r.course = w.course AND r.user <> ''"
        )
        for row in raw.execute(sql, (*(part for pair in some for part in pair), source)):
            found.setdefault((row[-2], row[-1]), []).append(known(row[:-2]))
    return found


def _awaiting(raw: sqlite3.Connection, source: int, keys: Sequence[Key]) -> list[int]:
    found: set[int] = set()
    for entity, ids in _by_entity(keys):
        values = [rows.pack(name).decode() for name in ids]
        marks = ",".join("?" * len(values))
        sql = f"""
            SELECT record FROM flaws
            WHERE source = ? AND rule = 'reference' AND path = ? AND value IN ({marks})
        """  # noqa: S608  # marks only
        found.update(row[0] for row in raw.execute(sql, (source, entity, *values)))
    return sorted(found)


def _filled(items: list[T], filling: T, most: int) -> list[T]:
    """As many as the next power of two, or ``most``: SQLite keeps the statements that it has prepared, and for each
    length there is another one. (Of 128 lengths they took 8 MiB.)"""
    return items + [filling] * (min(1 << (len(items) - 1).bit_length(), most) - len(items))


def _by_entity(keys: Iterable[Key]) -> Iterator[tuple[str, list[str]]]:
    """Ids of one entity, no more than one look-up takes."""
    for entity, together in groupby(sorted(set(keys)), lambda key: key[0]):
        ids = [name for _, name in together]
        for start in range(0, len(ids), _LOOKUP_MAX):
            yield entity, ids[start : start + _LOOKUP_MAX]
