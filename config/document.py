"""One TOML file: read within bounds, parsed, and able to say on which line a key stands."""

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from config.files import Unreadable, read_text
from config.locate import line_of, locate
from config.problems import Problem, dotted
from config.walk import Finding, Steps

TOML_BYTES_MAX = 1024 * 1024
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)\Z")


class Document(msgspec.Struct, frozen=True):
    """A parsed file. The lines of its keys are looked up only when there is something to say about them."""

    file: Path
    text: str
    tree: dict[str, object]

    def problems(self, findings: Iterable[Finding]) -> list[Problem]:
        """The findings, with file and line."""
        ordered = list(findings)
        lines = locate(self.text) if ordered else {}
        return [
            Problem(
                file=self.file,
                line=line_of(lines, finding.path),
                key=dotted(finding.path),
                message=finding.message,
                suggestion=finding.suggestion,
                severity=finding.severity,
                topic=finding.topic,
            )
            for finding in ordered
        ]


def open_document(file: Path) -> Document | Problem:
    """The file as a document, or the one problem that keeps it from being one."""
    try:
        text = read_text(file, TOML_BYTES_MAX)
    except Unreadable as error:
        return Problem(file=file, message=str(error), topic="file")
    try:
        return Document(file, text, tomllib.loads(text))
    except RecursionError:
        return Problem(file=file, message="this is nested too deeply", topic="syntax")
    except ValueError as error:  # TOMLDecodeError, and what Python says of a number of 5,000 digits
        return _syntax(file, text, str(error))


def _syntax(file: Path, text: str, message: str) -> Problem:
    place = _PLACE.search(message)
    if place is None:
        return Problem(file=file, line=1, message="this is not TOML: a value has no usable form", topic="syntax")
    line, column = (int(place[1]), int(place[2])) if place[1] else (text.count("\n") + 1, 0)
    at = f"column {column}" if column else "at the end of the file"
    said = message[: place.start()]
    hint = 'strings are written in quotes: key = "value"' if said == "Invalid value" else ""
    message = f"this is not TOML ({at}): {said[:1].lower()}{said[1:]}"
    return Problem(file=file, line=line, message=message, suggestion=hint, topic="syntax")


# Looking at parts of a tree of which other parts may be wrong: what is not of the expected form is passed over.


def listed(table: dict[str, object], key: str) -> list[object]:
    """The elements of a list."""
    entries = table.get(key)
    return entries if isinstance(entries, list) else []


def tables(table: dict[str, object], key: str) -> list[tuple[int, dict[str, object]]]:
    """The tables of a list of tables, with their places."""
    return [(index, entry) for index, entry in enumerate(listed(table, key)) if isinstance(entry, dict)]


def named_tables(table: dict[str, object], *keys: str) -> dict[str, dict[str, object]]:
    """The tables in a table (below ``keys``), by name."""
    entries: object = table
    for key in keys:
        entries = entries.get(key) if isinstance(entries, dict) else None
    if not isinstance(entries, dict):
        return {}
    return {name: entry for name, entry in entries.items() if isinstance(entry, dict)}


def repeated(named: Iterable[tuple[Steps, object]]) -> list[tuple[Steps, str, Steps]]:
    """Names that were taken already: where, which, and where first."""
    first: dict[str, Steps] = {}
    again: list[tuple[Steps, str, Steps]] = []
    for path, name in named:
        if isinstance(name, str) and first.setdefault(name, path) != path:
            again.append((path, name, first[name]))
    return again
