"""A backup is opened again: with the vault's key or a private one, into a file of its own, and compared with the store
whose place it may take."""

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from daemon.backup.copying import Watch, copy
from daemon.backup.recipients import Identity, identity
from daemon.backup.refusing import BackupRefused
from daemon.backup.sealed import Header, decrypted, read_head
from daemon.backup.vaulted import open_by_key, open_by_vault
from daemon.store import lineage, mark
from daemon.store.aside import reading
from daemon.store.mark import Lineage, Verdict
from daemon.vault.envelope import VaultUnusable
from daemon.vault.keks import Kek, LocalKek, read_key
from daemon.vault.opening import Keks

SQLITE = b"SQLite format 3\0"
RESERVE_BYTES = 64 * 1024 * 1024
MODE = 0o600


class Held(NamedTuple):
    """Keys that somebody brings along: a private key, or keys of a vault."""

    identity: Identity | None
    keks: Sequence[Kek]


def held(path: Path, passphrase: Callable[[], bytes]) -> Held:
    """What a key file has: a private key in PEM (``passphrase`` is asked where it wants one), or keys of a vault, a
    line each, as in ``lmsyncd.db.vault``. Raises BackupRefused, OSError."""
    text = path.read_bytes()
    if b"-----BEGIN" in text:
        try:
            return Held(identity(text), ())
        except TypeError:
            return Held(identity(text, passphrase()), ())
    try:
        lines = text.decode("ascii").split()
        if not lines:
            raise BackupRefused(f"{path} is empty")
        return Held(None, [LocalKek(read_key(line), str(path)) for line in lines])
    except (UnicodeDecodeError, VaultUnusable):
        raise BackupRefused(f"{path} has neither a private key in PEM nor keys of a vault") from None


async def file_key(header: Header, keks: Keks, brought: Held | None) -> bytes:
    """The key of the file. Raises BackupRefused, which says whose key it takes."""
    found: bytes | None = None
    if brought is not None and brought.identity is not None:
        found = brought.identity.open(header.keys, header.salt)
    elif brought is not None:
        found = await open_by_key(brought.keks, header.keys, header.salt)
    else:
        found = await open_by_vault(keks, header.keys, header.salt)
    if found is None:
        wanted = ", ".join(f"{each.kind} {each.key}" for each in header.keys)
        raise BackupRefused(f"this backup is for {wanted}; name a file with that private key by --identity")
    return found


def header_of(path: Path) -> Header:
    """What a backup says of itself; nothing is proven by it. Raises BackupRefused, OSError."""
    with path.open("rb") as file:
        return read_head(file)[0]


def unpack(path: Path, into: Path, key: bytes, told: Callable[[int, int], None]) -> Header:
    """The database, whole, on disk and its owner's alone. ``told`` hears how far it is. Raises BackupRefused, OSError;
    then there is no file."""
    with path.open("rb") as file:
        header, head = read_head(file)
        free = shutil.disk_usage(into.parent).free
        needed = header.database_bytes + RESERVE_BYTES
        if free < needed:
            raise BackupRefused(f"{into.parent} has {free / 1e6:,.0f} MB free, and {needed / 1e6:,.0f} MB are needed")
        handle = os.open(into, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, MODE)
        try:
            with os.fdopen(handle, "wb") as out:
                for block in decrypted(file, header, head, key):
                    out.write(block)
                    told(out.tell(), header.database_bytes)
                out.flush()
                os.fsync(out.fileno())
        except BaseException:
            into.unlink(missing_ok=True)
            raise
    return header


def is_database(path: Path) -> bool:
    """Whether it is a database as it is, not encrypted. Raises OSError."""
    with path.open("rb") as file:
        return file.read(len(SQLITE)) == SQLITE


def adopt(path: Path, into: Path, now_us: int, told: Callable[[int, int], None]) -> Header:
    """A plain database, one that was decrypted or that something else than we kept a copy of, with what stands in the
    log beside it: copied as a backup would be unpacked, and told of as one. Raises BackupRefused, StoreRefused,
    OSError."""
    watch = Watch()
    if into.exists():  # it may be the very file
        raise BackupRefused(f"{into} is there already")
    try:
        made = copy(path, into, now_us, watch, lambda: told(watch.done, watch.of), RESERVE_BYTES)
    except sqlite3.Error as error:
        raise BackupRefused(f"{path} cannot be read: {error}") from None
    with into.open("r+b") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
    return Header(
        lmsyncd="",
        schema=made.schema,
        made_us=now_us,
        database_bytes=made.bytes,
        sha256=digest,
        mark=made.mark,
        salt=b"",
        keys=(),
    )


class Holdings(msgspec.Struct, frozen=True, kw_only=True):
    """What a database holds, in numbers."""

    tenants: tuple[str, ...]
    statements: int
    deliveries: dict[str, int]
    keks: tuple[str, ...]
    """Ids of the vault's keys that secrets in it need."""


def holdings(database: Path) -> tuple[Lineage, Holdings]:
    """Raises StoreRefused."""
    with reading(database, "commits", "an account of its commits") as raw:
        here = lineage.read(raw)
        depths = dict(raw.execute("SELECT state, sum(n) FROM depths WHERE n > 0 GROUP BY state ORDER BY state"))
        return here, Holdings(
            tenants=tuple(
                name
                for (name,) in raw.execute(
                    "SELECT tenant FROM statements UNION SELECT tenant FROM cursors ORDER BY tenant"
                )
            ),
            statements=int(raw.execute("SELECT count(*) FROM statements").fetchone()[0]),
            deliveries={str(state): int(n) for state, n in depths.items()},
            keks=tuple(kek.hex() for (kek,) in raw.execute("SELECT DISTINCT kek FROM vault_keys ORDER BY kek")),
        )


def compared(store: Path, found: Lineage) -> tuple[mark.Reading, Verdict]:
    """What the mark of a store's place says of a database that may be put there. Raises OSError."""
    told = mark.read(mark.mark_path(store))
    return told, mark.judge(told, found)
