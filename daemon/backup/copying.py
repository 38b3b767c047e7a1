"""One state of the database as a file, taken beside the writer.

A connection of its own holds a snapshot (a reader of the write-ahead log never waits for the writer, nor the writer for
it) and copies a megabyte at a time, resting as long as each step took. Meanwhile the log cannot begin anew, so it
grows by what is written; where the disk comes to its end the copy is given up, not the daemon. The grown log is written
back here too (``write_back``): the writer would do it within a commit, and everybody would wait.
"""

import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec

from daemon.backup.refusing import BackupRefused
from daemon.store.engine import CHECKPOINT_PAGES
from daemon.store.lineage import snapshot
from daemon.store.mark import Mark

STEP_PAGES = 256
REST_S_MAX = 1.0
ROUNDS_MAX = 5
"""The log is written back so often: what is written meanwhile is less each time."""
RESERVE_BYTES = 256 * 1024 * 1024
"""So much of the disk is left to the daemon."""


class Watch:
    """How far it is, for whoever looks from another thread; ``stop`` ends it at its next step."""

    def __init__(self) -> None:
        self.doing = "waiting"
        self.done = 0
        self.of = 0
        self.stop = False

    def step(self, doing: str, done: int, of: int) -> None:
        """Raises Stopped where nobody waits for it any more."""
        self.doing, self.done, self.of = doing, done, of
        if self.stop:
            raise Stopped("given up")


class Stopped(Exception):
    """Whoever asked for it has gone."""


class Copied(msgspec.Struct, frozen=True, kw_only=True):
    """What was copied. ``log_bytes``: the most that the write-ahead log came to meanwhile."""

    mark: Mark
    schema: int
    bytes: int
    log_bytes: int


class Resting:
    """Sleeps as long as the last step took: half of the time is everybody else's."""

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep
        self._since_s = time.monotonic()

    def __call__(self) -> None:
        self._sleep(min(REST_S_MAX, time.monotonic() - self._since_s))
        self._since_s = time.monotonic()


def copy(
    source: Path,
    into: Path,
    now_us: int,
    watch: Watch,
    rest: Callable[[], None] | None = None,
    reserve: int | None = None,
) -> Copied:
    """Blocks: call it in a thread. ``into`` is made, its owner's alone; what is there is overwritten. Raises
    BackupRefused, Stopped, sqlite3.Error, OSError; then there is no file."""
    rest = rest or Resting()
    left = RESERVE_BYTES if reserve is None else reserve
    os.close(os.open(into, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    try:
        with (
            closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)) as raw,
            closing(sqlite3.connect(into, isolation_level=None)) as target,
        ):
            target.execute("PRAGMA synchronous = OFF")  # it is thrown away if anything goes wrong
            target.execute("PRAGMA journal_mode = OFF")
            raw.execute("BEGIN")
            mark = snapshot(raw, now_us)  # from here on the state is held
            page_bytes, pages = (
                int(raw.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_size", "page_count")
            )
            _room(into.parent, page_bytes * pages + left)
            schema = int(raw.execute("SELECT max(version) FROM migrations").fetchone()[0])
            log, log_bytes = source.with_name(source.name + "-wal"), 0

            def stepped(_status: int, remaining: int, total: int) -> None:
                nonlocal log_bytes
                watch.step("copying", (total - remaining) * page_bytes, total * page_bytes)
                log_bytes = max(log_bytes, log.stat().st_size if log.exists() else 0)
                _room(into.parent, left)
                rest()

            raw.backup(target, pages=STEP_PAGES, progress=stepped)
            raw.execute("ROLLBACK")
        return Copied(mark=mark, schema=schema, bytes=into.stat().st_size, log_bytes=log_bytes)
    except BaseException:
        discard(into)
        raise


def write_back(source: Path) -> None:
    """The log's frames into the database, while the writer goes on: it must not begin to do so itself meanwhile.
    Blocks. Raises sqlite3.Error."""
    with closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None)) as raw:
        for _ in range(ROUNDS_MAX):
            _, frames, written = raw.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            if frames - written <= CHECKPOINT_PAGES:
                return


def discard(copy: Path) -> None:
    """A copy, and what SQLite may have put beside it."""
    for path in (copy, copy.with_name(copy.name + "-wal"), copy.with_name(copy.name + "-shm")):
        path.unlink(missing_ok=True)


def _room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise BackupRefused(
            f"{folder} has {free / 1e6:,.0f} MB free, and {needed / 1e6:,.0f} MB are needed: "
            "a copy of the database lies there while a backup is made"
        )
