"""``watch``: asks again and again from where the last answer ended, and prints each line as it comes."""

import select
import sys
from pathlib import Path

import msgspec
from rich.text import Text

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
    """Runs until ``limit`` lines were printed, for ever without one. Raises Refusal, BrokenPipeError."""
    console = Lines(highlight=False, markup=False, emoji=False, soft_wrap=True)
    request, lines = msgspec.structs.replace(request, wait_s=WAIT_S), 0
    with Client(Path(options.socket) if options.socket else SOCKET, options.timeout_s or PATIENCE_S) as client:
        while limit is None or lines < limit:
            if limit is not None:
                request = msgspec.structs.replace(request, limit=min(request.limit, limit - lines))
            for said in client.ask(request):
                if isinstance(said, p.Done):
                    continue
                row = v.decode_view(said)
                if isinstance(row, v.WatchedRow):
                    request = msgspec.structs.replace(request, after=row.after, events_after=row.events_after)
                    if options.as_json or row.missed:
                        _print(console, said, row, options)
                    continue
                lines += 1
                _print(console, said, row, options)
            sys.stdout.flush()
            if _nobody_reads():
                raise BrokenPipeError
    return 0


def _nobody_reads() -> bool:
    """Whoever waits for the next line would else find out with it, however late it comes."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
    except (OSError, ValueError):  # it is no file of the system's
        return False
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


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
