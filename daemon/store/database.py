"""Opening and closing the store: one process, one file, everything released whatever happens.

Before it is used a database is admitted (``admission``): it is ours, has all that its high-water mark has seen, and is
sound. While it is used the mark is kept (``keeper``). Damage that is met on the way ends the process: callers are told
to come again, and whoever opened the store gets StoreRefused.
"""

import fcntl
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import trio

from actors.ports import Clock
from config.numbers import number_of
from daemon.store import reinstating
from daemon.store.acquaintance import SqlPersons
from daemon.store.activities import SqlActivities
from daemon.store.admission import admit, unheard
from daemon.store.aside import sweep
from daemon.store.attachments import SqlAttachments, discard
from daemon.store.audit import SqlAudit
from daemon.store.audit_anchor import accepted, fallen_behind, own_up
from daemon.store.carding import SqlCards
from daemon.store.chronicle import SqlChronicle
from daemon.store.conflicts import SqlConflicts
from daemon.store.connections import SqlConnections
from daemon.store.conserving import SqlConserving
from daemon.store.credentials import SqlCredentials
from daemon.store.documents import SqlDocuments
from daemon.store.dossier import SqlDossiers
from daemon.store.engine import AioEngine, Engine, InlineEngine, Reader, tune
from daemon.store.erasures import SqlErasures
from daemon.store.errors import StoreRefused, unopenable
from daemon.store.exporting import SqlExports
from daemon.store.feed import SqlFeed
from daemon.store.figures import SqlFigures
from daemon.store.finding import SqlFinding
from daemon.store.heard import SqlTidebook
from daemon.store.horizon import leased
from daemon.store.importing import SqlImports
from daemon.store.indexing import catch_up
from daemon.store.keeper import Keeper, Trouble
from daemon.store.ledger import SqlLedger
from daemon.store.lineage import Account, accept, snapshot
from daemon.store.mark import Lost, Mark, MarkFile, mark_path
from daemon.store.migrate import Migration, available, migrate, pending
from daemon.store.moves import SqlMoves
from daemon.store.naming import SqlNaming
from daemon.store.opening import UNHEARD, Opening
from daemon.store.outbox import SqlOutbox
from daemon.store.pilots import SqlPilots
from daemon.store.quarantine import SqlQuarantine
from daemon.store.queries import Queries
from daemon.store.records import SqlRecords
from daemon.store.relaying import SqlRelays
from daemon.store.remapping import SqlRemappings
from daemon.store.remembering import Remembering
from daemon.store.reminders import SqlReminders
from daemon.store.retention import SqlHousekeeping, make_returnable
from daemon.store.rosters import SqlRosters
from daemon.store.saml import SqlSaml
from daemon.store.sessions import SqlSessions
from daemon.store.sources import SqlSources
from daemon.store.statements import SqlStatements
from daemon.store.vault import SqlVault
from daemon.store.writer import Writer

ADMITTING = "looking whether the store is whole"
ANSWER_S = 0.5
"""How long answers may take to leave when the process ends for damage."""


