"""Pilots and forecasts for people (the rows of ``control.piloted``)."""

from typing import assert_never

from rich.text import Text

from config.numbers import number_of
from daemon.cli.cells import at, number, plain
from daemon.cli.keeping import size
from daemon.control import piloted as v
from daemon.control.times import span

Listed = v.NeedRow
NUMBERS = ("calls a day", "busiest hour", "it gives an hour", "needed", "sent at once", "last one waits")
HEADINGS = ("limit", "the vendor's tier", "methods", *NUMBERS)
STYLES = {"green": "bold green", "amber": "bold yellow", "red": "bold red"}


def cells(row: v.NeedRow) -> list[Text | str]:
    need = row.need
    style = "red" if need.never or need.percent > 100 else "yellow" if need.percent > 80 else ""
    return [
        plain(_limit(need)),
        plain(need.tier),
        plain(", ".join(need.methods)),
        number(round(need.per_day)) + (f" of {need.all_day:,.0f}" if need.of > 1 else ""),
        number(round(need.busiest_hour)),
        number(round(need.gives_hour)),
        plain(f"{need.percent:.3g} %", style),
        span(need.takes_s),
        "for ever" if need.never else span(need.wait_s) if need.wait_s else "-",
    ]


def said(row: v.PilotRow | v.OutlookRow) -> Text:
    """In a few lines."""
    match row:
        case v.PilotRow():
            return _pilot(row)
        case v.OutlookRow():
            return _outlook(row)
        case _ as never:
            assert_never(never)


def _pilot(row: v.PilotRow) -> Text:
    text = plain(f"{row.tenant}/{row.name}: {row.cohort}", "bold")
    state = {"running": "running", "everyone": "ended: everybody is told", "nobody": "nobody is told"}[row.state]
    text.append(f"\n  {state}" + (f", since {at(row.changed_us)[:19]} by {row.changed_by}" if row.changed_us else ""))
    text.append(f" ({row.reason})" if row.reason else "")
    text.append(f"\n  routes: {', '.join(row.routes) or 'none'}")
    if row.verdict:
        text.append("\n  verdict: ")
        text.append(row.verdict, STYLES.get(row.verdict, ""))
        for reason in row.reasons:
            text.append(f"\n    {reason}", STYLES["red"] if reason in row.against else "")
            text.append(": red" if reason in row.against else "")
    for lacking in row.lacking:
        text.append(f"\n    {lacking}", "yellow")
    if not row.sent + row.waiting + row.rehearsed:
        return text
    text.append(
        f"\n  told: {number_of(row.sent, 'deliveries')} to {number_of(row.people, 'people')}, {row.wrong:,} dead or "
        f"parked, {row.waiting:,} under way; rehearsed: {row.rehearsed:,} for {number_of(row.outsiders, 'people')}"
    )
    if row.compared:
        text.append(f"\n  as planned: {row.compared - row.astray:,} of {row.compared:,} that the vendor shows")
    if row.also_told and row.state == "running":
        text.append(
            f"\n  of these {row.also_told:,} are told by {', '.join(row.others)} as well: after promote in both places"
        )
    for example in row.examples:
        text.append(f"\n  lmsyncctl why {example.id}", "dim")
        text.append(f"  {example.what}")
    if row.p50_us is not None and row.p95_us is not None and row.p99_us is not None:
        kept = "" if row.kept is None else f"; {row.kept:g} % within the SLA"
        text.append(f"\n  took: p50 {_took(row.p50_us)}, p95 {_took(row.p95_us)}, p99 {_took(row.p99_us)}{kept}")
    text.append(f"\n  each: {row.calls_each:g} vendor calls, {size(row.bytes_each) or '0 B'} stored")
    text.append(
        f"\n  for everybody: {row.full_events_per_day:,.0f} deliveries and {row.full_calls_per_day:,.0f} calls a day, "
        f"{size(row.full_bytes_per_month) or '0 B'} a month"
    )
    for need in row.needs[:3]:
        wait = f", the last one waits {span(need.wait_s)}" if need.wait_s else ""
        text.append(
            f"\n    {_limit(need)}: {need.busiest_hour:,.0f} of {need.gives_hour:,.0f} calls in the busiest hour{wait}"
        )
    return text


def _outlook(row: v.OutlookRow) -> Text:
    text = plain(
        f"{row.tenant}: {row.events_per_day:,.0f} events a day are {row.posts_per_day:,.0f} posts and "
        f"{row.calls_per_day:,.0f} calls, {row.busiest_share:.0%} of them in the busiest hour; "
        f"{size(row.bytes_per_day) or '0 B'} a day are stored"
    )
    for lane, calls in row.calls.items():
        told = ", ".join(f"{n:,.0f} {methods}" for methods, n in calls.items())
        text.append(f"\n  {lane}: {told}; sent at once, {span(row.takes_s.get(lane, 0.0))} at least")
    if row.first:
        text.append(f"\n  first to break: {row.first}, at {row.first_at:,.0f} events a day")
    for helps in row.helps:
        text.append(f"\n  {helps}")
    for assumed in row.assumed:
        text.append(f"\n  assumed: {assumed}", "yellow")
    return text


def _limit(need: v.NeedView) -> str:
    return f"{need.lane} {need.bucket}" + (f" (busiest of {need.of:,})" if need.of > 1 else "")


def _took(us: int) -> str:
    return f"{us / 1e3:.0f} ms" if us < 1_000_000 else f"{us / 1e6:.3g} s" if us < 100_000_000 else span(us / 1e6)
