"""Sources and their readings, for people: the rows of ``control.sources``."""

from collections.abc import Iterable

from rich.text import Text

from config.numbers import number_of
from daemon.cli.cells import at, number, plain, state, took
from daemon.control import views as v

HEADINGS = ("source", "kind", "state", "last reading", "brought", "next", "mapping", "quarantined", "detail")
NUMBERS = ("mapping", "quarantined")


def cells(row: v.SourceRow) -> list[Text | str]:
    last = row.last
    read = "" if last is None else f"{at(last.ended_us)[:19]} {last.mode}, {last.how}"
    following = f"{at(row.next_us)[:19]} {row.next_mode}" if row.next_us else ""
    return [
        plain(row.source),
        plain(row.platform),
        state(row.state),
        plain(read),
        plain("\n".join(part for part in ("" if last is None else brought(last), _heard(row.heard)) if part)),
        plain(following),
        f"v{row.mapping}" if row.mapping else "",
        number(row.quarantined),
        plain("; ".join(_remarks(row)), "yellow"),
    ]


def _remarks(row: v.SourceRow) -> list[str]:
    said = [row.detail] if row.detail else []
    if row.braked and row.braked != row.detail:
        said.append(f"{row.braked}: lmsyncctl source sync {row.source} --accept-removals")
    if row.past:
        said.append(f"{row.past} is still to be read")
    if row.silent_since_us:
        said.append(f"it has not called since {at(row.silent_since_us)[:19]}")
    return said


def _heard(row: v.HeardView | None) -> str:
    """``calls: 1,200 taken, 2 refused``, and below what those taken told."""
    if row is None:
        return ""
    calls = ((row.taken, "taken"), (row.refused, "refused"), (row.failed, "failed"))
    counted = ((row.told, "told"), (row.changed, "new"), (row.quarantined, "quarantined"), (row.ignored, "ignored"))
    return "\n".join(filter(None, ("calls: " + _counted(calls), _counted(counted))))


def _counted(counts: Iterable[tuple[int, str]]) -> str:
    return ", ".join(number_of(count, what) for count, what in counts if count)


def brought(row: v.ReadingRow) -> str:
    """``51 told, 3 new``."""
    counted = (
        (row.told, "told"),
        (row.changed, "new"),
        (row.gone, "gone"),
        (row.quarantined, "quarantined"),
        (row.statements, "statements"),
    )
    return _counted(counted) or "nothing"


def line(row: v.ReadingRow) -> Text:
    """How far a reading is, or how it ended."""
    if row.how:
        ended = f"{row.source}: {row.mode} reading {row.how} after {took(row.began_us, row.ended_us)}: {brought(row)}"
        return plain(ended, "" if row.how == "finished" else "yellow")
    of = f" of {row.total:,}" if row.total is not None else ""
    far = f"{row.what} {row.done:,}{of}" if row.done or of else row.what
    return plain(
        f"{row.source}: {row.mode} reading{', ' if far else ''}{far}: {brought(row)}, "
        f"{number_of(row.requests, 'requests')}"
    )
