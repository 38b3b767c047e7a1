"""A CSV file, read row by row: never more of it in memory than was asked for.

UTF-8 with or without a byte order mark; UTF-16 with one is read too, and so are semicolons and tabs between cells (told
as a warning). What cannot be read ends the file there, with its line: bytes that are no UTF-8, a NUL, a line or a cell
that is too long, a file that stops in the middle of a row. Quotes are read leniently, as spreadsheets do.
"""

import csv
import io
import zlib
from collections.abc import Iterator
from itertools import chain
from typing import IO, Any, cast
from zipfile import BadZipFile

from actors.domain.harvest import RowsRead

LINE_CHARS_MAX = 1024 * 1024
COLUMNS_MAX = 500
_DAMAGE = (BadZipFile, zlib.error, EOFError, OSError, RuntimeError)
_MARKS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


class _Odd(Exception):
    """From here on it is no CSV. The text says how."""


class Table:
    """One file. ``read`` may be called until it says that this was the last."""

    def __init__(self, binary: IO[bytes]) -> None:
        self._binary = cast(
            io.BufferedReader, binary if hasattr(binary, "peek") else io.BufferedReader(cast(Any, binary))
        )
        self._lines_read = 0
        self._ended = True
        self._pending: list[str] = []
        self._last: list[str] = []
        """The lines of the row that was read last."""
        self._warning = ""
        self._columns: tuple[str, ...] = ()
        self._reader: Iterator[list[str]] | None = None
        self._over = ""
        self._done = False

    def close(self) -> None:
        self._binary.close()

    def read(self, count: int) -> RowsRead:
        """The next ``count`` rows; empty ones are not told. Never raises for what the file is."""
        rows: list[list[str]] = []
        first = self._lines_read + 1
        try:
            if self._reader is None:
                self._begin()
                first = self._lines_read + 1
            reader = self._reader
            while len(rows) < count and not self._done and reader is not None:
                self._pending = []
                row = next(reader, None)
                if row is None:
                    self._done = True
                    break
                self._last = self._pending
                if any(row):
                    rows.append(row)
            if self._done:
                self._finish(rows)
        except _Odd as error:
            self._over = str(error)
        except (csv.Error, UnicodeError) as error:
            self._over = f"line {self._lines_read}: {error}"
        except _DAMAGE as error:
            self._over = f"after line {self._lines_read}: the file is damaged ({str(error) or type(error).__name__})"
        self._done = self._done or bool(self._over)
        return RowsRead(
            columns=self._columns,
            rows=rows,
            line=first,
            last=self._done,
            trouble=self._over,
            warning=self._warning,
        )

    def _begin(self) -> None:
        encoding = self._encoding()
        text = io.TextIOWrapper(self._binary, encoding=encoding, errors="surrogateescape", newline="")
        lines = self._lines(text)
        head = next((line for line in lines if line.strip().strip("\ufeff")), None)
        if head is None:
            raise _Odd("the file is empty: not even a header")
        delimiter = "," if "," in head else next((each for each in ";\t" if each in head), ",")
        if delimiter != ",":
            self._warn(f"cells are separated by {'semicolons' if delimiter == ';' else 'tabs'}, not commas")
        self._reader = csv.reader(chain([head.removeprefix("\ufeff")], lines), delimiter=delimiter)
        columns = [column.strip() for column in next(self._reader)]
        while columns and not columns[-1]:
            columns.pop()
        if len(columns) > COLUMNS_MAX:
            raise _Odd(f"the header has more than {COLUMNS_MAX} columns")
        self._columns = tuple(columns)

    def _encoding(self) -> str:
        start = self._binary.peek(4)[:4]
        for mark, encoding in _MARKS.items():
            if start.startswith(mark):
                self._warn(f"it is {encoding.upper()}, not UTF-8")
                return encoding
        if b"\0" in start:
            raise _Odd("line 1 has a NUL: is this UTF-16? It must be UTF-8")
        return "utf-8-sig"

    def _warn(self, warning: str) -> None:
        self._warning = f"{self._warning}; {warning}" if self._warning else warning

    def _lines(self, text: io.TextIOWrapper) -> Iterator[str]:
        while line := text.readline(LINE_CHARS_MAX + 1):
            self._lines_read += 1
            if len(line) > LINE_CHARS_MAX:
                raise _Odd(f"line {self._lines_read} is longer than {LINE_CHARS_MAX:,} characters")
            if "\0" in line:
                raise _Odd(f"line {self._lines_read} has a NUL: the file is damaged, or no text")
            if not line.isascii():
                self._check(line)
            self._ended = line[-1] in "\r\n"
            self._pending.append(line)
            yield line

    def _check(self, line: str) -> None:
        try:
            line.encode()
        except UnicodeEncodeError:
            raise _Odd(f"line {self._lines_read} is not UTF-8 (Windows-1252?): export it as UTF-8") from None

    def _finish(self, rows: list[list[str]]) -> None:
        """The end of the file: is it the end of a row? A whole row may lack its newline, half a row is told as such."""
        torn = False
        if self._last:
            try:
                last = list(csv.reader(self._last, strict=True))
            except csv.Error as error:
                torn = "unexpected end" in str(error)
            else:
                torn = not self._ended and bool(last) and 0 < len(last[-1]) < len(self._columns)
        if torn:
            if rows:
                rows.pop()
            raise _Odd(f"line {self._lines_read}: the file ends in the middle of a row")
