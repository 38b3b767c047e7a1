"""Accounts that were connected: what is known of their tokens, and the tokens themselves, sealed by others.

One row a speaker. ``version`` is the fence: a row is written by whoever has seen the one before it, and by nobody else.
"""

import sqlite3
from typing import Any

import msgspec

from actors.domain.identity import EMAIL
from actors.domain.tokens import Holding
from actors.ports.tokens import Kept
from daemon.store.engine import Engine
from daemon.store.writer import Writer

_COLUMNS = (
    "speaker, version, state, why, sealed, obtained_us, expires_us, asked_us, scopes, account, subject, note, by_whom, "
    "by_email, by_roles, since_us, has_access, has_refresh"
)
_texts = msgspec.json.Decoder(tuple[str, ...])


class SqlConnections:
    """All methods raise StoreUnavailable while the store takes or gives nothing."""

    def __init__(self, writer: Writer, reader: Engine) -> None:
        self._write = writer.submit
        self._read = reader.run

    async def of(self, tenant: str, name: str) -> dict[str, Kept]:
        """By speaker."""
        return await self._read(lambda raw: read(raw, tenant, name))

    async def put(self, tenant: str, name: str, speaker: str, kept: Kept) -> bool:
        """Whether it was written: only where its version is the next one."""
        return await self._write(lambda raw: put(raw, tenant, name, speaker, kept))

    async def departed(self, tenant: str, email: str) -> bool:
        """See ``ports.tokens``."""
        return await self._read(lambda raw: departed(raw, tenant, email))


def read(raw: sqlite3.Connection, tenant: str, name: str) -> dict[str, Kept]:
    found = raw.execute(f"SELECT {_COLUMNS} FROM connections WHERE tenant = ? AND name = ?", (tenant, name))  # noqa: S608
    return {row[0]: _kept(row) for row in found}


def _kept(row: tuple[Any, ...]) -> Kept:
    holding = Holding(
        version=row[1],
        state=row[2],
        why=row[3],
        obtained_us=row[5],
        expires_us=row[6],
        asked_us=row[7],
        scopes=None if row[8] is None else _texts.decode(row[8]),
        account=row[9],
        subject=row[10],
        note=row[11],
        by=row[12],
        by_email=row[13],
        by_roles=_texts.decode(row[14]),
        since_us=row[15],
        has_access=bool(row[16]),
        has_refresh=bool(row[17]),
    )
    return Kept(holding, row[4])


def put(raw: sqlite3.Connection, tenant: str, name: str, speaker: str, kept: Kept) -> bool:
    new = kept.holding
    row = raw.execute(
        "SELECT version FROM connections WHERE tenant = ? AND name = ? AND speaker = ?", (tenant, name, speaker)
    ).fetchone()
    if new.version != (row[0] if row is not None else 0) + 1:
        return False
    values = (
        speaker,
        new.version,
        new.state,
        new.why,
        kept.sealed,
        new.obtained_us,
        new.expires_us,
        new.asked_us,
        None if new.scopes is None else msgspec.json.encode(new.scopes).decode(),
        new.account,
        new.subject,
        new.note,
        new.by,
        new.by_email,
        msgspec.json.encode(new.by_roles).decode(),
        new.since_us,
        new.has_access,
        new.has_refresh,
    )
    marks = ", ".join("?" * (len(values) + 2))
    raw.execute(
        f"INSERT OR REPLACE INTO connections (tenant, name, {_COLUMNS}) VALUES ({marks})",  # noqa: S608  # constants only
        (tenant, name, *values),
    )
    return True


def departed(raw: sqlite3.Connection, tenant: str, email: str) -> bool:
    """Some source knew somebody by this address, and none has an active user any more who is, as far as we know, the
    same person. Whose address changed has not left."""
    found = raw.execute(
        "SELECT every.inactive_us IS NULL FROM identifiers i JOIN personas p ON p.no = i.persona "
        "JOIN personas every ON every.person = p.person AND every.source <> '' "
        "WHERE i.tenant = ? AND i.namespace = ? AND i.value = ? LIMIT 1000",
        (tenant, EMAIL, email.casefold()),
    ).fetchall()
    return bool(found) and not any(active for (active,) in found)
