"""Changing what records mean, in SQL: steps over a source's records in the order of their keys, each one transaction
with what was before it and how far it has come.

Undo data is of one activation a source: a newer one takes its place record by record, and drops the rest at its end.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from actors.domain.correcting import Correction
from actors.ports.records import Flaw
from actors.ports.remapping import Activation, Count, Meaning, Overtaken, Place, Renewal, Stored, Undo, mark
from daemon.store import comparing, records, rostering
from daemon.store.acquaintance import SqlPersons
from daemon.store.engine import Engine
from daemon.store.writer import Writer

PAGE = 200
PAGE_BYTES = 2 * 1024 * 1024
DROPPED_MAX = 1_000
"""Undo rows that one transaction drops."""
ENROLMENTS = 2_000
"""Looked at by one read."""

_encode = msgspec.json.Encoder().encode
_flaws = msgspec.json.Decoder(tuple[Flaw, ...])
_ACTIVATION = (
    "no, source, kind, state, undoes, version_before, version, begun_by, begun_us, ended_us, entity, id, records, "
    "changed, flawed, healed"
)
_UNDO = "form, state, mapping, rev, user, course, canonical, flaws, made"


class SqlRemappings:
    """Implements ``ports.remapping.Remappings``."""

    def __init__(self, writer: Writer, reader: Engine, persons: SqlPersons) -> None:
        self._write = writer.firmly
        self._read = reader.run
        self._learn = persons.learn

    async def page(self, source: int, after: Place, *, undo_of: int | None = None) -> list[Stored]:
        return await self._read(lambda raw: page(raw, source, after, undo_of))

    async def enrolled(self, source: int, after_id: str) -> list[tuple[str, str, str]]:
        return await self._read(lambda raw: _enrolled(raw, source, after_id))

    async def begin(
        self, source: int, version: int, begun_by: str, now_us: int, *, undoes: int | None = None
    ) -> Activation:
        return await self._write(lambda raw: _begin(raw, source, version, begun_by, now_us, undoes))

    async def step(self, activation: Activation, renewals: Sequence[Renewal], upto: Place, count: Count) -> Activation:
        def job(raw: sqlite3.Connection) -> Activation:
            stepped = _step(raw, activation, renewals, upto, count)
            meant = [(one.stored.known.entity, one.after.state, one.after.canonical) for one in renewals]
            self._learn(raw, activation.source, meant, activation.begun_us)
            return stepped

        return await self._write(job)

    async def end(self, activation: Activation, now_us: int) -> Activation:
        while await self._write(lambda raw: _drop(raw, activation)):
            pass
        return await self._write(lambda raw: _end(raw, activation, now_us))

    async def in_force(self, source: int) -> tuple[int, bool]:
        def job(raw: sqlite3.Connection) -> tuple[int, bool]:
            row = raw.execute("SELECT mapping FROM sources WHERE no = ?", (source,)).fetchone()
            return (row[0] if row else 0), _running(raw, source) is not None

        return await self._read(job)

    async def unfinished(self, source: int) -> Activation | None:
        return await self._read(lambda raw: _running(raw, source))

    async def last(self, source: int) -> Activation | None:
        return await self._read(lambda raw: _last(raw, source))

    async def history(self, source: int, limit: int) -> list[Activation]:
        sql = f"SELECT {_ACTIVATION} FROM activations WHERE source = ? ORDER BY no DESC LIMIT ?"  # noqa: S608
        found = await self._read(lambda raw: raw.execute(sql, (source, limit)).fetchall())
        return [_activation(row) for row in found]


# ── records with all that is kept of them ────────────────────────────────────────────────────────────


def page(raw: sqlite3.Connection, source: int, after: Place, undo_of: int | None) -> list[Stored]:
    """The next ones by key."""
    found = raw.execute(
        f"SELECT {records.KNOWN}, raw, user, course FROM records INDEXED BY records_key "  # noqa: S608
        "WHERE source = ? AND (entity, id) > (?, ?) ORDER BY entity, id",
        (source, *after),
    )
    taken: list[Any] = []
    size = 0
    for row in found:
        taken.append(row)
        size += len(row[-3])
        if len(taken) >= PAGE or size >= PAGE_BYTES:
            break
    found.close()
    return stored(raw, taken, undo_of)


def these(raw: sqlite3.Connection, source: int, nos: Sequence[int]) -> list[Stored]:
    """Those at these places, by place."""
    marks = ",".join("?" * len(nos))
    found = raw.execute(
        f"SELECT {records.KNOWN}, raw, user, course FROM records "  # noqa: S608  # marks only
        f"WHERE no IN ({marks}) AND source = ? ORDER BY no",
        (*nos, source),
    ).fetchall()
    return stored(raw, found, None)


def stored(raw: sqlite3.Connection, found: Sequence[Any], undo_of: int | None) -> list[Stored]:
    """Rows with what belongs to them."""
    made: list[Stored] = []
    for row in found:
        known = records.known(row[:-3])
        body, user, course = row[-3:]
        quarantined = known.state == "quarantined"
        made.append(
            Stored(
                known=known,
                raw=body,
                user=user,
                course=course,
                flaws=flaws_of(raw, known.no) if quarantined else (),
                corrections=corrections_of(raw, known.no),
                dismissed=quarantined and _dismissed(raw, known.no, known.digest),
                undo=None if undo_of is None else _undo(raw, known.no, undo_of, known.canonical),
            )
        )
    return made


def flaws_of(raw: sqlite3.Connection, no: int) -> tuple[Flaw, ...]:
    found = raw.execute("SELECT rule, path, value, suggestion FROM flaws WHERE record = ? ORDER BY n", (no,))
    return tuple(Flaw(rule=row[0], path=row[1], value=row[2], suggestion=row[3]) for row in found)


def corrections_of(raw: sqlite3.Connection, no: int) -> tuple[Correction, ...]:
    found = raw.execute(
        "SELECT path, value, was, made_by, made_us FROM corrections WHERE record = ? ORDER BY path", (no,)
    )
    return tuple(Correction(path=row[0], value=row[1], was=row[2], by=row[3], at_us=row[4]) for row in found)


def _dismissed(raw: sqlite3.Connection, no: int, digest: bytes) -> bool:
    found = raw.execute("SELECT 1 FROM dismissals WHERE record = ? AND digest = ?", (no, digest)).fetchone()
    return found is not None


def _undo(raw: sqlite3.Connection, no: int, activation: int, canonical: bytes) -> Undo | None:
    row = raw.execute(
        f"SELECT {_UNDO} FROM undos WHERE record = ? AND activation = ?",  # noqa: S608
        (no, activation),
    ).fetchone()
    if row is None:
        return None
    before = Meaning(
        form=row[0],
        state=row[1],
        mapping=row[2],
        rev=row[3],
        user=row[4],
        course=row[5],
        canonical=canonical if row[6] is None else row[6],
        flaws=_flaws.decode(row[7]),
    )
    return Undo(before=before, made=row[8])


def _enrolled(raw: sqlite3.Connection, source: int, after_id: str) -> list[tuple[str, str, str]]:
    found = raw.execute(
        "SELECT id, user, course FROM records INDEXED BY records_key "
        "WHERE source = ? AND entity = 'enrolment' AND id > ? ORDER BY id LIMIT ?",
        (source, after_id, ENROLMENTS),
    )
    return found.fetchall()


# ── activations ──────────────────────────────────────────────────────────────────────────────────────


def _begin(
    raw: sqlite3.Connection, source: int, version: int, begun_by: str, now_us: int, undoes: int | None
) -> Activation:
    running = _running(raw, source)
    if undoes is None and running is not None:
        raise Overtaken(f"version {running.version} is being brought into force")
    if undoes is not None:
        last = _last(raw, source)
        if last is None or last.no != undoes or (running is not None and running.no != undoes):
            raise Overtaken("it is not the last one any more")
        raw.execute(
            "UPDATE activations SET state = 'undone', ended_us = coalesce(ended_us, ?) WHERE no = ?", (now_us, undoes)
        )
    [before] = raw.execute("SELECT mapping FROM sources WHERE no = ?", (source,)).fetchone()
    raw.execute("UPDATE sources SET mapping = ? WHERE no = ?", (version, source))
    no = raw.execute(
        "INSERT INTO activations (source, kind, state, undoes, version_before, version, begun_by, begun_us) "
        "VALUES (?, ?, 'running', ?, ?, ?, ?, ?)",
        (source, "activate" if undoes is None else "rollback", undoes, before, version, begun_by, now_us),
    ).lastrowid
    return _one(raw, int(no or 0))


def _step(
    raw: sqlite3.Connection, activation: Activation, renewals: Sequence[Renewal], upto: Place, count: Count
) -> Activation:
    for renewal in renewals:
        no, digest = renewal.stored.known.no, renewal.stored.known.digest
        if activation.kind == "activate":
            _remember(raw, activation.no, renewal)
        after = renewal.after
        raw.execute(
            "UPDATE records SET form = ?, state = ?, mapping = ?, rev = ?, user = ?, course = ?, canonical = ? "
            "WHERE no = ? AND digest = ?",
            (
                after.form, after.state, after.mapping, after.rev, after.user, after.course, after.canonical,
                no, digest,
            ),
        )  # fmt: skip
        if after.flaws != renewal.stored.flaws:
            raw.execute("DELETE FROM flaws WHERE record = ?", (no,))
            raw.executemany(
                "INSERT INTO flaws VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (no, n, activation.source, flaw.rule, flaw.path, flaw.value, flaw.suggestion)
                    for n, flaw in enumerate(after.flaws)
                ],
            )
    raw.execute(
        "UPDATE activations SET entity = ?, id = ?, records = records + ?, changed = changed + ?, flawed = flawed + ?, "
        "healed = healed + ? WHERE no = ?",
        (*upto, count.records, count.changed, count.flawed, count.healed, activation.no),
    )
    return _one(raw, activation.no)


def _remember(raw: sqlite3.Connection, activation: int, renewal: Renewal) -> None:
    before, after, known = renewal.stored.meaning, renewal.after, renewal.stored.known
    raw.execute(
        f"INSERT OR REPLACE INTO undos (record, activation, {_UNDO}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
        (
            known.no, activation, before.form, before.state, before.mapping, before.rev, before.user, before.course,
            None if before.canonical == after.canonical else before.canonical, _encode(before.flaws),
            mark(known.digest, after),
        ),
    )  # fmt: skip


def _drop(raw: sqlite3.Connection, activation: Activation) -> int:
    """Undo rows that are of use no longer: of activations before this one, and, once it is taken back, its own."""
    dropped = 0
    for (no,) in raw.execute(
        "SELECT no FROM activations WHERE source = ? AND no < ? ORDER BY no DESC", (activation.source, activation.no)
    ).fetchall():
        dropped += raw.execute(
            "DELETE FROM undos WHERE record IN (SELECT record FROM undos WHERE activation = ? LIMIT ?)",
            (no, DROPPED_MAX - dropped),
        ).rowcount
        if dropped >= DROPPED_MAX:
            break
    return dropped


def _end(raw: sqlite3.Connection, activation: Activation, now_us: int) -> Activation:
    raw.execute(
        "UPDATE activations SET state = 'done', ended_us = ? WHERE no = ? AND state = 'running'",
        (now_us, activation.no),
    )
    ended = _one(raw, activation.no)
    rostering.mark_source(raw, ended.source, now_us)
    comparing.mark_source(raw, ended.source)
    return ended


def _running(raw: sqlite3.Connection, source: int) -> Activation | None:
    row = raw.execute(
        f"SELECT {_ACTIVATION} FROM activations WHERE source = ? AND state = 'running'",  # noqa: S608
        (source,),
    ).fetchone()
    return None if row is None else _activation(row)


def _last(raw: sqlite3.Connection, source: int) -> Activation | None:
    """Nothing where the newest is a rollback: what was before it is undone with it."""
    row = raw.execute(
        f"SELECT {_ACTIVATION}, kept FROM activations WHERE source = ? ORDER BY no DESC LIMIT 1",  # noqa: S608
        (source,),
    ).fetchone()
    return _activation(row) if row is not None and row[2] == "activate" and row[-1] else None


def _one(raw: sqlite3.Connection, no: int) -> Activation:
    return _activation(raw.execute(f"SELECT {_ACTIVATION} FROM activations WHERE no = ?", (no,)).fetchone())  # noqa: S608


def _activation(row: Any) -> Activation:
    return Activation(
        no=row[0],
        source=row[1],
        kind=row[2],
        state=row[3],
        undoes=row[4],
        version_before=row[5],
        version=row[6],
        begun_by=row[7],
        begun_us=row[8],
        ended_us=row[9],
        at=(row[10], row[11]),
        count=Count(records=row[12], changed=row[13], flawed=row[14], healed=row[15]),
    )


def forget(raw: sqlite3.Connection, nos: Iterable[int]) -> None:
    """All that is kept of records beside themselves: for whoever removes them."""
    keys = [(no,) for no in nos]
    for table in ("flaws", "undos", "corrections", "dismissals"):
        raw.executemany(f"DELETE FROM {table} WHERE record = ?", keys)  # noqa: S608  # one of these
