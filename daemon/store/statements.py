"""The statement log in SQL. ``seq`` is the stored time in microseconds, strictly growing over the whole store, so the
router's cursor, ``since``/``until`` and Consistent-Through all speak of the same line.
"""

import sqlite3
from collections.abc import Sequence
from uuid import UUID

import trio

from actors.domain.undoing import voids as voided_by
from actors.domain.xapi.guard import parse
from actors.domain.xapi.identity import differ_by_stamp
from actors.ports import Appended, Clock, LoggedStatement, NewStatement, Provenance, StatementConflict
from daemon.store import attachments, indexing, rows
from daemon.store.activities import Known, Lesson
from daemon.store.engine import Engine
from daemon.store.horizon import Horizon
from daemon.store.indexing import Entry
from daemon.store.writer import Writer

_LOOKUP_MAX = 500  # ids in one look-up, below SQLite's limit of bound values


class SqlStatements:
    """Implements ``ports.Statements``."""

    def __init__(self, writer: Writer, reader: Engine, clock: Clock) -> None:
        self._writer = writer
        self._read = reader.run
        self.horizon = Horizon(writer, clock)
        self._large = trio.Lock()
        self._known = Known()

    async def append(self, batch: Sequence[NewStatement], provenance: Provenance) -> Appended:
        if attachments.enclosed_bytes(batch) <= attachments.LARGE_BYTES:
            return await self._append(batch, provenance)
        async with self._large:
            await attachments.stage(self._writer, provenance.tenant, batch)
            try:
                return await self._append(batch, provenance)
            finally:
                await self._writer.submit(attachments.discard)

    async def _append(self, batch: Sequence[NewStatement], provenance: Provenance) -> Appended:
        lesson = self.lesson(batch, provenance)
        appended = await self._writer.submit(lambda raw: self._stored(raw, batch, provenance, lesson))
        lesson.confirm()
        return appended

    def _stored(
        self,
        raw: sqlite3.Connection,
        batch: Sequence[NewStatement],
        provenance: Provenance,
        lesson: Lesson,
        by: Sequence[int] = (),
    ) -> Appended:
        appended = append(raw, batch, provenance, self.horizon.floor_us(), lesson, by)
        self.horizon.reached(appended.last_seq)
        return appended

    def append_in(
        self,
        raw: sqlite3.Connection,
        batch: Sequence[NewStatement],
        provenance: Provenance,
        lesson: Lesson | None = None,
        by: Sequence[int] = (),
    ) -> Appended:
        """The same within somebody's own job of the writer. Raises StatementConflict. Whoever gives the ``lesson``
        (of ``lesson``) confirms it after the commit; without that, what it tells is only read again. ``by``: the
        place of the record that tells each; empty where there is none."""
        return self._stored(raw, batch, provenance, lesson or self.lesson(batch, provenance), by)

    def lesson(self, batch: Sequence[NewStatement], provenance: Provenance) -> Lesson:
        """What a batch tells of activities."""
        return Lesson(self._known, provenance.tenant, batch if provenance.defines else ())

    async def after(self, tenant: str, seq: int, limit: int) -> list[LoggedStatement]:
        found = await self._read(
            lambda raw: raw.execute(
                f"SELECT {rows.STATEMENT} FROM statements s JOIN arrivals a ON a.no = s.arrival "  # noqa: S608
                "WHERE s.tenant = ? AND s.seq > ? ORDER BY s.seq LIMIT ?",
                (tenant, seq, limit),
            ).fetchall()
        )
        return [rows.statement(row) for row in found]

    async def these(self, tenant: str, ids: Sequence[str]) -> list[LoggedStatement]:
        keys = [UUID(one).bytes for one in ids]
        marks = ",".join("?" * len(keys))
        found = await self._read(
            lambda raw: raw.execute(
                f"SELECT {rows.STATEMENT} FROM statements s JOIN arrivals a ON a.no = s.arrival "  # noqa: S608
                f"WHERE s.tenant = ? AND s.id IN ({marks})",
                (tenant, *keys),
            ).fetchall()
        )
        return [rows.statement(row) for row in found]

    async def consistent_through_us(self, tenant: str) -> int:
        """No statement will ever be stored at or before the returned time that a read from now on does not show. One
        line for all tenants."""
        return await self.horizon.through_us()


