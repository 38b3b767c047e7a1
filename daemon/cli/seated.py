"""People who signed in, as a table: the rows of ``control.signed``."""

from rich.text import Text

from daemon.cli.cells import at, plain
from daemon.control import views as v

HEADINGS = ("session", "who", "by", "role", "from", "since", "last seen", "until", "known as")


def cells(row: v.SessionRow) -> list[Text | str]:
    return [
        plain(f"{row.tenant}/{row.id}"),
        plain(row.name or row.email or row.subject),
        plain(f"{row.via}:{row.subject}"),
        plain(row.role),
        plain(row.place),
        at(row.began_us)[:19],
        at(row.seen_us)[:19],
        at(row.until_us)[:19],
        plain(row.person),
    ]
