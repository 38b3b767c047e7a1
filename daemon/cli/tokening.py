"""``lmsyncctl token``: the tokens that speak for connections."""

import click

from daemon.cli.trunk import ask, command, dry_run, subgroup
from daemon.control import protocol as p
from daemon.control.token_asks import REASON_CHARS_MAX

token = subgroup("token", "The tokens that speak for connections, and what they may do.")
names = click.argument("names", metavar="TENANT/NAME[:SPEAKER]...", nargs=-1, required=True)


@command(token, "list", "lmsyncctl token list\nlmsyncctl token list acme --json")
@click.argument("tenant", default="")
def listing(tenant: str) -> int:
    """Show whose tokens there are, who connected them, and when they end; never a token.

    Exit code 2 where one cannot speak: somebody has to connect the account again.
    """
    return ask(p.TokenList(tenant=tenant))


@command(
    token, "scopes", "lmsyncctl token scopes\nlmsyncctl token scopes acme/slack\nlmsyncctl token scopes acme --json"
)
@click.argument("name", metavar="[TENANT[/NAME[:SPEAKER]]]", default="")
def scopes(name: str) -> int:
    """Compare what was granted with the least that the tenant's routes need.

    Exit code 2 where something is lacking (a feature does not work) or too much (take it away at the vendor).
    """
    return ask(p.TokenScopes(name=name))


@command(token, "rotate", "lmsyncctl token rotate acme/slack\nlmsyncctl token rotate acme/teams:app acme/teams:person")
@names
@dry_run
def rotate(names: tuple[str, ...], dry_run: bool) -> int:
    """Fetch new tokens now. Those in use serve until the new ones are on disk; nothing is interrupted."""
    return ask(p.TokenRotate(names=names, dry_run=dry_run))


@command(token, "revoke", 'lmsyncctl token revoke acme/slack --reason "the app was shared by mistake"')
@names
@click.option("--reason", default="", metavar="TEXT", help="Shown to whoever asks why the lane waits.")
@dry_run
def revoke(names: tuple[str, ...], reason: str, dry_run: bool) -> int:
    """Give tokens back to the vendor and forget them.

    The lane is suspended and its deliveries wait, until somebody connects the account again (or, where the
    configuration has what is needed, until token rotate).
    """
    if len(reason) > REASON_CHARS_MAX:
        raise click.UsageError(f"--reason has at most {REASON_CHARS_MAX} characters")
    return ask(p.TokenRevoke(names=names, reason=reason, dry_run=dry_run))
