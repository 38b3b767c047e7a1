"""A store that fails when told to: SQLite's own errors at the n-th job, commit or read, and death around a commit.

The engine is the real one for simulations (the same SQL on the caller's thread); its connection is a subclass that
looks at ``BEGIN`` and ``COMMIT``, and the writer names the jobs it is given, so that a commit knows what is in it.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec

from daemon.store import database
from daemon.store.engine import InlineEngine, tune
from daemon.store.writer import Writer
from tests.simulation.fate import Fate, calling
from tests.simulation.record import Record

KINDS: dict[str, tuple[int, str]] = {
    "full": (sqlite3.SQLITE_FULL, "database or disk is full"),
    "ioerr": (sqlite3.SQLITE_IOERR | (4 << 8), "disk I/O error"),  # SQLITE_IOERR_FSYNC
    "busy": (sqlite3.SQLITE_BUSY, "database is locked"),
}
WHERE = ("job", "commit", "read")


class Tremor(msgspec.Struct):
    """Strikes the ``nth`` job, commit or read from now on, and the ``times - 1`` after it."""

    where: str
    kind: str
    nth: int = 1
    times: int = 1


class Ground:
    """What shakes, for all lives of one run. ``quiet`` while a store is being opened."""

    def __init__(self, record: Record) -> None:
        self.tremors: list[Tremor] = []
        self.reached = dict.fromkeys(WHERE, 0)
        self.quiet = False
        self._record = record

    def shake(self, where: str) -> None:
        """Raises what SQLite would raise, if it is time."""
        if self.quiet:
            return
        self.reached[where] += 1
        for tremor in self.tremors:
            if tremor.where != where:
                continue
            tremor.nth -= 1
            if tremor.nth <= 0:
                tremor.times -= 1
                if tremor.times <= 0:
                    self.tremors.remove(tremor)
                self._record.note("db", tremor.kind, where, count=f"db {tremor.kind} at a {where}")
                raise failure(tremor.kind)


def failure(kind: str) -> sqlite3.Error:
    code, text = KINDS[kind]
    error = sqlite3.OperationalError(text)
    error.sqlite_errorcode = code
    error.sqlite_errorname = kind
    return error


class ShakyConnection(sqlite3.Connection):
    """``engine`` is set once it is open; before that, and without it, an ordinary connection."""

    engine: "ShakyEngine | None" = None

    def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:  # type: ignore[override]
        if self.engine is not None and sql == "COMMIT":
            return self.engine.commit(super().execute)
        return super().execute(sql, *args)


class ShakyEngine(InlineEngine):
    """``InlineEngine`` with a ground that shakes and a process that dies."""

    def __init__(self, ground: Ground, fate: Fate, path: Path | str, *, read_only: bool = False) -> None:
        self._connection = sqlite3.connect(path, check_same_thread=False, factory=ShakyConnection)
        tune(self._connection, read_only=read_only)
        self._connection.engine = self
        self._ground = ground
        self._fate = fate
        self._reads = read_only
        self.jobs: list[str] = []

    async def run(self, job: Callable[[sqlite3.Connection], Any]) -> Any:
        if self._fate.dead:
            raise failure("ioerr")  # whoever hears of it is dead as well
        if self._reads:
            self._ground.shake("read")
        self.jobs.clear()
        return await super().run(job)

    def commit(self, execute: Callable[[str], sqlite3.Cursor]) -> sqlite3.Cursor:
        names = list(dict.fromkeys(self.jobs))
        self._pass(names, "uncommitted")
        try:
            self._ground.shake("commit")
        except sqlite3.Error as error:
            if error.sqlite_errorname != "busy":
                execute("ROLLBACK")  # as SQLite itself does after FULL and IOERR
            raise
        done = execute("COMMIT")
        self._pass(names, "committed")
        return done

    def _pass(self, names: list[str], moment: str) -> None:
        for name in names:
            if not self._fate.dead:
                self._fate.strike(f"{name}:{moment}")
        if self._fate.dead:
            raise failure("ioerr")


class NamingWriter(Writer):
    """Tells its engine which jobs it runs, by the port's method that asked for them."""

    def __init__(self, engine: ShakyEngine) -> None:
        super().__init__(engine)
        self._shaky = engine

    async def submit(self, job: Callable[[sqlite3.Connection], Any]) -> Any:
        name = calling.get() or "somebody else"

        def named(raw: sqlite3.Connection) -> Any:
            value = job(raw)
            self._shaky.jobs.append(name)
            self._shaky._ground.shake("job")
            return value

        return await super().submit(named)


@contextmanager
def shaking(ground: Ground, fate: Fate) -> Iterator[None]:
    """Whatever store is opened meanwhile stands on this ground, and dies with this life."""

    def engine(path: Path | str, *, read_only: bool = False) -> ShakyEngine:
        return ShakyEngine(ground, fate, path, read_only=read_only)

    with mock.patch.object(database, "InlineEngine", engine), mock.patch.object(database, "Writer", NamingWriter):
        ground.quiet = True
        try:
            yield
        finally:
            ground.quiet = False
