"""Attachments' contents: kept with the statements that brought them, in the same transaction, and gone with the last
statement that declares them.

They are kept in pieces, so that reading costs no more memory than a few of them, and no job takes long. What is large
is written ahead of its statements, a few pieces a transaction, so that others' commits come between; nobody sees it
until the statements' own transaction gives it its name. Measured, nine of ten lone commits beside uploads of 15 MB
take up to 6 ms, on a busy machine 22 ms; 100 and 150 ms where each upload is one transaction.
"""

import sqlite3
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from actors.ports import Attached, NewStatement, StoreUnavailable
from daemon.store.engine import Engine
from daemon.store.writer import Writer

PIECE_BYTES = 256 * 1024
LARGE_BYTES = 1024 * 1024  # requests that bring more are written ahead, one at a time; so much of them in one job
READ_PIECES = 4  # in one job
LOOKUP_MAX = 50  # statements in one job: each may declare a thousand contents
IDLE_BYTES_MAX = 16 * 1024 * 1024
"""What one transaction removes of contents, or one that is larger."""


class SqlAttachments:
    """Implements ``ports.Attachments``."""

    def __init__(self, reader: Engine) -> None:
        self._read = reader.run

    async def attachments_of(self, tenant: str, seqs: Sequence[int]) -> list[Attached]:
        found: list[Attached] = []
        for start in range(0, len(seqs), LOOKUP_MAX):
            some = seqs[start : start + LOOKUP_MAX]
            rows = await self._read(partial(_links, tenant=tenant, seqs=some))
            found += [
                Attached(seq=row[0], content=row[1], sha2=row[2], content_type=row[3], bytes=row[4]) for row in rows
            ]
        place = {seq: index for index, seq in enumerate(seqs)}
        found.sort(key=lambda one: (place[one.seq], one.content))
        return found

    async def content(self, tenant: str, attached: Attached) -> AsyncIterator[bytes]:
        left = attached.bytes
        piece = 0
        while left > 0:
            found = await self._read(partial(_pieces, tenant=tenant, attached=attached, piece=piece))
            if not found:
                raise StoreUnavailable(f"attachment {attached.sha2} has left the store")
            block = b"".join([row[0] for row in found])
            piece += len(found)
            left -= len(block)
            yield block


def _links(raw: sqlite3.Connection, tenant: str, seqs: Sequence[int]) -> list[Any]:
    """CROSS JOIN: from the statements to their contents. Else SQLite goes through all contents of the tenant."""
    marks = ",".join("?" * len(seqs))
    return raw.execute(
        "SELECT a.seq, a.content, a.sha2, a.content_type, c.bytes FROM attachments a "  # noqa: S608  # marks only
        f"CROSS JOIN contents c ON c.no = a.content WHERE a.seq IN ({marks}) AND c.tenant = ?",
        (*seqs, tenant),
    ).fetchall()


def _pieces(raw: sqlite3.Connection, tenant: str, attached: Attached, piece: int) -> list[Any]:
    """None if the content is not there any more: its number may be another's by now."""
    return raw.execute(
        "SELECT p.bytes FROM contents c JOIN pieces p ON p.content = c.no "
        "WHERE c.no = ? AND c.tenant = ? AND c.sha2 = ? AND p.piece >= ? AND p.piece < ? ORDER BY p.piece",
        (attached.content, tenant, bytes.fromhex(attached.sha2), piece, piece + READ_PIECES),
    ).fetchall()


# ── large ones, ahead of their statements ────────────────────────────────────────────────────────────


class _Piece(NamedTuple):
    key: bytes
    of_bytes: int
    piece: int
    content: memoryview


async def stage(writer: Writer, tenant: str, batch: Sequence[NewStatement]) -> None:
    """Write a request's contents ahead; one request at a time in the whole store. What is not taken then by its
    statements is ``discard``ed. Raises StoreUnavailable."""
    await writer.submit(discard)
    by_key = {bytes.fromhex(one.sha2): one.content for statement in batch for one in statement.enclosed}
    portion: list[_Piece] = []
    size = 0
    for key, content in by_key.items():
        for number, piece in _cut(content):
            portion.append(_Piece(key, len(content), number, piece))
            size += len(piece)
            if size >= LARGE_BYTES:
                await writer.submit(partial(_write, tenant=tenant, portion=portion))
                portion, size = [], 0
    await writer.submit(partial(_write, tenant=tenant, portion=portion))


