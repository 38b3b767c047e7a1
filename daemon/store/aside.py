"""A database file that is only read, beside the daemon that may be using it, or as a copy that nobody uses."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from daemon.store import reinstating
from daemon.store.errors import StoreRefused
from daemon.store.migrate import APPLICATION_ID

COPY = ".backup-copy"
"""Behind the database's name: a copy of it that is just being made; what a killed process left of one is removed."""


def sweep(database: Path) -> None:
    """For who holds the lock. Raises OSError."""
    for left in database.parent.glob(f"{database.name}{COPY}*"):
        left.unlink()
    with suppress(StoreRefused), reinstating.folder_held(database):  # one that is at work looks after its own
        reinstating.swept(database)


@contextmanager
def reading(path: Path, table: str, lacking: str, *, constraints: bool = False) -> Iterator[sqlite3.Connection]:
    """A connection of its own. ``table`` must be there, else the file is of a version without ``lacking``.
    ``constraints``: SQLite looks at CHECKs only in a file that it might write (it is kept from that all the same); only
    where nobody's log is waiting to be written back. Raises StoreRefused, also for what cannot be read in the body."""
    if not path.exists():
        raise StoreRefused(f"there is no database {path}")
    log = path.with_name(path.name + "-wal")
    still = not os.access(path.resolve().parent, os.W_OK) and not (log.exists() and log.stat().st_size)
    mode = "mode=ro&immutable=1" if still else "mode=ro"  # where nothing can be written, nothing is in use
    if constraints and not still:
        mode = "mode=rw"
    try:
        raw = sqlite3.connect(f"{path.resolve().as_uri()}?{mode}", uri=True, isolation_level=None)
    except sqlite3.Error as error:
        raise StoreRefused(f"cannot read {path}: {error}") from error
    try:
        raw.execute("PRAGMA query_only = ON")
        if raw.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            raise StoreRefused(f"{path} is no database of lmsyncd")
        if not raw.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone():
            raise StoreRefused(f"{path} was made by a version of lmsyncd without {lacking}")
        yield raw
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise StoreRefused(f"cannot read {path}: {error}") from error
    finally:
        raw.close()
