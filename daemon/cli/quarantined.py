"""Records that failed validation and versions of mappings, for people: the rows of ``control.remapped``."""

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from config.numbers import number_of
from daemon.cli.cells import at, number, plain, state
from daemon.control import views as v

Listed = v.QuarantinedRow | v.FieldDiffRow | v.ActivationRow
NUMBERS = frozenset({"records", "changed", "flawed", "healed"})


def headings(row: Listed) -> tuple[str, ...]:
    match row:
        case v.QuarantinedRow():
            return ("record", "source", "rule", "where", "value", "what to do", "since", "remarks")
        case v.FieldDiffRow():
            return ("entity", "field", "records", "before → after")
        case v.ActivationRow():
            return ("source", "what", "versions", "state", "by", "begun", "records", "changed", "flawed", "healed")


def cells(row: Listed) -> list[Text | str]:
    match row:
        case v.QuarantinedRow():
            return [
                plain(f"{row.entity}/{row.id}"),
                plain(row.source),
                plain(row.rule + (f" (+{row.flaws - 1})" if row.flaws > 1 else ""), "yellow"),
                plain(row.path),
                plain(row.value),
                plain(row.suggestion),
                at(row.since_us)[:19],
                plain("; ".join(_remarks(row))),
            ]
        case v.FieldDiffRow():
            samples = [f"{one.id}: {one.before or '-'} → {one.after or '-'}" for one in row.samples]
            return [plain(row.entity), plain(row.field), number(row.records), plain("\n".join(samples))]
        case v.ActivationRow():
            return [
                plain(row.source),
                plain(row.what),
                f"v{row.before} → v{row.version}",
                state(row.state),
                plain(row.by),
                at(row.begun_us)[:19],
                number(row.records),
                number(row.changed),
                number(row.flawed),
                number(row.healed),
            ]


def _remarks(row: v.QuarantinedRow) -> list[str]:
    said = {
        "dismissed": row.dismissed,
        "corrected": row.corrected,
        "stands as it was before": row.tells,
    }
    return [word for word, so in said.items() if so]


def record(row: v.RecordRow) -> RenderableType:
    """A record with everything; what the source told last, because it is long."""
    head = plain(f"{row.source} {row.entity}/{row.id}", "bold")
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    dismissed = ", dismissed" if row.dismissed else ""
    grid.add_row("state", plain(f"{row.state}{dismissed}, since {at(row.since_us)[:19]}"))
    grid.add_row("mapping", plain(f"version {row.mapping}, form {row.form}, revision {row.rev}"))
    for flaw in row.flaws:
        grid.add_row("wrong", plain(f"{flaw.rule} at {flaw.path or '-'}: {flaw.value}", "yellow"))
        grid.add_row("", plain(flaw.suggestion))
    for one in row.corrections:
        rests = "" if one.holds else "; it rests: the source tells something else by now"
        said = f"{one.path}: {one.was or 'absent'} → {one.value}, by {one.by}, {at(one.at_us)[:19]}{rests}"
        grid.add_row("corrected", plain(said))
    if row.canonical:
        grid.add_row("means", plain(row.canonical))
    grid.add_row("told", plain(row.raw))
    return Group(head, Padding(grid, (0, 0, 0, 2), expand=False))


def summary(row: v.MapDiffRow) -> Text:
    """In one line."""
    flawed = ", ".join(f"{n:,} by {rule}" for rule, n in row.flawed.items())
    more = " or more" if row.people_more else ""
    return plain(
        f"{row.source}, version {row.before} → {row.after}: of {number_of(row.records, 'records')} "
        f"{row.changed:,} would change, "
        f"{sum(row.flawed.values()):,} go to quarantine{f' ({flawed})' if flawed else ''}, {row.healed:,} fit again; "
        f"{row.people:,}{more} people are touched{f'; plan {row.plan}' if row.plan else ''}"
    )