class Store:
    """The opened store: the ports' implementations over one writer and two reading connections."""

    def __init__(
        self, path: Path, engine: Engine, reader: Engine, lrs_reader: Engine, clock: Clock, keeper: Keeper
    ) -> None:
        self.path = path
        self.keeper = keeper
        self.damage = ""
        self._damaged = trio.Event()
        self.writer = Writer(engine)
        self.writer.committed = keeper.committed
        self.writer.damaged = self._tell
        reader = Reader(reader, self._tell)
        self.lrs_reader = Reader(lrs_reader, self._tell)
        """For what is asked from outside, so that it never holds up what the actors read."""
        self.statements = SqlStatements(self.writer, reader, clock)
        self.attachments = SqlAttachments(self.lrs_reader)
        self.finding = SqlFinding(self.lrs_reader, self.statements.horizon)
        self.activities = SqlActivities(self.lrs_reader)
        self.feed = SqlFeed(self.lrs_reader)
        self.documents = SqlDocuments(self.writer, self.lrs_reader, clock)
        self.credentials = SqlCredentials(self.writer, self.lrs_reader)
        self.vault = SqlVault(self.writer, self.lrs_reader)
        self.connections = SqlConnections(self.writer, self.lrs_reader)
        self.sessions = SqlSessions(self.writer, self.lrs_reader)
        self.outbox = SqlOutbox(self.writer, reader)
        self.pilots = SqlPilots(self.writer, self.lrs_reader)
        self.ledger = SqlLedger(self.writer, reader)
        self.tidings = SqlTidebook(self.writer, reader)
        self.queries = Queries(self.writer, reader)
        self.naming = SqlNaming(self.lrs_reader)
        self.figures = SqlFigures(self.lrs_reader)
        self.remembering = Remembering(self.lrs_reader)
        self.moves = SqlMoves(self.lrs_reader)
        self.exports = SqlExports(self.lrs_reader)
        self.erasures = SqlErasures(self.writer, self.lrs_reader)
        self.imports = SqlImports(self.writer, reader, self.statements)
        self.persons = SqlPersons(self.writer, reader)
        self.conflicts = SqlConflicts(self.writer, self.lrs_reader, self.persons.rules)
        self.chronicle = SqlChronicle(self.writer, self.lrs_reader)
        self.cards = SqlCards(self.writer, self.lrs_reader)
        self.dossiers = SqlDossiers(self.writer, reader)
        self.records = SqlRecords(self.writer, reader, self.statements, clock, self.persons)
        self.relays = SqlRelays(self.writer, reader, self.statements, clock)
        self.reminders = SqlReminders(self.writer, reader, self.statements)
        self.rosters = SqlRosters(self.writer, reader)
        self.sources = SqlSources(self.writer, reader)
        self.remappings = SqlRemappings(self.writer, reader, self.persons)
        self.quarantine = SqlQuarantine(self.writer, self.lrs_reader)
        self.housekeeping = SqlHousekeeping(self.writer, reader)
        self.conserving = SqlConserving(self.writer, self.lrs_reader)
        self.saml = SqlSaml(self.writer, self.lrs_reader)
        self.audit = SqlAudit(self.writer, self.lrs_reader, clock)
        self.born_us = 0
        """When this store was made: nothing that happened before can have been posted from it."""

    async def probe(self) -> None:
        """A commit of its own, for the watchdog. Raises StoreUnavailable while the disk is full or busy."""
        await self.writer.submit(lambda raw: raw.execute("INSERT OR REPLACE INTO facts VALUES ('probe', '')"))

    def _tell(self, detail: str) -> None:
        """Damage was met: whichever connection met it first, nothing more is written."""
        self.damage = self.damage or detail
        self.writer.refuse(self.damage)
        self._damaged.set()

    async def end_when_damaged(self) -> None:
        """Returns never; raises StoreRefused once damage was met and those who asked have been answered."""
        await self._damaged.wait()
        with trio.CancelScope(shield=True):
            await self.keeper.ail(self.damage)
        await trio.sleep(ANSWER_S)
        raise StoreRefused(f"{self.path}: {self.damage}; what was not committed was refused")


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
        try:
            os.pwrite(self._handle, f"{os.getpid()}".ljust(31).encode() + b"\n", 0)
        except OSError:
            pass  # a full disk: the lock holds all the same, it only cannot say who holds it

    def release(self) -> None:
        os.close(self._handle)


@asynccontextmanager
async def open_store(
    path: Path, clock: Clock, *, inline: bool = False, trouble: Trouble = unheard, told: Opening = UNHEARD
) -> AsyncIterator[Store]:
    """The store, migrated and with its writer running. ``inline`` runs SQL on the calling thread (simulations), and
    then a mark is written only at the beginning, at the end and by ``store.keeper.keep()``. ``told`` hears how it goes.

    Raises StoreRefused, with advice, for a second process, a newer or foreign database, a damaged one, and one that
    has lost what was acknowledged; within a group and out of the body when damage is met later.
    """
    async with AsyncExitStack() as stack:
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = Lock(path)
            stack.callback(lock.release)
            told.step(ADMITTING)
            if reinstating.finish(path) is not None:
                trouble("store.restore_finished", None, path=str(path))
            admitted = admit(path, trouble)
            _private(path)
            sweep(path)
            keeper = Keeper(path, clock, trouble, inline=inline)
            stack.push_async_callback(keeper.close)
        except OSError as error:
            raise StoreRefused(f"cannot use {path}: {error.strerror or error}") from error
        try:
            told.step("opening the store, and recovering what its log has")
            engine: Engine = InlineEngine(path) if inline else await AioEngine.open(path)
            stack.push_async_callback(_close, engine)
            await engine.run(lambda raw: _upgrade(raw, clock.now_us(), told))
            former = admitted.reading.mark
            after_no = 0 if former is None else former.life_no
            floor = await engine.run(lambda raw: _own_up(raw, former, clock.now_us(), trouble))
            account = await engine.run(lambda raw: Account(raw, clock.now_us(), after_no))
            readers: list[Engine] = []
            for _ in range(2):
                readers.append(
                    InlineEngine(path, read_only=True) if inline else await AioEngine.open(path, read_only=True)
                )
                stack.push_async_callback(_close, readers[-1])
        except sqlite3.Error as error:
            raise StoreRefused(f"cannot open {path}: {unopenable(error)}") from error
        reader, lrs_reader = readers
        await keeper.begin(reader)
        store = Store(path, engine, reader, lrs_reader, clock, keeper)
        store.audit.floor = floor
        store.writer.seal = lambda raw: account.count(raw, clock.now_us())
        store.born_us = await engine.run(_born_us)
        store.statements.horizon.begin(await engine.run(leased))
        try:
            async with trio.open_nursery() as beside:
                beside.start_soon(store.end_when_damaged)
                if not inline:
                    beside.start_soon(keeper.run)
                async with trio.open_nursery() as writing:
                    await writing.start(store.writer.run)
                    try:
                        yield store
                    finally:
                        store.writer.close()
                beside.cancel_scope.cancel()
        finally:
            with trio.CancelScope(shield=True):
                await keeper.keep()


