"""People who signed in, and the accounts they are about to connect.

A session is known by the hash of what its browser holds, and is gone when it ends: who signed in and out stands in the
audit. What a stolen copy of this table tells is who was signed in at that time; nobody can come in with it.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Literal

import msgspec
import trio

from actors.ports import Clock, StoreUnavailable
from daemon.store.engine import Engine
from daemon.store.writer import Writer

OF_PERSON_MAX = 5
OF_TENANT_MAX = 1_000
ERRANDS_MAX = 10
"""Accounts that one session may be about to connect at a time."""
LISTED_MAX = 10_000

SWEEP_S = 600.0

Via = Literal["oidc", "saml"]


class StoredSession(msgspec.Struct, frozen=True, kw_only=True):
    """A row. ``role`` is the number of the role that ``roles`` gave when it began; ``place`` where it began from;
    ``person`` whom the LMS's sources mean, empty: nobody."""

    id: bytes
    tenant: str
    via: Via
    issuer: str
    subject: str
    email: str
    name: str
    person: str
    roles: tuple[str, ...]
    role: int
    place: str
    began_us: int
    seen_us: int
    until_us: int
    sealed: bytes

    @property
    def who(self) -> str:
        """As the audit names them. A subject is somebody else at another issuer."""
        return f"{self.via}:{self.subject} ({self.issuer})"

    @property
    def handle(self) -> str:
        """By which operators name it: nobody can come in with it."""
        return self.id.hex()[:16]

    def __repr__(self) -> str:
        return f"StoredSession({self.tenant}/{self.handle})"


class Errand(msgspec.Struct, frozen=True, kw_only=True):
    """An account that a session is about to connect; ``id`` is the hash of the ``state`` that its vendor was given."""

    id: bytes
    session: bytes
    tenant: str
    name: str
    until_us: int
    sealed: bytes

    def __repr__(self) -> str:
        return f"Errand({self.tenant}/{self.name})"


_COLUMNS = ", ".join(StoredSession.__struct_fields__)
_MARKS = ", ".join("?" * len(StoredSession.__struct_fields__))
_roles = msgspec.json.Decoder(tuple[str, ...])


class SqlSessions:
    """All methods raise StoreUnavailable while the store takes or gives nothing."""

    def __init__(self, writer: Writer, reader: Engine) -> None:
        self._write = writer.submit
        self._read = reader.run

    async def begin(self, new: StoredSession, replaces: bytes | None) -> list[StoredSession]:
        """On disk when it returns. Which ones ended for it: the one it ``replaces``, those of the same person with
        other roles, and the oldest where a person or the tenant has as many as it may."""
        return await self._write(lambda raw: begin(raw, new, replaces))

    async def get(self, session_id: bytes) -> StoredSession | None:
        """Whether its time is over is for the caller to see."""
        return await self._read(lambda raw: first(raw, session_id))

    async def all(self, tenant: str = "") -> list[StoredSession]:
        """By tenant and beginning; ``tenant`` empty: of all."""
        return await self._read(lambda raw: everyone(raw, tenant))

    async def seen(self, session_id: bytes, now_us: int) -> None:
        """Somebody did something."""
        await self._write(lambda raw: seen(raw, session_id, now_us))

    async def end(self, ids: Sequence[bytes]) -> list[StoredSession]:
        """Those of them that were there; their errands end with them."""
        return await self._write(lambda raw: end(raw, ids))

    async def sweep(self, now_us: int) -> None:
        """What is over goes."""
        await self._write(lambda raw: sweep(raw, now_us))

    async def run(self, clock: Clock) -> None:
        """Sweep now and then: a browser that does not come again leaves its row."""
        while True:
            with suppress(StoreUnavailable):  # the store has said so; it is tried again
                await self.sweep(clock.now_us())
            await trio.sleep(SWEEP_S)

    async def set_out(self, errand: Errand, now_us: int) -> bool:
        """On disk when it returns; False: the session has ended. The oldest goes where it has as many as it may."""
        return await self._write(lambda raw: set_out(raw, errand, now_us))

    async def come_back(self, errand_id: bytes, session_id: bytes) -> Errand | None:
        """The session's own errand, which is gone then: nobody comes back twice. Whether its time is over is for the
        caller to see."""
        return await self._write(lambda raw: come_back(raw, errand_id, session_id))


