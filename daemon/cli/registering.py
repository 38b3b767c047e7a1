"""``lmsyncctl manifest``: ready-made registrations with Slack and Teams."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import click
import msgspec

from daemon.cli.owning import settled
from daemon.cli.render import Printer
from daemon.cli.trunk import command, subgroup
from daemon.control import protocol as p
from daemon.control.client import Client
from daemon.control.exits import Exit
from daemon.control.manifested import ManifestRow

manifest = subgroup("manifest", "Ready-made registrations with Slack and Teams.")
target_option = click.option("--target", default="", help="Which target, where the tenant has several of this kind.")
name_option = click.option("--name", default="lmsyncd", show_default=True, help="How people see the app.")


@command(
    manifest,
    "slack",
    "lmsyncctl manifest slack acme --out slack.json\nlmsyncctl manifest slack acme --name 'School news' | pbcopy",
    "manifest",
)
@click.argument("tenant")
@target_option
@name_option
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The file to write, else the output.")
def slack(tenant: str, target: str, name: str, out: Path | None) -> int:
    """Print the manifest of a Slack app, with exactly the scopes that the tenant's routes need.

    Paste it at api.slack.com/apps, Create New App, From a manifest. Redirect address, events and Socket Mode follow
    from [gateway] public_url. What is left to do is said on the standard error. docs/register-slack.md has it all.
    """
    return _made("slack", tenant, target, name, out)


@command(manifest, "teams", "lmsyncctl manifest teams acme --out acme.zip", "manifest")
@click.argument("tenant")
@target_option
@name_option
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The zip to write.")
def teams(tenant: str, target: str, name: str, out: Path) -> int:
    """Write the package of a Teams app: manifest, icons, and a type of activity for each kind of change.

    Upload it in the Teams admin centre. docs/register-entra.md has the app registration that belongs to it.
    """
    return _made("teams", tenant, target, name, out)


def _made(platform: Literal["slack", "teams"], tenant: str, target: str, name: str, out: Path | None) -> int:
    def work(client: Client, say: Callable[[str], None], printer: Printer) -> tuple[str, int]:
        note = ""
        for said in client.ask(p.Manifest(platform=platform, tenant=tenant, target=target, name=name)):
            if isinstance(said, p.Done):
                note = said.note
                continue
            row = msgspec.json.decode(said, type=ManifestRow)
            for each in row.permissions:
                say(f"{each.name} ({each.speaker}): {each.why}")
            for number, todo in enumerate(row.notes, 1):
                say(f"{number}. {todo}")
            if out is None:
                sys.stdout.buffer.write(row.content)
                sys.stdout.flush()
            else:
                out.write_bytes(row.content)
        return note, Exit.OK

    return settled(work, aside=True)
