"""The commands of ``lmsyncctl`` that look and try: nothing they ask for changes what will be delivered."""

from typing import TextIO, get_args

import click

from daemon.cli.trunk import LONG_PATIENCE_S, actor, ask, cli, command, config, dlq, dry_run, queue, route, target
from daemon.control import protocol as p


@command(cli, "status", "lmsyncctl status\nlmsyncctl status --json | jq 'select(.kind == \"lane\") | .depths'")
def status() -> int:
    """Is it well? If not, what is not?

    Shows all lanes with their depths, the oldest waiting delivery, and what holds them back.

    Exit code 2 if something that should go on does not: a lane is suspended, its vendor is down or asked to wait for
    more than a minute, an actor is down, the store does not write. Paused lanes and dead letters are shown, and are
    no reason.
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
    "lmsyncctl why 3f2a91c0\nlmsyncctl why 7d9f3a52-53c4-4f0e-9b57-0d7c4b6b0a11\nlmsyncctl why req-2026-11-23-0815",
)
@click.argument("what", metavar="ID")
def why(what: str) -> int:
    """What happened, and why?

    Tells the whole story of a statement, a delivery or a request (by its correlation id).

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
@click.option("--lane", default="", metavar="TENANT/TARGET", help="Only this lane.")
@click.option("--state", type=click.Choice(get_args(p.StateName)), help="Only this state, also one that is over.")
@click.option("--limit", type=click.IntRange(1, p.LIMIT_MAX), default=50, show_default=True, help="At most so many.")
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


@command(dlq, "list", "lmsyncctl dlq list\nlmsyncctl dlq list --cause unmatched_learner --json | jq -r '.id // empty'")
@click.option("--lane", default="", metavar="TENANT/TARGET", help="Only this lane.")
@click.option("--cause", default="", help="Only this root cause.")
@click.option("--limit", type=click.IntRange(1, p.LIMIT_MAX), default=50, show_default=True, help="At most so many.")
def dlq_list(lane: str, cause: str, limit: int) -> int:
    """List dead and parked deliveries.

    With their root causes, oldest first.
    """
    return ask(p.DlqList(lane=lane, cause=cause, limit=limit))


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
def route_test(tenant: str, file: TextIO) -> int:
    """Show what a statement would post.

    And where, or why not. FILE holds JSON, one statement or an array of them; - is the standard input. Nothing is
    stored, and no vendor is asked.
    """
    try:
        statement = file.read()
    except UnicodeDecodeError as error:
        raise click.BadParameter(f"this is not UTF-8: {error}", param_hint="FILE") from None
    return ask(p.RouteTest(tenant=tenant, statement=statement))


@command(cli, "version", "lmsyncctl version --json")
def version() -> int:
    """Show the running daemon's version."""
    return ask(p.AskVersion())
