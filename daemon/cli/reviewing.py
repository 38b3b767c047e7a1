"""``lmsyncctl conflict``: where systems disagree, and what people decide about it."""

import click

from daemon.cli.trunk import ask, command, dry_run, limit, subgroup
from daemon.control import protocol as p

conflict = subgroup("conflict", "Where systems disagree, and what people decide about it.")
conflicts = click.argument("names", metavar="TENANT/NUMBER...", nargs=-1, required=True)
like_option = click.option("--like", is_flag=True, help="All open ones of the same class in the same place, too.")


@command(
    conflict,
    "list",
    "lmsyncctl conflict list\nlmsyncctl conflict list --tenant acme --class stranger\n"
    "lmsyncctl conflict list --state approved --json",
)
@click.option("--tenant", default="", metavar="TENANT", help="Only those of this tenant.")
@click.option(
    "--state",
    type=click.Choice(["open", "approved", "rejected", "settled", "undone", "all"]),
    default="open",
    show_default=True,
    help="Only those that stand so.",
)
@click.option("--class", "class_", default="", metavar="CLASS", help="Only those of this class.")
@limit
def listing(tenant: str, state: str, class_: str, limit: int) -> int:
    """Show what waits for a person's decision: what it is about, and what is most likely right."""
    named = "" if state == "all" else state
    return ask(p.ConflictList(tenant=tenant, state=named, class_=class_, limit=limit))  # type: ignore[arg-type]  # click has checked it


@command(conflict, "show", "lmsyncctl conflict show acme/17")
@conflicts
def show(names: tuple[str, ...]) -> int:
    """Show the facts of a conflict: who says what since when, and every fix with its reach and its way back."""
    return ask(p.ConflictShow(names=names))


@command(
    conflict,
    "approve",
    "lmsyncctl conflict approve acme/17\nlmsyncctl conflict approve acme/17 --fix 2 --dry-run\n"
    "lmsyncctl conflict approve acme/17 --like",
)
@conflicts
@click.option("--fix", type=click.IntRange(1, 20), default=1, show_default=True, help="Which of the suggested fixes.")
@like_option
@dry_run
def approve(names: tuple[str, ...], fix: int, like: bool, dry_run: bool) -> int:
    """Put a suggested fix in force.

    Rosters are planned by it at once. Safe to repeat. Exit code 4 where it was decided otherwise, or where the sides
    say something else by now.
    """
    return ask(p.ConflictApprove(names=names, fix=fix, like=like, dry_run=dry_run))


@command(conflict, "reject", "lmsyncctl conflict reject acme/17 --why 'they share the account on purpose'")
@conflicts
@click.option("--why", default="", metavar="TEXT", help="For whoever asks later.")
@like_option
@dry_run
def reject(names: tuple[str, ...], why: str, like: bool, dry_run: bool) -> int:
    """Leave it as it is: nobody is asked again while the sides say the same."""
    return ask(p.ConflictReject(names=names, why=why, like=like, dry_run=dry_run))


@command(conflict, "undo", "lmsyncctl conflict undo acme/17")
@conflicts
@dry_run
def undo(names: tuple[str, ...], dry_run: bool) -> int:
    """Take a decision back: what was approved is undone as its fix says, what was rejected is asked again."""
    return ask(p.ConflictUndo(names=names, dry_run=dry_run))
