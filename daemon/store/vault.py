"""The vault's rows: wrapped data keys, and the secrets that operators put in. Nothing here can open any of it.

``SHELVES`` lists every column that holds sealed values, other tables' too: resealing and the last look before a retired
key is let go walk it. Whoever keeps sealed values in a table adds a line.
"""

import sqlite3
from collections.abc import Callable, Sequence

import msgspec

from daemon.store.engine import Engine
from daemon.store.writer import Writer

RESEALED_MAX = 200
"""Values in one transaction."""


class WrappedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A data key at rest. ``retired_us``: since when it seals nothing new."""

    id: bytes
    tenant: str
    kek: bytes
    hint: bytes
    wrapped: bytes
    made_us: int
    wrapped_us: int
    retired_us: int | None = None


class StoredSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A secret that was put in, sealed. ``tenant`` empty: every tenant may refer to it."""

    tenant: str
    name: str
    version: int
    sealed: bytes
    set_us: int
    set_by: str


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """Where sealed values are kept. ``tenant``, ``name`` and ``version`` are SQL expressions over the table's columns
    that give what was said to ``Vault.seal``; ``kind`` is what was said there, as it is. NULL in the column: nothing is
    kept in this row."""

    table: str
    column: str
    kind: str
    tenant: str = "tenant"
    name: str = "name"
    version: str = "0"


SHELVES: tuple[Shelf, ...] = (
    Shelf(table="vault_secrets", column="sealed", kind="secret", version="version"),
    Shelf(
        table="connections",
        column="sealed",
        kind="connection",
        name="name || '/' || speaker",
        version="version",
    ),
)

Reseal = Callable[[Shelf, str, str, int, bytes], bytes | None]
"""(shelf, tenant, name, version, sealed) -> sealed with the key in use; None where it cannot be opened."""

_KEY = ", ".join(WrappedKey.__struct_fields__)
_KEY_MARKS = ", ".join("?" * len(WrappedKey.__struct_fields__))
_SECRET = ", ".join(StoredSecret.__struct_fields__)


class SqlVault:
    """All methods raise StoreUnavailable while the store takes or gives nothing."""

    def __init__(self, writer: Writer, reader: Engine) -> None:
        self._write = writer.submit
        self._read = reader.run

    async def keys(self) -> list[WrappedKey]:
        return await self._read(keys)

    async def add_key(self, new: WrappedKey) -> bool:
        """Whether it is the tenant's key in use now; not if the tenant has one already."""
        return await self._write(lambda raw: add_key(raw, new))

    async def replace_key(self, new: WrappedKey) -> None:
        """Retire the tenant's key in use, and use this one from now on."""
        await self._write(lambda raw: replace_key(raw, new))

    async def rewrap(self, rewrapped: Sequence[WrappedKey]) -> int:
        """How many were written: those that are wrapped as they were seen to be no longer are left alone."""
        return await self._write(lambda raw: rewrap(raw, rewrapped))

    async def secrets(self) -> list[StoredSecret]:
        return await self._read(secrets)


def keys(raw: sqlite3.Connection) -> list[WrappedKey]:
    found = raw.execute(f"SELECT {_KEY} FROM vault_keys ORDER BY tenant, made_us")  # noqa: S608  # constants only
    return [WrappedKey(**dict(zip(WrappedKey.__struct_fields__, row, strict=True))) for row in found]


def add_key(raw: sqlite3.Connection, new: WrappedKey) -> bool:
    if raw.execute("SELECT 1 FROM vault_keys WHERE tenant = ? AND retired_us IS NULL", (new.tenant,)).fetchone():
        return False
    raw.execute(f"INSERT INTO vault_keys ({_KEY}) VALUES ({_KEY_MARKS})", msgspec.structs.astuple(new))  # noqa: S608
    return True


def replace_key(raw: sqlite3.Connection, new: WrappedKey) -> None:
    raw.execute(
        "UPDATE vault_keys SET retired_us = ? WHERE tenant = ? AND retired_us IS NULL", (new.made_us, new.tenant)
    )
    raw.execute(f"INSERT INTO vault_keys ({_KEY}) VALUES ({_KEY_MARKS})", msgspec.structs.astuple(new))  # noqa: S608


def rewrap(raw: sqlite3.Connection, rewrapped: Sequence[WrappedKey]) -> int:
    return sum(
        raw.execute(
            "UPDATE vault_keys SET kek = ?, hint = ?, wrapped = ?, wrapped_us = ? WHERE id = ?",
            (each.kek, each.hint, each.wrapped, each.wrapped_us, each.id),
        ).rowcount
        for each in rewrapped
    )


def secrets(raw: sqlite3.Connection) -> list[StoredSecret]:
    found = raw.execute(f"SELECT {_SECRET} FROM vault_secrets ORDER BY tenant, name")  # noqa: S608  # constants only
    return [StoredSecret(**dict(zip(StoredSecret.__struct_fields__, row, strict=True))) for row in found]
