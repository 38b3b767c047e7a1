"""The audit for people (the rows of ``control.audited``): deeds as a table, what does not fit, and sums."""

import json
from typing import assert_never

import msgspec
from rich.text import Text

from config.numbers import agreeing, number_of
from daemon.cli.cells import at, number, plain, state
from daemon.control import views as v

Listed = v.AuditRow | v.MisfitRow
Said = v.WhoRow | v.ProvenRow | v.AuditHeadRow | v.ChainRow
NUMBERS = ("row", "times")


def headings(row: Listed) -> tuple[str, ...]:
    match row:
        case v.AuditRow():
            return ("row", "when", "tenant", "who", "from", "what", "on", "arguments", "result", "times", "detail")
        case v.MisfitRow():
            return ("row", "tenant", "number", "what", "detail")
        case _ as never:
            assert_never(never)


def cells(row: Listed) -> list[Text | str]:
    match row:
        case v.AuditRow():
            arguments = "".join(f"{name}={_short(value)} " for name, value in row.arguments.items()).rstrip()
            return [
                number(row.seq),
                at(row.at_us),
                plain(row.tenant or "(host)"),
                plain(row.who),
                plain(row.place),
                plain(row.what),
                plain(row.object),
                plain(arguments),
                Text("unfinished", "yellow") if row.result == "unfinished" else state(row.result),
                number(row.times) if row.times > 1 else "",
                plain(row.detail),
            ]
        case v.MisfitRow():
            number_of = f"{row.no:,}" if row.no else ""
            return [
                number(row.seq),
                plain(row.tenant),
                number_of,
                plain(row.what.replace("_", " "), "red"),
                plain(row.detail),
            ]
        case _ as never:
            assert_never(never)


def said(row: Said) -> Text:
    """In a few lines."""
    match row:
        case v.WhoRow():
            return plain(f"{row.login} (uid {row.uid}) is {row.role}: {row.why}")
        case v.ProvenRow():
            lines = [
                f"{number_of(row.rows, 'rows')} of {number_of(row.tenants, 'chains')}, "
                f"up to row {row.head:,} with the hash {row.hash}"
            ]
            lines.append(
                f"left by retention: {row.cut:,}; texts without a person who was erased: {row.erased:,}; "
                f"deeds whose end is not known: {row.unfinished:,}; compared with {number_of(row.anchors, 'anchors')}"
            )
            lines.append(
                f"{row.misfits:,} {agreeing(row.misfits, 'does', 'do')} not fit" if row.misfits else "everything fits"
            )
            return plain("\n".join(lines), "red" if row.misfits else "")
        case v.AuditHeadRow():
            told = f", told to {', '.join(row.anchored)}" if row.anchored else ""
            return plain(f"{number_of(row.rows, 'rows')}, the newest with the hash {row.hash}{told}")
        case v.ChainRow():
            return plain(msgspec.json.encode(row).decode())
        case _ as never:
            assert_never(never)


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:59]}…"
