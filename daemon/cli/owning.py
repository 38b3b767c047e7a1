"""``lmsyncctl export``, ``import`` and ``erase``: data that is its owner's."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from actors.domain.xapi.moments import instant_us
from config.durations import seconds
from daemon.cli.commands import Options, nobody_reads
from daemon.cli.exporting import Wanted
from daemon.cli.exporting import run as run_export
from daemon.cli.frames import Compression, Damaged
from daemon.cli.importing import Import
from daemon.cli.importing import Wanted as WantedImport
from daemon.cli.progressing import over, waiting
from daemon.cli.render import Printer, printer
from daemon.cli.trunk import LONG_PATIENCE_S, ask, cli, command, dry_run
from daemon.cli.values import TooLong
from daemon.control import protocol as p
from daemon.control.client import SOCKET, Client
from daemon.control.exits import Exit
from daemon.control.owning_asks import Format


class Moment(click.ParamType[int]):
    """A time, or how long ago, in microseconds since the epoch."""

    name = "time"

    def convert(self, value: Any, parameter: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        moment_us = instant_us(str(value))
        if moment_us is not None:
            return moment_us
        try:
            return time.time_ns() // 1000 - round(seconds(str(value)) * 1e6)
        except ValueError:
            self.fail(f"{value!r} is neither a time (2026-09-01T00:00:00Z) nor how long ago (90d)", parameter, ctx)


MOMENT = Moment()
PATIENCE_OF_ERASING_S = 900.0
"""It tells every few seconds how far it is, unless it waits for the router."""


Work = Callable[[Client, Callable[[str], None], Printer], tuple[str, int]]
"""Given who to ask, where to tell how it goes, and where rows go: how it ended, in words and as an exit code."""


def settled(work: Work, *, aside: bool) -> int:
    """Do it over one connection. ``aside``: the standard output is taken, so what is said goes to the other one."""
    options = click.get_current_context().ensure_object(Options)
    out = printer(as_json=options.as_json, quiet=options.quiet)

    def say(text: str) -> None:
        over()
        if not options.quiet:
            sys.stderr.write(f"lmsyncctl: {text}\n")

    try:
        path = Path(options.socket) if options.socket else SOCKET
        with Client(path, options.timeout_s or LONG_PATIENCE_S, waiting) as client:
            note, code = work(client, say, out)
    except p.Refusal as refusal:
        out.refused(refusal)
        return refusal.code
    except BrokenPipeError:
        return nobody_reads()
    except OSError as error:
        where = str(error.filename or "")
        out.refused(p.Refusal(Exit.FAILURE, error.strerror or str(error), where=where))
        return Exit.FAILURE
    finally:
        over()
    if aside:
        say(note)
    else:
        out.end(p.Done(exit_code=code, note=note))
    return code


@command(
    cli,
    "export",
    "lmsyncctl export acme xapi --out acme.jsonl.zst --compress zstd\n"
    "lmsyncctl export acme xapi --out acme.jsonl.zst --resume\n"
    "lmsyncctl export acme json --since 90d | jq -c 'select(.statement) | .statement.verb.id'",
    verb="export.begin",
)
@click.argument("tenant")
@click.argument("format", type=click.Choice(["xapi", "json"]))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The file to write, else the output.")
@click.option("--since", type=MOMENT, default=0, help="Only what was stored after this: a time, or 90d for ago.")
@click.option("--until", type=MOMENT, help="Only what was stored up to this.")
@click.option("--compress", type=click.Choice(["gzip", "zstd"]), help="Compress it, in frames that stand alone.")
@click.option("--learner", multiple=True, metavar="ID", help="Only one person's: mailto:…, account:HOME|NAME, sha1:…")
@click.option("--resume", is_flag=True, help="Go on with the file where it was interrupted.")
def export(
    tenant: str,
    format: Format,  # as the argument is called
    out: Path | None,
    since: int,
    until: int | None,
    compress: Compression | None,
    learner: tuple[str, ...],
    resume: bool,
) -> int:
    """Take a tenant's data along.

    JSON Lines: xapi has each statement just as the LRS shows it, json also what became of it and where it came from;
    attachments and documents are marks between the lines. Complete up to a place in the log that the first line names;
    the daemon goes on serving meanwhile.

    With --learner, only what one person did or what is about them, and their documents: to be handed to them.

    A file that was interrupted is gone on with by --resume, and ends up the same. Whoever exports is on record.
    """
    if resume and out is None:
        raise click.UsageError("--resume needs --out")
    begin = p.ExportBegin(tenant=tenant, format=format, since_us=since, until_us=until, persons=learner)
    wanted = Wanted(begin=begin, out=out, compression=compress or "", resume=resume)
    return settled(lambda client, say, _: (run_export(wanted, client, say), Exit.OK), aside=out is None)


@command(
    cli,
    "import",
    "lmsyncctl import acme/campus other-lrs.json --dry-run\n"
    "lmsyncctl import acme/campus acme.jsonl.zst\n"
    "lmsyncctl import acme/campus acme.jsonl.zst --skip 120000",
    verb="import.lines",
)
@click.argument("where", metavar="TENANT/SOURCE")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--announce", is_flag=True, help="Route it like news: posts are made. Else it counts as known, quietly.")
@click.option("--skip", type=click.IntRange(min=0), default=0, help="Leave out the first so many lines.")
@dry_run
def import_(where: str, file: Path, announce: bool, skip: int, dry_run: bool) -> int:
    """Bring statements in.

    From an export of ours, or another LRS's: JSON Lines, an array, pages as xAPI has them; gzip and zstd are known.
    Ids, times, authorities and attachments are kept, and every statement is judged by the same rules as one that a
    client sends. What breaks one is told with its line, and the rest goes on; then the exit code is 1.

    Brought in again, nothing is new. What is brought in counts as known and is announced to nobody, then or when the
    LMS tells it again; --announce routes it.
    """
    tenant, _, source = where.partition("/")
    if not tenant or not source:
        raise click.UsageError(f"{where!r} is not TENANT/SOURCE")
    wanted = WantedImport(
        tenant=tenant,
        source=source,
        file=None if str(file) == "-" else file,
        announce=announce,
        dry_run=dry_run,
        skip=skip,
    )
    return settled(lambda client, say, out: _imported(wanted, client, say, out), aside=False)


def _imported(wanted: WantedImport, client: Client, say: Callable[[str], None], out: Printer) -> tuple[str, int]:
    work = Import(wanted, client, say, out.row)
    try:
        work.run()
    except (Damaged, TooLong) as error:
        raise p.Refusal(Exit.FAILURE, f"{error}; {_far(work, wanted)}", where=str(wanted.file or "")) from None
    except (p.Refusal, OSError, KeyboardInterrupt):
        say(_far(work, wanted))
        raise
    count = work.count
    if not (count.fresh or count.known or count.refused or count.documents):
        return "there is no statement in it", Exit.NOTHING
    return count.told(dry_run=wanted.dry_run), Exit.FAILURE if count.refused else Exit.OK


def _far(work: Import, wanted: WantedImport) -> str:
    """How far it came, and how to go on."""
    told = work.count.told(dry_run=wanted.dry_run)
    return f"{told}; --skip {work.count.at} goes on after what is stored" if work.count.at else told


@command(
    cli,
    "erase",
    "lmsyncctl erase acme --learner mailto:ada@example.edu\n"
    "lmsyncctl erase acme --learner mailto:ada@example.edu --plan 9c41e0d2a7b35f18\n"
    "lmsyncctl erase acme --learner 'account:https://lms.example.edu|ada' --learner 'text:Ada Lovelace' --yes\n"
    "lmsyncctl erase --list",
    verb="erase.run",
)
@click.argument("tenant", default="")
@click.option(
    "--learner", multiple=True, metavar="ID", help="mailto:…, account:HOMEPAGE|NAME, sha1:…, openid:… or text:…"
)
@click.option("--plan", default="", metavar="HASH", help="Exactly what was shown; nothing if it has come to more.")
@click.option("--yes", is_flag=True, help="Whatever it comes to.")
@click.option("--list", "listed", is_flag=True, help="Show the erasures on record.")
@dry_run
def erase(tenant: str, learner: tuple[str, ...], plan: str, yes: bool, listed: bool, dry_run: bool) -> int:
    """Erase a person from a tenant's data.

    Without --plan or --yes it only shows what would happen: every identifier that the people file joins to the named
    ones, how many rows of what, and a hash.

    Statements in which they act or that are about them go, and so do statements about those. Where they are only
    mentioned a pseudonym takes their place. Deliveries about them that are not done are cancelled. Nothing of it can
    be undone. Interrupted, it is run again and does what is left.
    """
    if listed:
        return ask(p.EraseList(tenant=tenant))
    if not tenant or not learner:
        raise click.UsageError("name the tenant, and the person by --learner; or --list")
    if (plan or yes) and not (plan and yes):
        return ask(
            p.EraseRun(tenant=tenant, persons=learner, plan=plan, sure=yes, dry_run=dry_run), PATIENCE_OF_ERASING_S
        )
    if plan:
        raise click.UsageError("either --plan or --yes")
    return ask(p.ErasePlan(tenant=tenant, persons=learner), PATIENCE_OF_ERASING_S)
