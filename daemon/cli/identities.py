"""Who is who, for people: the rows of ``control.identities``."""

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table

from daemon.cli.cells import at, plain
from daemon.control import views as v


def person(row: v.PersonRow) -> RenderableType:
    """Everything that is known of somebody."""
    head = plain(f"{row.tenant}/{row.person}  {row.name or row.email or row.anchor}", "bold")
    grid = _grid()
    grid.add_row("address", plain(row.email or row.withheld or "none is known", "" if row.email else "yellow"))
    about = ", ".join(word for word in (row.locale, row.timezone, row.org_unit) if word)
    if about:
        grid.add_row("about", plain(about))
    grid.add_row("counted as", plain(f"{row.anchor}, since {at(row.known_us)[:19]}"))
    for target, address in row.contacts.items():
        grid.add_row("linked", plain(f"{target}:{address}"))
    for one in row.personas:
        name = f"{one.source}/{one.user}" if one.source else one.user
        by = f"; theirs by {one.why or one.how}" if one.why else ""
        grid.add_row("user", plain(f"{name} ({one.state}) {one.name}{by}"))
        for each in one.identifiers:
            until = f" until {at(each.until_us)[:19]}" if each.until_us is not None else ""
            told = f"{each.namespace}:{each.value}  since {at(each.from_us)[:19]}{until}"
            grid.add_row("", plain(told, "dim" if until else ""))
    return Group(head, Padding(grid, (0, 0, 0, 2), expand=False))


def match(row: v.MatchRow) -> RenderableType:
    """Two who may be one."""
    grid = _grid()
    grid.add_row(f"{row.tenant}/{row.a}", plain(f"{row.a_user} {row.a_name}"))
    grid.add_row(f"{row.tenant}/{row.b}", plain(f"{row.b_user} {row.b_name}"))
    grid.add_row("for", plain(f"both have {row.common}, since {at(row.since_us)[:19]}"))
    grid.add_row("against", plain(row.against, "yellow"))
    return grid


def _grid() -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    return grid
