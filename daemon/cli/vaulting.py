"""``lmsyncctl secret`` and ``lmsyncctl vault``: what is kept sealed, and the keys for it."""

import sys

import click

from daemon.cli.trunk import LONG_PATIENCE_S, ask, command, dry_run, subgroup
from daemon.control import protocol as p
from daemon.control.vault_asks import SECRET_CHARS_MAX

secret = subgroup("secret", "Secrets for vendors, kept sealed by the daemon.")
vault = subgroup("vault", "The keys that everything secret is sealed with.")


def _read() -> str:
    """The value, from standard input; without being shown where somebody types it. One newline at the end is none of
    it."""
    if sys.stdin.isatty():
        value = click.prompt("Secret", hide_input=True, default="", show_default=False, err=True)
        return str(value)
    content = sys.stdin.buffer.read(SECRET_CHARS_MAX + 3)
    if content.endswith(b"\n"):
        content = content[: -2 if content.endswith(b"\r\n") else -1]
    if len(content) > SECRET_CHARS_MAX:
        raise click.UsageError(f"a secret has at most {SECRET_CHARS_MAX:,} bytes")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise click.UsageError("what came on standard input is not UTF-8") from None


@command(
    secret,
    "set",
    "lmsyncctl secret set acme-slack-bot < token.txt\n"
    "pass show acme/slack | lmsyncctl secret set acme/slack-bot\nlmsyncctl secret set acme-entra   # asks for it",
)
@click.argument("name", metavar="NAME|TENANT/NAME")
@dry_run
def put(name: str, dry_run: bool) -> int:
    """Put a secret in, or another in its place; it is read from standard input.

    A configuration refers to it as { credential = "NAME" }. TENANT/NAME is seen by this tenant alone, and comes before
    one that all may use. It is in force with the answer: a lane or source that was suspended tries again at once. One
    newline at its end is not part of it.
    """
    return ask(p.SecretSet(name=name, value="-" if dry_run else _read(), dry_run=dry_run))


@command(secret, "list", "lmsyncctl secret list\nlmsyncctl secret list acme --json")
@click.argument("tenant", default="")
def listing(tenant: str) -> int:
    """Show which secrets were put in, when, by whom, and who refers to them; never what they are."""
    return ask(p.SecretList(tenant=tenant))


@command(secret, "remove", "lmsyncctl secret remove acme/slack-bot\nlmsyncctl secret remove old-token --dry-run")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@dry_run
def remove(names: tuple[str, ...], dry_run: bool) -> int:
    """Take secrets out. What refers to one looks in $CREDENTIALS_DIRECTORY from then on."""
    return ask(p.SecretRemove(names=names, dry_run=dry_run))


@command(vault, "status", "lmsyncctl vault status\nlmsyncctl vault status --json | jq -r 'select(.kind==\"vault\")'")
def status() -> int:
    """Show what protects secrets at rest: tpm2, host key, pkcs11 or plain, and the data keys under it."""
    return ask(p.VaultStatus())


@command(
    vault,
    "rotate",
    "lmsyncctl vault rotate\nlmsyncctl vault rotate --data acme\nlmsyncctl vault rotate --data ALL --dry-run",
)
@click.option(
    "--data", "data", multiple=True, metavar="TENANT|.|ALL", help="New data keys of TENANT, of the host (.), or of ALL."
)
@dry_run
def rotate(data: tuple[str, ...], dry_run: bool) -> int:
    """Wrap all data keys with the key in use; or, with --data, make new data keys and seal everything anew.

    Without --data: first put the new key in its place, name the one before in [vault] former_keys, and reload. Where
    the key is the file beside the database a new one is made. Nothing stops meanwhile, and whatever happens in the
    middle, everything stays readable.
    """
    if p.ALL in data and len(data) > 1:
        raise click.UsageError(f"either tenants or {p.ALL}, not both")
    everything = p.ALL in data
    request = p.VaultRotate(tenants=() if everything else data, everything=everything, dry_run=dry_run)
    return ask(request, LONG_PATIENCE_S)


@command(vault, "unlock", "lmsyncctl vault unlock")
@dry_run
def unlock(dry_run: bool) -> int:
    """Try again what cannot be opened, also with a PIN that the HSM refused."""
    return ask(p.VaultUnlock(dry_run=dry_run), LONG_PATIENCE_S)


@command(vault, "shred", "lmsyncctl vault shred acme --dry-run\nlmsyncctl vault shred acme")
@click.argument("tenant")
@dry_run
def shred(tenant: str, dry_run: bool) -> int:
    """Make everything secret of a tenant that is not configured any more unreadable for good.

    Its data keys and what was put in for it are removed; tokens of its connections stay, sealed with keys that nobody
    has. In backups from before the keys are still there, wrapped: they are gone when the vault's key of that time is.
    """
    return ask(p.VaultShred(tenant=tenant, dry_run=dry_run))
