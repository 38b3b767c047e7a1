"""The vault's rows: wrapped data keys, and the secrets that operators put in. Nothing here can open any of it.

``SHELVES`` lists every column that holds sealed values, other tables' too: resealing and the last look before a retired
key is let go walk it. Whoever keeps sealed values in a table adds a line.
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

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
    Shelf(
        table="clicks",
        column="body",
        kind="click",
        tenant="substr(lane, 1, instr(lane, '/') - 1)",
        name="substr(lane, instr(lane, '/') + 1) || '/' || id",
    ),
)

Reseal = Callable[[str, str, str, bytes, int], bytes | None]
"""(tenant, kind, name, sealed, version) -> sealed with the key in use; None where it cannot be opened."""


class Resealed(msgspec.Struct, frozen=True, kw_only=True):
    """What one transaction resealed. ``beyond``: go on after this one (empty: that was all)."""

    n: int
    left: int
    beyond: bytes


_KEY = ", ".join(WrappedKey.__struct_fields__)
_KEY_MARKS = ", ".join("?" * len(WrappedKey.__struct_fields__))
_SECRET = ", ".join(StoredSecret.__struct_fields__)


class SqlVault:
    """All methods raise StoreUnavailable while the store takes or gives nothing. Who is cancelled learns before they
    leave what became of their change: memory must not differ from the disk."""

    def __init__(self, writer: Writer, reader: Engine) -> None:
        self._write = writer.firmly
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

    async def put(self, secret: StoredSecret) -> bool:
        """Whether it was written: only as the version after the one that is there, or as the first."""
        return await self._write(lambda raw: put(raw, secret))

    async def remove(self, which: Sequence[tuple[str, str]]) -> int:
        """By (tenant, name); how many there were."""
        return await self._write(lambda raw: remove(raw, which))

    async def reseal(self, shelf: Shelf, tenant: str, in_use: bytes, after: bytes, how: Reseal) -> Resealed:
        """Some of the tenant's values that are not sealed with the key in use; ``how`` runs in the transaction."""
        return await self._write(lambda raw: reseal(raw, shelf, tenant, in_use, after, how))

    async def let_go(self, key_ids: Sequence[bytes]) -> list[bytes]:
        """Remove those of these retired keys that nothing is sealed with any more."""
        return await self._write(lambda raw: let_go(raw, key_ids))

    async def sealed_with(self) -> dict[bytes, int]:
        """How many values are sealed with each data key."""
        return await self._read(sealed_with)

    async def shred(self, tenant: str) -> dict[str, int]:
        """Remove all data keys of a tenant and what operators put in for it: whatever else was sealed with them stays
        where it is, unreadable for good. How many of each."""
        return await self._write(lambda raw: shred(raw, tenant))


def put_into(path: Path) -> frozenset[tuple[str, str]]:
    """The (tenant, name) of every secret in a database, which may be in use; none where there is no such database, or
    none that can be read. For looking at a configuration before the store is open."""
    if not path.is_file():
        return frozenset()
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as raw:
            return frozenset(raw.execute("SELECT tenant, name FROM vault_secrets").fetchall())
    except sqlite3.Error:
        return frozenset()  # older than the vault, or not ours: whoever opens it says so


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


def put(raw: sqlite3.Connection, new: StoredSecret) -> bool:
    row = raw.execute(
        "SELECT version FROM vault_secrets WHERE tenant = ? AND name = ?", (new.tenant, new.name)
    ).fetchone()
    if new.version != (row[0] if row is not None else 0) + 1:
        return False
    marks = ", ".join("?" * len(StoredSecret.__struct_fields__))
    raw.execute(
        f"INSERT OR REPLACE INTO vault_secrets ({_SECRET}) VALUES ({marks})",  # noqa: S608  # constants only
        msgspec.structs.astuple(new),
    )
    return True


def remove(raw: sqlite3.Connection, which: Sequence[tuple[str, str]]) -> int:
    return sum(raw.execute("DELETE FROM vault_secrets WHERE tenant = ? AND name = ?", each).rowcount for each in which)


def reseal(raw: sqlite3.Connection, shelf: Shelf, tenant: str, in_use: bytes, after: bytes, how: Reseal) -> Resealed:
    found = raw.execute(
        f"SELECT {shelf.column}, {shelf.name}, {shelf.version} FROM {shelf.table} "  # noqa: S608  # constants only
        f"WHERE {shelf.tenant} = ? AND {shelf.column} > ? AND substr({shelf.column}, 2, 8) != ? "
        f"ORDER BY {shelf.column} LIMIT ?",
        (tenant, after, in_use, RESEALED_MAX),
    ).fetchall()
    n = 0
    for sealed, name, version in found:
        fresh = how(tenant, shelf.kind, name, sealed, version)
        if fresh is not None:
            n += raw.execute(
                f"UPDATE {shelf.table} SET {shelf.column} = ? WHERE {shelf.tenant} = ? AND {shelf.column} = ?",  # noqa: S608
                (fresh, tenant, sealed),
            ).rowcount
    return Resealed(n=n, left=len(found) - n, beyond=found[-1][0] if len(found) == RESEALED_MAX else b"")


def sealed_with(raw: sqlite3.Connection) -> dict[bytes, int]:
    counted: dict[bytes, int] = {}
    for shelf in SHELVES:
        for key_id, n in raw.execute(
            f"SELECT substr({shelf.column}, 2, 8) AS id, count(*) FROM {shelf.table} "  # noqa: S608  # constants only
            f"WHERE {shelf.column} IS NOT NULL GROUP BY id"
        ):
            counted[bytes(key_id)] = counted.get(bytes(key_id), 0) + n
    return counted


def let_go(raw: sqlite3.Connection, key_ids: Sequence[bytes]) -> list[bytes]:
    needed = sealed_with(raw)
    gone = [key_id for key_id in key_ids if key_id not in needed]
    raw.executemany("DELETE FROM vault_keys WHERE id = ? AND retired_us IS NOT NULL", [(key_id,) for key_id in gone])
    return gone


def shred(raw: sqlite3.Connection, tenant: str) -> dict[str, int]:
    return {
        "keys": raw.execute("DELETE FROM vault_keys WHERE tenant = ?", (tenant,)).rowcount,
        "secrets": raw.execute("DELETE FROM vault_secrets WHERE tenant = ?", (tenant,)).rowcount,
    }
