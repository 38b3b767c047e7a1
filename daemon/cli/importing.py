"""The asker's half of an import: a file is read bit by bit, and its lines go to the daemon in requests that fit.

Every answer stands for lines that are on disk; who is interrupted begins anew (nothing is brought in twice) or, faster,
leaves out the lines that were answered.
"""

import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import msgspec

from config.numbers import number_of
from daemon.cli.frames import blocks, compression_of
from daemon.cli.values import values
from daemon.control import marks
from daemon.control.client import Client
from daemon.control.marks import AttachmentMark
from daemon.control.owning import ImportedRow, ImportFaultRow
from daemon.control.owning_asks import LINES_MAX, PART_BYTES, Line
from daemon.control.protocol import Done, ImportLines, ImportPart

PROGRESS_S = 2.0
REQUEST_BYTES = 900 * 1024
LINES = 1_000
_encode = msgspec.json.Encoder().encode
_answer: msgspec.json.Decoder[ImportedRow | ImportFaultRow] = msgspec.json.Decoder(ImportedRow | ImportFaultRow)

Progress = Callable[[str], None]
Row = Callable[[msgspec.Raw], None]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for. ``file`` None: the standard input. ``skip``: so many lines are left out."""

    tenant: str
    source: str
    file: Path | None
    announce: bool = False
    dry_run: bool = False
    skip: int = 0


class Count(msgspec.Struct, kw_only=True):
    """So far. ``at``: the last line that was answered."""

    fresh: int = 0
    known: int = 0
    refused: int = 0
    documents: int = 0
    at: int = 0

    def told(self, *, dry_run: bool) -> str:
        would = "would be " if dry_run else ""
        documents = f", {number_of(self.documents, 'documents')}" if self.documents else ""
        return f"{self.fresh:,} {would}new{documents}, {self.known:,} known already, {self.refused:,} refused"


class Import:
    """One run. ``row`` gets each fault that the daemon tells."""

    def __init__(self, wanted: Wanted, client: Client, progress: Progress, row: Row) -> None:
        self._wanted = wanted
        self._client = client
        self._progress = progress
        self._row = row
        self._run = f"import-{secrets.token_hex(8)}"
        self._lines: list[Line] = []
        self._bytes = 0
        self._all_bytes = 0
        self._began_s = self._told_s = time.monotonic()
        self.count = Count()

    def run(self) -> None:
        """Raises Refusal, OSError, frames.Damaged, values.TooLong; ``count`` says how far it came."""
        with _opened(self._wanted.file) as file:
            for at, value in values(_blocks(file)):
                self._all_bytes += len(value)
                if at > self._wanted.skip:
                    self._value(at, value)
            self._flush()

    def _value(self, at: int, value: bytes) -> None:
        if value.startswith(marks.PREFIX) and (mark := _attachment(value)) is not None:
            self._part(mark.sha2.lower(), mark.part, mark.data)
            return
        try:
            text = value.decode()
        except UnicodeDecodeError as error:
            self._refuse(at, f"not UTF-8 (byte {error.start})")
            return
        size = len(_encode(text)) + 32
        if size > REQUEST_BYTES // 2:
            name = sha256(value).hexdigest()
            for number, start in enumerate(range(0, len(value), PART_BYTES)):
                self._part(name, number, value[start : start + PART_BYTES])
            line, size = Line(at, staged=name), 128
        else:
            line = Line(at, text)
        if self._bytes + size > REQUEST_BYTES or len(self._lines) >= min(LINES, LINES_MAX):
            self._flush()
        self._lines.append(line)
        self._bytes += size

    def _part(self, sha2: str, part: int, data: bytes) -> None:
        wanted = self._wanted
        part_of = ImportPart(tenant=wanted.tenant, sha2=sha2, part=part, bytes=data, dry_run=wanted.dry_run)
        list(self._client.ask(part_of))  # asked to the end; there are no rows

    def _flush(self) -> None:
        if not self._lines:
            return
        wanted = self._wanted
        request = ImportLines(
            tenant=wanted.tenant,
            source=wanted.source,
            lines=tuple(self._lines),
            announce=wanted.announce,
            dry_run=wanted.dry_run,
            run=self._run,
        )
        for said in self._client.ask(request):
            if not isinstance(said, Done):
                self._heard(said)
        self.count.at = self._lines[-1].at
        self._lines, self._bytes = [], 0
        self._tell()

    def _heard(self, row: msgspec.Raw) -> None:
        told = _answer.decode(row)
        if isinstance(told, ImportFaultRow):
            self._row(row)
            return
        self.count.fresh += told.fresh
        self.count.known += told.known
        self.count.refused += told.refused
        self.count.documents += told.documents

    def _refuse(self, at: int, rule: str) -> None:
        self.count.refused += 1
        self._row(msgspec.Raw(_encode(ImportFaultRow(at=at, rule=rule))))

    def _tell(self) -> None:
        now_s = time.monotonic()
        if now_s - self._told_s >= PROGRESS_S:
            self._told_s = now_s
            rate = self._all_bytes / 1e6 / max(now_s - self._began_s, 0.001)
            said = self.count.told(dry_run=self._wanted.dry_run)
            self._progress(f"line {self.count.at:,}: {said}; {rate:.1f} MB/s")


def _attachment(value: bytes) -> AttachmentMark | None:
    try:
        mark = marks.read(value)
    except msgspec.DecodeError:
        return None
    return mark if isinstance(mark, AttachmentMark) else None


@contextmanager
def _opened(file: Path | None) -> Iterator[BinaryIO]:
    if file is None:
        yield sys.stdin.buffer
        return
    with file.open("rb") as opened:
        yield opened


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    """Unpacked, if it is packed."""
    beginning = file.read(4)
    for block, _ in blocks(_Again(beginning, file), compression_of(beginning)):
        yield block


class _Again:
    """A file whose first bytes have been looked at."""

    def __init__(self, beginning: bytes, file: BinaryIO) -> None:
        self._beginning = beginning
        self._file = file

    def read(self, n: int) -> bytes:
        if self._beginning:
            beginning, self._beginning = self._beginning, b""
            return beginning
        return self._file.read(n)
