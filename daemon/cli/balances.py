"""The conservation of what was accepted, for people (the rows of ``control.conserved``)."""

from typing import assert_never

from rich.text import Text

from config.numbers import agreeing, number_of
from daemon.cli.cells import number, plain
from daemon.control import conserved as v

Listed = v.BalanceRow | v.ContradictionRow
ALWAYS = ("accepted", "delivered", "waiting", "parked", "dead", "superseded", "not_routed")
NUMBERS = ("accepted", "delivered", "waiting", "parked", "dead", "superseded", "not routed", "row")


def headings(row: Listed) -> tuple[str, ...]:
    match row:
        case v.BalanceRow():
            return ("day", "source", *(name.replace("_", " ") for name in ALWAYS), "besides")
        case v.ContradictionRow():
            return ("what", "row", "tenant", "detail")
        case _ as never:
            assert_never(never)


def cells(row: Listed) -> list[Text | str]:
    match row:
        case v.BalanceRow():
            day = row.day if row.written else f"{row.day} so far"
            besides = ", ".join(
                f"{getattr(row, name):,} {name}"
                for name in ("shadowed", "cancelled", "retired", "departed", "lost")
                if getattr(row, name)
            )
            counts: list[Text | str] = [number(getattr(row, name)) for name in ALWAYS]
            return [plain(day), plain(f"{row.tenant}/{row.source}"), *counts, plain(besides, "red" if row.lost else "")]
        case v.ContradictionRow():
            return [plain(row.what, "red"), number(row.row) if row.row else "", plain(row.tenant), plain(row.detail)]
        case _ as never:
            assert_never(never)


def said(row: v.CountedRow) -> Text:
    """In a few lines."""
    lines = [
        f"{number_of(row.requests, 'requests')} with {number_of(row.statements, 'statements')}, "
        f"{number_of(row.deliveries, 'deliveries')} and {number_of(row.days, 'days')} were counted anew",
        f"the chain has {number_of(row.links, 'links')}"
        + (f", the newest with the hash {row.hash}" if row.hash else ""),
        f"{row.contradictions:,} {agreeing(row.contradictions, 'does', 'do')} not fit"
        if row.contradictions
        else "everything adds up",
    ]
    return plain("\n".join(lines), "red" if row.contradictions else "")
