"""What is kept, what has left and the space it takes, for people: the rows of ``control.keeping``."""

from typing import assert_never

from rich.text import Text

from daemon.cli.cells import at, number, plain
from daemon.control import views as v

Line = v.SpaceRow | v.SweptRow

HEADINGS = ("tenant", "what", "kept", "size", "oldest", "period", "removed", "last removed")
NUMBERS = frozenset({"kept", "size", "removed"})


def cells(row: v.KeptRow) -> list[Text | str]:
    kept = ("about " if row.about else "") + number(row.kept) + ("+" if row.more else "")
    return [
        plain(row.tenant or "(all)"),
        plain(row.what.replace("_", " ")),
        kept,
        size(row.bytes),
        at(row.oldest_us)[:10],
        plain(row.period),
        number(row.removed),
        at(row.removed_us)[:10],
    ]


def line(row: Line) -> Text:
    """Said at once, in one line."""
    match row:
        case v.SpaceRow():
            said = f"database {size(row.database_bytes)}, {size(row.free_bytes) or 'nothing'} of it free"
            log = f"; log {size(row.log_bytes)}" if row.log_bytes else ""
            kept = (
                "" if row.returns else "; free space is not given back: `lmsyncd migrate` with enough room on the disk"
            )
            return Text(f"{said}{log}{kept}", style="" if row.returns else "yellow")
        case v.SweptRow():
            counted = ", ".join(f"{n:,} {what.replace('_', ' ')}" for what, n in row.removed.items()) or "nothing"
            verb = "would remove" if row.dry_run else "removed"
            return plain(f"{row.tenant}: {verb} {counted}{'' if row.ended else ' so far'}")
        case _ as never:
            assert_never(never)


def size(n: int) -> str:
    """``3.1 MB``; empty for nothing."""
    if not n:
        return ""
    value = float(n)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} TB"
