"""Statements that come from elsewhere with ids of their own, from a file or from another LRS: each for itself, so that
one which is wrong does not hold up the others.

Bringing the same thing in again is nothing new. What differs from what is stored under the same id is told, and left
as it is stored.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from uuid import UUID

from actors.domain.xapi.accepted import NewStatement
from actors.ports import Clock
from actors.ports.records import Batch, Kept, Relayed
from daemon.store import records, rows
from daemon.store.engine import Engine
from daemon.store.statements import SqlStatements, digests_of, only_stamped, same_content
from daemon.store.writer import Writer


class SqlRelays:
    """Implements ``ports.records.Relays``."""

    def __init__(self, writer: Writer, reader: Engine, statements: SqlStatements, clock: Clock) -> None:
        self._write = writer.firmly
        self._read = reader.run
        self._statements = statements
        self._clock = clock

    async def relay(
        self,
        source: int,
        tenant: str,
        batches: Sequence[Batch],
        flawed: Sequence[Kept],
        cursor: Mapping[str, str] | None,
    ) -> Relayed:
        if cursor is None and not flawed:
            known = await self._read(lambda raw: _known(raw, tenant, batches))
            if known is not None:
                return Relayed(known=known)

        def job(raw: sqlite3.Connection) -> Relayed:
            relayed = each_for_itself(raw, self._statements, tenant, batches)
            records.write(raw, source, flawed, self._clock.now_us())
            if cursor is not None and not relayed.conflicts:
                raw.execute("UPDATE sources SET cursor = ? WHERE no = ?", (rows.pack(cursor).decode(), source))
            return relayed

        return await self._write(job)

    async def held(self, tenant: str, digests: Mapping[str, bytes]) -> frozenset[str]:
        keys = {UUID(name).bytes: name for name in digests}

        def found(raw: sqlite3.Connection) -> frozenset[str]:
            stored = digests_of(raw, tenant, list(keys))
            return frozenset(keys[key] for key, known in stored.items() if same_content(known, digests[keys[key]]))

        return await self._read(found)


def each_for_itself(
    raw: sqlite3.Connection, statements: SqlStatements, tenant: str, batches: Sequence[Batch]
) -> Relayed:
    """Within a transaction: those that are not there yet are appended."""
    fresh = known = 0
    conflicts: list[str] = []
    for batch in batches:
        new: list[NewStatement] = []
        stored = digests_of(raw, tenant, [UUID(one.id).bytes for one in batch.statements])
        for one in batch.statements:
            key = UUID(one.id).bytes
            if key not in stored:
                stored[key] = one.digest
                new.append(one)
            elif same_content(stored[key], one.digest) or only_stamped(raw, tenant, key, one):
                known += 1
            else:
                conflicts.append(one.id)
        if new:
            appended = statements.append_in(raw, new, batch.provenance)
            fresh, known = fresh + appended.fresh, known + appended.collapsed
    return Relayed(fresh=fresh, known=known, conflicts=tuple(conflicts))


def _known(raw: sqlite3.Connection, tenant: str, batches: Sequence[Batch]) -> int | None:
    """How many they are, if all of them are stored as they come; None where at least one needs a closer look."""
    count = 0
    for batch in batches:
        stored = digests_of(raw, tenant, [UUID(one.id).bytes for one in batch.statements])
        for one in batch.statements:
            if not same_content(stored.get(UUID(one.id).bytes, b""), one.digest):
                return None
        count += len(batch.statements)
    return count
