"""The commands of ``lmsyncctl`` that change something. Each takes ``--dry-run``; what is unbounded wants ALL."""

from typing import Any

import click

from daemon.cli.trunk import LONG_PATIENCE_S, actor, ask, cli, command, dlq, dry_run
from daemon.control import protocol as p


def _letters(ids: tuple[str, ...]) -> dict[str, Any]:
    if p.ALL not in ids:
        return {"deliveries": ids}
    if len(ids) > 1:
        raise click.UsageError(f"either ids or {p.ALL}, not both")
    return {"everything": True}


letters = click.argument("ids", metavar="ID...|ALL", nargs=-1, required=True)
lane_filter = click.option("--lane", default="", metavar="TENANT/TARGET", help="Only those of this lane.")
cause_filter = click.option("--cause", default="", help="Only those with this root cause.")


@command(
    dlq,
    "replay",
    "lmsyncctl dlq replay 3f2a91c0\nlmsyncctl dlq replay ALL --cause unmatched_learner --dry-run\n"
    "lmsyncctl dlq list --json | jq -r '.id // empty' | xargs lmsyncctl dlq replay",
)
@letters
@lane_filter
@cause_filter
@click.option("--accept-double", is_flag=True, help="Send parked ones again without looking: there may be a double.")
@dry_run
def dlq_replay(ids: tuple[str, ...], lane: str, cause: str, accept_double: bool, dry_run: bool) -> int:
    """Try dead letters again.

    They have all their attempts again, and their old place in line.

    One that never had a destination is placed anew. A parked one, whose outcome nobody knows, is looked for at the
    vendor again, unless a double is accepted.
    """
    chosen = _letters(ids)
    request = p.DlqReplay(**chosen, lane=lane, cause=cause, accept_double=accept_double, dry_run=dry_run)
    return ask(request, LONG_PATIENCE_S)


@command(dlq, "discard", "lmsyncctl dlq discard 3f2a91c0\nlmsyncctl dlq discard ALL --lane acme/slack --dry-run")
@letters
@lane_filter
@cause_filter
@dry_run
def dlq_discard(ids: tuple[str, ...], lane: str, cause: str, dry_run: bool) -> int:
    """Let dead letters be.

    They stay on record as cancelled, with who discarded them.
    """
    return ask(p.DlqDiscard(**_letters(ids), lane=lane, cause=cause, dry_run=dry_run), LONG_PATIENCE_S)


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