def append(
    raw: sqlite3.Connection,
    batch: Sequence[NewStatement],
    provenance: Provenance,
    now_us: int,
    lesson: Lesson | None = None,
    by: Sequence[int] = (),
) -> Appended:
    """All statements of one request, or none. What is there already, equal, or was there once, is collapsed."""
    tenant = provenance.tenant
    ids = [bytes.fromhex(statement.id.replace("-", "")) for statement in batch]  # a UUID, checked before; 2 µs less
    known = digests_of(raw, tenant, ids)
    forgotten = _forgotten(raw, tenant, [key for key in ids if key not in known])
    fresh = []
    for key, statement, record in zip(ids, batch, by or (None,) * len(batch), strict=True):
        if key in forgotten:
            continue  # it was here, and its content is gone: the same, for all that can be told
        if key not in known:
            fresh.append((key, statement, record))
        elif (
            statement.given_id
            and not same_content(known[key], statement.digest)
            and not only_stamped(raw, tenant, key, statement)
        ):
            raise StatementConflict(statement.id)
    collapsed = len(batch) - len(fresh)
    first = indexing.first_seq(max(now_us, indexing.newest_seq(raw) + 1), len(fresh))
    arrival = raw.execute(
        "INSERT INTO arrivals (tenant, source, correlation_id, traceparent, version, authority, at_us, fresh, "
        "collapsed, quiet, origin, first_seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            tenant,
            provenance.source,
            provenance.correlation_id,
            provenance.traceparent,
            provenance.version,
            provenance.authority,
            now_us,
            len(fresh),
            collapsed,
            int(provenance.quiet),
            "" if provenance.origin is None else rows.pack(provenance.origin).decode(),
            first,
        ),
    ).lastrowid
    raw.executemany(
        "INSERT INTO statements (seq, tenant, id, arrival, timestamp, digest, body, record) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (seq, tenant, key, arrival, statement.timestamp, statement.digest, statement.body, record)
            for seq, (key, statement, record) in enumerate(fresh, first)
        ],
    )
    attachments.keep(raw, tenant, [(seq, statement) for seq, (_, statement, _) in enumerate(fresh, first)])
    _void(raw, tenant, [(key, seq, statement.voids) for seq, (key, statement, _) in enumerate(fresh, first)])
    entries = [Entry(seq, key, new.keys, new.target) for seq, (key, new, _) in enumerate(fresh, first)]
    indexing.add(raw, tenant, entries, provenance.authority)
    if lesson is not None:
        new = {key for key, _, _ in fresh}
        lesson.learn(raw, [key in new for key in ids])
    return Appended(
        ids=tuple(statement.id for statement in batch),
        fresh=len(fresh),
        collapsed=collapsed,
        last_seq=first + len(fresh) - 1 if fresh else 0,
    )


def digests_of(raw: sqlite3.Connection, tenant: str, ids: Sequence[bytes]) -> dict[bytes, bytes]:
    """Of those that are stored, by id."""
    known: dict[bytes, bytes] = {}
    for start in range(0, len(ids), _LOOKUP_MAX):
        some = ids[start : start + _LOOKUP_MAX]
        marks = ",".join("?" * len(some))
        known.update(
            raw.execute(
                f"SELECT id, digest FROM statements WHERE tenant = ? AND id IN ({marks})",  # noqa: S608  # marks only
                (tenant, *some),
            )
        )
    return known


def same_content(stored: bytes, given: bytes) -> bool:
    """Whether this is the digest of what is stored, or was before a person was erased from it (then both are kept)."""
    return stored == given or (len(stored) == 2 * len(given) and given in (stored[: len(given)], stored[len(given) :]))


def only_stamped(raw: sqlite3.Connection, tenant: str, key: bytes, new: NewStatement) -> bool:
    """Whether there is one stored from which it differs by nothing but a timestamp that an LRS has added: it was read,
    and comes back."""
    row = raw.execute("SELECT body FROM statements WHERE tenant = ? AND id = ?", (tenant, key)).fetchone()
    if row is None:
        return False
    stored, again = parse(row[0]), parse(new.body)
    assert isinstance(stored, dict)  # noqa: S101  # as accepted, both of them
    assert isinstance(again, dict)  # noqa: S101  # as accepted
    return differ_by_stamp(stored, again)


def forgotten_key(tenant: str, statement_id: bytes) -> bytes:
    """By which a statement is still known after retention took it from the log."""
    return rows.key(tenant, statement_id.hex())


def _forgotten(raw: sqlite3.Connection, tenant: str, ids: Sequence[bytes]) -> set[bytes]:
    """Those of these ids that retention took from the log, and a repeat of which is still no news."""
    if not ids or raw.execute("SELECT 1 FROM forgotten LIMIT 1").fetchone() is None:
        return set()
    keys = {forgotten_key(tenant, one): one for one in ids}
    found: set[bytes] = set()
    some = list(keys)
    for start in range(0, len(some), _LOOKUP_MAX):
        part = some[start : start + _LOOKUP_MAX]
        marks = ",".join("?" * len(part))
        found.update(row[0] for row in raw.execute(f"SELECT key FROM forgotten WHERE key IN ({marks})", part))  # noqa: S608  # marks only
    return {keys[key] for key in found}


def _void(raw: sqlite3.Connection, tenant: str, fresh: Sequence[tuple[bytes, int, str | None]]) -> None:
    """Mark what these statements void, and those of them that were voided before they came."""
    for _, seq, voids in fresh:
        if voids is not None:
            raw.execute("INSERT OR IGNORE INTO voids VALUES (?, ?, ?)", (tenant, UUID(voids).bytes, seq))
    for named in {voids for _, _, voids in fresh if voids is not None}:  # each is looked at once: it may be large
        mark_voided(raw, tenant, UUID(named).bytes)
    if raw.execute("SELECT 1 FROM voids WHERE tenant = ? LIMIT 1", (tenant,)).fetchone():
        for key, _, voids in fresh:
            if (
                voids is None
                and raw.execute("SELECT 1 FROM voids WHERE tenant = ? AND id = ?", (tenant, key)).fetchone()
            ):
                mark_voided(raw, tenant, key)


def mark_voided(raw: sqlite3.Connection, tenant: str, key: bytes) -> None:
    """The statement with this id, if it is here and voids nothing itself: a voider cannot be voided. That is asked of
    the statement, because ``voids`` names one voider for each voided statement only, and forgets it in time."""
    row = raw.execute(
        "SELECT seq, body FROM statements WHERE tenant = ? AND id = ? AND voided = 0", (tenant, key)
    ).fetchone()
    if row is not None and voided_by(row[1]) is None:
        raw.execute("UPDATE statements SET voided = 1 WHERE seq = ?", (row[0],))
