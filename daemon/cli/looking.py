"""The commands of ``lmsyncctl`` that look and try: nothing they ask for changes what will be delivered."""

from typing import TextIO, get_args

import click

from daemon.cli.trunk import (
    LONG_PATIENCE_S,
    PERIOD,
    actor,
    ask,
    cause_filter,
    cli,
    command,
    config,
    dlq,
    dry_run,
    lane_filter,
    letters,
    limit,
    queue,
    route,
    since_filter,
    target,
    which,
    whose_filter,
)
from daemon.control import protocol as p


@command(cli, "status", "lmsyncctl status\nlmsyncctl status --json | jq 'select(.kind == \"lane\") | .depths'")
def status() -> int:
    """Is it well? If not, what is not?

    Shows all lanes with their depths, the oldest waiting delivery, and what holds them back.

    Exit code 2 if something that should go on does not: a lane is suspended, its vendor is out or asked to wait for
    more than a minute, an actor is down, the store does not write, the error budget of a route is spent. Paused lanes
    and dead letters are shown, and are no reason.
    """
    return ask(p.AskStatus())


@command(cli, "health", "lmsyncctl health deep\nlmsyncctl --quiet health ready || systemctl restart lmsyncd")
@click.argument("level", type=click.Choice(["live", "ready", "deep"]), default="ready")
def health(level: p.Level) -> int:
    """Run the checks of a level.

    live: it answers. ready: it can take and deliver. deep: the disk and each vendor too.
    """
    return ask(p.AskHealth(level=level), LONG_PATIENCE_S)


@command(cli, "tenants", "lmsyncctl tenants")
def tenants() -> int:
    """List the tenants.

    With their sources, targets, and how many statements their routers have yet to look at.
    """
    return ask(p.AskTenants())


@command(
    cli,
    "why",
    "lmsyncctl why 3f2a91c0\nlmsyncctl why 7d9f3a52-53c4-4f0e-9b57-0d7c4b6b0a11\nlmsyncctl why req-2026-11-23-0815\n"
    "lmsyncctl why 1700000000.000100\nlmsyncctl why enrolment/e33\nlmsyncctl why ada@example.edu",
)
@click.argument("what", metavar="ID")
def why(what: str) -> int:
    """What happened, and why?

    Tells the whole story of a statement, a delivery, a request or a run (by its correlation id) or a trace, also by
    what the vendor calls the post. Of any other id that is shown it says what it is, and which command tells more.

    When and from where it came, what change it was or why it was none, each delivery with every attempt, the vendor's
    request ids and receipt, and what happens next: when it is due, what it waits for, or what you can do.
    """
    return ask(p.Why(what=what))


@command(cli, "trace", "lmsyncctl trace 3f2a91c0")
@click.argument("what", metavar="ID")
def trace(what: str) -> int:
    """Show a trace, step by step.

    Of a statement, a delivery or a request, as far as the store knows it.
    """
    return ask(p.Trace(what=what))


@command(actor, "tree", "lmsyncctl actor tree\nlmsyncctl actor tree root/acme")
@click.argument("path", default="")
def actor_tree(path: str) -> int:
    """Show the tree, or a part of it.

    With states, restarts, mailboxes and last errors.
    """
    return ask(p.ActorTree(path=path))


@command(target, "list", "lmsyncctl target list")
def target_list() -> int:
    """List the targets.

    With their routes, and what holds them back.
    """
    return ask(p.TargetList())


@command(queue, "list", "lmsyncctl queue list --lane acme/slack --limit 20\nlmsyncctl queue list --state unknown")
@lane_filter
@click.option("--state", type=click.Choice(get_args(p.StateName)), help="Only this state, also one that is over.")
@limit
def queue_list(lane: str, state: p.StateName | None, limit: int) -> int:
    """List deliveries.

    First what goes first. Without --state: all that are still to be done.
    """
    return ask(p.QueueList(lane=lane, state=state, limit=limit))


@command(queue, "show", "lmsyncctl queue show 3f2a91c0")
@click.argument("delivery", metavar="ID")
def queue_show(delivery: str) -> int:
    """Show one delivery.

    With its attempts and what happens next.
    """
    return ask(p.QueueShow(delivery=delivery))


@command(queue, "forecast", "lmsyncctl queue forecast\nlmsyncctl queue forecast acme/slack --json | jq .seconds")
@click.argument("lane", metavar="[TENANT/TARGET]", default="")
def queue_forecast(lane: str) -> int:
    """How long does a backlog take?

    And how many requests does it cost? By the vendor's published limits, with the limit that binds, the destinations
    that take longest, and what holds the lane back meanwhile. Answers take time as well: it is the least.
    """
    return ask(p.QueueForecast(lane=lane), LONG_PATIENCE_S)


@command(cli, "sla", "lmsyncctl sla\nlmsyncctl sla acme/completions --since 7d\nlmsyncctl sla acme --late --limit 20")
@click.argument("what", metavar="[TENANT[/ROUTE]]", default="")
@click.option("--since", type=PERIOD, default=86_400.0, show_default="24h", help="Over the last so long (1h, 7d).")
@click.option("--late", is_flag=True, help="List late deliveries, with the stage that made them late.")
@limit
def sla(what: str, since: float, late: bool, limit: int) -> int:
    """Do routes keep their promise?

    For each route: how many arrived, how soon (p50, p95, p99 from acceptance to the vendor's receipt), how many within
    the route's sla, and what is left of its error budget. Percentiles are right to 5 %, and whole hours are counted.

    Exit code 2 if the error budget of a route is spent.
    """
    return ask(p.Sla(what=what, since_s=since, late=late, limit=limit))


