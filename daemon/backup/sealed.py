"""The file of a backup: two lines that say what it is, then the database, compressed and encrypted in chunks.

The first line names the format, the second is a header in JSON that anybody may read. Chunks are AES-256-GCM of 64 KiB
with a counter and a mark on the last one as nonce: none can be altered, left out, moved or added, and an end that is
missing is noticed. Their key is made of the file key and of every byte before the first chunk, so the header cannot be
altered either. Nothing of this touches a database.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, cast

import msgspec
import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from daemon.backup.recipients import KEY_BYTES, NAME, SealedKey
from daemon.backup.refusing import BackupRefused
from daemon.store.mark import Mark

MAGIC = NAME.encode() + b"\n"
HEADER_BYTES_MAX = 64 * 1024
CHUNK_BYTES = 64 * 1024
TAG_BYTES = 16
SALT_BYTES = 16
BLOCK_BYTES = 1024 * 1024
"""So much of the database is read or written at once."""
COMPRESSION_LEVEL = 3
_COUNTER_BYTES = 11
_NOT_OURS = "this is no backup of lmsyncd"


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup says of itself. The database has ``database_bytes`` and this ``sha256``, its schema the version
    ``schema``; ``mark`` is the high-water mark of the state it holds: the store's id, the commit's number and time."""

    lmsyncd: str
    schema: int
    made_us: int
    database_bytes: int
    sha256: str
    mark: Mark
    salt: bytes
    keys: tuple[SealedKey, ...]


_decode_header: msgspec.json.Decoder[Header] = msgspec.json.Decoder(Header)


def head_of(header: Header) -> bytes:
    """Every byte before the first chunk."""
    return MAGIC + msgspec.json.encode(header) + b"\n"


def read_head(file: BinaryIO) -> tuple[Header, bytes]:
    """The header and the bytes that it stood in; the file stands at the first chunk. Raises BackupRefused."""
    if file.read(len(MAGIC)) != MAGIC:
        raise BackupRefused(_NOT_OURS)
    line = file.readline(HEADER_BYTES_MAX)
    if not line.endswith(b"\n"):
        raise BackupRefused(f"{_NOT_OURS}: its header has no end")
    try:
        return _decode_header.decode(line), MAGIC + line
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BackupRefused(f"{_NOT_OURS}: its header cannot be read: {error}") from None


def encrypted(blocks: Iterable[bytes], file_key: bytes, head: bytes) -> Iterator[bytes]:
    """What follows the head, a piece at a time. ``blocks``: the database in order."""
    cipher = _cipher(file_key, head)
    waiting, number = bytearray(), 0
    for piece in _compressed(blocks):
        waiting += piece
        while len(waiting) > CHUNK_BYTES:  # not equal: what may be the last chunk waits
            yield cipher.encrypt(_nonce(number, last=False), bytes(waiting[:CHUNK_BYTES]), None)
            del waiting[:CHUNK_BYTES]
            number += 1
    yield cipher.encrypt(_nonce(number, last=True), bytes(waiting), None)


def decrypted(file: BinaryIO, header: Header, head: bytes, file_key: bytes) -> Iterator[bytes]:
    """The database in blocks. Raises BackupRefused for anything but all of it, exactly; what came before is to be
    thrown away then."""
    source = _Chunks(file, _cipher(file_key, head))
    made, size = hashlib.sha256(), 0
    reader = zstandard.ZstdDecompressor().stream_reader(
        cast("BinaryIO", source), read_size=CHUNK_BYTES, read_across_frames=False
    )
    try:
        while block := reader.read(BLOCK_BYTES):
            size += len(block)
            if size > header.database_bytes:
                raise BackupRefused("there is more in it than its header says")
            made.update(block)
            yield block
    except zstandard.ZstdError as error:
        raise BackupRefused(f"what was encrypted is no backup: {error}") from None
    if source.read(1) or not source.ended:
        raise BackupRefused("there is more in it than its header says")
    if (size, made.hexdigest()) != (header.database_bytes, header.sha256):
        raise BackupRefused("the database in it is another one than its header names")


class _Chunks:
    """The chunks of a file as one stream that can be read."""

    def __init__(self, file: BinaryIO, cipher: AESGCM) -> None:
        self._file = file
        self._cipher = cipher
        self._number = 0
        self._next = file.read(CHUNK_BYTES + TAG_BYTES)
        self._rest = b""
        self.ended = False

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` bytes; empty at the end, which must be the end of the file too. Raises BackupRefused."""
        while not self._rest and not self.ended:
            self._rest = self._chunk()
        taken = self._rest if size < 0 else self._rest[:size]
        self._rest = self._rest[len(taken) :]
        return taken

    def _chunk(self) -> bytes:
        chunk, self._next = self._next, self._file.read(CHUNK_BYTES + TAG_BYTES)
        self.ended = not self._next
        try:
            opened = self._cipher.decrypt(_nonce(self._number, last=self.ended), chunk, None)
        except (InvalidTag, ValueError):
            what = "the end of the file is missing or was altered" if self.ended else "the file was altered"
            raise BackupRefused(f"chunk {self._number} does not open: {what}") from None
        self._number += 1
        return opened


def _compressed(blocks: Iterable[bytes]) -> Iterator[bytes]:
    press = zstandard.ZstdCompressor(level=COMPRESSION_LEVEL).compressobj()
    for block in blocks:
        yield press.compress(block)
    yield press.flush()


def _cipher(file_key: bytes, head: bytes) -> AESGCM:
    bound = hashlib.sha256(head).digest()
    derive = HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=bound, info=MAGIC + b"chunks")
    return AESGCM(derive.derive(file_key))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(_COUNTER_BYTES, "big") + (b"\1" if last else b"\0")


def blocks_of(file: BinaryIO, rest: Callable[[], None] | None = None) -> Iterator[bytes]:
    """A file from where it stands. ``rest`` is called after each block."""
    while block := file.read(BLOCK_BYTES):
        yield block
        if rest is not None:
            rest()


def is_backup(path: str | os.PathLike[str]) -> bool:
    """Whether a file begins like a backup. Raises OSError."""
    with open(path, "rb") as file:
        return file.read(len(MAGIC)) == MAGIC
