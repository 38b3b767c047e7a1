"""``lmsyncctl``: the operators' command. It knows how to ask and how to print; everything else is the daemon's.

Read ``trunk`` first (options, groups, asking), then ``looking``, ``changing`` and ``retention`` (the verbs), then
``render`` (printing).
"""

import click

from daemon.cli import (
    alarming,
    auditing,
    backups,
    changing,
    conserving,
    credentials,
    gazing,
    identity,
    looking,
    mapping,
    owning,
    piloting,
    quarantine,
    reconciling,
    registering,
    remapping,
    remembering,
    retention,
    reviewing,
    sitting,
    sources,
    tokening,
    vaulting,
)
from daemon.cli.completing import complete_names
from daemon.cli.restoring import restore
from daemon.cli.trunk import cli
from daemon.control.exits import Exit

__all__ = [
    "alarming", "auditing", "backups", "changing", "cli", "conserving", "credentials", "gazing", "identity", "looking",
    "main", "mapping", "owning", "piloting", "quarantine", "reconciling", "registering", "remapping", "remembering",
    "retention", "reviewing", "sitting", "sources", "tokening", "vaulting",
]  # fmt: skip

cli.add_command(restore)


@cli.command("completion", epilog="\b\nExamples:\n  lmsyncctl completion bash > /etc/bash_completion.d/lmsyncctl")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print a completion script for your shell."""
    from daemon.cli.completion import script

    click.echo(script(cli, "lmsyncctl", shell))
    return Exit.OK


@cli.command("manpage", epilog="\b\nExamples:\n  lmsyncctl manpage | man -l -")
def manpage() -> int:
    """Print this command's manual page (troff)."""
    from daemon.cli.manpage import LMSYNCCTL, page

    click.echo(page(cli, LMSYNCCTL), nl=False)
    return Exit.OK


complete_names(cli)


def main() -> None:
    """The entry point of the installed command."""
    cli(prog_name="lmsyncctl")


if __name__ == "__main__":
    main()
