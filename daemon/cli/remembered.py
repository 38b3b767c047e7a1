"""What is remembered, for people (the row of ``control.remembering``)."""

from rich.text import Text

from daemon.cli.cells import age, number, plain
from daemon.control.remembering import CacheRow

NUMBERS = ("entries", "at most", "asked", "there", "too old", "made room", "calls saved")
HEADINGS = ("cache", "of", *NUMBERS, "oldest", "what it is")


def cells(row: CacheRow, now_us: int) -> list[Text | str]:
    return [
        plain(row.cache),
        plain(row.of),
        number(row.entries),
        number(row.bound) if row.bound else "-",
        number(row.hits + row.misses + row.stale),
        f"{row.rate:.1f} %" if row.rate is not None else "-",
        number(row.stale),
        number(row.evicted),
        number(row.saved) if row.saved is not None else "-",
        age(row.oldest_us, now_us),
        plain(row.text),
    ]
