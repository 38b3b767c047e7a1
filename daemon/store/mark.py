"""The high-water mark: how far the store had come, told by a small file beside it that the WAL cannot take along.

SQLite recovers from a torn or altered write-ahead log by forgetting its end, silently; an old copy put in the place of
a database looks like a database. So every transaction counts itself (``lineage``), and the newest count is written
into ``NAME.mark`` now and then, beside the answers and never before them (``keeper``). At the next start the two are
compared here: a database that stands behind its mark, or belongs to another history, is refused.

The file holds the same mark twice, each in a block of its own with its checksum, written and synced one after the
other: a torn or damaged block costs nothing but itself. It keeps its size, so a full disk cannot stop it.
"""

import os
from hashlib import blake2b
from pathlib import Path
from typing import Literal

import msgspec

BLOCK_BYTES = 4096
COPIES = 2
DETAIL_CHARS_MAX = 500  # at most six bytes each
LIVES_MAX = 256
"""So many openings of the store are remembered in it."""
_MAGIC = b"lmsyncd-mark-1 "
_SUM_CHARS = 32


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """Where the store stood. ``number`` counts commits over the whole life of the store; ``at_us`` is the time of the
    newest, ``newest_us`` the time (which is the seq) of the newest statement. ``life`` and ``life_no`` name the
    process that wrote it, ``first`` the count that life began with. ``state`` is ``closed`` after an orderly end, and
    then the database file had ``bytes`` and ``mtime_ns``; it is ``damaged`` once reading showed damage. ``audited``
    rows of the audit had been written, of which the newest had ``audit_hash``."""

    store: str
    life: str
    life_no: int
    first: int
    number: int
    at_us: int
    newest_us: int
    written_us: int
    state: Literal["running", "closed", "damaged"] = "running"
    bytes: int = 0
    mtime_ns: int = 0
    detail: str = ""
    audited: int = 0
    audit_hash: str = ""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What the file says: the newest good mark, and how many of its blocks are not good. ``present``: it is there."""

    mark: Mark | None = None
    present: bool = False
    damaged: int = 0


class Life(msgspec.Struct, frozen=True, kw_only=True):
    """One opening of the store. It began after commit ``first``."""

    no: int
    token: str
    first: int
    began_us: int


class Lineage(msgspec.Struct, frozen=True, kw_only=True):
    """What the database says of itself. ``store`` is empty for a new one; ``lives`` in order, the oldest ones dropped;
    ``accepted`` names marks (life and number) that somebody has
    accepted not to reach, the last time at ``accepted_us``."""

    store: str = ""
    number: int = 0
    at_us: int = 0
    newest_us: int = 0
    lives: tuple[Life, ...] = ()
    accepted: frozenset[tuple[str, int]] = frozenset()
    accepted_us: int = 0


class Intact(msgspec.Struct, frozen=True):
    """Nothing that was marked is missing."""


class Unmarked(msgspec.Struct, frozen=True):
    """There is no mark to compare with."""

    reason: str


class Lost(msgspec.Struct, frozen=True, kw_only=True):
    """Commits are missing: ``missing`` of them at least, None if that cannot be known, made after ``since_us`` and up
    to ``until_us``.

    *behind*: the database is an earlier state of the marked one. *other*: it has a history of its own since then.
    *gone*: there is no database. *foreign*: it is another store.
    """

    kind: Literal["behind", "other", "gone", "foreign"]
    missing: int | None
    since_us: int
    until_us: int
    mark: Mark


Verdict = Intact | Unmarked | Lost


def judge(reading: Reading, found: Lineage) -> Verdict:
    """Whether the database has everything that its mark has seen."""
    mark = reading.mark
    if mark is None:
        return Unmarked("its blocks are damaged" if reading.present else "there is none")
    if (mark.life, mark.number) in found.accepted:
        return Intact()

    def lost(kind: Literal["behind", "other", "gone", "foreign"], missing: int | None, since_us: int) -> Lost:
        return Lost(kind=kind, missing=missing, since_us=since_us, until_us=mark.at_us, mark=mark)

    if not found.store:
        return lost("gone", mark.number, 0)
    if found.store != mark.store:
        return lost("foreign", None, found.at_us)
    if mark.number == 0:
        return Intact()
    before = next((life for life in reversed(found.lives) if life.no < mark.life_no), None)
    ours = next((life for life in found.lives if life.no == mark.life_no), None)
    after = next((life for life in found.lives if life.no > mark.life_no), None)
    if ours is not None and ours.token == mark.life:
        came_to = found.number if after is None else after.first
        if came_to >= mark.number:
            return Intact()
        if after is None:
            return lost("behind", mark.number - came_to, found.at_us)
        return lost("other", mark.number - came_to, ours.began_us)
    if before is None and found.lives and mark.life_no < found.lives[0].no and len(found.lives) >= LIVES_MAX:
        return Unmarked("it is older than what the database remembers")
    if ours is None and after is None and found.number < mark.number:
        return lost("behind", mark.number - found.number, found.at_us)
    return lost("other", mark.number - mark.first, before.began_us if before is not None else 0)


# ── the file ─────────────────────────────────────────────────────────────────────────────────────────


def mark_path(database: Path) -> Path:
    """Where the mark of a database is."""
    return database.with_name(database.name + ".mark")


def block(mark: Mark) -> bytes:
    """One copy: a line that people can read, with its checksum in front, filled up to BLOCK_BYTES."""
    text = msgspec.json.encode(msgspec.structs.replace(mark, detail=mark.detail[:DETAIL_CHARS_MAX]))
    return (_MAGIC + _checksum(text) + b" " + text + b"\n").ljust(BLOCK_BYTES, b"\n")


def unblock(raw: bytes) -> Mark | None:
    """The mark of one copy, or None if it is not whole."""
    line = raw.rstrip(b"\n")
    if len(raw) != BLOCK_BYTES or not line.startswith(_MAGIC):
        return None
    checksum, _, text = line[len(_MAGIC) :].partition(b" ")
    if checksum != _checksum(text):
        return None
    try:
        return msgspec.json.decode(text, type=Mark)
    except msgspec.DecodeError:  # a newer lmsyncd's
        return None


def _checksum(text: bytes) -> bytes:
    return blake2b(text, digest_size=_SUM_CHARS // 2).hexdigest().encode()


def read(path: Path) -> Reading:
    """The newest good copy in the file. Raises OSError if it is there and cannot be read at all."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return Reading()
    copies = [unblock(raw[at : at + BLOCK_BYTES]) for at in range(0, COPIES * BLOCK_BYTES, BLOCK_BYTES)]
    good = [mark for mark in copies if mark is not None]
    newest = max(good, key=lambda mark: (mark.life_no, mark.number, mark.written_us), default=None)
    return Reading(mark=newest, present=True, damaged=COPIES - len(good))


class MarkFile:
    """The open file. ``write`` blocks for two syncs and returns when both copies are on disk."""

    def __init__(self, path: Path) -> None:
        """Makes it if it is not there. Raises OSError."""
        fresh = not path.exists()
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if fresh:
            folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def write(self, mark: Mark) -> None:
        """Raises OSError; then at least one copy is good still."""
        raw = block(mark)
        for copy in range(COPIES):
            written = os.pwrite(self._handle, raw, copy * BLOCK_BYTES)
            if written != BLOCK_BYTES:
                raise OSError(f"only {written} of {BLOCK_BYTES} bytes of the mark could be written")
            os.fdatasync(self._handle)

    def close(self) -> None:
        os.close(self._handle)
