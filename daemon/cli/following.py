"""``watch``: asks again and again from where the last answer ended, and prints each line as it comes.

A daemon that ends is waited for, and asked from there: its numbers are the store's. What was printed of an answer that
broke off moves the place where the next one begins, so that no line is lost and none comes twice.
"""

import sys
from pathlib import Path

import msgspec
from rich.text import Text

from daemon.cli.awaiting import Absence, nobody_is_there
from daemon.cli.cells import at, plain
from daemon.cli.commands import Options
from daemon.cli.consoles import Lines
from daemon.cli.pulses import move_line
from daemon.cli.render import Json
from daemon.control import protocol as p
from daemon.control import views as v
from daemon.control.client import SOCKET, Client

PATIENCE_S = 40.0
WAIT_S = 3.0


def follow(options: Options, request: p.Watch, limit: int | None) -> int:
    """Runs until ``limit`` lines were printed, for ever without one. Raises Refusal where the daemon never answered,
    BrokenPipeError."""
    follower, absence = Follower(options, request, limit), Absence()
    while not follower.ended:
        try:
            with Client(Path(options.socket) if options.socket else SOCKET, options.timeout_s or PATIENCE_S) as client:
                while not follower.ended:
                    follower.turn(client, absence)
        except p.Refusal as refusal:
            if not absence.met(refusal):
                raise
            if nobody_is_there():
                raise BrokenPipeError from None
    return 0


class Follower:
    """Where it is, and how many lines there were."""

    def __init__(self, options: Options, request: p.Watch, limit: int | None) -> None:
        self._options = options
        self._request = msgspec.structs.replace(request, wait_s=WAIT_S)
        self._limit = limit
        self._lines = 0
        self._begun = request.after is not None
        self._console = Lines(highlight=False, markup=False, emoji=False, soft_wrap=True)

    @property
    def ended(self) -> bool:
        return self._limit is not None and self._lines >= self._limit

    def turn(self, client: Client, absence: Absence) -> None:
        """One question, and its answer printed. Raises Refusal, BrokenPipeError."""
        request = self._request
        if self._limit is not None:
            request = msgspec.structs.replace(request, limit=min(request.limit, self._limit - self._lines))
        for said in client.ask(request):
            absence.over()
            if isinstance(said, p.Done):
                continue
            row = v.decode_view(said)
            if isinstance(row, v.WatchedRow):
                self._at(row.after, row.events_after)
                if self._options.as_json or row.missed:
                    _print(self._console, said, row, self._options)
                continue
            self._lines += 1
            _print(self._console, said, row, self._options)
            match row:
                case v.MoveRow(no=number) if number and self._begun:
                    self._at(number, self._request.events_after)
                case v.EventRow(no=number):
                    self._at(self._request.after, number)
                case _:
                    pass
        self._begun = True
        absence.heard = True
        sys.stdout.flush()
        if nobody_is_there():
            raise BrokenPipeError

    def _at(self, after: int | None, events_after: int | None) -> None:
        self._request = msgspec.structs.replace(self._request, after=after, events_after=events_after)


def _print(console: Lines, raw: msgspec.Raw, row: v.View, options: Options) -> None:
    if options.quiet:
        return
    if options.as_json:
        Json().row(raw)
        return
    match row:
        case v.MoveRow():
            console.print(move_line(row))
        case v.EventRow():
            said = Text.assemble(at(row.at_us)[11:], "  ", plain(row.what, "bold magenta"), "  ", plain(row.subject))
            console.print(said.append("  ").append(plain(row.words)))
        case v.WatchedRow():
            console.print(plain(f"{row.missed:,} moves were missed: they had left before they were asked for", "red"))
        case _:
            console.print(plain(bytes(raw).decode(errors="replace")))
