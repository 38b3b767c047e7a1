"""``lmsyncctl backup``, ``verify``, ``support`` and ``retention forecast``: the store in safety, and proof of it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from config.numbers import number_of
from daemon.backup.placing import Placed, retire
from daemon.backup.refusing import PEM_BYTES_MAX, BackupRefused
from daemon.cli.owning import settled
from daemon.cli.progressing import progress
from daemon.cli.render import Printer
from daemon.cli.retention import retention
from daemon.cli.trunk import LONG_PATIENCE_S, ask, cli, command, dry_run
from daemon.control import protocol as p
from daemon.control import views as v
from daemon.control.client import Client
from daemon.control.exits import Exit

PATIENCE_OF_PROOF_S = 3_600.0
SUPPORT_BYTES_MAX = 64 * 1024 * 1024


@command(
    cli,
    "backup",
    "lmsyncctl backup\nlmsyncctl backup /mnt/elsewhere --keep 30\n"
    "lmsyncctl backup before-the-upgrade.backup --to backup.pub\nlmsyncctl backup --dry-run",
)
@click.argument("where", metavar="[FILE|DIR]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--to",
    "recipients",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="PEM",
    help="A public key or certificate to encrypt it for; may be given again. Else [backup] recipients, else the vault.",
)
@click.option(
    "--keep", type=click.IntRange(min=1), help="In a directory, so many of the newest stay. Else as [backup] says."
)
@dry_run
def backup(where: Path | None, recipients: tuple[Path, ...], keep: int | None, dry_run: bool) -> int:
    """Write the store into an encrypted file.

    The daemon goes on meanwhile. The file has one state of the store, after a commit that it names, attachments
    included; not the configuration, and neither the vault's key nor that of credentials. A directory gets a file named
    after the store and the time, and only there older ones of the same store are removed. Without an argument [backup]
    says where.

    A file has its name only once it is complete and on disk. `lmsyncd restore FILE --check` proves it.
    """
    if keep is not None and where is not None and not where.is_dir():
        raise click.UsageError("--keep is for a directory")
    request = p.Backup(recipients=tuple(_pem(path) for path in recipients), dry_run=dry_run)
    if dry_run:
        return ask(request, LONG_PATIENCE_S)
    return settled(lambda client, say, out: _backed_up(request, where, keep, client, say, out), aside=False)


def _pem(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(PEM_BYTES_MAX).decode("ascii", "replace")


def _backed_up(
    request: p.Backup, where: Path | None, keep: int | None, client: Client, say: Callable[[str], None], out: Printer
) -> tuple[str, int]:
    rows = client.ask(request)
    head = _next(rows, v.BackupHeadRow)
    folder = where if where is not None and where.is_dir() else None
    if where is None:
        folder, keep = Path(head.directory), keep or head.keep
        if not folder.is_dir():
            raise p.Refusal(
                Exit.FAILURE, "there is no such directory", where=str(folder),
                advice="make it, name another one, or say so in [backup] directory",
            )  # fmt: skip
    path = where if where is not None and folder is None else Path(folder or ".") / head.name
    try:
        with Placed(path, head.database_bytes) as file:
            made, end = _written(rows, file)
            if made is None:
                raise p.Refusal(Exit.FAILURE, "the answer ended before the backup did")
            file.keep()
    except BackupRefused as error:
        raise p.Refusal(Exit.FAILURE, str(error)) from None
    out.row(msgspec.Raw(msgspec.json.encode(msgspec.structs.replace(made, file=str(path)))))
    if folder is not None and keep is not None:
        gone = retire(folder, head.store, keep, head.name)
        if gone:
            say(f"removed {number_of(len(gone), 'older backups')}: {', '.join(each.name for each in gone)}")
    return "", end


def _written(rows: Iterator[msgspec.Raw | p.Done], file: Placed) -> tuple[v.BackupRow | None, int]:
    made: v.BackupRow | None = None
    for said in rows:
        if isinstance(said, p.Done):
            return made, said.exit_code
        match v.decode_view(said):
            case v.BackupPartRow(data=data):
                file.write(data)
            case v.BackupRow() as row:
                made = row
            case v.ProgressRow() as row:
                progress(row)
            case _:
                pass  # a kind of row that a newer daemon sends beside these
    return made, Exit.FAILURE


def _next(rows: Iterator[msgspec.Raw | p.Done], kind: type[v.BackupHeadRow]) -> v.BackupHeadRow:
    said = next(rows)
    view = None if isinstance(said, p.Done) else v.decode_view(said)
    if not isinstance(view, kind):
        raise p.Refusal(
            Exit.FAILURE, "the answer is not that of a backup", advice="use the lmsyncctl installed with the daemon"
        )
    return view


@command(cli, "verify", "lmsyncctl verify\nlmsyncctl verify --json | jq -c 'select(.kind == \"wrong\")'")
def verify() -> int:
    """Prove that the store is whole and adds up.

    Looks at every page, row and index, at the contents of which a digest was kept, at the high-water mark, the chain of
    the audit with its anchors, what became of all that was accepted, and at the deliveries. Names each row that does
    not fit; exit code 1 if there is one. It only reads, and leaves half of the time to everybody else.

    `lmsyncd verify` does the same without a daemon.
    """
    return ask(p.Verify(), PATIENCE_OF_PROOF_S)


@command(
    retention,
    "forecast",
    "lmsyncctl retention forecast\nlmsyncctl retention forecast acme --json",
)
@click.argument("tenant", default="")
def forecast(tenant: str) -> int:
    """Show how fast what is stored grows, when retention holds it level, and when the disk is full.

    Sizes are SQLite's own account of its pages, indexes included. The rate is that of the last four weeks, or since
    the store was made.
    """
    return ask(p.RetentionForecast(tenant=tenant), LONG_PATIENCE_S)


@command(cli, "support", "lmsyncctl support\nlmsyncctl support /tmp/for-them.tar.gz\nlmsyncctl support --dry-run")
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@dry_run
def support(file: Path | None, dry_run: bool) -> int:
    """Collect what somebody needs who helps.

    Without secrets and without persons: status, configuration, versions, actors, metrics, the newest lines of the log,
    figures of the store, its schema, whether it is whole, and what failed last. Every word that is not lmsyncd's own or
    a name from the configuration is replaced by a pseudonym, the same one throughout the bundle. Look into it before
    you give it away all the same.
    """
    if dry_run:
        return ask(p.Support(dry_run=True), LONG_PATIENCE_S)
    at = datetime.now(UTC)
    path = file or Path(f"lmsyncd-support-{at:%Y%m%dT%H%M%SZ}.tar.gz")
    return settled(lambda client, _, out: _collected(path, client, out), aside=False)


def _collected(path: Path, client: Client, out: Printer) -> tuple[str, int]:
    from daemon.cli.bundling import Bundle  # seldom wanted, and slow to import

    try:
        with Placed(path, SUPPORT_BYTES_MAX) as file:
            bundle = Bundle()
            for said in client.ask(p.Support()):
                if isinstance(said, p.Done):
                    break
                match v.decode_view(said):
                    case v.SupportPartRow() as part:
                        bundle.add(part.name, part.data)
                        out.row(msgspec.Raw(msgspec.json.encode(msgspec.structs.replace(part, data=b""))))
                    case v.ProgressRow() as row:
                        progress(row)
                    case _:
                        pass  # a kind of row that a newer daemon sends beside these
            file.write(bundle.whole())
            file.keep()
    except BackupRefused as error:
        raise p.Refusal(Exit.FAILURE, str(error)) from None
    return f"{path}: look into it before you give it away", Exit.OK
