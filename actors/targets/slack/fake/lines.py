"""Socket Mode: the connections that the app has opened, and the envelopes that go over them.

An envelope goes over one of the connections; what is not acknowledged within three seconds is sent again, over
whichever is open then, three times at most.
"""

from collections import OrderedDict, deque

import msgspec

from actors.domain.flow import decode_object
from actors.ports.sendings import Tray
from actors.targets.slack.fake.workspace import APP

LINK = "/slack/link/"
TICKET_LIFE_S = 30.0
ACK_S = 3.0
AGAIN_MAX = 3
LINGER_S = 10.0
WAITING_MAX = 1_000
OPEN_MAX = 10
REASONS = frozenset({"warning", "refresh_requested", "link_disabled", "dropped"})


class Envelope(msgspec.Struct):
    """``due_s``: when it is to be sent (again)."""

    id: str
    kind: str
    payload: dict[str, object]
    due_s: float
    attempt: int = 0


class Lines:
    """All connections of the app."""

    def __init__(self, tray: Tray) -> None:
        self._tray = tray
        self._tickets: OrderedDict[str, float] = OrderedDict()
        self._open: list[SocketLine] = []
        self._waiting: deque[Envelope] = deque(maxlen=WAITING_MAX)
        self._count = 0

    @property
    def any_open(self) -> bool:
        return any(not line.leaving for line in self._open)

    def dial(self, host: str, secure: bool, now_s: float) -> str:
        """The address of one connection, good for half a minute."""
        self._count += 1
        ticket = f"{self._count:08x}{round(now_s * 1e6):016x}"
        self._tickets[ticket] = now_s + TICKET_LIFE_S
        if len(self._tickets) > WAITING_MAX:
            self._tickets.popitem(last=False)
        return f"{'wss' if secure else 'ws'}://{host}{LINK}?ticket={ticket}&app_id={APP}"

    def connect(self, ticket: str, now_s: float) -> "SocketLine | None":
        """None: the ticket was never given, has served, or has ended."""
        if self._tickets.pop(ticket, 0.0) <= now_s or len(self._open) >= OPEN_MAX:
            return None
        line = SocketLine(self)
        self._open.append(line)
        hello = {
            "type": "hello",
            "num_connections": len(self._open),
            "debug_info": {"host": "applink-sandbox", "build_number": 1, "approximate_connection_time": 18060},
            "connection_info": {"app_id": APP},
        }
        line.say(hello)
        return line

    def offer(self, kind: str, payload: dict[str, object], due_s: float) -> None:
        self._count += 1
        self._waiting.append(Envelope(f"sandbox-envelope-{self._count:08x}", kind, payload, due_s))
        self._tray.stir()

    def due(self, now_s: float) -> list[Envelope]:
        """What is to be sent now; it stays until it is acknowledged, or was sent often enough."""
        found = [each for each in self._waiting if each.due_s <= now_s]
        for each in found:
            if each.attempt > AGAIN_MAX:
                self._waiting.remove(each)
        return [each for each in found if each.attempt <= AGAIN_MAX]

    def next_s(self) -> float | None:
        return min((each.due_s for each in self._waiting), default=None)

    def acknowledged(self, name: str) -> None:
        self._waiting = deque((each for each in self._waiting if each.id != name), maxlen=WAITING_MAX)

    def disconnect(self, reason: str, now_s: float) -> int:
        """Every connection ends, with notice unless it is ``dropped``; how many do."""
        for line in self._open:
            line.leave(reason, now_s)
        self._tray.stir()
        return len(self._open)

    def gone(self, line: "SocketLine") -> None:
        if line in self._open:
            self._open.remove(line)


class SocketLine:
    """One connection."""

    def __init__(self, lines: Lines) -> None:
        self.over = False
        self.leaving = False
        self._lines = lines
        self._says: list[str] = []
        self._ends_s: float | None = None

    def say(self, message: object) -> None:
        self._says.append(msgspec.json.encode(message).decode())

    def take(self, now_s: float) -> list[str]:
        if self._ends_s is not None and now_s >= self._ends_s:
            self.over = True
        said, self._says = self._says, []
        if self.leaving:
            return said
        for envelope in self._lines.due(now_s):
            said.append(_shown(envelope))
            envelope.attempt += 1
            envelope.due_s = now_s + ACK_S
        return said

    def heard(self, message: str, now_s: float) -> None:
        fields = decode_object(message.encode(errors="replace"))
        name = fields.get("envelope_id") if fields is not None else None
        if isinstance(name, str):
            self._lines.acknowledged(name)

    def next_s(self) -> float | None:
        return self._ends_s if self.leaving else self._lines.next_s()

    def leave(self, reason: str, now_s: float) -> None:
        self.leaving = True
        self._ends_s = now_s + (LINGER_S if reason in ("warning", "refresh_requested") else 0.0)
        if reason != "dropped":
            self.say({"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-sandbox"}})

    def closed(self) -> None:
        self._lines.gone(self)


def _shown(envelope: Envelope) -> str:
    fields: dict[str, object] = {
        "envelope_id": envelope.id,
        "payload": envelope.payload,
        "type": envelope.kind,
        "accepts_response_payload": envelope.kind == "interactive",
    }
    if envelope.kind == "events_api":
        fields |= {"retry_attempt": envelope.attempt, "retry_reason": "timeout" if envelope.attempt else ""}
    return msgspec.json.encode(fields).decode()
