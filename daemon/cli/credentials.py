"""``lmsyncctl credential``: the clients of the embedded LRS."""

import click

from daemon.cli.commands import PERIOD, Options
from daemon.cli.trunk import ask, command, dry_run, subgroup
from daemon.control import protocol as p
from daemon.control.credential_asks import LIFE_S_MAX, OVERLAP_S_MAX

credential = subgroup("credential", "The clients of the embedded LRS, and what they may do.")


def _known_scopes(ctx: click.Context, parameter: click.Parameter, typed: str) -> list[str]:
    """For completion; the daemon says which it knows."""
    from typing import get_args

    from actors.sources.xapi.settings import Scope

    return [scope for scope in get_args(Scope) if scope.startswith(typed)]


def _seconds(name: str, given_s: float | None, longest_s: float) -> float | None:
    if given_s is not None and given_s > longest_s:
        raise click.UsageError(f"{name} is at most {longest_s / 86_400:g}d")
    return given_s


def _somebody_reads(dry_run: bool) -> None:
    """A secret that nobody sees would be lost at once."""
    if click.get_current_context().ensure_object(Options).quiet and not dry_run:
        raise click.UsageError("the secret is shown only once: not with --quiet")


names = click.argument("names", metavar="TENANT/NAME...", nargs=-1, required=True)


@command(credential, "list", "lmsyncctl credential list\nlmsyncctl credential list acme --json")
@click.argument("tenant", default="")
def listing(tenant: str) -> int:
    """Show who may use the LRS, what they may do, and when they last did.

    Those of the tenant files and those made here; revoked ones too. Uses of the last minute before a crash may be
    missing.
    """
    return ask(p.CredentialList(tenant=tenant))


@command(
    credential,
    "create",
    "lmsyncctl credential create acme/campus --name player\n"
    "lmsyncctl credential create acme/campus --name bi --scope all/read --rate 5 --expires 365d\n"
    "lmsyncctl credential create acme/campus --scope statements/write --scope state --json",
)
@click.argument("source", metavar="TENANT/SOURCE")
@click.option("--name", default="", help="Its user name, and its name in the log for good; else one is made up.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    metavar="SCOPE",
    shell_complete=_known_scopes,
    help="What it may do, in xAPI's words; may be given several times. Else: write, and read its own.",
)
@click.option(
    "--rate",
    metavar="PER_S",
    type=click.FloatRange(min=0, min_open=True, max=100_000),
    help="Requests a second in the long run; beyond it they are answered 429.",
)
@click.option(
    "--burst",
    metavar="N",
    type=click.IntRange(1, 100_000),
    help="Requests at once, after a pause; else those of one second.",
)
@click.option("--expires", type=PERIOD, help="It opens nothing any more after so long (90d).")
@dry_run
def create(
    source: str,
    name: str,
    scopes: tuple[str, ...],
    rate: float | None,
    burst: int | None,
    expires: float | None,
    dry_run: bool,
) -> int:
    """Make a credential, in force at once. Its secret is shown this once.

    The name stays with what the client sends: it is the xAPI authority of its statements. Scopes: all, all/read,
    statements/write, statements/read, statements/read/mine, state, profile, define.
    """
    _somebody_reads(dry_run)
    if burst is not None and rate is None:
        raise click.UsageError("--burst says how many may come at once within --rate: give both")
    request = p.CredentialCreate(
        source=source,
        name=name,
        scopes=scopes,
        rate_per_s=rate,
        burst=burst,
        expires_s=_seconds("--expires", expires, LIFE_S_MAX),
        dry_run=dry_run,
    )
    return ask(request)


@command(
    credential,
    "rotate",
    "lmsyncctl credential rotate acme/player\nlmsyncctl credential rotate acme/player acme/bi --overlap 7d\n"
    "lmsyncctl credential rotate acme/player --overlap 0s",
)
@names
@click.option("--overlap", type=PERIOD, default="24h", show_default=True, help="How long the former secret works too.")
@dry_run
def rotate(names: tuple[str, ...], overlap: float, dry_run: bool) -> int:
    """Make a new secret, shown this once; the former one works until the overlap ends.

    There are two at most: rotated again within the overlap, the oldest works no longer. credential list says when the
    former one was last used.
    """
    _somebody_reads(dry_run)
    overlap_s = _seconds("--overlap", overlap, OVERLAP_S_MAX)
    return ask(p.CredentialRotate(names=names, overlap_s=overlap_s or 0.0, dry_run=dry_run))


@command(credential, "revoke", "lmsyncctl credential revoke acme/player")
@names
@dry_run
def revoke(names: tuple[str, ...], dry_run: bool) -> int:
    """Take credentials away: the next request with one is refused. What was sent with it stays."""
    return ask(p.CredentialRevoke(names=names, dry_run=dry_run))
