"""What a bundle is: CSV files in a zip or a folder, at its root or in one folder around them.

Everything else is refused with a reason: whoever may drop files here is not trusted with paths, links, or disk and
memory without end.
"""

import hashlib
import os
import stat
import zipfile
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import IO, Protocol

ENTRIES_MAX = 200
UNPACKED_BYTES_MAX = 8 * 1024**3
RATIO_MAX = 200
RATIO_FROM_BYTES = 16 * 1024**2
"""Below that a file may be packed as tightly as it likes."""
YEAR_MIN = 1990
"""Zips that hold no times say 1980."""
_IGNORED_FOLDERS = ("__MACOSX/",)
_END = b"PK\x05\x06"
_GZIP = b"\x1f\x8b"
_READ_BYTES = 1024 * 1024


class Unusable(Exception):
    """It is no bundle, or not one that is read. The text is for operators."""


class Torn(Unusable):
    """It is no whole zip: it may still be written."""


class Bundle(Protocol):
    """Something opened. ``digest`` is of names and contents, the same for a zip and for a folder of the same files;
    ``made_us``: when the newest of its files was written, 0 where it does not say."""

    names: tuple[str, ...]
    digest: str
    made_us: int

    def open(self, name: str) -> IO[bytes]:
        """Raises Unusable, OSError."""

    def close(self) -> None: ...


def is_table(name: str) -> bool:
    """Whether it is one of the files that are read."""
    return name.casefold().endswith(".csv") and not is_hidden(name)


def is_hidden(name: str) -> bool:
    """Not there yet, or of no concern: hidden files, and those of copying programs and editors."""
    folded = name.casefold()
    return folded.startswith((".", "~", "#")) or folded.endswith(
        ("~", ".part", ".partial", ".tmp", ".temp", ".filepart", ".crdownload", ".swp", ".uploading")
    )


def _digest(files: Sequence[tuple[str, int, int]]) -> str:
    """Of (name, size, CRC 32)."""
    told = "\n".join(f"{name} {size} {crc:08x}" for name, size, crc in sorted(files))
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()


