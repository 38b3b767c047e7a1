"""What a fake vendor sends by itself (events, notifications): kept in a tray until it is due, sent by whoever serves
the fake. Nothing here does I/O; a test takes what is due and says what came of it."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import msgspec

from actors.domain.flow import Lost, NotSent, Outcome, Request, Response

WAITING_MAX = 10_000
LOG_MAX = 10_000


class Sending(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be sent from ``due_s`` on. It is made when it is sent (``make``, given the time), for it may carry
    the time, or be no longer wanted (None); ``then`` takes what came of it, and when."""

    what: str
    due_s: float
    make: Callable[[float], Request | None]
    then: Callable[[Outcome, float], None] = lambda outcome, now_s: None
    patience_s: float = 3.0


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A line of what was sent: ``status`` 0 where no answer came, and why not."""

    what: str
    url: str
    time: float
    status: int = 0
    detail: str = ""


class Tray:
    """What waits to be sent, and what was."""

    def __init__(self) -> None:
        self.log: list[Sent] = []
        self.stir: Callable[[], None] = lambda: None
        """Called when there is something new to send; whoever empties the tray sets it."""
        self._waiting: list[Sending] = []

    def put(self, sending: Sending) -> None:
        """When the tray is full, the newest is lost."""
        if len(self._waiting) < WAITING_MAX:
            self._waiting.append(sending)
            self.stir()

    def take(self, now_s: float) -> list[Sending]:
        """What is due, in its order; of what is due at the same time, the first put first."""
        due = sorted((each for each in self._waiting if each.due_s <= now_s), key=lambda each: each.due_s)
        if due:
            self._waiting = [each for each in self._waiting if each.due_s > now_s]
        return due

    def next_s(self) -> float | None:
        """When something is due next."""
        return min((each.due_s for each in self._waiting), default=None)

    def note(self, sending: Sending, request: Request, outcome: Outcome, now_s: float) -> None:
        match outcome:
            case Response(status=status):
                line = Sent(what=sending.what, url=request.url, time=now_s, status=status)
            case NotSent(detail) | Lost(detail):
                line = Sent(what=sending.what, url=request.url, time=now_s, detail=detail)
        self.log.append(line)
        del self.log[:-LOG_MAX]


@runtime_checkable
class Sender(Protocol):
    """A fake that sends by itself."""

    tray: Tray


class Line(Protocol):
    """One connection that somebody holds open to the vendor (a WebSocket), as text messages."""

    over: bool
    """Whether the vendor closes it, once what there was to say is said."""

    def take(self, now_s: float) -> list[str]:
        """What is to be said now."""

    def heard(self, message: str, now_s: float) -> None: ...

    def next_s(self) -> float | None:
        """When something will have to be said again."""

    def closed(self) -> None:
        """It is gone."""


@runtime_checkable
class Switch(Protocol):
    """A fake that can be listened to over connections that somebody else opens."""

    def connect(self, url: str, now_s: float) -> Line | None:
        """None: there is nothing to connect to, or no longer."""