def _write(raw: sqlite3.Connection, tenant: str, portion: Sequence[_Piece]) -> None:
    for one in portion:
        if one.piece == 0:
            raw.execute(
                "INSERT INTO contents (tenant, ahead, bytes) SELECT ?1, ?2, ?3 "
                "WHERE NOT EXISTS (SELECT 1 FROM contents WHERE tenant = ?1 AND sha2 = ?2)",
                (tenant, one.key, one.of_bytes),
            )
        raw.execute(
            "INSERT INTO pieces SELECT no, ?, ? FROM contents WHERE tenant = ? AND ahead = ?",
            (one.piece, one.content, tenant, one.key),
        )


def discard(raw: sqlite3.Connection) -> None:
    """What was written ahead of statements that did not come after all."""
    for (number,) in raw.execute(
        "SELECT no FROM contents INDEXED BY contents_ahead WHERE ahead IS NOT NULL"
    ).fetchall():
        raw.execute("DELETE FROM pieces WHERE content = ?", (number,))
        raw.execute("DELETE FROM contents WHERE no = ?", (number,))


# ── inside the store's jobs ──────────────────────────────────────────────────────────────────────────


def enclosed_bytes(batch: Sequence[NewStatement]) -> int:
    """How much content a request brings, as often as it is declared."""
    return sum(len(one.content) for statement in batch for one in statement.enclosed)


def keep(raw: sqlite3.Connection, tenant: str, fresh: Iterable[tuple[int, NewStatement]]) -> None:
    """The contents of new statements, by their seq. What the tenant has already is only linked."""
    numbers: dict[bytes, int] = {}
    for seq, statement in fresh:
        for one in statement.enclosed:
            key = bytes.fromhex(one.sha2)
            if key not in numbers:
                numbers[key] = _number(raw, tenant, key, one.content)
            raw.execute(
                "INSERT INTO attachments (seq, content, sha2, content_type) VALUES (?, ?, ?, ?)",
                (seq, numbers[key], one.sha2, one.content_type),
            )


def _number(raw: sqlite3.Connection, tenant: str, key: bytes, content: bytes) -> int:
    known = raw.execute("SELECT no FROM contents WHERE tenant = ? AND sha2 = ?", (tenant, key)).fetchone()
    if known is not None:
        return int(known[0])
    ahead = raw.execute(
        "SELECT no FROM contents WHERE tenant = ? AND ahead = ? "
        "AND bytes = (SELECT sum(length(bytes)) FROM pieces WHERE content = no)",
        (tenant, key),
    ).fetchone()
    if ahead is not None:
        raw.execute("UPDATE contents SET sha2 = ahead, ahead = NULL WHERE no = ?", ahead)
        return int(ahead[0])
    number = raw.execute(
        "INSERT INTO contents (tenant, sha2, bytes) VALUES (?, ?, ?)", (tenant, key, len(content))
    ).lastrowid
    assert number is not None  # noqa: S101  # an INSERT has just been made
    raw.executemany("INSERT INTO pieces VALUES (?, ?, ?)", [(number, *piece) for piece in _cut(content)])
    return number


def _cut(content: bytes) -> Iterator[tuple[int, memoryview]]:
    whole = memoryview(content)
    for piece, start in enumerate(range(0, len(content), PIECE_BYTES)):
        yield piece, whole[start : start + PIECE_BYTES]


def release(raw: sqlite3.Connection, seqs: Iterable[int]) -> None:
    """These statements are leaving: they declare nothing any more. What nobody declares is ``idle``."""
    raw.executemany("DELETE FROM attachments WHERE seq = ?", [(seq,) for seq in seqs])


def idle(raw: sqlite3.Connection, tenant: str, after: int, limit: int) -> list[tuple[int, int]]:
    """Number and bytes of contents that no statement declares, past a number; together no more than IDLE_BYTES_MAX,
    but at least one."""
    found: list[tuple[int, int]] = []
    room = IDLE_BYTES_MAX
    for number, size in raw.execute(
        "SELECT no, bytes FROM contents INDEXED BY contents_idle "
        "WHERE tenant = ? AND links = 0 AND sha2 IS NOT NULL AND no > ? "
        "ORDER BY no LIMIT ?",
        (tenant, after, limit),
    ):
        if found and size > room:
            break
        room -= size
        found.append((number, size))
    return found


def remove(raw: sqlite3.Connection, numbers: Iterable[int]) -> int:
    """Contents, unless somebody declares them again by now; how many went."""
    gone = 0
    for number in numbers:
        if raw.execute("DELETE FROM contents WHERE no = ? AND links = 0", (number,)).rowcount:
            raw.execute("DELETE FROM pieces WHERE content = ?", (number,))
            gone += 1
    return gone
