"""Conflicts for people: the rows of ``control.conflicted``."""

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from daemon.cli.cells import at, plain, state
from daemon.control import views as v

HEADINGS = ("conflict", "class", "state", "about", "what", "most likely", "sure", "since", "seen", "decided by")
NUMBERS = frozenset({"sure", "seen"})


def cells(row: v.ConflictRow) -> list[Text | str]:
    return [
        plain(row.name),
        plain(row.class_, "yellow"),
        state(row.state),
        plain(row.about),
        plain(row.detail),
        plain(row.fix + (f" (+{row.fixes - 1})" if row.fixes > 1 and row.state == "open" else "")),
        f"{row.confidence} %",
        at(row.raised_us)[:19],
        str(row.times),
        plain(row.decided_by),
    ]


def story(row: v.ConflictStory) -> RenderableType:
    """The facts, what each side says, what may be done, and what became of it."""
    head = plain(f"{row.name}  {row.class_}  {row.state}", "bold")
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row("about", plain(row.about))
    grid.add_row("what", plain(row.detail))
    where = ", ".join(each for each in (row.rule, row.unit, row.lane, row.place) if each)
    if where:
        grid.add_row("where", plain(where))
    if row.person:
        grid.add_row("person", plain(str(row.person)))
    for side in row.sides:
        since = f", since {at(side.since_us)[:19]}" if side.since_us else ""
        said = f"{side.value}{since}" + (f" ({side.detail})" if side.detail else "")
        grid.add_row("says", plain(f"{side.who}{f' {side.record}' if side.record else ''}: {said}"))
    for each in row.correlation_ids:
        grid.add_row("found by", plain(f"{each}: lmsyncctl trace {each}"))
    grid.add_row("asked", f"since {at(row.raised_us)[:19]}, seen again until {at(row.seen_us)[:19]}")
    for fix in row.fixes:
        grid.add_row(f"fix {fix.number}", plain(f"{fix.said}  ({fix.confidence} %)", "bold" if fix.chosen else ""))
        grid.add_row("", plain(fix.why))
        grid.add_row("", plain(f"reaches {_reach(fix)}; undone: {fix.undoes or 'all of it comes back'}", "dim"))
    for event in row.history:
        by = " ".join(each for each in (event.who, event.by_way and f"({event.by_way})", event.detail) if each)
        grid.add_row(at(event.at_us)[:19], plain(f"{event.what}  {by}".rstrip()))
    return Group(head, Padding(grid, (0, 0, 0, 2), expand=False))


def _reach(fix: v.FixView) -> str:
    told = [f"people {fix.people}", f"places {fix.places}"]
    told += [f"adds {fix.adds}"] if fix.adds else []
    told += [f"removes {fix.removes}"] if fix.removes else []
    return ", ".join(told) + (f": {fix.note}" if fix.note else "")
