"""A daemon that goes away while somebody watches is waited for; that it is away, and is back, is said once each."""

import select
import sys

from daemon.control.exits import Exit
from daemon.control.protocol import Refusal

RETRY_S = 1.0
AWAY = frozenset({Exit.UNREACHABLE, Exit.AGAIN})


class Absence:
    """``heard``: it has answered once, so that whoever asks knows how to go on."""

    def __init__(self) -> None:
        self.heard = False
        self._away = False

    def met(self, refusal: Refusal) -> bool:
        """Whether it is waited for; then a moment has passed."""
        if refusal.code not in AWAY or not self.heard:
            return False
        if not self._away:
            _say(f"{refusal.what}; waiting for the daemon to come back")
        self._away = True
        sys.stdout.flush()
        _pause()
        return True

    def over(self) -> None:
        if self._away:
            _say("the daemon answers again")
        self._away = False


def nobody_is_there() -> bool:
    """Whoever waits for the next line would else find out with it, however late it comes."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
    except (OSError, ValueError):  # it is no file of the system's
        return False
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


def _say(what: str) -> None:
    """Beside the lines, so that whoever reads those by machine is not disturbed."""
    sys.stderr.write(f"lmsyncctl: {what}\n")
    sys.stderr.flush()


def _pause() -> None:
    select.select([], [], [], RETRY_S)
