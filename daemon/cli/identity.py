"""``lmsyncctl identity``: who is who across sources and targets."""

import click

from daemon.cli.trunk import ask, command, dry_run, limit, subgroup
from daemon.control import protocol as p

identity = subgroup("identity", "Who is who across sources and targets.")
tenant_option = click.option("--tenant", default="", metavar="TENANT", help="Whose; needed where there are several.")


@command(
    identity,
    "find",
    "lmsyncctl identity find ada@example.edu\nlmsyncctl identity find moodle/4711\nlmsyncctl identity find sis:S1001\n"
    "lmsyncctl identity find Lovelace --tenant acme --json",
)
@click.argument("text")
@tenant_option
def find(text: str, tenant: str) -> int:
    """Show a person: users, identifiers, since when and by what evidence, addresses at targets.

    TEXT is an address, an identifier (sis:S1001, account:HOMEPAGE|NAME), a user as SOURCE/ID, a person's number, or
    letters of a name.
    """
    return ask(p.IdentityFind(text=text, tenant=tenant))


@command(identity, "list", "lmsyncctl identity list\nlmsyncctl identity list --tenant acme --json")
@tenant_option
@limit
def listing(tenant: str, limit: int) -> int:
    """Show who looks like one person and is not certainly: what is for it and what is against it.

    Nothing is linked until somebody says so. They are told apart meanwhile.
    """
    return ask(p.IdentityList(tenant=tenant, limit=limit))


@command(
    identity,
    "link",
    "lmsyncctl identity link moodle/4711 canvas/93 --dry-run\nlmsyncctl identity link acme/12 mailto:ada@example.org\n"
    "lmsyncctl identity link ada@example.edu slack:U0123456789",
)
@click.argument("one", metavar="PERSON")
@click.argument("other", metavar="PERSON|IDENTIFIER|TARGET:ADDRESS")
@tenant_option
@dry_run
def link(one: str, other: str, tenant: str, dry_run: bool) -> int:
    """Say that two are one person, or that an identifier is theirs, or what a target calls them.

    It outweighs every rule. What was counted of either counts as theirs: nothing is announced again.
    """
    return ask(p.IdentityLink(one=one, other=other, tenant=tenant, dry_run=dry_run))


@command(
    identity,
    "unlink",
    "lmsyncctl identity unlink moodle/4711 --dry-run\nlmsyncctl identity unlink slack:U0123456789",
)
@click.argument("which", metavar="USER|IDENTIFIER|TARGET:ADDRESS")
@tenant_option
@dry_run
def unlink(which: str, tenant: str, dry_run: bool) -> int:
    """Say that a user is somebody else than the rest of the person it belongs to.

    No rule will ever take them for one again. Of a user who is alone: that it is none of those of whom it is asked.
    """
    return ask(p.IdentityUnlink(which=which, tenant=tenant, dry_run=dry_run))
