"""The tree of supervisors and actors, as a tree."""

from collections.abc import Sequence

from rich.text import Text
from rich.tree import Tree

from config.numbers import number_of
from daemon.cli.cells import age, plain, state
from daemon.control import views as v


def tree(rows: Sequence[v.ActorRow], now_us: int) -> Tree:
    top = Tree(_actor(rows[0], rows[0].path, now_us), guide_style="dim")
    places = {rows[0].path: top}
    for row in rows[1:]:
        parent, _, name = row.path.rpartition("/")
        places[row.path] = places.get(parent, top).add(_actor(row, name, now_us))
    return top


def _actor(row: v.ActorRow, name: str, now_us: int) -> Text:
    said = Text.assemble(plain(name, "bold"), "  ", state(row.state), f" for {age(row.since_us, now_us)}")
    if row.restarts:
        said.append(f", {number_of(row.restarts, 'restarts')}", "yellow")
    if row.capacity is not None:
        said.append(f", mailbox {row.depth}/{row.capacity}", "dim")
    for count, word in ((row.dropped, "dropped"), (row.lost, "lost"), (row.expired, "expired")):
        if count:
            said.append(f", {count} {word}", "yellow")
    if row.error:
        said.append(f"\n{age(row.error_us, now_us)} ago: ").append_text(plain(row.error, "red"))
    return said
