"""Where a backup goes on the disk of whoever asked for it, and which older ones make room.

The file has its name only when it is whole and on disk; until then it is hidden beside its place, and removed when
anything goes wrong. Older ones leave after that, never before.
"""

import fcntl
import os
import re
import shutil
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from daemon.backup.refusing import BackupRefused
from daemon.store.folders import sync_folder

MODE = 0o600
OVERHEAD_BYTES = 1024 * 1024


def name_of(store: str, at_us: int) -> str:
    """What a backup is called; the names of one store are in the order of their times."""
    return f"lmsyncd-{store}-{datetime.fromtimestamp(at_us / 1e6, UTC):%Y%m%dT%H%M%SZ}.backup"


def siblings(folder: Path, store: str) -> list[Path]:
    """The backups of a store in a folder, the newest first."""
    ours = re.compile(rf"lmsyncd-{re.escape(store)}-\d{{8}}T\d{{6}}Z\.backup")
    return sorted((path for path in folder.iterdir() if ours.fullmatch(path.name) and path.is_file()), reverse=True)


class Placed:
    """A file that is being written. Use it as a context; ``keep`` at the end, else nothing is left."""

    def __init__(self, path: Path, bytes_max: int) -> None:
        """Raises BackupRefused where it is there already or has no room, OSError."""
        self.path = path
        self._part = path.with_name(f".{path.name}.part")
        if path.exists():
            raise BackupRefused(f"{path} is there already; name another file, or a directory")
        free = shutil.disk_usage(path.parent).free
        if free < bytes_max + OVERHEAD_BYTES:
            raise BackupRefused(
                f"{path.parent} has {free / 1e6:,.0f} MB free, and the backup may need {bytes_max / 1e6:,.0f} MB"
            )
        self._part.unlink(missing_ok=True)
        self._handle = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, MODE)
        fcntl.flock(self._handle, fcntl.LOCK_EX)  # so that it is not taken for one that was left
        self._open = True
        self.bytes = 0

    def __enter__(self) -> "Placed":
        return self

    def __exit__(self, *exception: object) -> None:
        if self._open:
            os.close(self._handle)
            self._open = False
        self._part.unlink(missing_ok=True)

    def write(self, data: bytes) -> None:
        """Raises OSError."""
        view = memoryview(data)
        while view:
            written = os.write(self._handle, view)
            self.bytes += written
            view = view[written:]

    def keep(self) -> None:
        """It is whole: on disk, and under its name. Raises OSError."""
        os.fsync(self._handle)
        os.close(self._handle)
        self._open = False
        self._part.rename(self.path)
        sync_folder(self.path.parent)


def retire(folder: Path, store: str, keep: int, made: str) -> list[Path]:
    """Remove all but the newest ``keep`` of this store, and what was left of those that came to no end; the former.
    ``made``: the name of the one that was just made. It is the newest, whatever clock others were named by: one that
    was ahead. Raises OSError."""
    found = siblings(folder, store)
    gone = sorted(found, key=lambda path: path.name > made)[keep:]
    for path in gone:
        path.unlink()
    for left in folder.glob(f".lmsyncd-{store}-*.backup.part"):
        with left.open("rb") as file, suppress(BlockingIOError):  # somebody is at it
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.unlink(missing_ok=True)
    return gone
