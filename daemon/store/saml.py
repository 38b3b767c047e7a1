"""What sign-on by SAML has to remember beyond a restart: sign-ons that are pending, assertions that were used, and the
metadata of identity providers. Nothing here tells who somebody is, and nothing of it opens anything.
"""

import hashlib
import sqlite3
from typing import Literal

import msgspec

from daemon.store.engine import Engine
from daemon.store.writer import Writer

PENDING_MAX = 20_000
"""Sign-ons of a tenant that are not over: where somebody begins more, the ones that would be over first give way."""
OF_BROWSER_MAX = 20
SWEPT_MAX = 200
"""What is over leaves with whatever is written next, so many rows at a time."""
Completion = Literal["first", "again", "gone"]


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-on at a tenant's identity provider. ``id`` is that of our request; ``browser`` and ``relay`` are hashes
    (``hashed``); ``way`` is the path here that people go to afterwards."""

    id: str
    tenant: str
    browser: bytes
    relay: bytes
    way: str
    until_us: int
    used_us: int | None = None


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """An identity provider's metadata, as they were read from ``url``."""

    url: str
    body: bytes
    read_us: int


def hashed(secret: str) -> bytes:
    """How what only a browser has is kept."""
    return hashlib.sha256(secret.encode()).digest()


def assertion_key(issuer: str, assertion_id: str) -> bytes:
    """By which an assertion is known again."""
    return hashlib.sha256(b"%d:%b%b" % (len(issuer.encode()), issuer.encode(), assertion_id.encode())).digest()


_COLUMNS = ", ".join(Pending.__struct_fields__)


class SqlSaml:
    """All of these raise StoreUnavailable."""

    def __init__(self, writer: Writer, reader: Engine) -> None:
        self._write = writer.submit
        self._read = reader.run

    async def begin(self, pending: Pending, now_us: int) -> None:
        """A sign-on begins."""
        await self._write(lambda raw: _begin(raw, pending, now_us))

    async def pending(self, tenant: str, browser: bytes, now_us: int) -> list[Pending]:
        """What was begun in this browser and is not over, used ones included, the last to end first."""
        rows = await self._read(
            lambda raw: raw.execute(
                f"SELECT {_COLUMNS} FROM saml_logins WHERE tenant = ? AND browser = ? AND until_us > ? "  # noqa: S608
                f"ORDER BY until_us DESC LIMIT {OF_BROWSER_MAX}",
                (tenant, browser, now_us),
            ).fetchall()
        )
        return [Pending(**dict(zip(Pending.__struct_fields__, row, strict=True))) for row in rows]

    async def complete(self, tenant: str, request_id: str | None, key: bytes, until_us: int, now_us: int) -> Completion:
        """Somebody is about to be signed in with this assertion, in answer to that request (None: to none). ``first``:
        nobody was before, and nobody will be again; ``gone``: nothing is pending under that id."""
        return await self._write(lambda raw: _complete(raw, tenant, request_id, key, until_us, now_us))

    async def kept(self, tenant: str) -> Kept | None:
        """The metadata that were read last."""
        row = await self._read(
            lambda raw: raw.execute(
                "SELECT url, body, read_us FROM saml_providers WHERE tenant = ?", (tenant,)
            ).fetchone()
        )
        return None if row is None else Kept(url=row[0], body=row[1], read_us=row[2])

    async def keep(self, tenant: str, kept: Kept) -> None:
        """In place of what was kept before."""
        await self._write(
            lambda raw: raw.execute(
                "INSERT OR REPLACE INTO saml_providers VALUES (?, ?, ?, ?)", (tenant, kept.url, kept.body, kept.read_us)
            )
        )


def _begin(raw: sqlite3.Connection, pending: Pending, now_us: int) -> None:
    over = (
        "DELETE FROM saml_logins WHERE id IN (SELECT id FROM saml_logins WHERE tenant = ? {} ORDER BY until_us LIMIT ?)"
    )
    raw.execute(over.format("AND until_us <= ?"), (pending.tenant, now_us, SWEPT_MAX))
    [count] = raw.execute("SELECT count(*) FROM saml_logins WHERE tenant = ?", (pending.tenant,)).fetchone()
    if count >= PENDING_MAX:
        raw.execute(over.format(""), (pending.tenant, count - PENDING_MAX + 1))
    raw.execute(
        f"INSERT INTO saml_logins ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608  # names of fields
        msgspec.structs.astuple(pending),
    )


def _complete(
    raw: sqlite3.Connection, tenant: str, request_id: str | None, key: bytes, until_us: int, now_us: int
) -> Completion:
    sweep = (
        "DELETE FROM saml_used WHERE (tenant, key) IN (SELECT tenant, key FROM saml_used WHERE until_us <= ? LIMIT ?)"
    )
    raw.execute(sweep, (now_us, SWEPT_MAX))
    if raw.execute("SELECT 1 FROM saml_used WHERE tenant = ? AND key = ?", (tenant, key)).fetchone() is not None:
        return "again"
    if request_id is not None:
        row = raw.execute(
            "SELECT used_us FROM saml_logins WHERE id = ? AND tenant = ? AND until_us > ?", (request_id, tenant, now_us)
        ).fetchone()
        if row is None:
            return "gone"
        if row[0] is not None:
            return "again"
        raw.execute("UPDATE saml_logins SET used_us = ? WHERE id = ?", (now_us, request_id))
    raw.execute("INSERT INTO saml_used VALUES (?, ?, ?)", (tenant, key, until_us))
    return "first"
