"""What an export reads: bounded pages of a tenant's log as it stood at one moment, with what belongs to it.

The moment is a place in the log. Statements beyond it are left out, and a statement that was voided beyond it counts as
not voided. What retention takes meanwhile is missing, and so is not counted.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec

from actors.domain.xapi.documents import Document, Shelf
from actors.ports import Attached, LoggedStatement
from daemon.store import rows
from daemon.store.engine import Engine

PAGE = 500
PAGE_BYTES = 2 * 1024 * 1024
"""A page ends where it has so much, so that a job is short and memory is bounded."""

_PAGE = (
    f"SELECT {rows.STATEMENT}, EXISTS (SELECT 1 FROM voids v WHERE v.tenant = s.tenant AND v.id = s.id "  # noqa: S608
    "AND v.by_seq > ?3) FROM statements s JOIN arrivals a ON a.no = s.arrival "
    "WHERE s.tenant = ?1 AND s.seq > ?2 AND s.seq <= ?3 ORDER BY s.seq LIMIT ?4"
)


class Made(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the router made of a statement. ``change``: its kind, empty where there is none."""

    change: str
    reason: str
    occurrence: int
    deliveries: tuple["Delivered", ...] = ()


class Delivered(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A delivery as it stands. Times are microseconds since the epoch."""

    id: str
    lane: str
    route: str
    destination: str
    kind: str
    state: str
    attempts: int
    cause: str | None
    detail: str
    accepted_us: int = msgspec.field(name="accepted_us")
    done_us: int | None = msgspec.field(name="done_us")
    receipt: msgspec.Raw
    change: msgspec.Raw


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A document and where it lies. ``document`` None: it was not asked for."""

    shelf: Shelf
    id: str
    document: Document | None

    @property
    def address(self) -> tuple[str, ...]:
        """After which the next one comes."""
        return (self.shelf.kind, self.shelf.activity, self.shelf.agent, self.id, self.shelf.registration)


class SqlExports:
    """Reads for exports; all raise StoreUnavailable."""

    def __init__(self, reader: Engine) -> None:
        self._read = reader.run

    async def newest(self, tenant: str) -> int:
        """The tenant's last place in the log; 0 where it has none."""
        return await self._read(
            lambda raw: int(
                raw.execute("SELECT coalesce(max(seq), 0) FROM statements WHERE tenant = ?", (tenant,)).fetchone()[0]
            )
        )

    async def page(self, tenant: str, after: int, through: int) -> list[LoggedStatement]:
        """The next statements, in order; empty at the end."""
        return await self._read(lambda raw: page(raw, tenant, after, through))

    async def first_declared(self, tenant: str, seqs: Sequence[int], since: int) -> list[Attached]:
        """The contents that each of these statements is the first to declare, of those after ``since``."""
        return await self._read(lambda raw: first_declared(raw, tenant, seqs, since))

    async def documents(self, tenant: str, after: Sequence[str], since_us: int) -> list[Kept]:
        """The next documents in the order of their addresses, after one; empty at the end. Those that were not updated
        after ``since_us`` have no content."""
        return await self._read(lambda raw: documents(raw, tenant, after, since_us))

    async def made(self, seqs: Sequence[int]) -> dict[int, Made]:
        """What became of them; those not routed yet are left out."""
        return await self._read(lambda raw: made(raw, seqs))


def page(raw: sqlite3.Connection, tenant: str, after: int, through: int) -> list[LoggedStatement]:
    found = []
    size = 0
    for row in raw.execute(_PAGE, (tenant, after, through, PAGE)):
        statement = rows.statement(row)
        if row[-1] and statement.voided:
            statement = msgspec.structs.replace(statement, voided=False)
        found.append(statement)
        size += len(statement.body)
        if size >= PAGE_BYTES:
            break
    return found


def first_declared(raw: sqlite3.Connection, tenant: str, seqs: Sequence[int], since: int) -> list[Attached]:
    marks = ",".join("?" * len(seqs))
    found = raw.execute(
        "SELECT a.seq, a.content, a.sha2, a.content_type, c.bytes FROM attachments a "  # noqa: S608  # marks only
        f"CROSS JOIN contents c ON c.no = a.content WHERE a.seq IN ({marks}) AND c.tenant = ? AND NOT EXISTS "
        "(SELECT 1 FROM attachments b WHERE b.content = a.content AND b.seq < a.seq AND b.seq > ?) "
        "ORDER BY a.seq, a.content",
        (*seqs, tenant, since),
    ).fetchall()
    return [Attached(**dict(zip(Attached.__struct_fields__, row, strict=True))) for row in found]


_DOCUMENTS = (
    "SELECT kind, activity, agent, id, registration, agent_json, content_type, etag, updated_us, "
    "CASE WHEN updated_us > ? THEN body END FROM documents INDEXED BY documents_address WHERE tenant = ? "
    "AND (kind, activity, agent, id, registration) > (?, ?, ?, ?, ?) "
    "ORDER BY kind, activity, agent, id, registration LIMIT ?"
)
_FIRST = ("", "", "", "", "")


def documents(raw: sqlite3.Connection, tenant: str, after: Sequence[str], since_us: int) -> list[Kept]:
    found = []
    size = 0
    for row in raw.execute(_DOCUMENTS, (since_us, tenant, *(after or _FIRST), PAGE)):
        kind, activity, agent, name, registration, agent_json, content_type, etag, updated_us, body = row
        shelf = Shelf(kind=kind, activity=activity, agent=agent, agent_json=agent_json, registration=registration)
        document = None
        if body is not None:
            document = Document(content_type=content_type, body=body, etag=etag, updated_us=updated_us)
            size += len(body)
        found.append(Kept(shelf=shelf, id=name, document=document))
        if size >= PAGE_BYTES:
            break
    return found


def made(raw: sqlite3.Connection, seqs: Sequence[int]) -> dict[int, Made]:
    marks = ",".join("?" * len(seqs))
    deliveries: dict[int, list[Delivered]] = {}
    for row in raw.execute(
        "SELECT statement_seq, lower(hex(id)), lane, route, destination, kind, state, attempts, cause, detail, "  # noqa: S608
        "accepted_us, done_us, coalesce(receipt, 'null'), change FROM deliveries INDEXED BY deliveries_statement "
        f"WHERE statement_seq IN ({marks}) ORDER BY seq",
        seqs,
    ):
        deliveries.setdefault(row[0], []).append(_delivered(row[1:]))
    return {
        row[0]: Made(
            change=row[1] or "", reason=row[2], occurrence=row[3], deliveries=tuple(deliveries.get(row[0], ()))
        )
        for row in raw.execute(
            f"SELECT seq, kind, reason, occurrence FROM outcomes WHERE seq IN ({marks})",  # noqa: S608  # marks only
            seqs,
        )
    }


def _delivered(row: Sequence[Any]) -> Delivered:
    given = dict(zip(Delivered.__struct_fields__, row, strict=True))
    given["receipt"], given["change"] = (msgspec.Raw(given[name]) for name in ("receipt", "change"))
    return Delivered(**given)
