"""Bytes of a file to the statements in it, whatever their wrapping: JSON Lines, arrays, pages as an LRS answers them.

Bounded by the longest value, and lazy: nothing is decoded here that need not be. What is no JSON comes out as it
is, for whoever judges it to say so.
"""

import re
from collections.abc import Iterable, Iterator

import msgspec

VALUE_BYTES_MAX = 256 * 1024 * 1024
_WHITE = b" \t\r\n"
_BOM = b"\xef\xbb\xbf"
_STRUCTURE = re.compile(rb'["{}\[\]]')
_IN_STRING = re.compile(rb'["\\]')
_SCALAR_END = re.compile(rb"[\s,\[\]{}\"]")


class TooLong(Exception):
    """A value is longer than VALUE_BYTES_MAX."""


class _Page(msgspec.Struct):
    """A StatementResult."""

    statements: list[msgspec.Raw]


def values(blocks: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Each value with its number: of its line in JSON Lines, else of the value. Raises TooLong."""
    beginning = bytearray()
    rest = iter(blocks)
    for block in rest:
        beginning += block
        if beginning.startswith(_BOM):
            del beginning[: len(_BOM)]
        if b"\n" in beginning.lstrip(_WHITE) or len(beginning) > VALUE_BYTES_MAX:
            break
    first = bytes(beginning).lstrip(_WHITE).partition(b"\n")[0]
    split = _lines if first.startswith(b"{") and _whole(first) else _structured
    return split(_chained(bytes(beginning), rest))


def _chained(first: bytes, rest: Iterable[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _whole(line: bytes) -> bool:
    try:
        msgspec.json.decode(line, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _lines(blocks: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    rest = bytearray()
    number = 0
    for block in blocks:
        rest += block
        end = rest.rfind(b"\n") + 1
        for line in bytes(rest[:end]).split(b"\n")[:-1]:
            number += 1
            for value in _expanded(line):
                yield number, value
        del rest[:end]
        if len(rest) > VALUE_BYTES_MAX:
            raise TooLong(f"line {number + 1} is longer than {VALUE_BYTES_MAX:,} bytes")
    for value in _expanded(bytes(rest)):
        yield number + 1, value


def _structured(blocks: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    scanner = Scanner()
    number = 0
    for block in blocks:
        for found in scanner.feed(block):
            for value in _expanded(found):
                number += 1
                yield number, value
    if left := scanner.left():
        yield number + 1, left


def _expanded(value: bytes) -> Iterator[bytes]:
    """The elements of an array, the statements of a page; else the value itself, if there is any."""
    value = value.strip(_WHITE)
    if value.startswith(b"["):
        scanner = Scanner()
        yield from scanner.feed(value)
        if left := scanner.left():
            yield left
    elif value.startswith(b"{") and b'"statements"' in value[:65_536]:
        try:
            yield from map(bytes, msgspec.json.decode(value, type=_Page).statements)
        except (msgspec.DecodeError, RecursionError):
            yield value
    elif value:
        yield value


class Scanner:
    """Finds where values begin and end, by braces and quotation marks. Arrays around values are seen through."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._at = 0
        self._begun: int | None = None
        self._depth = 0
        self._in_string = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The values that end in what was fed so far. Raises TooLong."""
        self._rest += data
        rest = self._rest
        while self._at < len(rest):
            if self._begun is None:
                if rest[self._at] in b" \t\r\n,[]":
                    self._at += 1
                    continue
                self._begun = self._at
            if not self._step(rest):
                break
            if not self._depth and not self._in_string:
                yield bytes(rest[self._begun : self._at])
                self._begun = None
        kept = self._at if self._begun is None else self._begun
        del rest[:kept]
        self._at -= kept
        self._begun = None if self._begun is None else 0
        if len(rest) > VALUE_BYTES_MAX:
            raise TooLong(f"a value is longer than {VALUE_BYTES_MAX:,} bytes")

    def left(self) -> bytes:
        """A value that did not end."""
        return bytes(self._rest[self._begun :]) if self._begun is not None else b""

    def _step(self, rest: bytearray) -> bool:
        """Go on to the next place that matters; False where more has to be fed first."""
        if self._in_string:
            found = _IN_STRING.search(rest, self._at)
        elif self._depth:
            found = _STRUCTURE.search(rest, self._at)
        else:
            return self._open(rest)
        if found is None:
            self._at = len(rest)
            return False
        sign = found[0]
        if sign == b"\\":
            if found.end() == len(rest):
                self._at = found.start()
                return False
            self._at = found.end() + 1
            return True
        self._at = found.end()
        if sign == b'"':
            self._in_string = not self._in_string
        elif sign in (b"{", b"["):
            self._depth += 1
        else:
            self._depth -= 1
        return True

    def _open(self, rest: bytearray) -> bool:
        """The beginning of a value; what is neither object nor text ends before the next sign."""
        sign = rest[self._at]
        if sign == ord("{"):
            self._depth, self._at = 1, self._at + 1
        elif sign == ord('"'):
            self._in_string, self._at = True, self._at + 1
        else:
            end = _SCALAR_END.search(rest, self._at + 1)
            if end is None:
                return False
            self._at = end.start()
        return True
