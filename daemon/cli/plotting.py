"""``stats --plot``: the figures drawn, over the time they are of or side by side."""

import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from daemon.cli import plots, pulses
from daemon.cli.commands import Options, nobody_reads
from daemon.cli.consoles import Lines
from daemon.cli.progressing import over, waiting
from daemon.cli.render import tell
from daemon.control import protocol as p
from daemon.control import views as v
from daemon.control.client import SOCKET, Client

PATIENCE_S = 120.0
WIDTH_MAX = 120


def plotted(options: Options, request: p.Stats) -> int:
    console = Lines(highlight=False, markup=False, emoji=False)
    by_tenant: defaultdict[str, list[v.FigureRow]] = defaultdict(list)
    try:
        socket = Path(options.socket) if options.socket else SOCKET
        with Client(socket, options.timeout_s or PATIENCE_S, None if options.quiet else waiting) as client:
            for said in client.ask(request):
                if isinstance(said, p.Done):
                    over()
                    for tenant, rows in by_tenant.items():
                        draw(console, tenant, [row for row in rows if not row.total], request.by)
                    if said.note:
                        console.print(said.note, style="dim")
                    return said.exit_code
                row = v.decode_view(said)
                if isinstance(row, v.FigureRow):
                    by_tenant[row.tenant].append(row)
    except p.Refusal as refusal:
        tell(refusal)
        return refusal.code
    except BrokenPipeError:
        return nobody_reads()
    return 1


def draw(console: Lines, tenant: str, rows: Sequence[v.FigureRow], by: str) -> None:
    width = min(console.width, WIDTH_MAX)
    blocks = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    console.print(f"{tenant}, by {by}", style="bold")
    if by in ("hour", "day"):
        _over_time(console, rows, width, blocks)
    else:
        _side_by_side(console, rows, by, width, blocks)


def _over_time(console: Lines, rows: Sequence[v.FigureRow], width: int, blocks: bool) -> None:
    labels = [row.group for row in rows]
    errors = [float(sum(row.errors.values())) for row in rows]
    for title, values, style, shown in (
        ("delivered", [float(row.delivered) for row in rows], "green", _whole),
        ("propagation, 95 of 100 within", [float(row.p95_us or 0) for row in rows], "cyan", _took),
        ("sends that failed", errors, "red", _whole),
        ("dead letters", [float(_dead(row)) for row in rows], "magenta", _whole),
    ):
        if any(values):
            console.print(plots.columns(title, values, labels, width, blocks=blocks, style=style, shown=shown))


def _side_by_side(console: Lines, rows: Sequence[v.FigureRow], by: str, width: int, blocks: bool) -> None:
    if by == "method":
        calls = [(row.group, float(sum(row.calls.values()))) for row in rows]
        console.print(plots.bars("requests", calls, width, blocks=blocks, style="blue", shown=_whole))
        return
    for title, values, style, shown in (
        ("delivered", [float(row.delivered) for row in rows], "green", _whole),
        ("propagation, 95 of 100 within", [float(row.p95_us or 0) for row in rows], "cyan", _took),
        ("sends that failed", [float(sum(row.errors.values())) for row in rows], "red", _whole),
        ("requests for each delivered change", [row.calls_each or 0.0 for row in rows], "blue", _fine),
    ):
        if any(values):
            pairs = [(row.group, value) for row, value in zip(rows, values, strict=True)]
            console.print(plots.bars(title, pairs, width, blocks=blocks, style=style, shown=shown))


def _dead(row: v.FigureRow) -> int:
    return row.ended.get("dead", 0) + row.ended.get("parked", 0)


def _whole(value: float) -> str:
    return f"{value:,.0f}"


def _fine(value: float) -> str:
    return f"{value:.2f}"


def _took(value: float) -> str:
    return pulses.took(round(value)) if value else "0"
