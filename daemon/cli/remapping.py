"""``lmsyncctl map diff``, ``activate`` and ``rollback``: versions of a source's mapping."""

from typing import Any

import click

from daemon.cli.mapping import VERSION, mapping
from daemon.cli.trunk import ask, command, dry_run
from daemon.control import protocol as p

PATIENCE_S = 900.0
"""It tells every few seconds how far it is."""
DAYS = 7
DAYS_MAX = 36_500
DAY_S = 86_400.0


class Days(click.ParamType[int]):
    """So many, or ALL of them: 0."""

    name = "days"

    def convert(self, value: Any, parameter: click.Parameter | None, ctx: click.Context | None) -> int:
        if value == p.ALL:
            return 0
        if not (str(value).isascii() and str(value).isdigit() and 0 < int(value) <= DAYS_MAX):
            self.fail(f"{value!r} is neither a number of days nor {p.ALL}", parameter, ctx)
        return int(value)


@command(
    mapping,
    "diff",
    "lmsyncctl map diff acme/canvas v1 v2\nlmsyncctl map diff acme/canvas v1 v2 --days ALL --json",
)
@click.argument("source", metavar="TENANT/SOURCE")
@click.argument("before", metavar="vN", type=VERSION)
@click.argument("after", metavar="vM", type=VERSION)
@click.option("--days", type=Days(), default=DAYS, show_default=True, help=f"Records that changed lately, or {p.ALL}.")
def diff(source: str, before: int, after: int, days: int) -> int:
    """Show what another version would make of what is stored.

    Stored records are mapped by both, and nothing is changed: which fields differ, in how many records and how, what
    would fail, what would fit again, and how many people that touches. Over ALL records it makes a plan for activate.
    """
    since_s = days * DAY_S if days else None
    return ask(p.MapDiff(source=source, before=before, after=after, since_s=since_s), PATIENCE_S)


@command(
    mapping,
    "activate",
    "lmsyncctl map activate acme/canvas v2 --dry-run\nlmsyncctl map activate acme/canvas v2 --plan 9c41e0d2a7b35f18",
)
@click.argument("source", metavar="TENANT/SOURCE")
@click.argument("version", metavar="vN", type=VERSION)
@click.option("--plan", default="", metavar="HASH", help="Only if it comes to what map diff --days ALL showed.")
@dry_run
def activate(source: str, version: int, plan: str, dry_run: bool) -> int:
    """Bring a version into force, for what is stored too.

    All stored records are mapped anew, and nobody is told: what is told later is what changes later. The source waits
    meanwhile. Interrupted, it goes on with the next start, or when it is asked for again. map rollback takes it back.
    """
    return ask(p.MapActivate(source=source, version=version, plan=plan, dry_run=dry_run), PATIENCE_S)


@command(mapping, "rollback", "lmsyncctl map rollback acme/canvas --dry-run\nlmsyncctl map rollback acme/canvas")
@click.argument("source", metavar="TENANT/SOURCE")
@dry_run
def rollback(source: str, dry_run: bool) -> int:
    """Take the last activation back.

    Every record that nothing has touched since is as it was, byte by byte; one that its source told anew since is
    mapped with the version before. Nobody is told. Possible for 90 days, and until the next activation.
    """
    return ask(p.MapRollback(source=source, dry_run=dry_run), PATIENCE_S)
