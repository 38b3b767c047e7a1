"""One writer, group commit: whatever waits is committed together, and callers resume after the fsync.

Each job runs in a savepoint of its own, so one caller's error costs nobody else anything; where it is alone it has
none, because a savepoint copies every page that is changed within it. A batch that has begun is finished whatever
happens above: the writer's work is shielded from cancellation, and shutdown drains the queue.

A transaction that changed anything counts itself before its commit (``seal``; see ``lineage``). Damage ends it all:
nothing more is written to a database that SQLite calls malformed, callers are told to come again, ``damaged`` hears.
"""

import sqlite3
import time
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

import trio

from actors.ports import StoreUnavailable
from daemon.store.engine import Engine, Job
from daemon.store.errors import StoreRefused, translate

T = TypeVar("T")
JOBS_MAX = 256  # in one transaction: bounds how long a caller waits behind others
RETURNS_S = 30  # when a caller may try again that met a damaged database


def _unheard() -> None:
    """Nobody follows the commits."""


def _untimed(_jobs: int, _seconds: float) -> None:
    """Nobody measures them."""


def _unsealed(raw: sqlite3.Connection) -> None:
    """Commits are not counted."""


def _undamaged(detail: str) -> None:
    """Nobody acts on damage."""


class _Pending:
    __slots__ = ("done", "error", "job", "value")

    def __init__(self, job: Job[Any]) -> None:
        self.job = job
        self.done = trio.Event()
        self.value: Any = None
        self.error: BaseException | None = None


class Writer:
    """Start ``run`` once in a nursery that outlives the callers; ``submit`` from anywhere; ``close`` to drain."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.seal: Callable[[sqlite3.Connection], None] = _unsealed
        """Runs inside each transaction that changed something, as its last part."""
        self.committed: Callable[[], None] = _unheard
        self.damaged: Callable[[str], None] = _undamaged
        self.timed: Callable[[int, float], None] = _untimed
        """Hears of each transaction how many jobs went into it, and how many seconds it took with its fsync."""
        self._refusal = ""
        self._queue: deque[_Pending] = deque()
        self._wake = trio.Event()
        self._closing = False
        self._running = False
        self.begun = 0
        """Transactions so far; the running one has this number."""
        self.commits = 0
        self.jobs = 0
        self.last_error: str | None = None

    @property
    def busy(self) -> bool:
        """Whether anything is queued or in the engine (virtual time must not leap meanwhile)."""
        return bool(self._queue) or self._running

    @property
    def transacting(self) -> bool:
        """Whether a transaction is in the engine."""
        return self._running

    async def submit(self, job: Job[T]) -> T:
        """Run the job inside the next transaction; returns after its commit is on disk.

        Raises StoreUnavailable (nothing was written, try later) or whatever the job raised (only it was undone).
        A caller that is cancelled while waiting leaves the job to happen all the same.
        """
        if self._closing:
            raise StoreUnavailable("the store is closing")
        if self._refusal:
            raise StoreUnavailable(self._refusal, RETURNS_S)
        pending = _Pending(job)
        self._queue.append(pending)
        self._wake.set()
        await pending.done.wait()
        if pending.error is not None:
            raise pending.error
        return pending.value  # type: ignore[no-any-return]  # typed by the job

    async def firmly(self, job: Job[T]) -> T:
        """As ``submit``, but a caller that is cancelled leaves only when it is known what became of the job: who holds
        a lock does not give it away while what was written under it is still to come. Raises the same."""
        done: list[T] = []
        with trio.CancelScope(shield=True):
            done.append(await self.submit(job))
        return done[0]

    async def apart(self, job: Job[T]) -> T:
        """Run the job between two transactions, for what cannot be done within one. Raises StoreUnavailable."""
        if self._closing or self._refusal:
            raise StoreUnavailable(self._refusal or "the store is closing")
        done: list[T] = []
        with trio.CancelScope(shield=True):
            done.append(await self._engine.run(job))
        return done[0]

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """The writer task. Ends after ``close``, when everything accepted is committed or refused."""
        task_status.started()
        with trio.CancelScope(shield=True):
            while not (self._closing and not self._queue):
                if not self._queue:
                    self._wake = trio.Event()
                    await self._wake.wait()
                    continue
                await self._commit_some()

    def close(self) -> None:
        """Accept nothing more; ``run`` returns when the queue is empty."""
        self._closing = True
        self._wake.set()

    async def _commit_some(self) -> None:
        batch = [self._queue.popleft() for _ in range(min(len(self._queue), JOBS_MAX))]
        self.begun += 1
        self._running = True
        began_s = time.perf_counter()
        try:
            if self._refusal:
                raise StoreUnavailable(self._refusal, RETURNS_S)  # noqa: TRY301  # to every caller, as below
            await self._engine.run(lambda raw: transact(raw, batch, self.seal))
            self.commits += 1
            self.jobs += len(batch)
            self.last_error = None
            self.committed()
            self.timed(len(batch), time.perf_counter() - began_s)
        except sqlite3.Error as error:
            self._fail(batch, self._met(translate(error)))
        except Exception as error:  # noqa: BLE001  # handed to every caller; the writer itself must go on
            self._fail(batch, error)
        finally:
            self._running = False
            for pending in batch:
                pending.done.set()

    def refuse(self, detail: str) -> None:
        """The database is damaged: write nothing more to it."""
        self._refusal = detail

    def _met(self, error: Exception) -> Exception:
        """Damage is told to whoever runs the store; to callers it is a store that takes nothing."""
        if not isinstance(error, StoreRefused):
            return error
        self.refuse(str(error))
        self.damaged(self._refusal)
        return StoreUnavailable(self._refusal, RETURNS_S)

    def _fail(self, batch: list[_Pending], error: Exception) -> None:
        self.last_error = f"{type(error).__name__}: {error}"
        for pending in batch:
            if pending.error is None:
                pending.error = _again(error)


def _again(error: Exception) -> Exception:
    """A fresh exception per caller where the type is ours: tracebacks of different tasks must not mix."""
    match error:
        case StoreUnavailable():
            return StoreUnavailable(str(error), error.retry_after_s)
        case _:
            return error


def transact(raw: sqlite3.Connection, batch: list[_Pending], seal: Callable[[sqlite3.Connection], None]) -> None:
    """All jobs in one transaction, each undone alone if it fails; sealed if anything changed. Raises sqlite3.Error if
    the whole must be undone."""
    raw.execute("BEGIN IMMEDIATE")
    try:
        before = raw.total_changes
        if len(batch) == 1:
            if not _tried(raw, batch[0], "ROLLBACK"):
                return
        else:
            for pending in batch:
                raw.execute("SAVEPOINT job")
                _tried(raw, pending, "ROLLBACK TO job")
                raw.execute("RELEASE job")
        if raw.total_changes != before:
            seal(raw)
        raw.execute("COMMIT")
    except BaseException:
        if raw.in_transaction:  # SQLite itself rolls back on some errors (FULL, IOERR)
            raw.execute("ROLLBACK")
        raise


def _tried(raw: sqlite3.Connection, pending: _Pending, undo: str) -> bool:
    """Whether the job did not fail; else it is undone, and only its caller hears of it."""
    try:
        pending.value = pending.job(raw)
    except Exception as error:
        if isinstance(error, sqlite3.Error) and isinstance(translate(error), StoreUnavailable | StoreRefused):
            raise  # the disk's trouble is everybody's
        raw.execute(undo)
        pending.error = error
        return False
    return True
