"""A CSV file, read row by row: never more of it in memory than was asked for.

UTF-8 with or without a byte order mark; UTF-16 with one is read too, and so are semicolons and tabs between cells (told
as a warning). What cannot be read ends the file there, with its line: bytes that are no UTF-8, a NUL, a line or a cell
that is too long, a file that stops in the middle of a row. Quotes are read leniently, as spreadsheets do.
"""

import codecs
import csv
import io
import zlib
from collections.abc import Iterator
from itertools import chain, islice
from typing import IO
from zipfile import BadZipFile

from actors.domain.harvest import RowsRead

BLOCK_BYTES = 256 * 1024
LINE_CHARS_MAX = 1024 * 1024
COLUMNS_MAX = 500
_END = "\ue000the end\ue001"
"""A line of our own behind the last: where it becomes a row, the file did not end within quotes."""
_DAMAGE = (BadZipFile, zlib.error, EOFError, OSError, RuntimeError)
_MARKS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be", codecs.BOM_UTF8: "utf-8"}


class _Odd(Exception):
    """From here on it is no CSV. The text says how."""


class Table:
    """One file. ``read`` may be called until it says that this was the last."""

    def __init__(self, binary: IO[bytes]) -> None:
        self._binary = binary
        self._lines_told = 0
        """Lines that were handed to the parser, which may be ahead of the rows by a block."""
        self._skipped = 0
        self._ended = True
        self._warning = ""
        self._columns: tuple[str, ...] = ()
        self._parser = csv.reader(())
        self._begun = False
        self._short = False
        """Whether the last row had fewer cells than there are columns."""
        self._done = False

    def close(self) -> None:
        self._binary.close()

    def read(self, count: int) -> RowsRead:
        """The next ``count`` rows; empty ones are not told. Never raises for what the file is."""
        rows: list[list[str]] = []
        first, trouble = 1, ""
        try:
            if not self._begun:
                self._begin()
            first = self._line + 1
            if not self._done:
                rows.extend(islice(self._parser, count))  # what came before an error stays in the list
                self._finish(rows)
        except _Odd as error:
            trouble = str(error)
        except csv.Error as error:
            trouble = f"line {self._line}: {error}"
        except _DAMAGE as error:
            trouble = f"after line {self._lines_told}: the file is damaged ({str(error) or type(error).__name__})"
        self._done = self._done or bool(trouble)
        told = [row for row in rows if any(row)]
        return RowsRead(
            columns=self._columns,
            rows=told,
            line=first,
            last=self._done,
            trouble=trouble,
            warning=self._warning,
        )

    @property
    def _line(self) -> int:
        return self._skipped + self._parser.line_num

    def _begin(self) -> None:
        self._begun = True
        lines = self._lines()
        for head in lines:
            if head.strip() and head.strip() != _END:
                break
            self._skipped += 1
        else:
            raise _Odd("the file is empty: not even a header")
        delimiter = "," if "," in head else next((each for each in ";\t" if each in head), ",")
        if delimiter != ",":
            self._warn(f"cells are separated by {'semicolons' if delimiter == ';' else 'tabs'}, not commas")
        self._parser = csv.reader(chain([head], lines), delimiter=delimiter)
        columns = [column.strip() for column in next(self._parser)]
        while columns and not columns[-1]:
            columns.pop()
        if len(columns) > COLUMNS_MAX:
            raise _Odd(f"the header has more than {COLUMNS_MAX} columns")
        if columns and columns[-1].endswith(_END):
            raise _Odd("the file ends in the middle of its header")
        self._columns = tuple(columns)

    def _warn(self, warning: str) -> None:
        self._warning = f"{self._warning}; {warning}" if self._warning else warning

    # ── lines ────────────────────────────────────────────────────────────────────────────────────

    def _lines(self) -> Iterator[str]:
        """Lines with their ends, decoded and checked a block at a time; at last our own."""
        block = self._block()
        mark = next((mark for mark in _MARKS if block.startswith(mark)), b"")
        encoding = _MARKS.get(mark, "utf-8")
        if encoding != "utf-8":
            self._warn(f"it is {encoding.upper()}, not UTF-8")
        decoder = codecs.getincrementaldecoder(encoding)()
        rest, block = "", block[len(mark) :]
        while block:
            text, trouble = _decoded(decoder, block)
            if "\0" in text:
                text, trouble = text[: text.index("\0")], "has a NUL: the file is damaged, or no text"
            lines = list(io.StringIO(rest + text, newline=""))
            rest = lines.pop() if lines and lines[-1][-1] != "\n" else ""
            yield from self._counted(lines)
            if trouble:
                raise _Odd(f"line {self._lines_told + 1} {trouble}")
            if len(rest) > LINE_CHARS_MAX:
                raise _Odd(f"line {self._lines_told + 1} is longer than {LINE_CHARS_MAX:,} characters")
            block = self._block()
        if decoder.getstate()[0]:
            raise _Odd(f"line {self._lines_told + 1} ends in the middle of a character")
        if rest:
            self._ended = rest[-1] == "\r"
            yield from self._counted([rest if self._ended else rest + "\n"])
        yield _END

    def _counted(self, lines: list[str]) -> Iterator[str]:
        yield from lines
        self._lines_told += len(lines)

    def _block(self) -> bytes:
        return self._binary.read(BLOCK_BYTES)

    def _finish(self, rows: list[list[str]]) -> None:
        """The end of the file: is it the end of a row? A whole row may lack its newline, half a row is told as such."""
        last = rows[-1] if rows else []
        if not last or not last[-1].endswith(_END):
            self._short = bool(last) and len(last) < len(self._columns)
            return
        rows.pop()
        self._done = True
        if len(last) > 1 or last[0] != _END:
            raise _Odd(f"line {self._lines_told}: the file ends in the middle of a row")
        short = 0 < len(rows[-1]) < len(self._columns) if rows else self._short
        if short and not self._ended:
            del rows[-1:]
            raise _Odd(f"line {self._lines_told}: the file ends in the middle of a row")


def _decoded(decoder: codecs.IncrementalDecoder, block: bytes) -> tuple[str, str]:
    """What of it is text, and what is wrong behind that."""
    held = decoder.getstate()[0]
    try:
        return decoder.decode(block), ""
    except UnicodeDecodeError as error:
        decoder.reset()
        text = decoder.decode((held + block)[: error.start])
        hint = "" if error.encoding.startswith("utf-16") else " (Windows-1252?): export it as UTF-8"
        return text, f"is not {error.encoding.upper()}{hint}"
