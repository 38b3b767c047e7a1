"""Mapping tables, for people: the rows of ``control.mapped``."""

import json

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from daemon.cli.cells import at, number, plain
from daemon.control import views as v

HEADINGS = ("source", "version", "in force", "from", "forms", "note")


def cells(row: v.MappingRow) -> list[Text | str]:
    if row.in_force:
        force = plain(f"since {at(row.since_us)[:19]}" if row.since_us else "from the start", "green")
    else:
        force = plain("begins with it" if row.next else "", "yellow")
    return [plain(row.source), f"v{row.version}", force, plain(row.origin), number(row.forms), plain(row.note)]


def toml(row: v.TableRow) -> str:
    """As it is: so that it can be written to a file and changed."""
    return row.toml


def said(row: v.MappedRow) -> RenderableType:
    """What was read, what it means or what is wrong, and what would be told."""
    from rich.syntax import Syntax  # a fifth of what every other command would take to start

    parts: list[RenderableType] = [plain(f"{row.source} v{row.version}: {row.record} ({row.form})", "bold")]
    parts.append(Padding(plain(row.raw, "dim"), (0, 0, 0, 2)))
    if row.faults:
        parts.append(plain("does not fit:", "red"))
        parts.append(Padding(_faults(row), (0, 0, 0, 2)))
        return Group(*parts)
    parts.append(plain("means:", "green"))
    grid = Table.grid(padding=(0, 2))
    for field in row.fields:
        grid.add_row(plain(field.field), plain(field.value), plain(f"← {field.place}" if field.place else "", "dim"))
    parts.append(Padding(grid, (0, 0, 0, 2)))
    for statement in row.statements:
        parts.append(plain("would be told as:", "green"))
        parts.append(Padding(Syntax(json.dumps(statement, ensure_ascii=False, indent=2), "json"), (0, 0, 0, 2)))
    if row.note:
        parts.append(plain(row.note, "dim"))
    return Group(*parts)


def _faults(row: v.MappedRow) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("rule", "where", "value", "what to do"):
        table.add_column(heading, overflow="fold")
    for fault in row.faults:
        table.add_row(plain(fault.rule), plain(fault.path), plain(fault.value), plain(fault.suggestion))
    return table
