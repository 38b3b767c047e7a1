"""``lmsyncctl session``: people who signed in to the pages."""

import click

from daemon.cli.trunk import ask, command, dry_run, subgroup
from daemon.control import protocol as p

session = subgroup("session", "People who are signed in to the pages.")


@command(session, "list", "lmsyncctl session list\nlmsyncctl session list acme --json")
@click.argument("tenant", default="")
def listing(tenant: str) -> int:
    """Show who is signed in: since when, from where, by which sign-on, and what they may do.

    When somebody did something is written down once a minute.
    """
    return ask(p.SessionList(tenant=tenant))


@command(session, "revoke", "lmsyncctl session revoke acme/5f0c2a9e417bd386\nlmsyncctl session revoke acme/ALL")
@click.argument("names", metavar="TENANT/ID...", nargs=-1, required=True)
@dry_run
def revoke(names: tuple[str, ...], dry_run: bool) -> int:
    """End sessions: from the next request on they are not signed in. ALL: all of a tenant.

    They may sign in again while the identity provider lets them. What they connected stays connected (token revoke).
    """
    return ask(p.SessionRevoke(names=names, dry_run=dry_run))
