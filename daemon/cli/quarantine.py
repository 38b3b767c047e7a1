"""``lmsyncctl quarantine``: records of sources that failed validation."""

from typing import Any

import click

from daemon.cli.trunk import LONG_PATIENCE_S, ask, command, dry_run, limit, subgroup
from daemon.control import protocol as p

quarantine = subgroup("quarantine", "Records of sources that failed validation.")

source_filter = click.option("--source", default="", metavar="TENANT/SOURCE", help="Only those of this source.")
rule_filter = click.option("--rule", default="", metavar="RULE", help="Only those that fail this rule.")
records = click.argument("records", metavar="ENTITY/ID...|ALL", nargs=-1, required=True)


def _which(named: tuple[str, ...]) -> dict[str, Any]:
    """Some records, or ALL."""
    if p.ALL not in named:
        return {"records": named}
    if len(named) > 1:
        raise click.UsageError(f"either records or {p.ALL}, not both")
    return {"everything": True}


@command(
    quarantine,
    "list",
    "lmsyncctl quarantine list\nlmsyncctl quarantine list --source acme/canvas --rule email\n"
    "lmsyncctl quarantine list --json | jq -r 'select(.kind == \"quarantined\") | .rule' | sort | uniq -c",
)
@source_filter
@rule_filter
@click.option("--dismissed", is_flag=True, help="Those too that somebody left as they are.")
@limit
def listing(source: str, rule: str, dismissed: bool, limit: int) -> int:
    """Show what stands in quarantine, with the rule that it fails and what to do about it.

    Everything else that was read with it has been taken in. A record that was let in before stands as it was then.
    """
    return ask(p.QuarantineList(source=source, rule=rule, dismissed=dismissed, limit=limit))


@command(
    quarantine, "show", "lmsyncctl quarantine show user/4711\nlmsyncctl quarantine show grade/12 --source acme/sis"
)
@click.argument("records", metavar="ENTITY/ID...", nargs=-1, required=True)
@source_filter
def show(records: tuple[str, ...], source: str) -> int:
    """Show records as their source told them, all that is wrong with them, and their corrections.

    Also of records that are not in quarantine. What looks like a secret is masked.
    """
    return ask(p.QuarantineShow(records=records, source=source))


@command(
    quarantine,
    "retry",
    "lmsyncctl quarantine retry user/4711\nlmsyncctl quarantine retry ALL --source acme/canvas --rule role --dry-run",
)
@records
@source_filter
@rule_filter
@dry_run
def retry(records: tuple[str, ...], source: str, rule: str, dry_run: bool) -> int:
    """Let records in, as the mapping in force and their corrections have it now.

    What they tell is told, as if they had just been read. Exit code 2 if some fail still. A record that is named and
    does not stand in quarantine is made anew too: that applies a correction, or takes one away.
    """
    request = p.QuarantineRetry(**_which(records), source=source, rule=rule, dry_run=dry_run)
    return ask(request, LONG_PATIENCE_S)


@command(
    quarantine,
    "edit",
    "lmsyncctl quarantine edit acme/canvas user/4711 --set 'email=\"ada@example.edu\"'\n"
    "lmsyncctl quarantine edit acme/sis enrolment/7 --set 'dates.end=null' --set 'role=\"student\"'\n"
    "lmsyncctl quarantine edit acme/canvas user/4711 --unset email",
)
@click.argument("source", metavar="TENANT/SOURCE")
@click.argument("record", metavar="ENTITY/ID")
@click.option("--set", "put", multiple=True, metavar="PATH=JSON", help="What shall stand there instead.")
@click.option("--unset", "removed", multiple=True, metavar="PATH", help="Take the correction of this path away.")
@dry_run
def edit(source: str, record: str, put: tuple[str, ...], removed: tuple[str, ...], dry_run: bool) -> int:
    """Correct what a source tells of a record.

    The correction lies over the record before it is mapped, as long as the source tells the same there; once it tells
    something else, that counts. quarantine show shows it, quarantine retry applies it. Better mended at the source.
    """
    return ask(p.QuarantineEdit(source=source, record=record, put=put, removed=removed, dry_run=dry_run))


@command(
    quarantine,
    "dismiss",
    "lmsyncctl quarantine dismiss user/4711\nlmsyncctl quarantine dismiss ALL --source acme/sis --rule required",
)
@records
@source_filter
@rule_filter
@dry_run
def dismiss(records: tuple[str, ...], source: str, rule: str, dry_run: bool) -> int:
    """Leave records as they are.

    They stay in quarantine and are not counted any more, until their source tells something else of them.
    """
    request = p.QuarantineDismiss(**_which(records), source=source, rule=rule, dry_run=dry_run)
    return ask(request, LONG_PATIENCE_S)
