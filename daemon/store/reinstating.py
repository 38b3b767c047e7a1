"""A backup takes a store's place in several renames that count as one: what is to be done is on disk before the first
of them, so that whoever holds the lock next (a start, another restore) does what a killed one left.

``NAME.restoring`` is the copy that is to stand there, whole and proven; what stood there goes aside, all of it under
one name. While restores work they hold the folder (``folder_held``): two of them would write the same copy.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from daemon.store.errors import StoreRefused
from daemon.store.folders import given, sync_folder
from daemon.store.mark import mark_path

RESTORING = ".restoring"
"""Behind the database's name: a backup that was unpacked and has not taken its place yet."""
PLACING = ".placing"
"""Behind the database's name: what is to be done, while it is being done."""
PARTS = ("", "-wal", "-shm")


class Placing(msgspec.Struct, frozen=True):
    """What is to be done. ``former``: the name under which those ``parts`` go aside that stand there; ``sha256``: of
    the database in the backup."""

    former: str
    parts: tuple[str, ...]
    sha256: str


def restoring_path(store: Path) -> Path:
    """Where the copy lies."""
    return store.with_name(store.name + RESTORING)


def begin(store: Path, former: str, sha256: str) -> Placing:
    """From here on it will be done, whoever is killed. The copy and its mark must be on disk by now. Raises OSError."""
    parts = tuple(part for part in PARTS if store.with_name(store.name + part).exists())
    placing, order = Placing(former, parts, sha256), store.with_name(store.name + PLACING)
    draft = order.with_name(order.name + ".part")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.encode(placing))
        file.flush()
        os.fsync(file.fileno())
    given(store.parent, draft, restoring_path(store), mark_path(restoring_path(store)))
    sync_folder(store.parent)
    draft.rename(order)
    sync_folder(store.parent)
    return placing


def begun(store: Path) -> bool:
    """Whether there is something left to do."""
    return store.with_name(store.name + PLACING).exists()


def finish(store: Path) -> Placing | None:
    """Do what is left of it, for who holds the lock; None: nothing is. Each step leaves a state that this goes on from.
    Raises StoreRefused, OSError."""
    order = store.with_name(store.name + PLACING)
    try:
        placing = msgspec.json.decode(order.read_bytes(), type=Placing)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise StoreRefused(f"{order} cannot be read ({error}): a restore was not finished; restore again") from None
    copy = restoring_path(store)
    if copy.exists():
        for part in placing.parts:
            there, aside = store.with_name(store.name + part), store.with_name(placing.former + part)
            if there.exists() and not aside.exists():
                there.rename(aside)
        sync_folder(store.parent)  # what stood there is safe before anything stands there again
        copy.rename(store)
    if (fresh := mark_path(copy)).exists():  # where it does not come to this: the loss is on record in the database
        fresh.rename(mark_path(store))
    sync_folder(store.parent)
    order.unlink()
    sync_folder(store.parent)
    return placing


def swept(store: Path) -> None:
    """Nothing is left of a copy that will not take the place, for who holds the folder. Raises OSError."""
    if not begun(store):
        for left in store.parent.glob(f"{store.name}{RESTORING}*"):
            left.unlink()
        store.with_name(f"{store.name}{PLACING}.part").unlink(missing_ok=True)


@contextmanager
def folder_held(store: Path) -> Iterator[None]:
    """One restore in a folder at a time, by ``flock`` on the folder: there is no file to leave behind. Raises
    StoreRefused, OSError."""
    handle = os.open(store.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreRefused(f"another restore is at work in {store.parent}: wait until it has ended") from None
        yield
    finally:
        os.close(handle)
