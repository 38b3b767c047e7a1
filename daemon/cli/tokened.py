"""Tokens of connections, for people: the rows of ``control.tokens``."""

from typing import assert_never

from rich.text import Text

from daemon.cli.cells import at, plain
from daemon.control import views as v

Listed = v.TokenRow | v.ScopeRow
STATES = {"live": "green", "connected": "green", "configured": "green", "waiting": "yellow", "unconnected": "yellow"}
VERDICTS = {"granted": "green", "lacking": "red", "excess": "yellow"}


def headings(row: Listed) -> tuple[str, ...]:
    match row:
        case v.TokenRow():
            return ("connection", "speaker", "state", "account", "by", "ends", "renewed", "remarks")
        case v.ScopeRow():
            return ("connection", "speaker", "permission", "verdict", "why")
        case _ as never:
            assert_never(never)


def cells(row: Listed) -> list[Text | str]:
    match row:
        case v.TokenRow():
            return [
                plain(row.connection),
                plain(row.speaker),
                plain(row.state, STATES.get(row.state, "red")),
                plain(row.account),
                plain(row.by or ("" if row.state == "unconnected" else "configuration")),
                at(row.expires_us)[:19] if row.expires_us is not None else plain("never" if row.usable else ""),
                at(row.renews_us)[:19] if row.renews_us is not None else plain(""),
                _remarks(row),
            ]
        case v.ScopeRow():
            return [
                plain(row.connection),
                plain(row.speaker),
                plain(row.scope),
                plain(row.verdict, VERDICTS.get(row.verdict, "")),
                plain(row.why),
            ]
        case _ as never:
            assert_never(never)


def _remarks(row: v.TokenRow) -> Text:
    said = [
        row.why,
        row.note,
        f"lacks {', '.join(row.lacking)}" if row.lacking else "",
        f"needs no {', '.join(row.excess)}" if row.excess else "",
        "an answer to a renewal is not known" if row.asked_us is not None else "",
    ]
    return plain("; ".join(each for each in said if each), "" if row.usable else "red")
