"""Erasures for people: what one would come to, how far it is, and those on record (the rows of ``control.owning``)."""

from collections.abc import Mapping
from typing import assert_never

from rich.text import Text

from config.numbers import number_of
from daemon.cli.cells import at, number, plain
from daemon.control import views as v

HEADINGS = ("number", "tenant", "begun", "by", "ended", "erased")


def cells(row: v.ErasureRow) -> list[Text | str]:
    ended = at(row.ended_us) if row.ended_us is not None else Text("interrupted: run it again", "yellow")
    return [number(row.no), plain(row.tenant), at(row.begun_us), plain(row.begun_by), ended, plain(counted(row.counts))]


def said(row: v.ErasePlanRow | v.ErasingRow) -> Text:
    """In a few lines."""
    match row:
        case v.ErasePlanRow():
            lines = [f"{row.tenant}: one person, known as"]
            lines += [f"  {identifier}" for identifier in row.persons]
            if row.names:
                lines.append(f"called {', '.join(row.names)}")
            if row.before_us is not None:
                lines.append(f"erased before, at {at(row.before_us)}")
            lines.append(f"would be erased: {counted(row.counts)}")
            lines.append(f"plan {row.hash}")
            return plain("\n".join(lines))
        case v.ErasingRow():
            verb = "would erase" if row.dry_run else "erased"
            so_far = "" if row.ended else f" so far, of {number_of(row.looked, 'rows')} looked at"
            return plain(f"{row.tenant}: {verb} {counted(row.counts)}{so_far}")
        case _ as never:
            assert_never(never)


def counted(counts: Mapping[str, int]) -> str:
    return ", ".join(number_of(n, what.replace("_", " ")) for what, n in counts.items()) or "nothing"
