"""``lmsyncctl source``: the systems that are read."""

import click

from daemon.cli.trunk import LONG_PATIENCE_S, ask, command, dry_run, subgroup
from daemon.control import protocol as p

source = subgroup("source", "The systems that changes come from, and reading them.")
one = click.argument("source", metavar="TENANT/SOURCE")
wait = click.option("--wait", is_flag=True, help="Until it has ended, saying how far it is.")


@command(source, "list", "lmsyncctl source list\nlmsyncctl source list acme --json")
@click.argument("tenant", default="")
def listing(tenant: str) -> int:
    """Show how each source stands: when it was read, what that brought, and when it is read next.

    Exits with 2 while one is suspended, braked, unavailable, or silent for longer than its settings say.
    """
    return ask(p.SourceList(tenant=tenant))


@command(source, "pause", "lmsyncctl source pause acme/campus")
@one
@dry_run
def pause(source: str, dry_run: bool) -> int:
    """Read it no more, until somebody resumes; also after a restart. What it posts is still taken in.

    A backfill that was asked for and has not ended is forgotten.
    """
    return ask(p.SourcePause(source=source, dry_run=dry_run))


@command(source, "resume", "lmsyncctl source resume acme/campus")
@one
@dry_run
def resume(source: str, dry_run: bool) -> int:
    """Read it again. A time that it named itself is forgotten too."""
    return ask(p.SourceResume(source=source, dry_run=dry_run))


@command(
    source,
    "sync",
    "lmsyncctl source sync acme/campus\nlmsyncctl source sync acme/campus --full --wait\n"
    "lmsyncctl source sync acme/sis --accept-removals --wait",
)
@one
@click.option("--full", is_flag=True, help="Everything, instead of what is new.")
@click.option(
    "--accept-removals", is_flag=True, help="Everything, and whatever is gone is removed, however much it is."
)
@wait
@dry_run
def sync(source: str, full: bool, accept_removals: bool, wait: bool, dry_run: bool) -> int:
    """Read a source now.

    With --wait it exits with 4 where so much would be gone that nothing was removed, and with 75 where the source
    could not be read for now.
    """
    request = p.SourceSync(source=source, full=full, accept_removals=accept_removals, wait=wait, dry_run=dry_run)
    return ask(request, LONG_PATIENCE_S)


@command(
    source,
    "backfill",
    "lmsyncctl source backfill acme/campus --since 2026-09-01\n"
    "lmsyncctl source backfill acme/campus --since 2026-11-20T08:00:00Z --until 2026-11-21T00:00:00Z --announce --wait",
)
@one
@click.option("--since", required=True, metavar="TIME", help="A day, or a time as RFC 3339.")
@click.option("--until", default="", metavar="TIME", help="The same; else now.")
@click.option("--announce", is_flag=True, help="Tell it like news. Else it counts as known, and nobody is told.")
@wait
@dry_run
def backfill(source: str, since: str, until: str, announce: bool, wait: bool, dry_run: bool) -> int:
    """Read what happened in a time that has passed. Where the source is read next does not change.

    It is made until it has ended, also after a restart; source pause forgets it.
    """
    request = p.SourceBackfill(source=source, since=since, until=until, announce=announce, wait=wait, dry_run=dry_run)
    return ask(request, LONG_PATIENCE_S)
