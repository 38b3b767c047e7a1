"""Every verb has a least role, which stands in the table of docs/roles.md, in the command's help and in the manual."""

import re
from collections.abc import Iterator

import click
from checkout import TOP, written

from daemon.cli.lmsyncctl import cli
from daemon.cli.manpage import LMSYNCCTL, page
from daemon.control.protocol import VERBS, Role

LOCAL = {"completion", "manpage", "restore"}
"""Commands that ask no daemon."""
NAMES = {Role.NOBODY: "none", **{role: role.name.lower() for role in Role if role is not Role.NOBODY}}


def leaves(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from leaves(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def least(text: str) -> str:
    found = re.findall(r"Least role: ([a-z]+)\.", text)
    return found[0] if len(found) == 1 else f"said {len(found)} times"


def test_the_table_has_every_verb_once_with_its_role() -> None:
    """The rows as they should be, to be copied."""
    rows = {
        f"| {NAMES[role]} | {' '.join(f'`{verb}`' for verb, kind in sorted(VERBS.items()) if kind.role is role)} |"
        for role in Role
    }
    page_rows = set(
        re.findall(r"^\| (?:none|viewer|operator|approver|admin) \| `.*\|$", written(TOP / "docs/roles.md"), re.M)
    )
    assert page_rows == rows


def test_every_command_says_its_least_role() -> None:
    told = {name: least(command.epilog or "") for name, command in leaves(cli) if name not in LOCAL}
    assert set(told.values()) <= set(NAMES.values()), told
    for verb, kind in VERBS.items():
        if (name := verb.replace(".", " ")) in told:
            assert told[name] == NAMES[kind.role], name


def test_the_manual_says_them_too() -> None:
    manual = page(cli, LMSYNCCTL)
    commands = [name for name, _ in leaves(cli) if name not in LOCAL]
    assert len(re.findall(r"Least role: [a-z]+\.", manual)) == len(commands)
