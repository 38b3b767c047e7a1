"""The trunk of ``lmsyncctl``: global options, groups, and how a command asks the daemon and prints its answer.

Nothing heavy is imported here: a command starts in a fraction of a second, also from a timer.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from daemon.cli.commands import PERIOD as PERIOD
from daemon.cli.commands import Commands, Options, global_options, nobody_reads, version_option
from daemon.cli.progressing import over, waiting
from daemon.cli.render import printer
from daemon.control import protocol as p
from daemon.control.client import SOCKET, Client
from daemon.control.exits import MEANINGS, Exit

F = TypeVar("F", bound=Callable[..., Any])
PATIENCE_S = 30.0
LONG_PATIENCE_S = 120.0

EXIT_CODES = "\b\nExit codes:\n" + "\n".join(f"  {code.value:>2}  {said}" for code, said in MEANINGS.items())


def ask(request: p.Ask, patience_s: float = PATIENCE_S) -> int:
    """Ask the daemon and print its answer. Returns the exit code."""
    options = click.get_current_context().ensure_object(Options)
    out = printer(as_json=options.as_json, quiet=options.quiet)
    try:
        path = Path(options.socket) if options.socket else SOCKET
        with Client(path, options.timeout_s or patience_s, waiting) as client:
            for said in client.ask(request):
                if isinstance(said, p.Done):
                    out.end(said)
                    return said.exit_code
                out.row(said)
    except p.Refusal as refusal:
        out.refused(refusal)
        return refusal.code
    except BrokenPipeError:  # caught here, because click would call it a failure
        return nobody_reads()
    finally:
        over()
    return Exit.FAILURE


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EXIT_CODES,
)
@global_options(hidden=False)
@version_option("lmsyncctl")
def cli() -> None:
    """Look at and operate a running lmsyncd.

    \b
    Often needed:
      lmsyncctl status                  is it well?
      lmsyncctl why ID                  what happened to this statement, delivery or request, and why?
      lmsyncctl dlq list                what could not be delivered, and whose fault it is
      lmsyncctl dlq plan                what a replay would do with it, and how long that takes
      lmsyncctl dlq replay ID           try it again
      lmsyncctl target test acme/slack  do the credentials work?

    An ID may be cut after its first eight digits where that leaves no doubt. A lane is TENANT/TARGET.
    """


def command(
    group: click.Group, name: str, example: str, verb: str = ""
) -> Callable[[Callable[..., int]], click.Command]:
    """A leaf of the tree: takes the global options too, and shows examples and the least role below its help.
    ``verb`` is what it asks the daemon for, where that is called otherwise than the command."""

    def make(function: Callable[..., int]) -> click.Command:
        lines = "\n".join(f"  {line}" for line in example.splitlines())
        epilog = f"\b\nExamples:\n{lines}{least_role(verb or (name if group is cli else f'{group.name}.{name}'))}"
        return group.command(name, epilog=epilog)(global_options(hidden=True)(function))

    return make


def least_role(verb: str) -> str:
    """A paragraph that says which role a verb takes at least; nothing where the daemon is not asked for it."""
    if verb not in p.VERBS:
        return ""
    role = p.VERBS[verb].role
    return f"\n\nLeast role: {'none' if role is p.Role.NOBODY else role.name.lower()}."


def which(ids: tuple[str, ...]) -> dict[str, Any]:
    """Some ids, or ALL."""
    if p.ALL not in ids:
        return {"deliveries": ids}
    if len(ids) > 1:
        raise click.UsageError(f"either ids or {p.ALL}, not both")
    return {"everything": True}


def letters(*, required: bool) -> Callable[[F], F]:
    """The argument that ``which`` takes."""
    return click.argument("ids", metavar="ID...|ALL", nargs=-1, required=required)


lane_filter = click.option("--lane", default="", metavar="TENANT/TARGET", help="Only those of this lane.")


def _causes(ctx: click.Context, parameter: click.Parameter, typed: str) -> list[str]:
    """For completion; a daemon may know others, and says which it knows."""
    from actors.domain.verdicts import Cause

    return [cause.value for cause in Cause if cause.value.startswith(typed)]


cause_filter = click.option("--cause", default="", shell_complete=_causes, help="Only those with this root cause.")
whose_filter = click.option(
    "--whose", type=click.Choice(["ours", "theirs", "yours"]), help="Only those that this side can mend."
)
since_filter = click.option("--since", type=PERIOD, help="Only those of the last so long (30m, 24h, 7d).")
limit = click.option(
    "--limit", type=click.IntRange(1, p.LIMIT_MAX), default=50, show_default=True, help="At most so many."
)
dry_run = click.option("--dry-run", is_flag=True, help="Say what would happen, and do not do it.")


def subgroup(name: str, said: str) -> click.Group:
    made = Commands(name, help=said)
    cli.add_command(made)
    return made


actor = subgroup("actor", "The tree of supervisors and actors.")
target = subgroup("target", "The vendors' accounts that deliveries go to.")
route = subgroup("route", "The rules that turn changes into posts.")
queue = subgroup("queue", "What is still to be delivered.")
dlq = subgroup("dlq", "Dead letters: what waits for a person.")
config = subgroup("config", "The configuration in force.")
