"""``lmsyncd``: run the daemon, check or write its configuration, migrate its store, serve a sandbox, show a demo."""

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from daemon.cli.restoring import DIRECTORY, config_option, restore

EX_OK, EX_FAILURE, EX_USAGE, EX_UNAVAILABLE, EX_CONFIG = 0, 1, 64, 69, 78


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="lmsyncd", prog_name="lmsyncd")
def cli() -> None:
    """Keep Slack and Microsoft Teams in step with a learning management system.

    \b
    Start here:
      lmsyncd demo                 see it work, nothing to set up
      lmsyncd init DIR             write a commented starting configuration
      lmsyncd check --config DIR   find every mistake in it
      lmsyncd run --config DIR     the daemon; operate it with lmsyncctl

    \b
    Exit codes: 0 ok, 1 failure, 64 usage, 75 try again, 78 bad configuration.
    """


@cli.command()
@config_option
def run(config: Path) -> None:
    """Run the daemon in the foreground until SIGTERM. SIGHUP reloads the configuration."""
    with uncollected():
        from daemon.serve import main as serve

    sys.exit(serve(config))


@cli.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a problem.")
def check(config: Path, as_json: bool) -> None:
    """Check the configuration and report every problem at once. Exit code 78 if there is any error."""
    from daemon.settings import report_problems

    sys.exit(report_problems(config, dict(os.environ), as_json=as_json))


@cli.command()
@click.argument("directory", type=DIRECTORY)
def init(directory: Path) -> None:
    """Write a commented starting configuration into DIRECTORY. Overwrites nothing, asks nothing."""
    from config.starter import StarterRefused, write_starter

    try:
        written = write_starter(directory)
    except StarterRefused as error:
        click.echo(f"lmsyncd: {error}", err=True)
        sys.exit(EX_FAILURE)
    for path in written:
        click.echo(f"wrote {path}")
    click.echo(f"next: lmsyncd check --config {directory}")


@cli.command()
@config_option
@click.option("--dry-run", is_flag=True, help="Only say what would be applied.")
@click.option("--accept-loss", is_flag=True, help="Go on without commits that the store's mark says are missing.")
@click.option(
    "--database",
    type=click.Path(path_type=Path, dir_okay=False),
    help="This file, whatever the configuration says: it is not read.",
)
def migrate(config: Path, dry_run: bool, accept_loss: bool, database: Path | None) -> None:
    """Bring the store's schema up to date (``run`` does so too), all of it or nothing. The daemon must be stopped."""
    from daemon.cli.progressing import Display
    from daemon.control.backed import ProgressRow
    from daemon.patience import Patience
    from daemon.settings import migrate_store

    display = Display(program="lmsyncd")

    def tell(what: str, for_s: float) -> None:
        display.show(ProgressRow(doing=what, done=round(for_s), unit="s"))

    with Patience(tell, rested=display.over) as told:
        code = migrate_store(
            config, dict(os.environ), dry_run=dry_run, accept_loss=accept_loss, database=database, told=told
        )
    sys.exit(code)


@cli.command()
@click.argument("which", type=click.Choice(["lmsyncd", "tenant"]))
def schema(which: str) -> None:
    """Print the JSON Schema of lmsyncd.toml or of a tenant's file, for editors that check TOML while it is written."""
    from daemon.settings import schema_of

    click.echo(schema_of("lmsyncd" if which == "lmsyncd" else "tenant"))


cli.add_command(restore)


@cli.command()
@config_option
@click.option(
    "--database",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A database file, or a copy of one, instead of the configuration's store.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON Lines.")
def verify(config: Path, database: Path | None, as_json: bool) -> None:
    """Prove that the store is whole and adds up.

    A daemon may use it or not; `lmsyncctl verify` asks the daemon. Names each row that does not fit; exit code 1 if
    there is one.
    """
    from daemon.recovery import verify as prove

    sys.exit(prove(config, dict(os.environ), database, as_json=as_json))


@cli.command()
@click.option("--listen", default="127.0.0.1:8490", show_default=True, metavar="HOST:PORT")
@click.option(
    "--limits", type=click.Choice(["on", "off"]), default="on", show_default=True, help="Vendors' rate limits."
)
def sandbox(listen: str, limits: str) -> None:
    """Serve believable Slack (/slack/api/), Graph (/graph/v1.0/) and Entra (/entra/) to rehearse on.

    \b
    Credentials: Slack token xoxb-sandbox; Entra client sandbox with secret sandbox, delegated token sandbox-user.
    Accounts connect at the vendors' pages with client sandbox and secret sandbox (Slack, Entra, Canvas).
    GET /sandbox/journal lists every accepted effect; PUT /sandbox/faults sets faults; PUT /sandbox/slack, teams or
    canvas sets the vendor up, and POST lets something happen there.
    """
    with uncollected():
        from daemon.sandbox.serve import main as serve_sandbox

    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit():
        raise click.UsageError("--listen wants HOST:PORT")
    sys.exit(serve_sandbox(host.strip("[]"), int(port), limits=limits == "on"))


@cli.command()
@click.option("--keep", is_flag=True, envvar="KEEP", help="Leave the daemon and the sandbox running at the end.")
@click.option("--seconds", default=40, show_default=True, help="How long to feed the sample.")
def demo(keep: bool, seconds: int) -> None:
    """Play real Moodle statements through a daemon that is killed half-way, and count what came out."""
    from daemon.demo.play import main as play

    sys.exit(play(keep=keep, seconds=seconds))


@cli.command(hidden=True)
def manpage() -> None:
    """Print the manual page in troff."""
    from daemon.cli.manpage import LMSYNCD, page

    click.echo(page(cli, LMSYNCD), nl=False)


@contextmanager
def uncollected() -> Iterator[None]:
    """Modules stay: to look again and again for what might be garbage among them is an eighth of a start."""
    gc.disable()
    yield
    gc.enable()


def main() -> None:
    """The console script. Usage errors exit with 64, as sysexits has it."""
    try:
        cli.main(prog_name="lmsyncd", standalone_mode=False)
    except click.exceptions.Exit as ended:
        sys.exit(ended.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(EX_USAGE)
    except click.Abort:
        sys.exit(EX_FAILURE)


if __name__ == "__main__":
    main()
