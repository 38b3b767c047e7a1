"""``backup``: one state of the whole store, encrypted here and sent to whoever asked, who keeps it where they like."""

import hashlib
import os
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

import trio

from config.model import BackupWords
from config.numbers import number_of
from daemon.backup.copying import Copied, Resting, Stopped, Watch, copy, discard, write_back
from daemon.backup.placing import name_of
from daemon.backup.recipients import KEY_BYTES, Recipient, SealedKey, recipient
from daemon.backup.refusing import BackupRefused
from daemon.backup.sealed import SALT_BYTES, Header, blocks_of, encrypted, head_of
from daemon.backup.vaulted import seal_for_vault
from daemon.control.backed import BackupHeadRow, BackupPartRow, BackupRow, ProgressRow
from daemon.control.backup_asks import Backup
from daemon.control.exits import Exit
from daemon.control.office import Asking, done
from daemon.control.protocol import Done, Refusal
from daemon.control.watching import EVERY_S, watched
from daemon.store.aside import COPY
from daemon.store.database import Store
from daemon.store.engine import CHECKPOINT_PAGES
from daemon.store.lineage import snapshot
from daemon.vault.opening import Keks

PART_BYTES = 512 * 1024
_making: set[Path] = set()
_copying: set[Path] = set()
"""Stores of which a thread still has a copy in hand, perhaps for nobody: it notices at its next step."""


async def backup(request: Backup, asking: Asking) -> Done:
    store, words = asking.office.store, asking.office.configuration().daemon.backup
    recipients = await trio.to_thread.run_sync(_recipients, request.recipients, words)
    sealed_for = tuple(f"{each.kind} {each.key}" for each in recipients) or ("the vault's key",)
    mark = await store.lrs_reader.run(lambda raw: snapshot(raw, asking.now_us))
    size = await store.housekeeping.space()
    await asking.emit(
        BackupHeadRow(
            store=mark.store,
            name=name_of(mark.store, asking.now_us),
            directory=str(words.directory),
            keep=words.keep,
            database_bytes=size.pages * size.page_bytes,
            sealed_for=sealed_for,
        )
    )
    if request.dry_run:
        return done(f"would be encrypted for {', '.join(sealed_for)}")
    if store.path in _making or store.path in _copying:
        raise Refusal(Exit.AGAIN, "a backup is being made already", advice="wait until it has ended")
    _making.add(store.path)
    try:
        return await _make(asking, recipients, sealed_for)
    except BackupRefused as error:
        raise Refusal(Exit.AGAIN, str(error)) from None
    except (OSError, sqlite3.Error) as error:
        raise Refusal(Exit.AGAIN, f"the copy could not be made: {error}") from None
    finally:
        _making.discard(store.path)


