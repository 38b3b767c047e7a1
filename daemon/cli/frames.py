"""Files of lines that can be gone on with: plain, gzip or zstd, written in frames that are each complete.

A frame is what one page of an export has given. gzip and zstd both allow that several follow one another, so a file
that was cut off anywhere is good up to the end of its last whole frame. ``resumable`` finds that place, reading the
file through once; memory is bounded by the longest line.
"""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from daemon.control import marks
from daemon.control.marks import CheckpointMark, EndMark, ExportMark

Compression = Literal["", "gzip", "zstd"]
READ_BYTES = 16 * 1024
GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_GZIP_LEVEL = 6
_ZSTD_LEVEL = 3


class Readable(Protocol):
    """A file, as far as it is needed here."""

    def read(self, n: int, /) -> bytes: ...


class _Decompressor(Protocol):
    """What zlib and zstandard have in common."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


def compressed(lines: bytes, how: Compression) -> bytes:
    """A frame of its own."""
    match how:
        case "gzip":
            packer = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS | 16)
            return packer.compress(lines) + packer.flush()
        case "zstd":
            import zstandard

            return zstandard.ZstdCompressor(level=_ZSTD_LEVEL, write_checksum=True).compress(lines)
        case "":
            return lines


def compression_of(beginning: bytes) -> Compression:
    """How a file is compressed, by its first bytes."""
    if beginning.startswith(GZIP_MAGIC):
        return "gzip"
    return "zstd" if beginning.startswith(ZSTD_MAGIC) else ""


def _decompressor(how: Literal["gzip", "zstd"]) -> _Decompressor:
    if how == "gzip":
        return zlib.decompressobj(zlib.MAX_WBITS | 16)
    import zstandard

    return zstandard.ZstdDecompressor().decompressobj()


class Damaged(Exception):
    """The file cannot be read as what it begins as."""


def blocks(file: Readable, how: Compression) -> Iterator[tuple[bytes, int]]:
    """The file's content, block by block, each with how many bytes of the file lie before the end of the last frame
    that is whole (of a plain file: of what has been read). Raises Damaged."""
    place = 0
    if not how:
        while block := file.read(READ_BYTES):
            place += len(block)
            yield block, place
        return
    errors = _errors(how)
    unpacker, begun = _decompressor(how), 0
    ended = 0
    while data := file.read(READ_BYTES):
        place += len(data)
        while data:
            try:
                block = unpacker.decompress(data)
            except errors as error:
                raise Damaged(f"the {how} data cannot be read after byte {ended}: {error}") from None
            begun += len(data)
            data = b""
            if unpacker.eof:
                data = unpacker.unused_data
                ended = place - len(data)
                unpacker, begun = _decompressor(how), 0
            yield block, ended
    if begun:
        raise Damaged(f"the {how} data ends in the middle of a frame, after byte {ended}")


def _errors(how: Compression) -> tuple[type[Exception], ...]:
    if how == "zstd":
        import zstandard

        return (zstandard.ZstdError,)
    return (zlib.error,)


class Unfinished(msgspec.Struct, frozen=True, kw_only=True):
    """What a file has of an export. ``bytes``: so much of it is good; ``checkpoint`` None: nothing but its first line.
    ``end`` is set where the export is complete."""

    head: ExportMark
    compression: Compression
    bytes: int
    checkpoint: CheckpointMark | None = None
    end: EndMark | None = None


def resumable(path: Path) -> Unfinished | None:
    """Where an export in this file can be gone on with; None where it has nothing yet. Raises OSError, or Damaged for
    what is no export."""
    with path.open("rb") as file:
        how = compression_of(file.read(4))
        file.seek(0)
        scan = _Scan(how)
        try:
            for block, ended in blocks(file, how):
                scan.feed(block, ended)
        except Damaged:
            if scan.found is None and scan.lines:
                raise
        return scan.found


class _Scan:
    """Looks for the last good place. ``found`` is known to be good, ``_seen`` only once its frame has ended."""

    def __init__(self, how: Compression) -> None:
        self.found: Unfinished | None = None
        self.lines = 0
        self._how = how
        self._seen: Unfinished | None = None
        self._ended = 0
        self._rest = bytearray()
        self._read = 0

    def feed(self, block: bytes, ended: int) -> None:
        """Raises Damaged."""
        self._rest += block
        end = self._rest.rfind(b"\n") + 1
        for line in bytes(self._rest[:end]).splitlines(keepends=True):
            self._read += len(line)
            self._look(line)
        del self._rest[:end]
        if self._how and ended > self._ended and self._seen is not None:
            self.found = msgspec.structs.replace(self._seen, bytes=ended)
        self._ended = ended

    def _look(self, line: bytes) -> None:
        self.lines += 1
        mark = _mark(line)
        match mark:
            case ExportMark():
                self._seen = Unfinished(head=mark, compression=self._how, bytes=self._read)
            case _ if self._seen is None:
                raise Damaged("its first line is not that of an export")
            case CheckpointMark():
                self._seen = msgspec.structs.replace(self._seen, bytes=self._read, checkpoint=mark)
            case EndMark():
                self._seen = msgspec.structs.replace(self._seen, bytes=self._read, end=mark)
            case _:
                return
        if not self._how:
            self.found = self._seen


def _mark(line: bytes) -> ExportMark | CheckpointMark | EndMark | None:
    """Those marks that matter here."""
    if not line.startswith(marks.PREFIX):
        return None
    try:
        mark = marks.read(line)
    except msgspec.DecodeError as error:
        raise Damaged(f"a mark cannot be read: {error}") from None
    return mark if isinstance(mark, ExportMark | CheckpointMark | EndMark) else None
