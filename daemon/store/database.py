"""Opening and closing the store: one process, one file, everything released whatever happens."""

import fcntl
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from secrets import token_hex

import trio

from actors.ports import Clock
from daemon.store.engine import AioEngine, Engine, InlineEngine, Reader, tune
from daemon.store.errors import StoreRefused, translate
from daemon.store.ledger import SqlLedger
from daemon.store.migrate import Migration, available, migrate, pending
from daemon.store.outbox import SqlOutbox
from daemon.store.queries import Queries
from daemon.store.retention import SqlHousekeeping, make_returnable
from daemon.store.statements import SqlStatements
from daemon.store.writer import Writer


class Store:
    """The opened store: the ports' implementations over one writer and one reading connection."""

    def __init__(self, path: Path, engine: Engine, reader: Engine, clock: Clock) -> None:
        self.path = path
        self.writer = Writer(engine)
        self.statements = SqlStatements(self.writer, Reader(reader), clock)
        self.outbox = SqlOutbox(self.writer, Reader(reader))
        self.ledger = SqlLedger(self.writer, Reader(reader))
        self.queries = Queries(self.writer, reader)
        self.housekeeping = SqlHousekeeping(self.writer, Reader(reader))
        self.born_us = 0
        """When this store was made: nothing that happened before can have been posted from it."""

    async def probe(self) -> None:
        """A commit of its own, for the watchdog. Raises StoreUnavailable while the disk is full or busy."""
        await self.writer.submit(lambda raw: raw.execute("INSERT OR REPLACE INTO facts VALUES ('probe', '')"))


class Lock:
    """One process per store, by ``flock`` on a file beside it; the file says who holds it."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(self._handle, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._handle)
            raise StoreRefused(
                f"another lmsyncd (process {holder}) uses {path}; one process per store: stop it first"
            ) from None
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        os.close(self._handle)


@asynccontextmanager
async def open_store(path: Path, clock: Clock, *, inline: bool = False) -> AsyncIterator[Store]:
    """The store, migrated and with its writer running. ``inline`` runs SQL on the calling thread (simulations).

    Raises StoreRefused, with advice, for a second process, a newer or foreign database, a damaged file.
    """
    async with AsyncExitStack() as stack:
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = Lock(path)
        except OSError as error:
            raise StoreRefused(f"cannot use {path}: {error.strerror or error}") from error
        stack.callback(lock.release)
        try:
            engine: Engine = InlineEngine(path) if inline else await AioEngine.open(path)
            stack.push_async_callback(_close, engine)
            await engine.run(lambda raw: _prepare(raw, clock.now_us()))
            reader: Engine = (
                InlineEngine(path, read_only=True) if inline else await AioEngine.open(path, read_only=True)
            )
            stack.push_async_callback(_close, reader)
        except sqlite3.Error as error:
            raise StoreRefused(f"cannot open {path}: {translate(error)}") from error
        store = Store(path, engine, reader, clock)
        store.born_us = await engine.run(_born_us)
        async with trio.open_nursery() as nursery:
            await nursery.start(store.writer.run)
            try:
                yield store
            finally:
                store.writer.close()


async def _close(engine: Engine) -> None:
    with trio.CancelScope(shield=True):
        await engine.close()


def _born_us(raw: sqlite3.Connection) -> int:
    return int(raw.execute("SELECT applied_us FROM migrations WHERE version = 1").fetchone()[0])


def _prepare(raw: sqlite3.Connection, now_us: int) -> None:
    _upgrade(raw, now_us)
    raw.execute("INSERT OR IGNORE INTO facts VALUES ('store_id', ?)", (token_hex(8),))


def _upgrade(raw: sqlite3.Connection, now_us: int) -> list[Migration]:
    done = migrate(raw, now_us)
    make_returnable(raw)
    return done


def outstanding(path: Path) -> list[str]:
    """Migrations that ``lmsyncd migrate`` would apply, by name; the file is not touched. Raises StoreRefused."""
    if not path.exists():
        return [migration.label for migration in available()]
    raw = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return [migration.label for migration in pending(raw)]
    except sqlite3.Error as error:
        raise StoreRefused(f"cannot read {path}: {translate(error)}") from error
    finally:
        raw.close()


def upgrade(path: Path, now_us: int) -> list[str]:
    """Apply them, with nobody else at the store; their names. Raises StoreRefused."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = Lock(path)
    raw = sqlite3.connect(path)
    try:
        tune(raw, read_only=False)
        return [migration.label for migration in _upgrade(raw, now_us)]
    except sqlite3.Error as error:
        raise StoreRefused(f"cannot migrate {path}: {translate(error)}") from error
    finally:
        raw.close()
        lock.release()
