"""Erasures, run and put on record: how many rows of what, when and by whom; whose they were, nobody can tell.

Who was erased is known by a keyed hash of their identifiers, whose key is not in the database. The pseudonym stands in
the row as long as the erasure is not at its end, so that one that was killed goes on with the same.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import trio

from actors.domain.erasing import Eraser, Fate
from daemon.store.engine import Engine
from daemon.store.erasing import Counts, Room, Rows
from daemon.store.writer import Writer

CHECKPOINT_TRIES = 50
CHECKPOINT_REST_S = 0.1


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """One on record. ``ended_us`` None: it was interrupted, and is to be run again."""

    no: int
    tenant: str
    begun_us: int
    begun_by: str
    ended_us: int | None
    counts: dict[str, int]


class SqlErasures:
    """All raise StoreUnavailable."""

    def __init__(self, writer: Writer, reader: Engine) -> None:
        self._writer = writer
        self._read = reader.run

    async def page(self, room: Room, tenant: str, after: int) -> Rows:
        return await self._read(lambda raw: room.find(raw, tenant, after))

    async def counted(self, room: Room, tenant: str, judged: Sequence[tuple[Any, Fate]]) -> Counts:
        """What would become of these."""
        return await self._read(lambda raw: room.tally(raw, tenant, judged))

    async def apply(self, no: int, room: Room, tenant: str, eraser: Eraser, rows: Rows, now_us: int) -> Counts:
        """Deal with these in one transaction, with their count."""

        def job(raw: sqlite3.Connection) -> Counts:
            counts = {what: n for what, n in room.apply(raw, tenant, eraser, rows, now_us).items() if n}
            [before] = raw.execute("SELECT counts FROM erasures WHERE no = ?", (no,)).fetchone()
            raw.execute("UPDATE erasures SET counts = ? WHERE no = ?", (_encode(summed(_counts(before), counts)), no))
            return counts

        return await self._writer.submit(job)

    async def begin(self, tenant: str, who: bytes, pseudonym: str, by: str, now_us: int) -> tuple[int, str]:
        """(number, pseudonym) of a new erasure, or of the same one that was interrupted."""

        def job(raw: sqlite3.Connection) -> tuple[int, str]:
            known = raw.execute(
                "SELECT no, pseudonym FROM erasures WHERE tenant = ? AND who = ? AND ended_us IS NULL", (tenant, who)
            ).fetchone()
            if known is not None:
                return int(known[0]), str(known[1])
            number = raw.execute(
                "INSERT INTO erasures (tenant, who, pseudonym, begun_us, begun_by, counts) "
                "VALUES (?, ?, ?, ?, ?, '{}')",
                (tenant, who, pseudonym, now_us, by),
            ).lastrowid
            assert number is not None  # noqa: S101  # an INSERT always has one
            return number, pseudonym

        return await self._writer.submit(job)

    async def end(self, no: int, now_us: int) -> dict[str, int]:
        """It is complete: from now on nobody can tell whose pseudonym it was. The counts of all its runs."""

        def job(raw: sqlite3.Connection) -> dict[str, int]:
            raw.execute("UPDATE erasures SET ended_us = ?, pseudonym = '' WHERE no = ?", (now_us, no))
            return _counts(raw.execute("SELECT counts FROM erasures WHERE no = ?", (no,)).fetchone()[0])

        return await self._writer.submit(job)

    async def clear_log(self) -> bool:
        """Write the write-ahead log back and cut it off: it has what was there before. False where somebody reads all
        the time; the next erasure, or the end of the process, does it then."""
        for _ in range(CHECKPOINT_TRIES):
            busy = await self._writer.apart(lambda raw: raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])
            if not busy:
                return True
            await trio.sleep(CHECKPOINT_REST_S)
        return False

    async def recorded(self, tenant: str, limit: int) -> list[Erasure]:
        """Newest first; of all tenants where none is named."""
        found = await self._read(
            lambda raw: raw.execute(
                "SELECT no, tenant, begun_us, begun_by, ended_us, counts FROM erasures WHERE ? IN ('', tenant) "
                "ORDER BY no DESC LIMIT ?",
                (tenant, limit),
            ).fetchall()
        )
        return [
            Erasure(no=row[0], tenant=row[1], begun_us=row[2], begun_by=row[3], ended_us=row[4], counts=_counts(row[5]))
            for row in found
        ]

    async def before(self, tenant: str, who: bytes) -> int | None:
        """When the same person was last erased."""
        return await self._read(
            lambda raw: raw.execute(
                "SELECT max(ended_us) FROM erasures WHERE tenant = ? AND who = ?", (tenant, who)
            ).fetchone()[0]
        )


def summed(counts: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    return {what: counts.get(what, 0) + more.get(what, 0) for what in sorted({*counts, *more})}


_encode_json = msgspec.json.Encoder().encode
_counts_of: msgspec.json.Decoder[dict[str, int]] = msgspec.json.Decoder(dict[str, int])


def _encode(counts: Mapping[str, int]) -> str:
    return _encode_json(counts).decode()


def _counts(text: str) -> dict[str, int]:
    return _counts_of.decode(text)