class _Kept:
    """The copy as an open file that a thread hands over: closed where nobody waits for it any more, however far the
    thread is."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._file: BinaryIO | None = None
        self._waited_for = True

    def __enter__(self) -> "_Kept":
        return self

    def __exit__(self, *exception: object) -> None:
        with self._lock:
            self._waited_for = False
            if self._file is not None:
                self._file.close()

    def open(self, path: Path) -> None:
        """In the thread. Raises Stopped where nobody waits, OSError."""
        with self._lock:
            if not self._waited_for:
                raise Stopped("given up")
            self._file = path.open("rb")

    def file(self) -> BinaryIO:
        if self._file is None:
            raise AssertionError("it was not opened")
        return self._file


async def _make(asking: Asking, recipients: Sequence[Recipient], sealed_for: tuple[str, ...]) -> Done:
    office, began_s = asking.office, time.monotonic()
    path = office.store.path
    into = path.with_name(path.name + COPY)
    now_us = asking.now_us

    def copied(watch: Watch) -> tuple[Copied, str]:
        _copying.add(path)
        try:
            return _copied(watch)
        finally:
            _copying.discard(path)

    def _copied(watch: Watch) -> tuple[Copied, str]:
        try:
            made = copy(path, into, now_us, watch)
        finally:
            write_back(path)
        try:
            digest = _sha256(into, made.bytes, watch)
            kept.open(into)
            return made, digest
        finally:
            discard(into)  # it lives on as an open file, and goes with it

    with _Kept() as kept:
        async with _log_left_alone(office.store):
            made, digest = await watched(copied, asking, "bytes")
        file = kept.file()
        salt, file_key = os.urandom(SALT_BYTES), os.urandom(KEY_BYTES)
        header = Header(
            lmsyncd=office.version,
            schema=made.schema,
            made_us=now_us,
            database_bytes=made.bytes,
            sha256=digest,
            mark=made.mark,
            salt=salt,
            keys=tuple(await _sealed(office.strongroom.keks, recipients, file_key, salt)),
        )
        head = head_of(header)
        sent = len(head)
        await asking.emit(BackupPartRow(data=head))
        parts, told_s = _parts(encrypted(blocks_of(file), file_key, head), Resting()), time.monotonic()
        while part := await trio.to_thread.run_sync(next, parts, b""):
            await asking.emit(BackupPartRow(data=part))
            sent += len(part)
            if time.monotonic() - told_s > EVERY_S:
                told_s = time.monotonic()
                await asking.emit(ProgressRow(doing="encrypting", done=file.tell(), of=made.bytes, unit="bytes"))
    await asking.emit(
        BackupRow(
            store=made.mark.store,
            number=made.mark.number,
            at_us=made.mark.at_us,
            database_bytes=made.bytes,
            file_bytes=sent,
            sha256=digest,
            sealed_for=sealed_for,
            log_bytes=made.log_bytes,
            took_s=round(time.monotonic() - began_s, 1),
        )
    )
    return done(f"commit {made.mark.number} of {made.mark.store}, {number_of(sent, 'bytes')}: {', '.join(sealed_for)}")


@asynccontextmanager
async def _log_left_alone(store: Store) -> AsyncIterator[None]:
    """The writer does not write the log back while somebody holds a snapshot: it could not, and would try each time."""
    await store.writer.apart(lambda raw: raw.execute("PRAGMA wal_autocheckpoint = 0").fetchall())
    try:
        yield
    finally:
        with trio.CancelScope(shield=True):
            await store.writer.apart(
                lambda raw: raw.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}").fetchall()
            )


def _recipients(given: Sequence[str], words: BackupWords) -> list[Recipient]:
    """Those of the request, else those of the configuration; none: the vault. Raises Refusal."""
    found = []
    named = [("--to", text.encode()) for text in given]
    try:
        named = named or [(str(path), path.read_bytes()) for path in words.recipients]
    except OSError as error:
        raise Refusal(
            Exit.BAD_CONFIGURATION, f"{error.filename} cannot be read: {error.strerror}", where="[backup] recipients"
        ) from None
    for where, pem in named:
        try:
            found.append(recipient(pem))
        except BackupRefused as error:
            raise Refusal(Exit.USAGE if given else Exit.BAD_CONFIGURATION, str(error), where=where) from None
    return found


async def _sealed(keks: Keks, recipients: Sequence[Recipient], file_key: bytes, salt: bytes) -> list[SealedKey]:
    if recipients:
        return [each.seal(file_key, salt) for each in recipients]
    return [await seal_for_vault(keks, file_key, salt)]


def _sha256(path: Path, size: int, watch: Watch) -> str:
    made, rest, done_bytes = hashlib.sha256(), Resting(), 0
    with path.open("rb") as file:
        for block in blocks_of(file, rest):
            made.update(block)
            done_bytes += len(block)
            watch.step("hashing", done_bytes, size)
    return made.hexdigest()


def _parts(pieces: Iterator[bytes], rest: Callable[[], None]) -> Iterator[bytes]:
    """Put together to rows of one size."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        if len(waiting) >= PART_BYTES:
            yield bytes(waiting)
            waiting.clear()
            rest()
    if waiting:
        yield bytes(waiting)
