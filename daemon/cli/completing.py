"""What a shell completes beside commands and options: names of tenants, lanes and sources, which the daemon knows.

By what a parameter is called in the help, so that a new command has it without a word more. Where nobody answers at
once, or the asker may not ask, there is nothing to complete.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

import click
import msgspec
from click.shell_completion import CompletionItem

from daemon.cli.commands import Options
from daemon.control import protocol as p
from daemon.control.client import SOCKET, Client

PATIENCE_S = 2.0


class _Names(click.types.StringParamType):
    """A text of which ``known`` tells beginnings."""

    def __init__(self, known: Callable[[Client], Iterable[str]]) -> None:
        self._known = known

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        path = ctx.ensure_object(Options).socket
        try:
            with Client(Path(path) if path else SOCKET, PATIENCE_S) as client:
                names = sorted(set(self._known(client)))
        except (p.Refusal, OSError):
            return []
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def _told(client: Client, request: p.Ask, field: str) -> list[str]:
    """What stands in that field of each row."""
    rows = [msgspec.json.decode(said) for said in client.ask(request) if not isinstance(said, p.Done)]
    return [str(row[field]) for row in rows if field in row]


def _lanes(client: Client) -> list[str]:
    return _told(client, p.TargetList(), "lane")


def _sources(client: Client) -> list[str]:
    return _told(client, p.SourceList(), "source")


def _tenants(client: Client) -> list[str]:
    return [name.partition("/")[0] for name in (*_lanes(client), *_sources(client))]


def _known_for(parameter: click.Parameter) -> Callable[[Client], Iterable[str]] | None:
    said = (parameter.metavar or "").strip("[].")
    if said == "TENANT/TARGET":
        return _lanes
    if said in ("TENANT/SOURCE", "TENANT[/SOURCE"):
        return _sources
    if parameter.name == "tenant" or said.startswith("TENANT"):
        return _tenants
    return None


def complete_names(command: click.Command) -> None:
    """For the command and all below it."""
    for parameter in command.params:
        known = _known_for(parameter)
        if known is not None and parameter.type is click.STRING:
            parameter.type = _Names(known)
    if isinstance(command, click.Group):
        for each in command.commands.values():
            complete_names(each)