@command(
    dlq,
    "list",
    "lmsyncctl dlq list --summary\nlmsyncctl dlq list --whose yours --since 24h\nlmsyncctl dlq list --unrouted acme\n"
    "lmsyncctl dlq list --cause unmatched_learner --json | jq -r '.id // empty'",
)
@lane_filter
@cause_filter
@whose_filter
@since_filter
@click.option("--summary", is_flag=True, help="How many by root cause, and what can be done.")
@click.option(
    "--unrouted",
    default="",
    is_flag=False,
    flag_value=p.ALL,
    metavar="[TENANT]",
    help="Instead: statements that no enabled route took.",
)
@limit
def dlq_list(
    lane: str, cause: str, whose: str | None, since: float | None, summary: bool, unrouted: str, limit: int
) -> int:
    """List dead and parked deliveries.

    With their root causes, oldest first. Whose a cause is says who can mend it: ours (lmsyncd), theirs (the vendor),
    or yours (configuration, permissions, people).
    """
    request = p.DlqList(
        lane=lane,
        cause=cause,
        whose=whose or "",
        since_s=since,
        summary=summary,
        unrouted=unrouted,
        limit=limit,
    )
    return ask(request, LONG_PATIENCE_S)


@command(
    dlq,
    "plan",
    "lmsyncctl dlq plan --whose yours\nlmsyncctl dlq plan 3f2a91c0 7d9f3a52\n"
    "lmsyncctl dlq plan --unrouted acme --since 7d",
)
@letters(required=False)
@lane_filter
@cause_filter
@whose_filter
@since_filter
@click.option("--accept-double", is_flag=True, help="As if parked ones were sent again without looking.")
@click.option("--unrouted", default="", metavar="TENANT", help="Statements of TENANT that no enabled route took.")
def dlq_plan(
    ids: tuple[str, ...],
    lane: str,
    cause: str,
    whose: str | None,
    since: float | None,
    accept_double: bool,
    unrouted: str,
) -> int:
    """Show what a replay would do.

    Of all of them, if none is named. For each: send it, look for it first, place it anew, or nothing, because its
    effect is there already, it is old news, or nobody would carry it. Then how long that takes at the vendor's limits
    and how many requests it costs.

    Ends with a hash: dlq replay --plan HASH does exactly what was shown, or nothing if anything has moved. Plans are
    kept for a week.
    """
    request = p.DlqPlan(
        **which(ids or (p.ALL,)),
        lane=lane,
        cause=cause,
        whose=whose or "",
        since_s=since,
        accept_double=accept_double,
        unrouted=unrouted,
    )
    return ask(request, LONG_PATIENCE_S)


@command(dlq, "show", "lmsyncctl dlq show 3f2a91c0")
@click.argument("delivery", metavar="ID")
def dlq_show(delivery: str) -> int:
    """Show one dead letter.

    With its attempts, and what can be done about its cause.
    """
    return ask(p.DlqShow(delivery=delivery))


@command(config, "show", "lmsyncctl config show\nlmsyncctl config show acme --json")
@click.argument("tenant", default="")
def config_show(tenant: str) -> int:
    """Show the configuration in force.

    Secrets appear as where they come from, never as what they are.
    """
    return ask(p.ConfigShow(tenant=tenant))


@command(config, "check", "lmsyncctl config check && lmsyncctl reload")
def config_check() -> int:
    """Check the files on disk.

    As a reload would, without doing it. Exit code 78 if there is an error.
    """
    return ask(p.ConfigCheck(), LONG_PATIENCE_S)


# ── trying ───────────────────────────────────────────────────────────────────────────────────────────


@command(
    target,
    "test",
    "lmsyncctl target test acme/slack\nlmsyncctl target test acme/slack --channel C0123456789\n"
    "lmsyncctl target test acme/teams --learner ada@example.edu",
)
@click.argument("lane", metavar="TENANT/TARGET")
@click.option("--channel", default="", help="Post to this channel.")
@click.option("--team", default="", help="The team of the channel (Teams).")
@click.option("--learner", default="", metavar="EMAIL", help="Post to this person.")
@dry_run
def target_test(lane: str, channel: str, team: str, learner: str, dry_run: bool) -> int:
    """Send ONE real test post.

    Shows the vendor's receipt, or the exact reason why there is none.

    Without a channel and a learner nothing is posted: the credentials are proved.
    """
    request = p.TargetTest(lane=lane, channel=channel, team=team, learner=learner, dry_run=dry_run)
    return ask(request, LONG_PATIENCE_S)


@command(route, "test", "lmsyncctl route test acme statement.json\ncurl … | lmsyncctl route test acme -")
@click.argument("tenant")
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--source", default="", help="The source it would come from, for filters; else the tenant's only one.")
def route_test(tenant: str, file: TextIO, source: str) -> int:
    """Show what a statement would post.

    And where, or why not. FILE holds JSON, one statement or an array of them; - is the standard input. Nothing is
    stored, and no vendor is asked.
    """
    try:
        statement = file.read()
    except UnicodeDecodeError as error:
        raise click.BadParameter(f"this is not UTF-8: {error}", param_hint="FILE") from None
    return ask(p.RouteTest(tenant=tenant, statement=statement, source=source))


@command(cli, "version", "lmsyncctl version --json")
def version() -> int:
    """Show the running daemon's version."""
    return ask(p.AskVersion())
