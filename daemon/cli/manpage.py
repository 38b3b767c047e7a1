"""Manual pages, made from the commands themselves: one page a program, always telling what it takes.

Plain man(7) macros, no date (a page must not differ from build to build), and every line that troff could take for a
request is escaped.
"""

from collections.abc import Iterator, Mapping, Sequence

import click
import msgspec

from daemon.control.exits import MEANINGS
from daemon.release import installed_version


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What a page says beside its commands."""

    name: str
    section: int
    summary: str
    files: Mapping[str, str] = {}
    environment: Mapping[str, str] = {}
    exits: Mapping[int, str] = {}
    see_also: Sequence[str] = ()


EXITS = {int(code): said for code, said in MEANINGS.items()}

LMSYNCCTL = About(
    name="lmsyncctl",
    section=1,
    summary="look at and operate a running lmsyncd",
    files={"/run/lmsyncd/control.sock": "The daemon's control socket, open to root and the group lms-operators."},
    environment={
        "LMSYNCCTL_SOCKET": "Another control socket, as with --socket.",
        "NO_COLOR": "Do not colour what is printed.",
    },
    exits=EXITS,
    see_also=("lmsyncd(8)", "systemctl(1)", "journalctl(1)"),
)
LMSYNCD = About(
    name="lmsyncd",
    section=8,
    summary="keep Slack and Microsoft Teams in step with a learning management system",
    files={
        "/etc/lmsyncd/lmsyncd.toml": "The daemon's configuration.",
        "/etc/lmsyncd/tenants.d/NAME.toml": "A tenant's configuration.",
        "/var/lib/lmsyncd/lmsyncd.db": "The store: statement log, outbox, ledger.",
    },
    environment={
        "LMSYNCD_CONFIG": "Another configuration directory, as with --config.",
        "STATE_DIRECTORY": "Where a relative [store] path begins; set by systemd.",
        "CREDENTIALS_DIRECTORY": "Where secrets of the kind credential are read; set by systemd.",
    },
    exits=EXITS,
    see_also=("lmsyncctl(1)", "systemd.exec(5)", "journalctl(1)"),
)


def page(cli: click.Command, about: About) -> str:
    """The whole page as troff."""
    context = click.Context(cli, info_name=about.name)
    lines = [
        f'.TH {about.name.upper()} {about.section} "" "lmsyncd {installed_version()}" "lmsyncd manual"',
        ".SH NAME",
        f"{_escape(about.name)} \\- {_escape(about.summary)}",
        ".SH SYNOPSIS",
        f".B {_escape(about.name)}",
        _escape(" ".join(cli.collect_usage_pieces(context))),
        ".SH DESCRIPTION",
        *_prose(cli.help or about.summary),
    ]
    if options := list(_options(cli, context)):
        lines += [".SH OPTIONS", *options]
    lines += [".SH COMMANDS", *_commands(cli, context)]
    for heading, table in (
        ("EXIT STATUS", {str(code): said for code, said in about.exits.items()}),
        ("ENVIRONMENT", about.environment),
        ("FILES", about.files),
    ):
        if table:
            lines += [f".SH {heading}", *_table(table)]
    if about.see_also:
        lines += [".SH SEE ALSO", _escape(", ".join(about.see_also))]
    return "\n".join(lines) + "\n"


def _commands(group: click.Command, context: click.Context) -> Iterator[str]:
    """Every leaf, as it is typed."""
    if not isinstance(group, click.Group):
        return
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        inner = click.Context(command, info_name=name, parent=context)
        if isinstance(command, click.Group):
            yield from _commands(command, inner)
            continue
        yield f'.SS "{_escape(inner.command_path)} {_escape(_usage(command, inner))}"'
        yield from _prose(command.help or "")
        yield from _options(command, inner)
        yield from _prose(command.epilog or "")


def _usage(command: click.Command, context: click.Context) -> str:
    return " ".join(command.collect_usage_pieces(context))


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context) if isinstance(parameter, click.Option) else None
        if record is None or "--help" in parameter.opts:
            continue
        yield ".TP"
        yield f".B {_escape(record[0])}"
        yield _escape(" ".join(record[1].split()))


def _table(entries: Mapping[str, str]) -> Iterator[str]:
    for name, said in entries.items():
        yield ".TP"
        yield f".B {_escape(name)}"
        yield _escape(said)


def _prose(text: str) -> Iterator[str]:
    r"""click's help: paragraphs between empty lines, those that begin with ``\b`` kept line by line."""
    for paragraph in text.replace("\r", "").split("\n\n"):
        lines = [line.rstrip() for line in paragraph.strip("\n").splitlines()]
        if lines and lines[0].strip() == "\b":
            yield ".PP"
            yield ".nf"
            yield from (_escape(line) for line in lines[1:])
            yield ".fi"
        elif lines:
            yield ".PP"
            yield _escape(" ".join(line.strip() for line in lines))


def _escape(text: str) -> str:
    """Text that troff takes as it stands."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq").replace("…", "...")
    return f"\\&{escaped}" if escaped[:1] in {".", "'"} else escaped
