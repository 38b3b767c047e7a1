"""The asker's half of an export: pages come from the daemon, lines go to a file, and each page ends at a checkpoint.

What was interrupted goes on after the last checkpoint that is whole in the file, up to the place in the log at which
the export began to end; so the result is the same as of one that was never interrupted.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec

from config.numbers import number_of
from daemon.cli.frames import Compression, Damaged, Unfinished, compressed, resumable
from daemon.control import marks
from daemon.control.client import Client
from daemon.control.exits import Exit
from daemon.control.marks import CheckpointMark, EndMark
from daemon.control.owning import BegunRow, ExportedRow
from daemon.control.owning_asks import Where
from daemon.control.protocol import Done, ExportBegin, ExportPage, Refusal

PROGRESS_S = 2.0
MODE = 0o600
"""Of a new file: it has everybody's names in it."""

Progress = Callable[[str], None]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for. ``out`` None: the standard output."""

    begin: ExportBegin
    out: Path | None
    compression: Compression
    resume: bool


def run(wanted: Wanted, client: Client, progress: Progress) -> str:
    """Write the export; in words, how it ended. Raises Refusal, OSError."""
    begun = _unfinished(wanted)
    if begun is not None and begun.end is not None:
        return f"{wanted.out} is complete already: {told(begun.end)}"
    with _opened(wanted, begun) as file:
        return _Export(wanted, client, file, progress).run(begun)


class _Export:
    """One run."""

    def __init__(self, wanted: Wanted, client: Client, file: BinaryIO, progress: Progress) -> None:
        self._wanted = wanted
        self._client = client
        self._file = file
        self._progress = progress
        self._how: Compression = wanted.compression
        self._bytes = 0
        self._began_s = self._told_s = time.monotonic()

    def run(self, begun: Unfinished | None) -> str:
        begin = self._wanted.begin
        if begun is None:
            first = self._first(begin)
            self._write(first.first.encode() + b"\n")
            page = ExportPage(
                tenant=begin.tenant,
                format=begin.format,
                since_us=begin.since_us,
                through_us=first.through_us,
                persons=begin.persons,
            )
            count = CheckpointMark(where=Where())
        else:
            self._how = begun.compression
            count = begun.checkpoint or CheckpointMark(where=Where())
            page = ExportPage(
                tenant=begun.head.tenant,
                format=begun.head.format,
                since_us=begun.head.since_us,
                through_us=begun.head.through_us,
                persons=begun.head.learner,
            )
        where: Where | None = count.where
        while where is not None:
            count, where = self._page(msgspec.structs.replace(page, where=where), count)
        end = EndMark(statements=count.statements, attachments=count.attachments, documents=count.documents)
        self._write(marks.line(end) + b"\n")
        return told(end)

    def _first(self, begin: ExportBegin) -> BegunRow:
        *rows, _ = self._client.ask(begin)
        if len(rows) != 1 or not isinstance(rows[0], msgspec.Raw):
            raise _not_understood()
        return msgspec.json.decode(rows[0], type=BegunRow)

    def _page(self, request: ExportPage, count: CheckpointMark) -> tuple[CheckpointMark, Where | None]:
        """One page is one frame: it is written when it is whole."""
        lines = bytearray()
        last: ExportedRow | None = None
        for said in self._client.ask(request):
            if isinstance(said, Done):
                continue
            last = msgspec.json.decode(said, type=ExportedRow)
            for line in last.lines:
                lines += bytes(line)
                lines += b"\n"
        if last is None or not last.page:
            raise _not_understood()
        count = CheckpointMark(
            where=last.next or request.where,
            statements=count.statements + last.statements,
            attachments=count.attachments + last.attachments,
            documents=count.documents + last.documents,
        )
        if last.next is not None:
            lines += marks.line(count) + b"\n"
        self._write(bytes(lines))
        self._tell(count)
        return count, last.next

    def _write(self, lines: bytes) -> None:
        if lines:
            self._bytes += len(lines)
            self._file.write(compressed(lines, self._how))
            self._file.flush()

    def _tell(self, count: CheckpointMark) -> None:
        now_s = time.monotonic()
        if now_s - self._told_s >= PROGRESS_S:
            self._told_s = now_s
            rate = self._bytes / 1e6 / max(now_s - self._began_s, 0.001)
            self._progress(f"{number_of(count.statements, 'statements')}, {self._bytes / 1e6:,.0f} MB, {rate:.1f} MB/s")


def told(end: EndMark) -> str:
    parts = [number_of(end.statements, "statements")]
    parts += [number_of(n, what) for n, what in ((end.attachments, "attachments"), (end.documents, "documents")) if n]
    return ", ".join(parts)


def _not_understood() -> Refusal:
    return Refusal(
        Exit.FAILURE, "the answer is not that of an export", advice="use the lmsyncctl installed with the daemon"
    )


# ── the file ─────────────────────────────────────────────────────────────────────────────────────────


def _unfinished(wanted: Wanted) -> Unfinished | None:
    """What the file has already, if it is to be gone on with. Raises Refusal where the two do not fit."""
    out, begin = wanted.out, wanted.begin
    if out is None or not out.exists() or not out.stat().st_size:
        return None
    if not wanted.resume:
        raise Refusal(Exit.USAGE, "the file is there already", where=str(out), advice="--resume goes on with it")
    try:
        begun = resumable(out)
    except Damaged as error:
        raise Refusal(Exit.FAILURE, f"this cannot be gone on with: {error}", where=str(out)) from None
    if begun is not None and (begun.head.tenant, begun.head.format, begun.head.learner) != (
        begin.tenant,
        begin.format,
        begin.persons,
    ):
        raise Refusal(
            Exit.USAGE,
            f"the file has another export ({begun.head.format} of {begun.head.tenant})",
            where=str(out),
            advice="name that one, or another file",
        )
    return begun


@contextmanager
def _opened(wanted: Wanted, begun: Unfinished | None) -> Iterator[BinaryIO]:
    """Where to write: what lies beyond the last whole checkpoint is cut off."""
    if wanted.out is None:
        yield sys.stdout.buffer
        return
    handle = os.open(wanted.out, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, MODE)
    with os.fdopen(handle, "r+b") as file:
        file.truncate(0 if begun is None else begun.bytes)
        file.seek(0, os.SEEK_END)
        yield file
        file.flush()
        os.fsync(file.fileno())
