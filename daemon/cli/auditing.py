"""``lmsyncctl audit`` and ``whoami``: who did what, whether that is as it was written, and who is asking."""

import sys
from pathlib import Path
from typing import TextIO

import click
import msgspec

from daemon.cli.commands import Options, nobody_reads
from daemon.cli.owning import MOMENT
from daemon.cli.progressing import looking, over
from daemon.cli.render import printer
from daemon.cli.trunk import LONG_PATIENCE_S, ask, cli, command, dry_run, limit, subgroup
from daemon.control import protocol as p
from daemon.control.client import SOCKET, Client
from daemon.control.exits import Exit

audit = subgroup("audit", "Who did what, and the proof of it.")
PATIENCE_OF_PROOF_S = 900.0
RESULTS = click.Choice(["done", "failed", "refused", "unfinished"])


@command(cli, "whoami", "lmsyncctl whoami\nlmsyncctl whoami --json | jq -r .role")
def whoami() -> int:
    """Show who you are to the daemon, which role that is, and why."""
    return ask(p.AskWhoami())


@command(
    audit,
    "list",
    "lmsyncctl audit list --since 24h\nlmsyncctl audit list acme --what token --result failed\n"
    "lmsyncctl audit list --who ada --limit 500 --json\nlmsyncctl audit list --result unfinished",
)
@click.argument("tenant", default="")
@click.option("--host", is_flag=True, help="Only what concerns the host as a whole.")
@click.option("--who", default="", help="Only those in whose name this stands.")
@click.option("--what", default="", metavar="VERB", help="Only this verb, or those that begin with it (token).")
@click.option("--on", "object", default="", help="Only those done to something in whose name this stands.")
@click.option("--result", type=RESULTS, help="Only those that ended so; unfinished: nobody knows how they ended.")
@click.option("--correlation", default="", metavar="ID", help="Only those of this correlation id.")
@click.option("--since", type=MOMENT, default=0, help="Not before this: a time, or 24h for ago.")
@click.option("--until", type=MOMENT, help="Only before this.")
@limit
def listing(
    tenant: str,
    host: bool,
    who: str,
    what: str,
    object: str,
    result: str | None,
    correlation: str,
    since: int,
    until: int | None,
    limit: int,
) -> int:
    """Show who did what, from where, and how it ended; the newest first.

    A deed stands there before it is done. One that is unfinished was begun, and nobody knows how it ended: the daemon
    was killed meanwhile. A refusal that was met often within a minute is one row with its number.
    """
    if tenant and host:
        raise click.UsageError("either a tenant or --host")
    request = {
        "tenant": tenant,
        "host": host,
        "who": who,
        "what": what,
        "object": object,
        "result": result or "",
        "correlation_id": correlation,
        "since_us": since,
        "until_us": until,
        "limit": limit,
    }
    return ask(msgspec.convert(request, p.AuditList), LONG_PATIENCE_S)


@command(
    audit,
    "verify",
    "lmsyncctl audit verify\nlmsyncctl audit verify --database /backup/lmsyncd.db --anchor /mnt/elsewhere/audit.jsonl\n"
    "journalctl -o json LMSYNCD_EVENT=audit.anchored | lmsyncctl audit verify --database lmsyncd.db --anchor -",
)
@click.option(
    "--database",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A database file, or a copy of one: no daemon is asked.",
)
@click.option(
    "--anchor",
    "anchors",
    multiple=True,
    metavar="FILE",
    help="With --database: an anchor file, or lines of the journal; - is the standard input.",
)
def verify(database: Path | None, anchors: tuple[str, ...]) -> int:
    """Prove that nothing was edited, removed, inserted or reordered.

    Looks at every row, and at what others remember: the mark beside the database, and the anchor file. Exit code 1
    and the first row that does not fit, if one does not. With --database no daemon is needed, only the file; who can
    read that needs no role.
    """
    if database is None:
        if anchors:
            raise click.UsageError("--anchor goes with --database: the daemon looks at the anchor file it is told of")
        return ask(p.AuditVerify(), PATIENCE_OF_PROOF_S)
    return _offline(database, anchors)


def _offline(database: Path, given: tuple[str, ...]) -> int:
    from daemon.control.verbs.audit import first_of, told
    from daemon.store.audit_anchor import in_file, in_mark, parsed
    from daemon.store.audit_proof import prove_file
    from daemon.store.errors import StoreRefused

    options = click.get_current_context().ensure_object(Options)
    out = printer(as_json=options.as_json, quiet=options.quiet)
    try:
        anchors = in_mark(database)
        for name in given:
            if name == "-":
                anchors += parsed(sys.stdin.buffer, "the standard input")
            else:
                anchors += in_file(Path(name))
        proof = prove_file(database, anchors, looking("rows"))
    except StoreRefused as error:
        out.refused(p.Refusal(Exit.FAILURE, str(error)))
        return Exit.FAILURE
    except OSError as error:
        out.refused(p.Refusal(Exit.FAILURE, error.strerror or str(error), where=str(error.filename or "")))
        return Exit.FAILURE
    for row in told(proof):
        out.row(msgspec.Raw(msgspec.json.encode(row)))
    code = Exit.OK if proof.whole else Exit.FAILURE
    out.end(p.Done(exit_code=code, note="" if proof.whole else first_of(proof)))
    return code


@command(audit, "export", "lmsyncctl audit export acme --out acme-audit.jsonl\nlmsyncctl audit export --host | wc -l")
@click.argument("tenant", default="")
@click.option("--host", is_flag=True, help="What concerns the host as a whole, instead of a tenant.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The file to write, else the output.")
def export(tenant: str, host: bool, out: Path | None) -> int:
    """Take a tenant's audit along, as JSON Lines that prove themselves.

    Anybody can check the file without lmsyncd: docs/audit.md has the twenty lines of Python that do. Whoever exports
    is on record, and in the file.
    """
    if bool(tenant) == host:
        raise click.UsageError("either a tenant or --host")
    options = click.get_current_context().ensure_object(Options)
    try:
        with Client(Path(options.socket) if options.socket else SOCKET, options.timeout_s or LONG_PATIENCE_S) as client:
            if out is None:
                note = _lines(client, tenant, sys.stdout)
            else:
                with out.open("w", encoding="utf-8") as file:
                    note = _lines(client, tenant, file)
    except p.Refusal as refusal:
        printer(as_json=options.as_json, quiet=options.quiet).refused(refusal)
        return refusal.code
    except BrokenPipeError:
        return nobody_reads()
    except OSError as error:
        sys.stderr.write(f"lmsyncctl: {error.strerror or error} ({error.filename or ''})\n")
        return Exit.FAILURE
    finally:
        over()
    if not options.quiet:
        sys.stderr.write(f"lmsyncctl: {note}\n")
    return Exit.OK


def _lines(client: Client, tenant: str, file: TextIO) -> str:
    """Each row as it came; what is said at the end."""
    looked = looking("rows", "exporting")
    for said in client.ask(p.AuditExport(tenant=tenant)):
        if isinstance(said, p.Done):
            return said.note
        file.write(bytes(said).decode() + "\n")
        looked()
    raise p.Refusal(Exit.FAILURE, "the daemon went away before the end")


@command(audit, "anchor", "lmsyncctl audit anchor")
@dry_run
def anchor(dry_run: bool) -> int:
    """Tell the journal and the anchor file how far the audit has come, now.

    The daemon does so by itself, every [audit] anchor_every and at its end.
    """
    return ask(p.AuditAnchor(dry_run=dry_run))