async def _close(engine: Engine) -> None:
    with trio.CancelScope(shield=True):
        await engine.close()


def _own_up(raw: sqlite3.Connection, former: Mark | None, now_us: int, trouble: Trouble) -> int:
    """Where the audit lacks rows that the mark has seen, it is said there and to the log; rows are numbered behind
    this from now on. Where the disk takes no row, only the log has it."""
    missing = fallen_behind(raw, former)
    if not missing or former is None:
        return 0
    trouble("audit.tail_missing", None, detail=missing)
    try:
        own_up(raw, missing, former, now_us)
    except sqlite3.OperationalError as error:
        trouble("audit.unwritten", error)
    return former.audited


def _born_us(raw: sqlite3.Connection) -> int:
    return int(raw.execute("SELECT applied_us FROM migrations WHERE version = 1").fetchone()[0])


def _upgrade(raw: sqlite3.Connection, now_us: int, told: Opening) -> list[Migration]:
    done = migrate(raw, now_us, told)
    told.step("making free space returnable")
    make_returnable(raw)
    told.step("indexing what an older version stored")
    discard(raw)
    catch_up(raw)
    return done


def _private(path: Path) -> None:
    """A new database is its owner's alone, whatever the umask and the directory; SQLite gives its log the same mode.
    One that is there keeps the mode that somebody gave it. Only while no connection is open: closing the file would
    take SQLite's locks with it. Raises OSError."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def outstanding(path: Path) -> list[str]:
    """Migrations that ``lmsyncd migrate`` would apply, by name; the file is not touched. Raises StoreRefused."""
    if not path.exists():
        return [migration.label for migration in available()]
    raw = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return [migration.label for migration in pending(raw)]
    except sqlite3.Error as error:
        raise StoreRefused(f"cannot read {path}: {unopenable(error)}") from error
    finally:
        raw.close()


def upgrade(path: Path, now_us: int, *, accept_loss: bool = False, told: Opening = UNHEARD) -> list[str]:
    """Apply them, with nobody else at the store; what was done, in words. ``accept_loss``: go on without commits that
    are missing (``lineage.accept``). Raises StoreRefused."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = Lock(path)
    try:
        told.step(ADMITTING)
        reinstating.finish(path)
        return upgrade_held(path, now_us, accept_loss=accept_loss, told=told)
    finally:
        lock.release()


def upgrade_held(
    path: Path,
    now_us: int,
    *,
    accept_loss: bool = False,
    presumed: Lost | None = None,
    by: str = "migrate",
    told: Opening = UNHEARD,
) -> list[str]:
    """``upgrade``, for who holds the lock. ``presumed``: a loss that no mark tells of and that is accepted. ``by``: the
    command that it is put on record with."""
    try:
        admitted = admit(path, unheard, accept_loss=accept_loss)
        _private(path)
        raw = sqlite3.connect(path)
        try:
            tune(raw, read_only=False)
            done = [f"applied {migration.label}" for migration in _upgrade(raw, now_us, told)]
            loss = admitted.loss or presumed
            if loss is not None:
                done.append(_accept(raw, path, loss, now_us, by))
            return done
        finally:
            raw.close()
    except (sqlite3.Error, OSError) as error:
        said = unopenable(error) if isinstance(error, sqlite3.Error) else error
        raise StoreRefused(f"cannot {by} {path}: {said}") from error


def _accept(raw: sqlite3.Connection, path: Path, loss: Lost, now_us: int, by: str) -> str:
    """Note the loss, and write a mark of what is left."""
    doubted = accept(raw, loss, now_us)
    accepted(raw, loss, now_us, by)
    file = MarkFile(mark_path(path))
    try:
        file.write(snapshot(raw, now_us))
    finally:
        file.close()
    missing = "an unknown number of commits" if loss.missing is None else number_of(loss.missing, "commits")
    return (
        f"accepted the loss of {missing}; {number_of(doubted, 'open deliveries', 'is', 'are')} looked for before "
        "anything is posted, and so is whatever is told again of that time"
    )
