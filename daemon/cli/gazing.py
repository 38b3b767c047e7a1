"""The commands of whoever watches: ``top``, ``watch``, ``stats``, ``report``. They change nothing."""

from pathlib import Path
from typing import cast

import click

from daemon.cli.commands import PERIOD, Options, nobody_reads
from daemon.cli.render import tell
from daemon.cli.trunk import LONG_PATIENCE_S, ask, cli, command
from daemon.control import protocol as p
from daemon.control.exits import Exit

STATES = (
    "waiting", "delivered", "unknown", "parked", "dead", "held", "superseded", "shadowed", "cancelled"
)  # fmt: skip
EVERY_S_MIN, EVERY_S_MAX = 0.5, 3600.0


@command(
    cli,
    "top",
    "lmsyncctl top\nlmsyncctl top acme --every 5s\nlmsyncctl top --once\n"
    "lmsyncctl top --once --json | jq 'select(.kind == \"pulse\")'",
)
@click.argument("tenant", default="")
@click.option("--every", type=PERIOD, default=2.0, show_default="2s", help="How often it looks (1s, 10s).")
@click.option("--once", is_flag=True, help="One frame, then end.")
def top(tenant: str, every: float, once: bool) -> int:
    """Watch how everything goes.

    Lanes (state, depth, oldest, deliveries a second, how the vendor answers, headroom of its limits, last trouble),
    promises of the last 24 hours, sources, alarms, the process. What is in trouble comes first. q or Ctrl-C ends it.

    Where the output is no terminal, frames follow one another. With --once the exit code is 2 while an alarm stands, a
    lane is suspended or its vendor is out.
    """
    from daemon.cli.topping import watch_top

    options = click.get_current_context().ensure_object(Options)
    return watch_top(options, tenant, min(max(every, EVERY_S_MIN), EVERY_S_MAX), once=once)


@command(
    cli,
    "watch",
    "lmsyncctl watch\nlmsyncctl watch acme/completions\nlmsyncctl watch acme/slack --state dead --state parked\n"
    "lmsyncctl watch 3f2a91c0\nlmsyncctl watch --json --after 81234 | jq -r 'select(.state == \"dead\") | .id'",
)
@click.argument("what", metavar="[TENANT|LANE|ROUTE|ID]", default="")
@click.option("--state", "states", type=click.Choice(STATES), multiple=True, help="Only these; several may be given.")
@click.option("--after", type=click.IntRange(0), help="Go on behind this number, as --json prints it in `watched`.")
@click.option("--no-events", is_flag=True, help="Without the time line (events).")
@click.option("--limit", type=click.IntRange(1), help="End after so many lines.")
def watch(what: str, states: tuple[str, ...], after: int | None, no_events: bool, limit: int | None) -> int:
    """Follow deliveries as they move.

    Of everything, a tenant, a lane (TENANT/TARGET), a route (TENANT/ROUTE), or one delivery or statement: each change
    of state, in the order in which it was committed, and between them what happened around the daemon. Nothing is
    missed while it runs; should it be too slow for the ledger's tail, it says how many lines it has missed. A daemon
    that is started anew is waited for: it goes on behind the last line.

    Ends with Ctrl-C (exit code 0), or when nobody reads any more.
    """
    from daemon.cli.following import follow

    options = click.get_current_context().ensure_object(Options)
    chosen = cast(tuple[p.StateName, ...], states)
    request = p.Watch(what=what, states=chosen, after=after, events=not (no_events or states))
    try:
        return follow(options, request, limit)
    except p.Refusal as refusal:
        tell(refusal)
        return refusal.code
    except KeyboardInterrupt:
        return Exit.OK
    except BrokenPipeError:
        return nobody_reads()


@command(
    cli,
    "stats",
    "lmsyncctl stats\nlmsyncctl stats acme --since 7d --by day --plot\nlmsyncctl stats acme --by method\n"
    "lmsyncctl stats acme --since 30d --by route --json",
)
@click.argument("tenant", default="")
@click.option("--since", type=PERIOD, default=86_400.0, show_default="24h", help="Of the last so long (1h, 7d).")
@click.option(
    "--by",
    type=click.Choice(("hour", "day", "route", "target", "method")),
    default="route",
    show_default=True,
    help="Hours and days are the tenant's; a method is the vendor's operation.",
)
@click.option("--plot", is_flag=True, help="Draw it.")
def stats(tenant: str, since: float, by: str, plot: bool) -> int:
    """Count what became of deliveries.

    How many came to be, arrived, or ended as dead letters; sends and what went wrong with them; requests to vendors,
    and how many each delivered change took; how long it took from acceptance to the vendor's receipt; promises kept.

    Counted by whole hours as it happens, in the store: figures hold over restarts, and stay as long as [retention]
    says. Exit code 3 if nothing was delivered.
    """
    request = p.Stats(tenant=tenant, since_s=since, by=by)  # type: ignore[arg-type]  # the choices are the same
    options = click.get_current_context().ensure_object(Options)
    if not plot or options.as_json or options.quiet:
        return ask(request, LONG_PATIENCE_S)
    from daemon.cli.plotting import plotted

    return plotted(options, request)


@command(
    cli,
    "report",
    "lmsyncctl report acme --html acme.html\nlmsyncctl report acme --since 90d --html /srv/reports/acme.html\n"
    "lmsyncctl report acme --json | jq .whole",
)
@click.argument("tenant")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write the page to this file.")
@click.option("--since", type=PERIOD, default=2_592_000.0, show_default="30d", help="Of the last so long (30d, 90d).")
def report(tenant: str, html: Path | None, since: float) -> int:
    """Write a page for whoever answers for a tenant's learning.

    What arrived and how soon, what did not and why, what it cost in requests, which promises were kept, whether rosters
    are in step, and what waits for a person: sentences first, then charts, each with its table. One file, without
    scripts and without anything from elsewhere, so that it can be mailed, printed and kept. Times are in the tenant's
    zone and written as its locale does. Nobody's name is in it.
    """
    options = click.get_current_context().ensure_object(Options)
    if html is None and not options.as_json:
        raise click.UsageError("say where the page goes: --html FILE (or --json for the figures)")
    request = p.Report(tenant=tenant, since_s=since)
    if html is None:
        return ask(request, LONG_PATIENCE_S)
    from daemon.cli.reporting import written

    return written(options, request, html)
