"""The time line and alarms, as tables: the rows of ``control.chronicled``."""

from typing import assert_never

from rich.text import Text

from daemon.cli.cells import at, number, plain
from daemon.control import views as v

Listed = v.EventRow | v.AlarmRow | v.AlertRow
BAD = frozenset({"outage", "suspended", "brake", "token", "store", "loss", "crash", "alarm"})
STYLES = {"recovered": "green", "deploy": "bold", "start": "bold", "stop": "bold", "reload": "bold"}


def headings(row: Listed) -> tuple[str, ...]:
    match row:
        case v.EventRow():
            return ("when", "what", "of", "told")
        case v.AlarmRow():
            return ("alarm", "about", "of", "since", "told", "what is so", "what helps")
        case v.AlertRow():
            return ("alerts to", "place", "about", "problem")
        case _:
            assert_never(row)


def cells(row: Listed) -> list[Text | str]:
    match row:
        case v.EventRow():
            style = "red" if row.what in BAD else STYLES.get(row.what, "")
            return [at(row.at_us)[:19], Text(row.what, style=style), plain(row.subject), plain(row.words)]
        case v.AlarmRow():
            style = "red" if row.severity == "critical" else "yellow"
            return [
                number(row.no) if row.no else "not yet",
                Text(row.about.replace("_", " "), style=style),
                plain(row.subject or "the daemon"),
                at(row.since_us)[:19],
                number(row.told),
                plain(row.words),
                plain(row.command),
            ]
        case v.AlertRow():
            about = ", ".join(row.about) or "everything"
            also = " and the daemon" if row.daemon else ""
            return [plain(row.lane), plain(row.place), plain(f"{about}{also}"), Text(row.problem, style="red")]
        case _:
            assert_never(row)
