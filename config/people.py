"""The people file: who is who, as a CSV an administrator exported from somewhere.

Messages name lines and columns, never what is in them: these are people.
"""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from config.files import Unreadable, read_text
from config.model import PersonRow
from config.numbers import number_of
from config.problems import Problem, did_you_mean, shown
from config.texts import CHECKS

PEOPLE_BYTES_MAX = 64 * 1024 * 1024
PEOPLE_ROWS_MAX = 500_000
PROBLEMS_MAX = 50
FIELD_CHARS_MAX = 1_000
COLUMNS = PersonRow.__struct_fields__
NEEDED = ("home_page", "account", "email")

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_EMAIL = re.compile(r"[^\s@,;<>()\[\]\"\\]{1,64}@[^\s@,;<>()\[\]\"\\.]+(?:\.[^\s@,;<>()\[\]\"\\.]+)*")


def read_people(file: Path) -> tuple[tuple[PersonRow, ...], list[Problem]]:
    """The rows in the order of the file, e-mail addresses casefolded, and all problems (the first 50 of them)."""
    try:
        text = read_text(file, PEOPLE_BYTES_MAX)
    except Unreadable as error:
        return (), [Problem(file=file, message=str(error), topic="file")]
    reading = _Reading(file)
    try:
        rows = tuple(reading.rows(text))
    except csv.Error as error:
        reading.found(reading.line + 1, "", f"this is not CSV: {error}")
        rows = ()
    return (() if reading.problems else rows), reading.bounded()


class _Reading:
    """One pass over one file."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.line = 0
        self.problems: list[Problem] = []
        self.suppressed = 0
        self.accounts: dict[tuple[str, str], int] = {}
        self.addresses: dict[str, int] = {}

    def found(self, line: int, column: str, message: str, suggestion: str = "") -> None:
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(Problem(file=self.file, line=line, key=column, message=message, suggestion=suggestion))
        else:
            self.suppressed += 1

    def bounded(self) -> list[Problem]:
        if not self.suppressed:
            return self.problems
        message = f"and {number_of(self.suppressed, 'problems')} more"
        return [*self.problems, Problem(file=self.file, line=self.line, message=message)]

    def rows(self, text: str) -> Iterator[PersonRow]:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        columns = self.header(next(reader, []))
        if columns is None:
            return
        for count, cells in enumerate(reader, 1):
            first_line, self.line = self.line + 1, reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if count > PEOPLE_ROWS_MAX:
                self.found(self.line, "", f"a people file has at most {PEOPLE_ROWS_MAX:,} rows")
                return
            if len(cells) != len(columns):
                self.found(
                    first_line,
                    "",
                    f"{number_of(len(columns), 'fields', 'is', 'are')} needed, not {len(cells)}",
                )
                continue
            row = dict(zip(columns, (cell.strip() for cell in cells), strict=True))
            if self.check(row, first_line):
                row["email"] = row["email"].casefold()
                yield PersonRow(**row)

    def header(self, cells: list[str]) -> list[str] | None:
        """The columns, or None if they cannot be told apart."""
        self.line = 1
        columns = [cell.strip().casefold() for cell in cells]
        if len(columns) == 1 and re.search(r"[;\t]", columns[0]):
            self.found(1, "", "fields are separated by commas", "export the file as CSV (comma separated)")
            return None
        before = len(self.problems)
        for column in columns:
            if column not in COLUMNS:
                hint = did_you_mean(column, COLUMNS) or f"columns: {','.join(COLUMNS)}"
                self.found(1, "", f"there is no column {shown(column)}", hint)
        for column in NEEDED:
            if column not in columns:
                hint = f"the first line names the columns: {','.join(COLUMNS)}"
                self.found(1, column, "this column is missing", hint)
        for column in {column for column in columns if columns.count(column) > 1}:
            self.found(1, column if column in COLUMNS else "", "this column is there twice")
        return columns if len(self.problems) == before else None

    def check(self, row: dict[str, str], line: int) -> bool:
        """Whether the row can be used."""
        before = len(self.problems) + self.suppressed
        for column, value in row.items():
            if len(value) > FIELD_CHARS_MAX or _CONTROL.search(value):
                self.found(line, column, f"a field has at most {FIELD_CHARS_MAX:,} characters and none to control with")
        if row["email"] and not (_EMAIL.fullmatch(row["email"]) and len(row["email"]) <= 254):
            self.found(line, "email", "this is no e-mail address")
        if row["account"] and not row["home_page"]:
            self.found(line, "home_page", "an account is one on a system: its home_page is needed")
        if not row["account"] and not row["email"]:
            self.found(line, "", "this row names nobody: it has neither account nor email")
        for column, check in (("timezone", CHECKS["time zone"]), ("locale", CHECKS["locale"])):
            if value := row.get(column, ""):
                try:
                    check(value)
                except ValueError as error:
                    self.found(line, column, str(error.args[0]))
        self.check_unique(row, line)
        return len(self.problems) + self.suppressed == before

    def check_unique(self, row: dict[str, str], line: int) -> None:
        """One account is one person. One address may stand beside accounts on several systems."""
        first = line
        if row["account"]:
            first = self.accounts.setdefault((row["home_page"].rstrip("/"), row["account"]), line)
        elif row["email"]:
            first = self.addresses.setdefault(row["email"].casefold(), line)
        if first != line:
            self.found(line, "account" if row["account"] else "email", f"the same as on line {first}")
