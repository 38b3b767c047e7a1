"""``top``: asks for frames and draws them; on a terminal over one another, elsewhere one after the other."""

import os
import select
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.live import Live

from daemon.cli.awaiting import Absence, nobody_is_there
from daemon.cli.commands import Options, nobody_reads
from daemon.cli.consoles import Lines
from daemon.cli.render import Json, tell
from daemon.cli.topview import Frames
from daemon.control import protocol as p
from daemon.control import views as v
from daemon.control.client import SOCKET, Client
from daemon.control.exits import Exit

PATIENCE_S = 30.0
WHOLE_EVERY = 8
"""Every so many frames what changes slowly is asked for too."""
PIPE_COLUMNS = 160


def watch_top(options: Options, tenant: str, every_s: float, *, once: bool) -> int:
    try:
        if options.as_json or options.quiet:
            return _plainly(options, tenant, every_s, once=once, console=None)
        console = Lines(highlight=False, emoji=False)
        if not console.is_terminal:
            console = Lines(highlight=False, emoji=False, width=_columns())
        if once or not console.is_terminal or console.is_dumb_terminal:
            return _plainly(options, tenant, every_s, once=once, console=console)
        return _live(options, tenant, every_s, console)
    except p.Refusal as refusal:
        tell(refusal)
        return refusal.code
    except KeyboardInterrupt:
        return Exit.OK
    except BrokenPipeError:
        return nobody_reads()


def _columns() -> int:
    try:
        return max(40, int(os.environ["COLUMNS"]))
    except (KeyError, ValueError):
        return PIPE_COLUMNS


def _plainly(options: Options, tenant: str, every_s: float, *, once: bool, console: Lines | None) -> int:
    """``console`` None: JSON Lines, or nothing but the exit code. Raises Refusal, KeyboardInterrupt."""
    frames, absence = Frames(), Absence()
    while True:
        number = 0
        try:
            with _client(options) as client:
                while True:
                    code = _one_frame(client, options, p.Top(tenant=tenant, brief=bool(number % WHOLE_EVERY)), frames)
                    absence.over()
                    if console is not None:
                        console.print(frames.drawn(console.width, None))
                        if not once:
                            console.print()
                    sys.stdout.flush()
                    number += 1
                    if once:
                        return code
                    absence.heard = True
                    select.select([], [], [], every_s)
        except p.Refusal as refusal:
            if not absence.met(refusal):
                raise
            if nobody_is_there():
                raise BrokenPipeError from None


def _one_frame(client: Client, options: Options, request: p.Top, frames: Frames) -> int:
    """As JSON Lines at once, else into ``frames``; the exit code. Raises Refusal."""
    rows: list[v.View] = []
    code = int(Exit.OK)
    for said in client.ask(request):
        if isinstance(said, p.Done):
            code = said.exit_code
            if options.as_json:
                Json().end(said)
        elif options.as_json:
            Json().row(said)
        else:
            rows.append(v.decode_view(said))
    if rows:
        frames.take(rows)
    return code


def _live(options: Options, tenant: str, every_s: float, console: Lines) -> int:
    """Over one another, until q. A daemon that is away is waited for."""
    frames, number, note = Frames(), 0, ""
    with (
        _keys() as keys,
        Live(console=console, screen=True, auto_refresh=False, vertical_overflow="crop", redirect_stderr=False) as live,
    ):
        while True:
            try:
                with _client(options) as client:
                    while True:
                        answer = client.ask(p.Top(tenant=tenant, brief=bool(number % WHOLE_EVERY)))
                        frames.take([v.decode_view(said) for said in answer if not isinstance(said, p.Done)])
                        number, note = number + 1, ""
                        live.update(frames.drawn(console.width, console.height), refresh=True)
                        if _asked_to_end(keys, every_s):
                            return Exit.OK
            except p.Refusal as refusal:
                if refusal.code not in (Exit.UNREACHABLE, Exit.AGAIN) or not number:
                    raise
                number, note = WHOLE_EVERY, f"{refusal.what}; trying again"
                live.update(frames.drawn(console.width, console.height, note), refresh=True)
                if _asked_to_end(keys, max(every_s, 1.0)):
                    return Exit.OK


def _client(options: Options) -> Client:
    return Client(Path(options.socket) if options.socket else SOCKET, options.timeout_s or PATIENCE_S)


@contextmanager
def _keys() -> Iterator[int | None]:
    """The keyboard, key by key; None where there is none."""
    if not sys.stdin.isatty():
        yield None
        return
    keys = sys.stdin.fileno()
    before = termios.tcgetattr(keys)
    try:
        tty.setcbreak(keys)
        yield keys
    finally:
        termios.tcsetattr(keys, termios.TCSADRAIN, before)


def _asked_to_end(keys: int | None, wait_s: float) -> bool:
    """Waits so long for a key."""
    ready, _, _ = select.select([] if keys is None else [keys], [], [], wait_s)
    if not ready or keys is None:
        return False
    pressed = os.read(keys, 64)
    return not pressed or b"q" in pressed.lower() or b"\x04" in pressed
