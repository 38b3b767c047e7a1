"""``lmsyncctl events`` and ``lmsyncctl alert``: what happened around the daemon, and what needs a person."""

import click

from daemon.cli.commands import PERIOD
from daemon.cli.trunk import ask, cli, command, dry_run, subgroup
from daemon.control import protocol as p

KINDS = (
    "start", "stop", "deploy", "reload", "outage", "recovered", "suspended", "source", "brake", "token", "store",
    "loss", "crash", "clock", "mapping", "alarm",
)  # fmt: skip
LIMIT_MAX = 10_000
alert = subgroup("alert", "What needs a person, and who is told.")


@command(
    cli,
    "events",
    "lmsyncctl events\nlmsyncctl events acme --since 7d\nlmsyncctl events --of outage --of deploy --since 30d --json",
)
@click.argument("tenant", default="")
@click.option("--since", type=PERIOD, default=86_400.0, show_default="24h", help="Of the last so long (1h, 7d).")
@click.option("--of", "kinds", type=click.Choice(KINDS), multiple=True, help="Only these; may be given several times.")
@click.option("--limit", type=click.IntRange(1, LIMIT_MAX), default=200, show_default=True, help="The newest so many.")
def events(tenant: str, since: float, kinds: tuple[str, ...], limit: int) -> int:
    """Show on one time line what happened.

    Starts, deployments, reloads, vendors' outages, alarms; with a tenant, what concerns it and the daemon itself. So
    one sees what came after what: errors that began with a deployment, a backlog that began with an outage.
    Exit code 3 if nothing happened.
    """
    return ask(p.Events(tenant=tenant, since_s=since, of=kinds, limit=limit))


@command(alert, "list", "lmsyncctl alert list\nlmsyncctl alert list acme --json")
@click.argument("tenant", default="")
def listing(tenant: str) -> int:
    """Show alarms that stand, each with the command that helps, and who is told of them.

    An alarm is told when it begins, each day while it lasts, and when it is over. Exit code 2 while one stands.
    """
    return ask(p.AlertList(tenant=tenant))


@command(alert, "test", "lmsyncctl alert test acme\nlmsyncctl alert test acme --dry-run")
@click.argument("tenant")
@dry_run
def test(tenant: str, dry_run: bool) -> int:
    """Post a test wherever a tenant's [[alerts]] say: does somebody read it there?"""
    return ask(p.AlertTest(tenant=tenant, dry_run=dry_run))
