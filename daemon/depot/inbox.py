"""What lies in an inbox: zips, folders, and tables that lie there loose, which are one bundle together.

Somebody else writes there. A bundle is looked at once nothing has written to it for a while: its size and times have
been the same since it was first seen, or the file system says that nothing has changed it for so long. Afterwards it
goes to ``done`` or ``failed``, and nothing there is ever overwritten.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from daemon.depot.opening import Bundle, FolderBundle, Unusable, ZipBundle, is_hidden, is_table, open_file

DEALT_WITH = ("done", "failed")
ITEMS_MAX = 1_000
NAMES_MAX = 10_000
LOOSE = "."
MANIFEST = "manifest.csv"
SETTLE_ZIP_US, SETTLE_FOLDER_US, SETTLE_BROKEN_US = 5_000_000, 30_000_000, 600_000_000
"""A zip has its directory at its end, so that a half one is known as such; a folder may be filled file by file. A zip
that is not whole, or that cannot be read, is given up after the last; one that is whole and no bundle at once."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """Something in an inbox. ``signature`` changes whenever somebody writes to it. ``changed_ns`` and ``written_ns``:
    the newest ctime and mtime of it."""

    inbox: Path
    name: str
    folder: bool
    signature: tuple[tuple[str, int, int, int], ...]
    changed_ns: int
    written_ns: int
    trouble: str = ""

    @property
    def key(self) -> str:
        return str(self.inbox / self.name) if self.name != LOOSE else f"{self.inbox}/{LOOSE}"

    @property
    def settle_us(self) -> int:
        """What was put away was settled before."""
        if self.inbox.name in DEALT_WITH:
            return 0
        return SETTLE_FOLDER_US if self.folder else SETTLE_ZIP_US


@contextmanager
def opened_folder(path: str | Path, at_fd: int | None = None, *, follow: bool = False) -> Iterator[int]:
    fd = folder_fd(path, at_fd, follow=follow)
    try:
        yield fd
    finally:
        os.close(fd)


def folder_fd(path: str | Path, at_fd: int | None = None, *, follow: bool = False) -> int:
    """Raises OSError, also where it is a link (but for the inbox itself, which the operator names)."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    return os.open(path, flags, dir_fd=at_fd)


def look(inbox: Path) -> list[Item]:
    """Raises OSError where the inbox cannot be read."""
    items: list[Item] = []
    loose: list[tuple[str, int, int, int]] = []
    loose_changed_ns = 0
    with opened_folder(inbox, follow=True) as fd, os.scandir(fd) as entries:
        for count, entry in enumerate(entries):
            if count >= NAMES_MAX or len(items) >= ITEMS_MAX:
                break
            if is_hidden(entry.name) or entry.name in DEALT_WITH:
                continue
            with suppress(FileNotFoundError):  # it was moved away in this moment
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode):
                    items.append(_folder(inbox, entry.name, fd))
                elif stat.S_ISREG(status.st_mode) and is_table(entry.name):
                    loose.append(_signed(entry.name, status))
                    loose_changed_ns = max(loose_changed_ns, status.st_ctime_ns)
                elif entry.name.casefold().endswith(".zip"):
                    items.append(_file(inbox, entry.name, status))
    if loose:
        items.append(_several(inbox, LOOSE, loose, loose_changed_ns))
    return items


def _signed(name: str, status: os.stat_result) -> tuple[str, int, int, int]:
    return name, status.st_ino, status.st_size, status.st_mtime_ns


def _file(inbox: Path, name: str, status: os.stat_result) -> Item:
    plain = stat.S_ISREG(status.st_mode)
    return Item(
        inbox=inbox,
        name=name,
        folder=False,
        signature=(_signed(name, status),),
        changed_ns=status.st_ctime_ns,
        written_ns=status.st_mtime_ns,
        trouble="" if plain else "it is a link, or no plain file: what lies elsewhere is not read",
    )


