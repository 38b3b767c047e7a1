"""Documents in SQL. Whether one may change is decided in the transaction that changes it.

Long answers are read, and full shelves cleared, a bit at a time, so that others' jobs come between; and no transaction
has more than a few changes, because each may rewrite a document of 16 MB (0.1 s, measured).
"""

import sqlite3
from functools import partial
from typing import Any

import trio

from actors.domain.xapi.documents import Content, Decide, Document, Shelf
from actors.ports import Clock
from daemon.store.engine import Engine
from daemon.store.writer import Writer

IDS_MAX = 1_000  # in one job
CLEARED_MAX = 200  # in one job: each may have the size of a request
CHANGES_MAX = 8  # at a time, and so in one transaction
_BY = "INDEXED BY documents_address"
_PLACE = "tenant = ? AND kind = ? AND activity = ? AND agent = ?"
_ADDRESS = f"{_PLACE} AND id = ? AND registration = ?"


class SqlDocuments:
    """Implements ``Documents``."""

    def __init__(self, writer: Writer, reader: Engine, clock: Clock) -> None:
        self._write = writer.submit
        self._read = reader.run
        self._clock = clock
        self._changes = trio.Semaphore(CHANGES_MAX)

    async def get(self, tenant: str, shelf: Shelf, document_id: str) -> Document | None:
        return await self._read(lambda raw: get(raw, tenant, shelf, document_id))

    async def change(self, tenant: str, shelf: Shelf, document_id: str, decide: Decide) -> Document | None:
        async with self._changes:
            return await self._write(lambda raw: change(raw, tenant, shelf, document_id, decide, self._clock.now_us()))

    async def ids(self, tenant: str, shelf: Shelf, since_us: int | None = None) -> list[str]:
        found: dict[str, None] = {}  # one id may lie there in several registrations
        after = ("", "")  # no id is empty
        while True:
            rows = await self._read(partial(_ids, tenant=tenant, shelf=shelf, after=after))
            for document_id, registration, updated_us in rows:
                if shelf.registration in ("", registration) and (since_us is None or updated_us > since_us):
                    found[document_id] = None
            if len(rows) < IDS_MAX:
                return list(found)
            after = rows[-1][:2]

    async def clear(self, tenant: str, shelf: Shelf) -> int:
        newest = await self._read(_newest)
        gone = 0
        while True:
            some = await self._write(lambda raw: _clear(raw, tenant, shelf, newest))
            gone += some
            if some < CLEARED_MAX:
                return gone


def change(
    raw: sqlite3.Connection, tenant: str, shelf: Shelf, document_id: str, decide: Decide, now_us: int
) -> Document | None:
    """Within a transaction. Raises what ``decide`` raises, before anything has been written."""
    there = get(raw, tenant, shelf, document_id)
    wanted = decide(there)
    if wanted is not None:
        return _put(raw, tenant, shelf, document_id, wanted, now_us)
    if there is not None:
        raw.execute(f"DELETE FROM documents WHERE {_ADDRESS}", _address(tenant, shelf, document_id))  # noqa: S608
    return None


def get(raw: sqlite3.Connection, tenant: str, shelf: Shelf, document_id: str) -> Document | None:
    """The document at this address, if there is one."""
    row = raw.execute(
        f"SELECT content_type, body, etag, updated_us FROM documents WHERE {_ADDRESS}",  # noqa: S608
        _address(tenant, shelf, document_id),
    ).fetchone()
    return None if row is None else Document(content_type=row[0], body=row[1], etag=row[2], updated_us=row[3])


def _put(
    raw: sqlite3.Connection, tenant: str, shelf: Shelf, document_id: str, wanted: Content, now_us: int
) -> Document:
    raw.execute(
        "INSERT INTO documents (tenant, kind, activity, agent, id, registration, agent_json, content_type, body, etag, "
        "updated_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (tenant, kind, activity, agent, id, registration) DO UPDATE SET agent_json = excluded.agent_json, "
        "content_type = excluded.content_type, body = excluded.body, etag = excluded.etag, "
        "updated_us = excluded.updated_us",
        (
            *_address(tenant, shelf, document_id),
            shelf.agent_json,
            wanted.content_type,
            wanted.body,
            wanted.etag,
            now_us,
        ),
    )
    return Document(content_type=wanted.content_type, body=wanted.body, etag=wanted.etag, updated_us=now_us)


def _ids(raw: sqlite3.Connection, tenant: str, shelf: Shelf, after: tuple[str, str]) -> list[Any]:
    """Looked through by the index, so that no job is long whatever it finds."""
    return raw.execute(
        f"SELECT id, registration, updated_us FROM documents {_BY} WHERE {_PLACE} AND (id, registration) > (?, ?) "  # noqa: S608
        "ORDER BY id, registration LIMIT ?",
        (*_place(tenant, shelf), *after, IDS_MAX),
    ).fetchall()


def _newest(raw: sqlite3.Connection) -> int:
    return int(raw.execute("SELECT coalesce(max(no), 0) FROM documents").fetchone()[0])


def _clear(raw: sqlite3.Connection, tenant: str, shelf: Shelf, newest: int) -> int:
    return raw.execute(
        f"DELETE FROM documents WHERE no IN (SELECT no FROM documents {_BY} WHERE {_PLACE} "  # noqa: S608
        "AND ? IN ('', registration) AND no <= ? LIMIT ?)",
        (*_place(tenant, shelf), shelf.registration, newest, CLEARED_MAX),
    ).rowcount


def _place(tenant: str, shelf: Shelf) -> tuple[str, ...]:
    return (tenant, shelf.kind, shelf.activity, shelf.agent)


def _address(tenant: str, shelf: Shelf, document_id: str) -> tuple[str, ...]:
    return (*_place(tenant, shelf), document_id, shelf.registration)
