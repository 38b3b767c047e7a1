"""How far something long is, for whoever sits before it: on the standard error, so that the answer stays the answer.

On a terminal it is one line that is written over, and gone when the answer comes. Elsewhere it is a line a minute, so
that what a timer starts tells of itself where it is slow, and fills no journal.
"""

import os
import shutil
import sys
import time
from collections.abc import Callable

import msgspec

from daemon.control.backed import ProgressRow
from daemon.control.times import span

EVERY_S = 60.0
RATE_S = 4.0
"""So long it is looked before it is said how long it will take."""
LOOK_S = 2.0
LOOKED = 1_000
"""So many are looked at between two glances at the clock."""
SCHEMA = 1
CLEAR = "\r\x1b[K"
BYTES = "bytes"
COLUMNS_MIN = 20


class Display:
    """One program's. ``as_json``: where no terminal is, lines are JSON like others; ``is_quiet``: there are none."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic, program: str = "lmsyncctl") -> None:
        self._program = program
        self.as_json = self.is_quiet = False
        self._now_s = now_s
        self._began: tuple[str, int, int, float] | None = None
        self._told_s: float | None = None
        self._is_shown = False

    def show(self, row: ProgressRow) -> None:
        if self.is_quiet:
            return
        now_s = self._now_s()
        if self._told_s is None:
            self._told_s = now_s  # what takes less than a minute has ended by then
        if self._began is None or self._began[:2] != (row.doing, row.of) or row.done < self._began[2]:
            self._began = (row.doing, row.of, row.done, now_s)
        said = f"{self._program}: {row.doing}{_share(row)}{self._left(row, now_s)}"
        if sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb":
            columns = max(COLUMNS_MIN, shutil.get_terminal_size().columns)
            sys.stderr.write(f"{CLEAR}{_within(said, columns - 1)}")
            self._is_shown = True
        elif now_s - self._told_s >= EVERY_S:
            self._told_s = now_s
            sys.stderr.write(f"{_line(row) if self.as_json else said}\n")
        sys.stderr.flush()

    def over(self) -> None:
        """Something else is said now, or nothing any more: the line makes way."""
        if self._is_shown:
            sys.stderr.write(CLEAR)
            sys.stderr.flush()
            self._is_shown = False

    def _left(self, row: ProgressRow, now_s: float) -> str:
        """How long at the pace of what is being done."""
        if self._began is None or not row.of:
            return ""
        done, took_s = row.done - self._began[2], now_s - self._began[3]
        if done <= 0 or took_s < RATE_S or row.done >= row.of:
            return ""
        return f", about {span((row.of - row.done) * took_s / done)} left"


def _share(row: ProgressRow) -> str:
    if row.unit == BYTES:
        return f" {row.done * 100 // row.of} %" if row.of else ""
    if row.of:
        return f" {row.done * 100 // row.of} %, {row.done:,} of {row.of:,} {row.unit}".rstrip()
    return f" {row.done:,} {row.unit}".rstrip() if row.done else ""


def _within(text: str, columns: int) -> str:
    clean = "".join(each if each.isprintable() else " " for each in text)
    return clean if len(clean) <= columns else f"{clean[: columns - 1]}…"


def _line(row: ProgressRow) -> str:
    return f'{{"schema":{SCHEMA},{msgspec.json.encode(row).decode()[1:]}'


DISPLAY = Display()


def waiting(silent_s: float) -> None:
    """What is asked for takes long, and is not told how far it is."""
    DISPLAY.show(ProgressRow(doing="waiting for the daemon", done=round(silent_s), unit="s"))


def looking(unit: str, doing: str = "looking", each: int = 1) -> Callable[[], None]:
    """Called after ``each`` so many, it says now and then how many by now: of what this program does itself."""
    n, told_s = 0, time.monotonic()

    def looked() -> None:
        nonlocal n, told_s
        n += each
        if n % LOOKED == 0 and time.monotonic() - told_s >= LOOK_S:
            told_s = time.monotonic()
            DISPLAY.show(ProgressRow(doing=doing, done=n, unit=unit))

    return looked


def progress(row: ProgressRow) -> None:
    DISPLAY.show(row)


def over() -> None:
    DISPLAY.over()
