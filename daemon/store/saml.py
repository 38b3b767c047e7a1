"""What sign-on by SAML has to remember beyond a restart: which assertions and requests were used, and the metadata of
identity providers. Nothing is written here for a stranger; nothing tells who somebody is, and nothing opens anything.
"""

import hashlib
import sqlite3
from collections.abc import Mapping

import msgspec

from daemon.store.engine import Engine
from daemon.store.writer import Writer

SWEPT_MAX = 200
"""What is over leaves with whatever is written next, so many rows at a time."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """An identity provider's metadata, as they were read from ``url``."""

    url: str
    body: bytes
    read_us: int


def assertion_key(issuer: str, assertion_id: str) -> bytes:
    """By which an assertion is known again."""
    return hashlib.sha256(b"%d:%b%b" % (len(issuer.encode()), issuer.encode(), assertion_id.encode())).digest()


def request_key(request_id: str) -> bytes:
    """By which a request of ours is known again."""
    return hashlib.sha256(b"request:" + request_id.encode()).digest()


class SqlSaml:
    """All of these raise StoreUnavailable."""

    def __init__(self, writer: Writer, reader: Engine) -> None:
        self._write = writer.submit
        self._read = reader.run

    async def use(self, tenant: str, keys: Mapping[bytes, int], now_us: int) -> bool:
        """Whether none of these was used before; from now on all are, each until the time given (us)."""
        return await self._write(lambda raw: _use(raw, tenant, keys, now_us))

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


def _use(raw: sqlite3.Connection, tenant: str, keys: Mapping[bytes, int], now_us: int) -> bool:
    sweep = (
        "DELETE FROM saml_used WHERE (tenant, key) IN (SELECT tenant, key FROM saml_used WHERE until_us <= ? LIMIT ?)"
    )
    raw.execute(sweep, (now_us, SWEPT_MAX))
    known = "SELECT 1 FROM saml_used WHERE tenant = ? AND key = ?"
    if any(raw.execute(known, (tenant, key)).fetchone() is not None for key in keys):
        return False
    raw.executemany("INSERT INTO saml_used VALUES (?, ?, ?)", [(tenant, key, until) for key, until in keys.items()])
    return True