def begin(raw: sqlite3.Connection, new: StoredSession, replaces: bytes | None) -> list[StoredSession]:
    theirs = [each for each in _of_person(raw, new) if each.id != replaces]
    over = [each.id for each in theirs if each.roles != new.roles]
    over += [each.id for each in theirs if each.id not in over][: max(0, len(theirs) - len(over) - OF_PERSON_MAX + 1)]
    over += [] if replaces is None else [replaces]
    ended = end(raw, over)
    [n] = raw.execute("SELECT count(*) FROM sessions WHERE tenant = ?", (new.tenant,)).fetchone()
    if n >= OF_TENANT_MAX:
        oldest = raw.execute(
            "SELECT id FROM sessions WHERE tenant = ? ORDER BY seen_us LIMIT ?", (new.tenant, n - OF_TENANT_MAX + 1)
        )
        ended += end(raw, [row[0] for row in oldest.fetchall()])
    fields = {**msgspec.structs.asdict(new), "roles": msgspec.json.encode(new.roles).decode()}
    raw.execute(f"INSERT INTO sessions ({_COLUMNS}) VALUES ({_MARKS})", tuple(fields.values()))  # noqa: S608
    return ended


def first(raw: sqlite3.Connection, session_id: bytes) -> StoredSession | None:
    found = raw.execute(f"SELECT {_COLUMNS} FROM sessions WHERE id = ?", (session_id,))  # noqa: S608  # constants only
    row = found.fetchone()
    return None if row is None else _session(row)


def everyone(raw: sqlite3.Connection, tenant: str) -> list[StoredSession]:
    found = raw.execute(
        f"SELECT {_COLUMNS} FROM sessions WHERE ?1 IN ('', tenant) "  # noqa: S608  # constants only
        "ORDER BY tenant, began_us LIMIT ?2",
        (tenant, LISTED_MAX),
    )
    return [_session(row) for row in found]


def _of_person(raw: sqlite3.Connection, new: StoredSession) -> list[StoredSession]:
    found = raw.execute(
        f"SELECT {_COLUMNS} FROM sessions WHERE tenant = ? AND issuer = ? AND subject = ? "  # noqa: S608
        "ORDER BY seen_us",
        (new.tenant, new.issuer, new.subject),
    )
    return [_session(row) for row in found.fetchall()]


def _session(row: Sequence[Any]) -> StoredSession:
    fields = dict(zip(StoredSession.__struct_fields__, row, strict=True))
    return StoredSession(**{**fields, "roles": _roles.decode(fields["roles"])})


def seen(raw: sqlite3.Connection, session_id: bytes, now_us: int) -> None:
    raw.execute("UPDATE sessions SET seen_us = max(seen_us, ?) WHERE id = ?", (now_us, session_id))


def end(raw: sqlite3.Connection, ids: Sequence[bytes]) -> list[StoredSession]:
    found = [session for each in ids if (session := first(raw, each)) is not None]
    raw.executemany("DELETE FROM sessions WHERE id = ?", [(each.id,) for each in found])
    raw.executemany("DELETE FROM errands WHERE session = ?", [(each.id,) for each in found])
    return found


def sweep(raw: sqlite3.Connection, now_us: int) -> None:
    raw.execute("DELETE FROM sessions WHERE until_us <= ?", (now_us,))
    raw.execute(
        "DELETE FROM errands WHERE until_us <= ? OR session NOT IN (SELECT id FROM sessions)",
        (now_us,),
    )


def set_out(raw: sqlite3.Connection, errand: Errand, now_us: int) -> bool:
    if raw.execute("SELECT 1 FROM sessions WHERE id = ?", (errand.session,)).fetchone() is None:
        return False
    raw.execute("DELETE FROM errands WHERE session = ? AND until_us <= ?", (errand.session, now_us))
    raw.execute(
        "DELETE FROM errands WHERE id IN (SELECT id FROM errands WHERE session = ? "
        "ORDER BY until_us DESC LIMIT -1 OFFSET ?)",
        (errand.session, ERRANDS_MAX - 1),
    )
    raw.execute("INSERT INTO errands VALUES (?, ?, ?, ?, ?, ?)", msgspec.structs.astuple(errand))
    return True


def come_back(raw: sqlite3.Connection, errand_id: bytes, session_id: bytes) -> Errand | None:
    row = raw.execute(
        "DELETE FROM errands WHERE id = ? AND session = ? RETURNING id, session, tenant, name, until_us, sealed",
        (errand_id, session_id),
    ).fetchone()
    return None if row is None else Errand(**dict(zip(Errand.__struct_fields__, row, strict=True)))
