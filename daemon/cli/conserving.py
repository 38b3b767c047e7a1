"""``lmsyncctl conservation``: what became of all that was accepted, and whether it adds up."""

from pathlib import Path

import click
import msgspec

from daemon.cli.commands import Options
from daemon.cli.progressing import looking
from daemon.cli.render import printer
from daemon.cli.trunk import LONG_PATIENCE_S, ask, command, subgroup
from daemon.control import protocol as p
from daemon.control.exits import Exit

PATIENCE_OF_PROOF_S = 3_600.0
conservation = subgroup("conservation", "What became of all that was accepted.")


@command(
    conservation,
    "list",
    "lmsyncctl conservation list\nlmsyncctl conservation list acme --days 30\n"
    "lmsyncctl conservation list --open --json",
)
@click.argument("tenant", default="")
@click.option("--days", type=click.IntRange(1, 400), default=14, show_default=True, help="How many days back.")
@click.option("--open", "only_open", is_flag=True, help="Only days that may move on yet, or do not add up.")
def listing(tenant: str, days: int, only_open: bool) -> int:
    """Show what became of what was accepted, by day and source.

    Every statement is in one column: accepted is the sum of the others. A day is UTC's; it is written once it is over,
    and again while something of it moves on. Exit code 1 if something was lost.
    """
    return ask(p.ConservationList(tenant=tenant, days=days, open=only_open), LONG_PATIENCE_S)


@command(
    conservation,
    "verify",
    "lmsyncctl conservation verify\nlmsyncctl conservation verify --database /backup/lmsyncd.db --json",
)
@click.option(
    "--database",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A database file, or a copy of one: no daemon is asked.",
)
def verify(database: Path | None) -> int:
    """Count everything anew, and prove that the chain is as it was written.

    Names the request, statement or delivery that does not fit; exit code 1 if there is one. With --database no daemon
    is needed, only the file; who can read that needs no role.
    """
    if database is None:
        return ask(p.ConservationVerify(), PATIENCE_OF_PROOF_S)
    return _offline(database)


def _offline(database: Path) -> int:
    from daemon.control.verbs.conservation import first_of, told
    from daemon.store.conserving_proof import EVERY_ROWS, prove_file
    from daemon.store.errors import StoreRefused

    options = click.get_current_context().ensure_object(Options)
    out = printer(as_json=options.as_json, quiet=options.quiet)
    try:
        proof = prove_file(database, looking("rows", each=EVERY_ROWS))
    except StoreRefused as error:
        out.refused(p.Refusal(Exit.FAILURE, str(error)))
        return Exit.FAILURE
    for row in told(proof):
        out.row(msgspec.Raw(msgspec.json.encode(row)))
    code = Exit.OK if proof.whole else Exit.FAILURE
    out.end(p.Done(exit_code=code, note="" if proof.whole else first_of(proof)))
    return code
