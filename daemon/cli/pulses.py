"""Rows of whoever watches, as tables and lines: lanes' pulses, figures, moves. The rows are ``control.eyed``'s."""

from typing import assert_never

from rich.text import Text

from daemon.cli.cells import age, at, number, plain, short, state
from daemon.control import views as v
from daemon.control.times import span

Listed = v.PulseRow | v.SourcePulseRow | v.FigureRow | v.MoveRow
NUMBERS = frozenset(
    {"made", "delivered", "dead", "other ends", "sends", "errors", "calls", "calls each", "p50", "p95", "p99", "kept"}
    | {"stuck", "/s", "failed", "headroom", "late"}
)
STATES = {
    "running": "green",
    "paused": "yellow",
    "suspended": "bold red",
    "outage": "bold red",
    "throttled": "yellow",
    "gone": "dim",
    "unavailable": "red",
    "silent": "red",
}
MIB = 1 << 20


def headings(row: Listed) -> tuple[str, ...]:
    match row:
        case v.PulseRow():
            return ("lane", "is", "waiting", "oldest", "/s", "stuck", "sends", "failed", "p95", "headroom", "trouble")
        case v.SourcePulseRow():
            return ("source", "is", "read", "heard", "next", "doing")
        case v.FigureRow(by="method"):
            return ("tenant", "vendor's operation", "calls")
        case v.FigureRow():
            return (
                "tenant", row.by or "of", "made", "delivered", "dead", "other ends", "sends", "errors", "calls",
                "calls each", "p50", "p95", "p99", "late", "kept",
            )  # fmt: skip
        case v.MoveRow():
            return ("when", "state", "lane", "route", "destination", "about", "took", "delivery", "detail")
        case _:
            assert_never(row)


def cells(row: Listed, now_us: int) -> list[Text | str]:
    match row:
        case v.PulseRow():
            return [
                plain(row.lane),
                named(row.state),
                number(row.waiting),
                age(row.oldest_us, now_us) if row.waiting else "-",
                rate(row.per_s),
                Text(number(row.stuck), style="red" if row.stuck else ""),
                number(row.attempts),
                failed(row),
                took(row.p95_us),
                share(row.headroom),
                trouble(row, now_us),
            ]
        case v.SourcePulseRow():
            return [
                plain(row.source),
                named("silent" if row.silent_since_us else row.state),
                age(row.good_us, now_us),
                age(row.heard_us, now_us),
                "-" if row.next_us is None else f"in {span((row.next_us - now_us) / 1e6)}",
                plain(row.doing or row.detail),
            ]
        case v.FigureRow(by="method"):
            return [plain(row.tenant), plain(row.group), number(sum(row.calls.values()))]
        case v.FigureRow():
            return _figure(row)
        case v.MoveRow():
            return [
                at(row.at_us)[11:],
                state(row.state),
                plain(row.lane),
                plain(row.route),
                plain(row.destination),
                plain(row.about),
                took(row.took_us),
                short(row.id),
                plain(row.detail),
            ]
        case _:
            assert_never(row)


def _figure(row: v.FigureRow) -> list[Text | str]:
    style = "bold" if row.total else ""
    dead = sum(row.ended.get(name, 0) for name in ("dead", "parked"))
    other = sum(row.ended.values()) - dead
    errors = "  ".join(f"{name} {n:,}" for name, n in row.errors.items())
    each = row.calls_each
    kept = "" if row.kept is None else f"{row.kept:.2f} %"
    return [
        plain(row.tenant, style),
        plain("all" if row.total else row.group, style),
        number(row.made),
        number(row.delivered),
        Text(number(dead), style="red" if dead else ""),
        number(other),
        number(row.attempts),
        Text(errors or "-", style="yellow" if errors else ""),
        number(sum(row.calls.values())),
        "-" if each is None else f"{each:.2f}",
        took(row.p50_us),
        took(row.p95_us),
        took(row.p99_us),
        number(row.late),
        Text(kept, style="red" if row.kept is not None and row.goal is not None and row.kept < row.goal else ""),
    ]


def said(row: v.FrameRow | v.WatchedRow | v.ReportRow) -> Text:
    """What is otherwise drawn (``topview``, ``reportpage``), as a line."""
    match row:
        case v.FrameRow():
            return plain(f"lmsyncd {row.version}: {rate(row.per_s)} deliveries a second, {row.unrouted:,} to be routed")
        case v.WatchedRow():
            missed = f", {row.missed:,} were missed" if row.missed else ""
            return plain(f"the newest move has the number {row.after:,}{missed}", "dim")
        case v.ReportRow():
            return plain(f"{row.tenant}: {row.whole.delivered:,} changes arrived (report --html FILE writes the page)")
        case _:
            assert_never(row)


def move_line(row: v.MoveRow) -> Text:
    """A move on one line: what follows one another is not a table."""
    parts: list[Text | str] = [at(row.at_us)[11:] or "            ", "  ", state(row.state)]
    parts += [" " * max(1, 11 - len(row.state)), plain(row.lane, "bold"), " ", plain(row.route), "  "]
    parts += [plain(row.destination or "-"), "  ", plain(row.about)]
    if row.took_us is not None:
        parts += ["  ", Text(took(row.took_us), style="cyan")]
    if row.detail and row.state != "delivered":
        parts += ["  ", plain(row.detail, "dim")]
    if row.id:
        parts += ["  ", Text(short(row.id), style="dim")]
    return Text.assemble(*parts)


def named(name: str) -> Text:
    return plain(name.replace("_", " "), STATES.get(name, ""))


def rate(per_s: float) -> str:
    return "-" if per_s < 0.005 else f"{per_s:.2f}" if per_s < 10 else f"{per_s:,.0f}"


def took(us: int | None) -> str:
    if us is None:
        return "-"
    if us < 1_000_000:
        return f"{us / 1e3:.0f} ms"
    return f"{us / 1e6:.1f} s" if us < 100_000_000 else span(us / 1e6)


def share(of_one: float | None) -> Text:
    if of_one is None:
        return Text("-")
    return Text(f"{100 * of_one:.0f} %", style="red" if of_one < 0.1 else "yellow" if of_one < 0.3 else "")


def failed(row: v.PulseRow) -> Text:
    if not row.failed:
        return Text("-")
    part = row.failed / max(1, row.attempts)
    return Text(f"{100 * part:.1f} %", style="red" if part > 0.05 else "yellow")


def trouble(row: v.PulseRow, now_us: int) -> Text:
    """What holds it back, else what is wrong with its account, else what went wrong last."""
    if row.why:
        return plain(row.why, "yellow")
    if row.token:
        return plain(row.token, "red")
    if row.fault and row.fault_us is not None:
        return plain(f"{row.fault} {age(row.fault_us, now_us)} ago: {row.fault_words or '-'}", "dim")
    return Text("")