class ZipBundle:
    """Implements ``Bundle`` over an open file, which it closes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        try:
            _few_entries(file)
            self._zip = zipfile.ZipFile(file)
            self._entries = _entries(self._zip.infolist())
        except (zipfile.BadZipFile, EOFError, ValueError, RuntimeError) as error:
            file.close()
            raise Torn(f"this is no whole zip ({error})") from None
        except (Unusable, OSError):
            file.close()
            raise
        self.names = tuple(sorted(self._entries))
        self.digest = _digest([(name, each.file_size, each.CRC) for name, each in self._entries.items()])
        times = [each.date_time for each in self._entries.values() if each.date_time[0] >= YEAR_MIN]
        self.made_us = max((_us(time) for time in times), default=0)

    def open(self, name: str) -> IO[bytes]:
        return self._zip.open(self._entries[name])

    def close(self) -> None:
        self._zip.close()
        self._file.close()


def _few_entries(file: IO[bytes]) -> None:
    """Before Python reads the whole directory of a zip, a look at how long it says that is."""
    file.seek(0)
    if file.read(2) == _GZIP:
        raise Torn("this is gzip, not a zip: pack it as a zip, and have it sent as it is, not compressed once more")
    length = file.seek(0, os.SEEK_END)
    file.seek(max(0, length - 65_557))
    tail = file.read()
    place = tail.rfind(_END)
    if place < 0 or len(tail) < place + 22:
        raise Torn("this is no whole zip (its directory, at the end, is missing)")
    entries = int.from_bytes(tail[place + 10 : place + 12], "little")
    if entries > ENTRIES_MAX:
        raise Unusable(f"the zip has more than {ENTRIES_MAX} entries")


def _entries(infos: Sequence[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    if len(infos) > ENTRIES_MAX:
        raise Unusable(f"the zip has more than {ENTRIES_MAX} entries")
    files = [each for each in infos if not each.is_dir() and not each.filename.startswith(_IGNORED_FOLDERS)]
    for each in files:
        _check_path(each.filename)
        if stat.S_ISLNK(each.external_attr >> 16):
            raise Unusable(f"{each.filename!r} in the zip is a link")
        if each.flag_bits & 1:
            raise Unusable("the zip is encrypted")
        if each.file_size > RATIO_FROM_BYTES and each.file_size > RATIO_MAX * max(1, each.compress_size):
            raise Unusable(f"{each.filename!r} in the zip is packed more than {RATIO_MAX} times: it is not unpacked")
    if sum(each.file_size for each in files) > UNPACKED_BYTES_MAX:
        raise Unusable(f"the zip holds more than {UNPACKED_BYTES_MAX // 1024**3} GiB")
    found: dict[str, zipfile.ZipInfo] = {}
    for each, name in zip(files, _without_folder([each.filename for each in files]), strict=True):
        if not is_table(name.rpartition("/")[2]):
            continue
        if "/" in name:
            raise Unusable(f"{each.filename!r} lies deeper than in one folder of the zip")
        if name in found:
            raise Unusable(f"{name!r} is twice in the zip")
        found[name] = each
    if not found:
        packed = next((each.filename for each in files if each.filename.casefold().endswith(".zip")), None)
        within = "" if packed is None else f", but another zip, {packed!r}: put that one here"
        raise Unusable(f"there is no CSV file in the zip{within}")
    return found


def _check_path(path: str) -> None:
    parts = path.split("/")
    if path.startswith("/") or "\\" in path or ":" in path or ".." in parts or not path.isprintable():
        raise Unusable(f"{path[:100]!r} is no plain name of a file in a zip")


def _without_folder(paths: Sequence[str]) -> list[str]:
    """Without the one folder that is around all tables, if there is one."""
    folders = {path.partition("/")[0] if "/" in path else "" for path in paths if is_table(path.rpartition("/")[2])}
    if len(folders) != 1 or "" in folders:
        return list(paths)
    return [path.removeprefix(f"{next(iter(folders))}/") for path in paths]


def _us(time: tuple[int, int, int, int, int, int]) -> int:
    """A zip says local times without a zone: they are compared with one another only."""
    try:
        return round(datetime(*time, tzinfo=UTC).timestamp() * 1e6)
    except ValueError:
        return 0


class FolderBundle:
    """Implements ``Bundle`` over a folder's descriptor, which it closes. Links in it are never followed."""

    def __init__(self, folder_fd: int) -> None:
        self._fd = folder_fd
        try:
            files = self._files()
        except (Unusable, OSError):
            os.close(folder_fd)
            raise
        self.names = tuple(name for name, *_ in files)
        self.digest = _digest([(name, size, crc) for name, size, crc, _ in files])
        self.made_us = max(made_us for *_, made_us in files)

    def _files(self) -> list[tuple[str, int, int, int]]:
        """(name, size, CRC 32, written at)."""
        names = [name for name in sorted(os.listdir(self._fd)) if is_table(name)]
        if not names:
            raise Unusable("there is no CSV file in the folder")
        if len(names) > ENTRIES_MAX:
            raise Unusable(f"the folder has more than {ENTRIES_MAX} tables")
        files = []
        for name in names:
            with self.open(name) as file:
                status = os.fstat(file.fileno())
                files.append((name, status.st_size, _crc(file), status.st_mtime_ns // 1000))
        return files

    def open(self, name: str) -> IO[bytes]:
        return open_file(name, self._fd)

    def close(self) -> None:
        os.close(self._fd)


def open_file(name: str, folder_fd: int) -> IO[bytes]:
    """A plain file, whatever somebody makes of the name meanwhile. Raises Unusable, OSError."""
    fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder_fd)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise Unusable(f"{name!r} is no plain file")
    return os.fdopen(fd, "rb")


def _crc(file: IO[bytes]) -> int:
    crc = 0
    while piece := file.read(_READ_BYTES):
        crc = zlib.crc32(piece, crc)
    return crc
