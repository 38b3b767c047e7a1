"""Attachments' contents: kept with the statements that brought them, in the same transaction, and gone with the last
statement that declares them.

They are kept in pieces, so that reading one costs no more memory than a piece, and no job on the reading connection
takes long. Measured: 16 MB in one transaction take 50 ms, read in pieces 3 ms; so large ones enter one at a time
(``statements``), and others' commits come between them.
"""

import sqlite3
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from actors.ports import Attached, NewStatement, StoreUnavailable
from daemon.store.engine import Engine

PIECE_BYTES = 256 * 1024
LARGE_BYTES = 1024 * 1024  # requests that bring more enter one at a time
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
            rows = await self._read(lambda raw, some=some: _links(raw, tenant, some))  # type: ignore[misc]
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
            found = await self._read(lambda raw, piece=piece: _pieces(raw, tenant, attached, piece))  # type: ignore[misc]
            if not found:
                raise StoreUnavailable(f"attachment {attached.sha2} has left the store")
            block = b"".join([row[0] for row in found])
            piece += len(found)
            left -= len(block)
            yield block


def _links(raw: sqlite3.Connection, tenant: str, seqs: Sequence[int]) -> list[Any]:
    marks = ",".join("?" * len(seqs))
    return raw.execute(
        "SELECT a.seq, a.content, a.sha2, a.content_type, c.bytes FROM attachments a "  # noqa: S608  # marks only
        f"JOIN contents c ON c.no = a.content WHERE a.seq IN ({marks}) AND c.tenant = ?",
        (*seqs, tenant),
    ).fetchall()


def _pieces(raw: sqlite3.Connection, tenant: str, attached: Attached, piece: int) -> list[Any]:
    """None if the content is not there any more: its number may be another's by now."""
    return raw.execute(
        "SELECT p.bytes FROM contents c JOIN pieces p ON p.content = c.no "
        "WHERE c.no = ? AND c.tenant = ? AND c.sha2 = ? AND p.piece >= ? AND p.piece < ? ORDER BY p.piece",
        (attached.content, tenant, bytes.fromhex(attached.sha2), piece, piece + READ_PIECES),
    ).fetchall()


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
    number = raw.execute(
        "INSERT INTO contents (tenant, sha2, bytes) VALUES (?, ?, ?)", (tenant, key, len(content))
    ).lastrowid
    assert number is not None  # noqa: S101  # an INSERT has just been made
    whole = memoryview(content)
    raw.executemany(
        "INSERT INTO pieces (content, piece, bytes) VALUES (?, ?, ?)",
        [
            (number, piece, whole[start : start + PIECE_BYTES])
            for piece, start in enumerate(range(0, len(content), PIECE_BYTES))
        ],
    )
    return number


def release(raw: sqlite3.Connection, seqs: Iterable[int]) -> None:
    """These statements are leaving: they declare nothing any more. What nobody declares is ``idle``."""
    raw.executemany("DELETE FROM attachments WHERE seq = ?", [(seq,) for seq in seqs])


def idle(raw: sqlite3.Connection, tenant: str, after: int, limit: int) -> list[tuple[int, int]]:
    """Number and bytes of contents that no statement declares, past a number; together no more than IDLE_BYTES_MAX,
    but at least one."""
    found: list[tuple[int, int]] = []
    room = IDLE_BYTES_MAX
    for number, size in raw.execute(
        "SELECT no, bytes FROM contents INDEXED BY contents_idle WHERE tenant = ? AND links = 0 AND no > ? "
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
