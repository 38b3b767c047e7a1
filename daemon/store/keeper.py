"""Keeps the high-water mark: soon after the first commit and from then on twice a second while there are more.

It follows the writer and never holds it up: what is committed is read on the reading connection, the file is written
in a thread. So whatever was acknowledged more than a second ago is marked, as long as the disk syncs within half a
second; where it does not, that is said.
"""

import sqlite3
from pathlib import Path
from typing import Protocol

import msgspec
import trio

from actors.ports import Clock, StoreUnavailable
from daemon.store.engine import Engine
from daemon.store.lineage import snapshot
from daemon.store.mark import Mark, MarkFile, mark_path

EVERY_S = 0.5
LATE_S = 0.5
"""A mark that takes longer than this leaves a gap that is worth a word."""


class Trouble(Protocol):
    """A warning for the log."""

    def __call__(self, name: str, error: BaseException | None = None, /, **fields: object) -> None: ...


class Keeper:
    """``run`` in life; ``keep`` for a mark now, also the last one; ``close`` when the database is closed."""

    def __init__(self, path: Path, clock: Clock, trouble: Trouble, *, inline: bool) -> None:
        """``path`` is the database's; its mark is beside it."""
        self._database = path
        self._file: MarkFile | None = None
        self._clock = clock
        self._trouble = trouble
        self._inline = inline
        self._reader: Engine | None = None
        self._committed = trio.Event()
        self._sick = False
        self._ended = False
        self.newest: Mark | None = None
        self.marks = 0

    async def begin(self, reader: Engine) -> None:
        """From now on there is something to mark: whatever was found, for a start."""
        self._reader = reader
        await self.keep()

    def committed(self) -> None:
        """The writer has committed something."""
        self._committed.set()

    async def run(self) -> None:
        """For ever; sleeps while nothing is committed."""
        while True:
            await self._committed.wait()
            self._committed = trio.Event()
            began_s = trio.current_time()
            with trio.CancelScope(shield=True):
                await self.keep()
            took_s = trio.current_time() - began_s
            if took_s > LATE_S and not self._sick:
                self._trouble("store.mark_late", None, took_s=round(took_s, 3))
            await trio.sleep(max(0.0, EVERY_S - took_s))

    async def keep(self) -> None:
        """Mark what is committed now. A disk that does not take it is said once, and it is tried again."""
        if self._reader is None or self._ended:
            return
        try:
            mark = await self._reader.run(lambda raw: snapshot(raw, self._clock.now_us()))
            await self._write(mark)
        except (OSError, StoreUnavailable, sqlite3.Error) as error:
            if not self._sick:
                self._trouble("store.mark_failed", error)
            self._sick = True
            self._committed.set()
            return
        self._sick = False

    async def ail(self, detail: str) -> None:
        """Reading showed damage: the next start looks at everything."""
        self._ended = True
        try:
            if self.newest is not None:
                await self._write(msgspec.structs.replace(self.newest, state="damaged", detail=detail))
        except OSError as error:
            self._trouble("store.mark_failed", error)

    async def close(self) -> None:
        """The database is closed and in good order, as far as we know: the next start need not look through it."""
        with trio.CancelScope(shield=True):
            try:
                if self.newest is not None and not self._ended and not self._sick:
                    told = self._database.stat()
                    closed = msgspec.structs.replace(
                        self.newest, state="closed", bytes=told.st_size, mtime_ns=told.st_mtime_ns
                    )
                    await self._write(closed)
            except OSError as error:
                self._trouble("store.mark_failed", error)
            finally:
                if self._file is not None:
                    self._file.close()

    async def _write(self, mark: Mark) -> None:
        if self._inline:
            self._write_now(mark)
        else:
            await trio.to_thread.run_sync(self._write_now, mark)
        self.newest = mark
        self.marks += 1

    def _write_now(self, mark: Mark) -> None:
        if self._file is None:
            self._file = MarkFile(mark_path(self._database))
        self._file.write(mark)
