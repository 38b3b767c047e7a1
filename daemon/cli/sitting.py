"""``lmsyncctl session``: people who signed in to the pages, and their rows as a table."""

import click
from rich.text import Text

from daemon.cli.cells import at, plain
from daemon.cli.trunk import ask, command, dry_run, subgroup
from daemon.control import protocol as p
from daemon.control import views as v

session = subgroup("session", "People who are signed in to the pages.")
HEADINGS = ("session", "who", "by", "role", "from", "since", "last seen", "until", "known as")


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


def cells(row: v.SessionRow) -> list[Text | str]:
    return [
        plain(f"{row.tenant}/{row.id}"),
        plain(row.name or row.email or row.subject),
        plain(f"{row.via}:{row.subject}"),
        plain(row.role),
        plain(row.place),
        at(row.began_us)[:19],
        at(row.seen_us)[:19],
        at(row.until_us)[:19],
        plain(row.person),
    ]
