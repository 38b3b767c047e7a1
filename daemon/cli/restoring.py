"""``restore``: of ``lmsyncd``, because no daemon runs then, and of ``lmsyncctl`` too, because ``backup`` is there."""

import os
import sys
from pathlib import Path

import click

from daemon.cli.commands import Options

DIRECTORY = click.Path(path_type=Path, file_okay=False)
config_option = click.option(
    "--config",
    "config",
    type=DIRECTORY,
    default=Path("/etc/lmsyncd"),
    show_default=True,
    envvar="LMSYNCD_CONFIG",
    help="The configuration directory (lmsyncd.toml, tenants.d/).",
)


@click.command(
    epilog="\b\nExamples:\n  lmsyncd restore nightly.backup --check\n  lmsyncd restore nightly.backup --accept-loss"
)
@config_option
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--check", is_flag=True, help="Open it, prove it, say what it holds; touch nothing.")
@click.option(
    "--identity",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="KEYFILE",
    help="The private key (PEM), or the vault's key, that opens it; else the configured vault's.",
)
@click.option("--accept-loss", is_flag=True, help="Also where the store here has what the backup lacks.")
@click.option(
    "--unpack", type=click.Path(path_type=Path, dir_okay=False), metavar="DB", help="Only decrypt it, into this file."
)
@click.option("--json", "as_json", is_flag=True, help="JSON Lines.")
def restore(
    config: Path, file: Path, check: bool, identity: Path | None, accept_loss: bool, unpack: Path | None, as_json: bool
) -> None:
    """Put a backup in the store's place. The daemon must be stopped, except for --check and --unpack.

    The backup is opened and proven first: every page, the chain of the audit, the conservation of what was accepted.
    FILE may be a plain database too. What stood there is moved aside, not removed. Whatever may have been posted since
    the backup was made is looked for before it is posted, so that nothing is posted twice.
    """
    from daemon.recovery import Wanted
    from daemon.recovery import restore as put_back

    if check and unpack is not None:
        raise click.UsageError("either --check or --unpack")
    wanted = Wanted(file=file, identity=identity, check=check, accept_loss=accept_loss, unpack=unpack)
    as_json = as_json or click.get_current_context().ensure_object(Options).as_json
    sys.exit(put_back(config, dict(os.environ), wanted, as_json=as_json))
