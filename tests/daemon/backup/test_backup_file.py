"""The file of a backup: opened by whom it is for, and only as a whole."""

import io
import random
from pathlib import Path

import msgspec
import pytest
from backed_store import key_pair

from daemon.backup.recipients import Identity, Recipient, SealedKey, identity, recipient
from daemon.backup.refusing import BackupRefused
from daemon.backup.sealed import CHUNK_BYTES, TAG_BYTES, Header, decrypted, encrypted, head_of, read_head
from daemon.store.mark import Mark

SALT = bytes(range(16))
KEY = bytes(range(32))
MARK = Mark(store="4fe1", life="ab", life_no=1, first=0, number=7, at_us=5, newest_us=5, written_us=5)
KINDS = ("x25519", "p256", "p384", "p521", "rsa")


def made(database: bytes, *keys: SealedKey) -> bytes:
    from hashlib import sha256

    header = Header(
        lmsyncd="1", schema=31, made_us=5, database_bytes=len(database), sha256=sha256(database).hexdigest(), mark=MARK,
        salt=SALT, keys=keys,
    )  # fmt: skip
    head = head_of(header)
    blocks = [database[at : at + 100_000] for at in range(0, len(database), 100_000)]
    return head + b"".join(encrypted(blocks, KEY, head))


def opened(file: bytes, key: bytes = KEY) -> bytes:
    source = io.BytesIO(file)
    header, head = read_head(source)
    return b"".join(decrypted(source, header, head, key))


def noise(size: int) -> bytes:
    """What no compression makes smaller."""
    return random.Random(7).randbytes(size)


def pair(folder: Path, kind: str) -> tuple[Identity, Recipient]:
    private, public = key_pair(folder, kind)
    return identity(private.read_bytes()), recipient(public.read_bytes())


@pytest.mark.parametrize("kind", KINDS)
def test_the_key_opens_for_the_one_it_is_for(tmp_path: Path, kind: str) -> None:
    mine, for_me = pair(tmp_path, kind)
    sealed = for_me.seal(KEY, SALT)
    assert mine.open([sealed], SALT) == KEY
    assert sealed.kind == kind
    other, _ = pair(tmp_path, kind)
    assert other.open([sealed], SALT) is None
    with pytest.raises(BackupRefused, match="altered"):
        mine.open([sealed], bytes(16))
    with pytest.raises(BackupRefused, match="altered"):
        mine.open([msgspec.structs.replace(sealed, sealed=sealed.sealed[:-1] + b"\0")], SALT)
    assert "Private" not in repr(mine)


@pytest.mark.parametrize("text", [b"", b"-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n", b"age1xyz"])
def test_what_is_no_key_is_refused(text: bytes) -> None:
    with pytest.raises(BackupRefused, match="no public key"):
        recipient(text)


def test_a_private_key_in_its_place_is_said_to_be_one(tmp_path: Path) -> None:
    private, _ = key_pair(tmp_path)
    with pytest.raises(BackupRefused, match="name the public one"):
        recipient(private.read_bytes())


@pytest.mark.parametrize("size", [1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 5 * CHUNK_BYTES + 17])
def test_a_database_of_any_size_goes_there_and_back(size: int) -> None:
    database = noise(size)
    assert opened(made(database)) == database
    assert opened(made(bytes(size))) == bytes(size)


def chunks_of(file: bytes) -> tuple[bytes, list[bytes]]:
    source = io.BytesIO(file)
    _, head = read_head(source)
    rest = source.read()
    step = CHUNK_BYTES + TAG_BYTES
    return head, [rest[at : at + step] for at in range(0, len(rest), step)]


def test_whatever_is_altered_is_noticed() -> None:
    file = made(noise(4 * CHUNK_BYTES))
    head, chunks = chunks_of(file)
    assert len(chunks) >= 4
    flipped = bytearray(file)
    flipped[-5] ^= 1
    for damaged in (
        head + b"".join(chunks[:-1]),
        head + b"".join(chunks)[:-1],
        head + b"".join([*chunks[:2], *chunks[3:]]),
        head + b"".join([chunks[1], chunks[0], *chunks[2:]]),
        head + b"".join([*chunks, chunks[-1]]),
        file + b"\0",
        head,
        bytes(flipped),
        file.replace(b'"number":7', b'"number":8'),
    ):
        with pytest.raises(BackupRefused):
            opened(damaged)
    with pytest.raises(BackupRefused, match="does not open"):
        opened(file, bytes(32))
    assert opened(file) == noise(4 * CHUNK_BYTES)


@pytest.mark.parametrize(
    "text", [b"", b"SQLite format 3\0", b"lmsyncd-backup-1\n", b"lmsyncd-backup-1\n{}\n", b"lmsyncd-backup-2\n{}\n"]
)
def test_other_files_are_no_backups(text: bytes) -> None:
    with pytest.raises(BackupRefused, match="no backup of lmsyncd"):
        opened(text)


def test_a_forged_one_cannot_fill_the_disk() -> None:
    """Whoever has the public key can make a file: it may not unfold to more than its header says."""
    from hashlib import sha256

    database = bytes(3_000_000)
    header = Header(
        lmsyncd="1", schema=31, made_us=5, database_bytes=10, sha256=sha256(database).hexdigest(), mark=MARK, salt=SALT,
        keys=(),
    )  # fmt: skip
    head = head_of(header)
    with pytest.raises(BackupRefused, match="more in it"):
        opened(head + b"".join(encrypted([database], KEY, head)))
