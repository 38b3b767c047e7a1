"""What an import writes: statements of several senders in one transaction, each for itself; and, until the statements
come that need them, the parts of what was too long for one request.

Bringing the same thing in again is nothing new. What differs from what is stored under the same id is told, and left
as it is stored.
"""

import sqlite3
from collections.abc import Sequence
from hashlib import sha224, sha256, sha384, sha512
from uuid import UUID

import msgspec

from actors.domain.xapi.documents import Content, Document, Shelf, content
from actors.ports.records import Batch
from daemon.store import documents
from daemon.store.engine import Engine
from daemon.store.relaying import each_for_itself
from daemon.store.retiring import STAGED_KEPT_US
from daemon.store.statements import SqlStatements, mark_voided
from daemon.store.writer import Writer

_ALGORITHMS = {28: sha224, 32: sha256, 48: sha384, 64: sha512}


class BroughtDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A document from a file. Of two with one address the one that was updated later is kept."""

    shelf: Shelf
    id: str
    content_type: str
    body: bytes
    updated_us: int

    def decide(self, there: Document | None) -> Content | None:
        """What shall be there."""
        if there is not None and there.updated_us >= self.updated_us:
            return there
        return content(self.body, self.content_type)


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """``fresh`` are new, ``known`` were here already or were once, ``conflicts`` (ids) are here with other content;
    ``documents`` were kept."""

    fresh: int = 0
    known: int = 0
    documents: int = 0
    conflicts: tuple[str, ...] = ()


class _Rehearsed(Exception):
    """Ends a dry run inside the writer: its savepoint is undone."""

    def __init__(self, imported: Imported) -> None:
        super().__init__("a dry run")
        self.imported = imported


class SqlImports:
    """Writes for imports; all raise StoreUnavailable."""

    def __init__(self, writer: Writer, reader: Engine, statements: SqlStatements) -> None:
        self._write = writer.submit
        self._read = reader.run
        self._statements = statements

    async def bring_in(
        self,
        tenant: str,
        batches: Sequence[Batch],
        voided: Sequence[str],
        brought: Sequence[BroughtDocument],
        used: Sequence[bytes],
        *,
        dry_run: bool,
    ) -> Imported:
        """All of it in one transaction, after which what was staged and ``used`` is let go. ``voided``: ids of
        statements that count as voided from now on, whoever voided them."""

        def job(raw: sqlite3.Connection) -> Imported:
            relayed = each_for_itself(raw, self._statements, tenant, batches)
            for name in voided:
                mark_voided(raw, tenant, UUID(name).bytes)
            kept = sum(_keep(raw, tenant, document) for document in brought)
            imported = Imported(fresh=relayed.fresh, known=relayed.known, documents=kept, conflicts=relayed.conflicts)
            raw.executemany("DELETE FROM staged WHERE tenant = ? AND sha2 = ?", [(tenant, one) for one in used])
            if dry_run:
                raise _Rehearsed(imported)
            return imported

        try:
            return await self._write(job)
        except _Rehearsed as rehearsed:
            return rehearsed.imported

    async def stage(self, tenant: str, sha2: bytes, part: int, content: bytes, now_us: int) -> None:
        """Keep a part. The same one again takes the place of the first."""

        def job(raw: sqlite3.Connection) -> None:
            raw.execute("DELETE FROM staged WHERE at_us < ?", (now_us - STAGED_KEPT_US,))
            raw.execute("INSERT OR REPLACE INTO staged VALUES (?, ?, ?, ?, ?)", (tenant, sha2, part, now_us, content))

        await self._write(job)

    async def staged(self, tenant: str, sha2: bytes) -> bytes | None:
        """What was staged under this hash, if it is whole; else what the tenant's statements have of it already."""
        for sql in (_STAGED, _KEPT):
            parts = await self._read(lambda raw, sql=sql: raw.execute(sql, (tenant, sha2)).fetchall())  # type: ignore[misc]  # bound on purpose
            content = b"".join([part[0] for part in parts])
            if parts and _ALGORITHMS[len(sha2)](content).digest() == sha2:
                return content
        return None


def _keep(raw: sqlite3.Connection, tenant: str, brought: BroughtDocument) -> bool:
    """Whether it is kept; with the time of its last update, which is part of it."""
    before = documents.get(raw, tenant, brought.shelf, brought.id)
    if before is not None and before.updated_us >= brought.updated_us:
        return False
    documents.change(raw, tenant, brought.shelf, brought.id, brought.decide, brought.updated_us)
    return True


_STAGED = "SELECT bytes FROM staged WHERE tenant = ? AND sha2 = ? ORDER BY part"
_KEPT = (
    "SELECT p.bytes FROM contents c JOIN pieces p ON p.content = c.no WHERE c.tenant = ? AND c.sha2 = ? "
    "ORDER BY p.piece"
)
