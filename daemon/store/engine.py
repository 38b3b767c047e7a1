"""Where SQL runs. A job is handed the raw connection on the thread that owns it, so that a whole group of jobs costs
one hop: aiosqlite's thread in life, the caller's own thread in seeded simulations.

That thread answers to trio directly. The way through an asyncio loop within trio cost the main thread 140 µs a job
where this one costs 60; the loop (``trio_asyncio.open_loop()``) is needed to open and close a connection only.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

import aiosqlite
import outcome
import trio
import trio_asyncio

from actors.ports import StoreUnavailable
from daemon.store.errors import StoreRefused, translate

T = TypeVar("T")
Job = Callable[[sqlite3.Connection], T]
INCREMENTAL = 2
CHECKPOINT_PAGES = 4000
"""16 MiB: pages that are written again meanwhile go to the database once. Took a quarter off the cost of commits."""
WRITER_CACHE_KIB, READER_CACHE_KIB = 16 * 1024, 8 * 1024
"""Of pages, at most: 32 MiB for the writer and its two readers together, however large the database grows. A reader
forgets all of its pages at the next commit, and what is not here is one copy away, in Linux's own cache."""


class Engine(Protocol):
    """Runs one job at a time on one connection. ``run`` must not be cancelled half-way: callers shield it."""

    async def run(self, job: Job[T]) -> T: ...

    async def close(self) -> None: ...


def tune(connection: sqlite3.Connection, *, read_only: bool) -> None:
    """WAL and full sync: what was committed is on disk. Foreign keys are not used; CHECKs pin the states."""
    connection.isolation_level = None
    connection.execute("PRAGMA busy_timeout = 2000")
    if read_only:
        connection.execute("PRAGMA query_only = ON")
    else:
        if connection.execute("PRAGMA auto_vacuum").fetchone()[0] != INCREMENTAL:  # to say so again would write
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # of a new file: what falls free can be given back
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA journal_size_limit = 67108864")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        connection.execute("PRAGMA secure_delete = ON")  # what is removed is overwritten, not only let go
    connection.execute(f"PRAGMA cache_size = -{READER_CACHE_KIB if read_only else WRITER_CACHE_KIB}")
    connection.execute("PRAGMA temp_store = MEMORY")


class _Answer:
    """Stands where aiosqlite's thread expects a future and its loop: what it is given wakes the task that asked."""

    __slots__ = ("_abandoned", "_task", "_token")

    def __init__(self) -> None:
        self._task = trio.lowlevel.current_task()
        self._token = trio.lowlevel.current_trio_token()
        self._abandoned = False

    async def wait(self) -> Any:
        """The job's result, or its exception. Who is cancelled leaves the job to happen all the same."""
        return await trio.lowlevel.wait_task_rescheduled(self._abandon)

    def _abandon(self, _raise_cancel: object) -> trio.lowlevel.Abort:
        self._abandoned = True
        return trio.lowlevel.Abort.SUCCEEDED

    # ── as aiosqlite's thread sees it: a future, and the loop that the future belongs to ─────────────

    def get_loop(self) -> "_Answer":
        return self

    def call_soon_threadsafe(self, setter: Callable[..., object], *arguments: object) -> None:
        self._token.run_sync_soon(setter, *arguments)

    def done(self) -> bool:
        return self._abandoned

    def set_result(self, value: object) -> None:
        trio.lowlevel.reschedule(self._task, outcome.Value(value))

    def set_exception(self, error: BaseException) -> None:
        trio.lowlevel.reschedule(self._task, outcome.Error(error))


class AioEngine:
    """An aiosqlite connection. Needs a trio-asyncio loop around it (``trio_asyncio.open_loop()``)."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self._loop = trio_asyncio.current_loop.get()  # kept: actors begin in an empty context, which knows of no loop

    @classmethod
    async def open(cls, path: Path, *, read_only: bool = False) -> "AioEngine":
        connection = aiosqlite.connect(path)
        await trio_asyncio.aio_as_trio(connection.__aenter__)()
        engine = cls(connection)
        try:
            await engine.run(lambda raw: tune(raw, read_only=read_only))
        except BaseException:
            await engine.close()  # an open aiosqlite thread keeps the process alive for ever
            raise
        return engine

    async def run(self, job: Job[T]) -> T:
        # aiosqlite offers one hop per statement in public; its thread's queue takes any function, so a whole group of
        # statements is one hop here. The lock file pins the version this was read in.
        raw, answer = self._connection._conn, _Answer()
        self._connection._tx.put_nowait((answer, lambda: job(raw)))  # type: ignore[arg-type]  # all it needs of a future
        return await answer.wait()  # type: ignore[no-any-return]  # typed by the job

    async def close(self) -> None:
        with trio.CancelScope(shield=True):
            await self._loop.run_aio_coroutine(self._connection.close())


class InlineEngine:
    """The same SQL on the caller's thread: no other thread takes part, so a seed replays exactly."""

    def __init__(self, path: Path | str, *, read_only: bool = False) -> None:
        self._connection = sqlite3.connect(path, check_same_thread=False)
        tune(self._connection, read_only=read_only)

    async def run(self, job: Job[T]) -> T:
        await trio.lowlevel.checkpoint()
        return job(self._connection)

    async def close(self) -> None:
        self._connection.close()


def _unheard(detail: str) -> None:
    """Nobody acts on damage."""


class Reader:
    """An engine for reading whose errors are ours. Damage is told to ``damaged``; to callers a damaged database is one
    that cannot be read just now, because the process is about to end."""

    def __init__(self, engine: Engine, damaged: Callable[[str], None] = _unheard) -> None:
        self._engine = engine
        self._damaged = damaged

    async def run(self, job: Job[T]) -> T:
        """Raises StoreUnavailable, or whatever the job raised."""
        try:
            return await self._engine.run(job)
        except sqlite3.Error as error:
            said = translate(error)
            if isinstance(said, StoreRefused):
                self._damaged(str(said))
                said = StoreUnavailable(str(said))
            if said is error:
                raise
            raise said from error

    async def close(self) -> None:
        await self._engine.close()
