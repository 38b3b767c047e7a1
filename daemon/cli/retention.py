"""``lmsyncctl retention``: what is kept, what has left, and a run out of turn."""

import click

from daemon.cli.commands import Commands
from daemon.cli.trunk import LONG_PATIENCE_S, ask, cli, command, dry_run
from daemon.control import protocol as p


class Retention(Commands):
    """``lmsyncctl retention [TENANT]`` shows: what is no command of the group is a tenant's name."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = ["show", *args]
        return super().parse_args(ctx, args)


retention = Retention("retention", help="What is kept, and for how long.")
cli.add_command(retention)


@command(retention, "show", "lmsyncctl retention\nlmsyncctl retention acme\nlmsyncctl retention show acme --json")
@click.argument("tenant", default="")
def show(tenant: str) -> int:
    """Show what is kept, what was removed, and the space it takes.

    The numbers of statements and deliveries are counted, sizes are estimated. What is kept by hash alone stands for
    all tenants together. Below: the database, its free space, and when each janitor comes next.
    """
    return ask(p.RetentionShow(tenant=tenant))


@command(retention, "run", "lmsyncctl retention run acme --dry-run\nlmsyncctl retention run acme")
@click.argument("tenant")
@dry_run
def run(tenant: str, dry_run: bool) -> int:
    """Remove now what has had its time.

    A little at a time, while deliveries go on; the janitor does the same every hour. Nothing open or held is ever
    removed, nor a statement that somebody may still be concerned with.

    For a tenant that is not configured any more the default periods count.
    """
    return ask(p.RetentionRun(tenant=tenant, dry_run=dry_run), LONG_PATIENCE_S)
