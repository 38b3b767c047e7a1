"""``lmsyncctl map list``, ``show`` and ``test``: mapping tables. (``remapping`` has those that change something.)"""

import sys
from pathlib import Path
from typing import Any

import click

from daemon.cli.trunk import ask, command, subgroup
from daemon.control import protocol as p
from daemon.control.mapping_asks import BODY_CHARS_MAX

mapping = subgroup("map", "The versioned mapping tables of sources.")


class Version(click.ParamType[int]):
    """``v2`` or ``2``."""

    name = "version"

    def convert(self, value: Any, parameter: click.Parameter | None, ctx: click.Context | None) -> int:
        digits = str(value).removeprefix("v")
        if digits.isascii() and digits.isdigit() and 0 < int(digits) <= 1_000_000:
            return int(digits)
        raise click.BadParameter(f"{value!r} is no version: write v2", ctx, parameter)


VERSION = Version()


def _entities(ctx: click.Context, parameter: click.Parameter, typed: str) -> list[str]:
    """For completion; the daemon says which it knows."""
    from actors.domain.canonical import ENTITIES

    return [entity for entity in ENTITIES if entity.startswith(typed)]


@command(mapping, "list", "lmsyncctl map list\nlmsyncctl map list acme/canvas\nlmsyncctl map list --json")
@click.argument("source", metavar="[TENANT[/SOURCE]]", default="")
def listing(source: str) -> int:
    """Show which versions each source's mapping has, where from, and which is in force."""
    return ask(p.MapList(source=source))


@command(mapping, "show", "lmsyncctl map show acme/canvas\nlmsyncctl map show acme/canvas v2 > v3.toml")
@click.argument("source", metavar="TENANT/SOURCE")
@click.argument("version", metavar="[vN]", type=VERSION, required=False)
def show(source: str, version: int | None) -> int:
    """Show a version in full, as TOML: what it extends is in it. Without a version, the one in force."""
    return ask(p.MapShow(source=source, version=version or 0))


@command(
    mapping,
    "test",
    "lmsyncctl map test acme/canvas --record user/4711\n"
    "lmsyncctl map test acme/canvas --version v2 --record user/4711\n"
    "lmsyncctl map test acme/canvas --file user.json --entity user --form rest\n"
    "curl … | lmsyncctl map test acme/canvas - --entity user --form rest",
)
@click.argument("source", metavar="TENANT/SOURCE")
@click.argument("standard_input", metavar="[-]", type=click.Choice(["-"]), required=False)
@click.option("--version", type=VERSION, metavar="vN", help="This version; else the one in force.")
@click.option("--record", default="", metavar="ENTITY/ID", help="A record that the source told.")
@click.option("--file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="A record as JSON.")
@click.option("--entity", default="", shell_complete=_entities, help="What the JSON is: user, course, enrolment, …")
@click.option("--form", default="", help="How it is told: rest, event, csv, …")
@click.option("--id", "name", default="", help="The record's id, where the JSON does not say it.")
def test(
    source: str,
    standard_input: str | None,
    version: int | None,
    record: str,
    file: Path | None,
    entity: str,
    form: str,
    name: str,
) -> int:
    """Show what a version makes of a record, or what is wrong with it, and the statement it would be told as.

    Nothing is stored, and nobody is told.
    """
    if [bool(standard_input), bool(record), file is not None].count(True) != 1:
        raise click.UsageError("one of --record ENTITY/ID, --file FILE and - is needed")
    if record and (entity or form or name):
        raise click.UsageError("--entity, --form and --id go with --file or -")
    body = "" if record else _read(file)
    return ask(
        p.MapTest(source=source, version=version or 0, record=record, body=body, entity=entity, form=form, name=name)
    )


def _read(file: Path | None) -> str:
    """At most as much as a record may have. None: standard input."""
    try:
        if file is None:
            content = sys.stdin.buffer.read(BODY_CHARS_MAX + 1)
        else:
            with file.open("rb") as opened:
                content = opened.read(BODY_CHARS_MAX + 1)
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise click.UsageError(f"{file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise click.UsageError("the record is not UTF-8") from None
    if len(content) > BODY_CHARS_MAX:
        raise click.UsageError(f"a record has at most {BODY_CHARS_MAX:,} bytes")
    return text
