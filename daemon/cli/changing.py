"""The commands of ``lmsyncctl`` that change something. Each takes ``--dry-run``; what is unbounded wants ALL."""

from typing import Literal

import click

from daemon.cli.trunk import (
    LONG_PATIENCE_S,
    PERIOD,
    actor,
    ask,
    cause_filter,
    cli,
    command,
    dlq,
    dry_run,
    lane_filter,
    letters,
    queue,
    since_filter,
    which,
    whose_filter,
)
from daemon.control import protocol as p


@command(
    dlq,
    "replay",
    "lmsyncctl dlq replay 3f2a91c0\nlmsyncctl dlq replay --plan 9c41e0d2a7b35f18\n"
    "lmsyncctl dlq replay ALL --cause unmatched_learner --dry-run\n"
    "lmsyncctl dlq replay ALL --unrouted acme --since 7d\n"
    "lmsyncctl dlq list --json | jq -r '.id // empty' | xargs lmsyncctl dlq replay",
)
@letters(required=False)
@lane_filter
@cause_filter
@whose_filter
@since_filter
@click.option("--accept-double", is_flag=True, help="Send parked ones again without looking: there may be a double.")
@click.option("--unrouted", default="", metavar="TENANT", help="Statements of TENANT that no enabled route took.")
@click.option("--plan", default="", metavar="HASH", help="Exactly what dlq plan showed; nothing if anything has moved.")
@dry_run
def dlq_replay(
    ids: tuple[str, ...],
    lane: str,
    cause: str,
    whose: str | None,
    since: float | None,
    accept_double: bool,
    unrouted: str,
    plan: str,
    dry_run: bool,
) -> int:
    """Try dead letters again.

    They have all their attempts again, and their old place in line.

    One that never had a destination is placed anew. A parked one, whose outcome nobody knows, is looked for at the
    vendor again, unless a double is accepted. What has its effect already, or is old news by now, is left alone by ALL
    and has to be named.

    With --plan: exactly what a plan showed, in one transaction. Exit code 4, and nothing is changed, if anything has
    moved since.
    """
    if bool(plan) == bool(ids):
        raise click.UsageError(f"name the ids, or {p.ALL}, or the hash of a plan")
    request = p.DlqReplay(
        **which(ids),
        lane=lane,
        cause=cause,
        whose=whose or "",
        since_s=since,
        accept_double=accept_double,
        unrouted=unrouted,
        plan=plan,
        dry_run=dry_run,
    )
    return ask(request, LONG_PATIENCE_S)


@command(dlq, "discard", "lmsyncctl dlq discard 3f2a91c0\nlmsyncctl dlq discard ALL --lane acme/slack --dry-run")
@letters(required=True)
@lane_filter
@cause_filter
@whose_filter
@since_filter
@dry_run
def dlq_discard(
    ids: tuple[str, ...], lane: str, cause: str, whose: str | None, since: float | None, dry_run: bool
) -> int:
    """Let dead letters be.

    They stay on record as cancelled, with who discarded them.
    """
    request = p.DlqDiscard(**which(ids), lane=lane, cause=cause, whose=whose or "", since_s=since, dry_run=dry_run)
    return ask(request, LONG_PATIENCE_S)


@command(dlq, "annotate", 'lmsyncctl dlq annotate 3f2a91c0 "the channel comes back on Monday"')
@click.argument("delivery", metavar="ID")
@click.argument("text")
@dry_run
def dlq_annotate(delivery: str, text: str, dry_run: bool) -> int:
    """Note what you found out.

    The note stays in the delivery's history, with who made it and when; why and dlq show tell it.
    """
    return ask(p.DlqAnnotate(delivery=delivery, text=text, dry_run=dry_run))


@command(
    queue,
    "catchup",
    "lmsyncctl queue catchup acme/slack latest --dry-run\nlmsyncctl queue catchup acme/slack digest --older-than 1h",
)
@click.argument("lane", metavar="TENANT/TARGET")
@click.argument("how", type=click.Choice(["all", "latest", "digest"]))
@click.option("--older-than", type=PERIOD, help="Only what was accepted longer ago than this (1h, 3d).")
@dry_run
def queue_catchup(lane: str, how: Literal["all", "latest", "digest"], older_than: float | None, dry_run: bool) -> int:
    """Choose what is sent of a backlog.

    After an outage, or while it lasts. What is in flight, or of unknown outcome, is left alone.

    all: everything, in order; that is what happens anyway. latest: where the same grade or completion changed several
    times, only the newest goes to each destination. digest: what waits for a destination becomes one post, a line for
    each change (one for each route).
    """
    return ask(p.QueueCatchup(lane=lane, how=how, older_than_s=older_than, dry_run=dry_run), LONG_PATIENCE_S)


@command(cli, "pause", "lmsyncctl pause acme/slack")
@click.argument("lane", metavar="TENANT/TARGET")
@dry_run
def pause(lane: str, dry_run: bool) -> int:
    """Hold a lane back until you resume it.

    What is in flight is finished; everything else waits, also after a restart of the daemon.
    """
    return ask(p.Pause(lane=lane, dry_run=dry_run))


@command(cli, "resume", "lmsyncctl resume acme/slack")
@click.argument("lane", metavar="TENANT/TARGET")
@dry_run
def resume(lane: str, dry_run: bool) -> int:
    """Let a paused lane go on."""
    return ask(p.Resume(lane=lane, dry_run=dry_run))


@command(actor, "restart", "lmsyncctl actor restart root/acme/courier:slack")
@click.argument("path")
@dry_run
def actor_restart(path: str, dry_run: bool) -> int:
    """Stop an actor and start it again.

    Or a supervisor, with all below it. Nothing is lost: the store has it all.
    """
    return ask(p.ActorRestart(path=path, dry_run=dry_run), LONG_PATIENCE_S)


@command(cli, "reload", "lmsyncctl reload\nlmsyncctl reload --dry-run")
@dry_run
def reload(dry_run: bool) -> int:
    """Read the configuration again.

    Starts anew only what changed. With an error nothing changes at all, and the exit code is 78.
    """
    return ask(p.Reload(dry_run=dry_run), LONG_PATIENCE_S)


@command(cli, "drain", "lmsyncctl drain")
@dry_run
def drain(dry_run: bool) -> int:
    """End the daemon in good order.

    It finishes what is in flight and takes in nothing new. What waits is in the store.
    """
    return ask(p.Drain(dry_run=dry_run), LONG_PATIENCE_S)