def _folder(inbox: Path, name: str, inbox_fd: int) -> Item:
    files: list[tuple[str, int, int, int]] = []
    with opened_folder(name, inbox_fd) as fd:
        changed_ns = os.fstat(fd).st_ctime_ns
        with os.scandir(fd) as entries:
            for entry in entries:
                if len(files) > NAMES_MAX:
                    break
                status = entry.stat(follow_symlinks=False)
                files.append(_signed(entry.name, status))
                changed_ns = max(changed_ns, status.st_ctime_ns)
    return _several(inbox, name, files, changed_ns)


def _several(inbox: Path, name: str, files: list[tuple[str, int, int, int]], changed_ns: int) -> Item:
    return Item(
        inbox=inbox,
        name=name,
        folder=True,
        signature=tuple(sorted(files)),
        changed_ns=changed_ns,
        written_ns=max((each[3] for each in files), default=0),
    )


def open_item(item: Item) -> Bundle:
    """Raises Unusable, OSError."""
    with opened_folder(item.inbox, follow=True) as fd:
        if item.trouble:
            raise Unusable(item.trouble)
        if not item.folder:
            return ZipBundle(open_file(item.name, fd))
        return FolderBundle(os.dup(fd) if item.name == LOOSE else folder_fd(item.name, fd))


def is_as_it_was(item: Item) -> bool:
    """Whether nobody has written to it since. Raises OSError, also where it is not there any more."""
    there = next((each for each in look(item.inbox) if each.key == item.key), None)
    if there is None:
        raise FileNotFoundError(item.name)
    return there.signature == item.signature


def put(item: Item, where: str, note: str) -> None:
    """Into ``done`` or ``failed`` below the inbox. Raises OSError where it cannot be moved."""
    into = item.inbox / where
    into.mkdir(mode=0o750, exist_ok=True)
    if into.is_symlink():
        raise NotADirectoryError(0, f"{where} is a link")
    place = _loose(item, into) if item.name == LOOSE else _move(item.inbox / item.name, into)
    if note:
        _write(place.with_name(place.name + ".txt"), note)


def _loose(item: Item, into: Path) -> Path:
    """The manifest first: if the process dies meanwhile, what is left lacks nothing that it is said to have."""
    for number in range(1, NAMES_MAX):
        place = into / f"tables-{number}"
        with suppress(FileExistsError):
            place.mkdir(mode=0o750)
            break
    names = sorted((name for name, *_ in item.signature), key=lambda name: name.casefold() != MANIFEST)
    try:
        for name in names:
            (item.inbox / name).rename(place / name)
    except OSError:
        with suppress(OSError):  # they stay together where they can
            for path in place.iterdir():
                _back(path, item.inbox / path.name)
            place.rmdir()
        raise
    return place


def _back(path: Path, home: Path) -> None:
    """Never over a newer one that came meanwhile: then it stays."""
    try:
        os.link(path, home, follow_symlinks=False)
    except FileExistsError:
        return
    except OSError:  # no hard links here, or not to others' files
        path.rename(home)
        return
    path.unlink()


def _move(path: Path, into: Path) -> Path:
    """Never over what is there: a hard link is refused where its name exists, a rename where a folder is not empty.
    What is this very file already was put there by a process that died before it took the other name away."""
    for number in range(1, NAMES_MAX):
        place = into / (path.name if number == 1 else f"{path.stem}-{number}{path.suffix}")
        if _is_same(path, place):
            path.unlink()
            return place
        if place.exists() or place.is_symlink() or place.with_name(place.name + ".txt").exists():
            continue
        if path.is_dir() and not path.is_symlink():
            path.rename(place)
            return place
        try:
            os.link(path, place, follow_symlinks=False)
        except FileExistsError:
            continue
        except OSError:  # no hard links here, or not to others' files
            path.rename(place)
            return place
        path.unlink()
        return place
    raise FileExistsError(0, f"{into} is full of {path.name}")


def _is_same(path: Path, place: Path) -> bool:
    """Whether both names are of one file; a folder has only one, and so has a link."""
    with suppress(FileNotFoundError):
        return stat.S_ISREG(path.lstat().st_mode) and os.path.samestat(path.lstat(), place.lstat())
    return False


def _write(path: Path, note: str) -> None:
    with suppress(FileExistsError), path.open("x", encoding="utf-8") as file:
        file.write(note.rstrip("\n") + "\n")
