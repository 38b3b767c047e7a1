"""Log lines: JSON on stderr, or journal entries where stderr is the journal; written by a thread of their own.

The event loop only queues a line, so a reader that stalls never stalls a delivery. The thread lets lines gather for a
moment and writes them together; a warning is written at once. When the queue is full lines are dropped and counted.
"""

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Mapping, MutableMapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Protocol

import msgspec
import structlog

from daemon.telemetry.journald import JournalSocket, encode, is_journal, message_id
from daemon.telemetry.redaction import Redactor

LINES_MAX = 10_000
RECENT_MAX = 2_000
"""Of the newest lines so many stay in memory, for whoever asks what has just happened."""
GATHER_S = 0.02
WRITE_BYTES_MAX = 64 * 1024
LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
PRIORITIES = {"debug": "7", "info": "6", "warning": "4", "error": "3"}
UNSPEAKABLE = (TypeError, ValueError, RecursionError)  # lone surrogates, keys that are no text, endless nesting
OURS = frozenset({"event", "level", "time"})
SUMMED_UP = (
    "tenant", "lane", "source", "connection", "login", "verb", "role", "exit_code", "destination", "verdict", "state",
    "how", "listen", "tenants", "rows", "path", "result", "first", "detail", "reason", "why", "error",
)  # fmt: skip
"""What a line of the journal shows, in this order; the rest is in its fields."""


class Sink(Protocol):
    """Where finished lines go, blocking. Raises OSError."""

    def write(self, lines: list[bytes]) -> None: ...

    def close(self) -> None: ...


class StreamSink:
    """A file descriptor that is not ours to close."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def write(self, lines: list[bytes]) -> None:
        data = memoryview(b"".join(lines))
        while data:
            data = data[os.write(self._fd, data[:WRITE_BYTES_MAX]) :]

    def close(self) -> None:
        """Nothing of ours is open."""


class JournalSink:
    def __init__(self, journal: JournalSocket) -> None:
        self._journal = journal

    def write(self, lines: list[bytes]) -> None:
        for entry in lines:
            self._journal.write(entry)

    def close(self) -> None:
        self._journal.close()


class Outlet:
    """The queue and its thread. ``put`` never waits."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._lines: deque[bytes] = deque()
        self._wake = threading.Event()
        self._urgent = threading.Event()
        self._closing = False
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name="lmsyncd-log", daemon=True)
        self._thread.start()

    def put(self, line: bytes, urgent: bool) -> None:
        if len(self._lines) >= LINES_MAX or self._closing:
            self.dropped += 1
            return
        self._lines.append(line)
        if urgent:
            self._urgent.set()
        if not self._wake.is_set():
            self._wake.set()

    def close(self, deadline_s: float) -> None:
        """Write what is left, but return after ``deadline_s``."""
        self._closing = True
        self._urgent.set()
        self._wake.set()
        self._thread.join(deadline_s)

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._urgent.wait(GATHER_S)
            self._urgent.clear()
            self._wake.clear()
            while self._lines:
                lines = [self._lines.popleft() for _ in range(min(1000, len(self._lines)))]
                try:
                    self._sink.write(lines)
                except OSError:  # there is no other place to say so: it is counted
                    self.dropped += len(lines)
            if self._closing:
                self._sink.close()
                return


class Log:
    """Levelled lines with fields, by structlog: ``log.logger.info("lane.suspended", lane="acme/slack")``.

    Secrets are masked, values that JSON does not know are shown by ``repr``. Never raises for a value, never waits.
    """

    also: Callable[[int, bytes], None] | None = None
    """Hears of each line when it was written, and what it says as JSON, masked."""

    def __init__(self, outlet: Outlet, redactor: Redactor, now_us: Callable[[], int], *, journal: bool = False) -> None:
        self._carrier = _Carrier(outlet)
        self._redactor = redactor
        self._now_us = now_us
        self._json = msgspec.json.Encoder(enc_hook=repr)
        self.recent: deque[bytes] = deque(maxlen=RECENT_MAX)
        self._journal = journal
        self.set_level("info")

    def set_level(self, level: str) -> None:
        """From now on: one of ``LEVELS``."""
        wrapper = structlog.make_filtering_bound_logger(LEVELS[level])
        self.logger: Any = structlog.wrap_logger(self._carrier, [self._finish], wrapper_class=wrapper).bind()

    def write(self, level: str, event: str, fields: Mapping[str, object]) -> None:
        """For fields whose names are not ours to choose."""
        if not fields.keys().isdisjoint(OURS):
            fields = {f"{key}_" if key in OURS else key: value for key, value in fields.items()}
        getattr(self.logger, level)(event, **fields)

    def _finish(self, _logger: object, level: str, fields: MutableMapping[str, Any]) -> bytes:
        """structlog's only processor: from fields to the bytes that are written."""
        event, at_us = fields.pop("event", ""), self._now_us()
        rendered, whole = self._to_json(at_us, level, event, fields)
        if not whole or self._redactor.suspects(rendered):
            clean = self._redactor.value(fields)
            event, fields = self._redactor.text(event), clean if isinstance(clean, dict) else {}
            rendered, _ = self._to_json(at_us, level, event, fields)
        self.recent.append(rendered)
        if self.also is not None:
            self.also(at_us, rendered)
        return self._to_journal(level, event, fields) if self._journal else rendered

    def _to_json(self, at_us: int, level: str, event: str, fields: Mapping[str, object]) -> tuple[bytes, bool]:
        """The line, and whether JSON can say all of it as it is."""
        head = {"time": rfc3339(at_us), "level": level, "event": event}
        try:
            return self._json.encode({**head, **fields}) + b"\n", True
        except UNSPEAKABLE:
            return self._json.encode({**head, "fields": ascii(fields)}) + b"\n", False

    def _to_journal(self, level: str, event: str, fields: Mapping[str, object]) -> bytes:
        summary = " ".join(f"{name}={fields[name]}" for name in SUMMED_UP if fields.get(name))
        entry = {
            "MESSAGE": f"{event} {summary}".rstrip(),
            "MESSAGE_ID": message_id(event),
            "PRIORITY": PRIORITIES[level],
            "SYSLOG_IDENTIFIER": "lmsyncd",
            "LMSYNCD_EVENT": event,
        }
        for name, value in fields.items():
            entry[name] = value if isinstance(value, str) else repr(value)
        if "statement_id" in fields:
            entry["EVENT_ID"] = entry["statement_id"]
        return encode(entry)


class _Carrier:
    """What structlog calls a logger: takes what the processor made."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet

    def info(self, line: bytes) -> None:
        self._outlet.put(line, urgent=False)

    def warning(self, line: bytes) -> None:
        self._outlet.put(line, urgent=True)

    debug = info
    error = warning


class Bridge(logging.Handler):
    """Other libraries' warnings become our lines. Their debug and info levels stay off: httpcore's name headers."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        level = "error" if record.levelno >= logging.ERROR else "warning"
        fields: dict[str, object] = {"logger": record.name, "message": record.getMessage()}
        if record.exc_info:
            fields["traceback"] = logging.Formatter().formatException(record.exc_info)
        self._log.write(level, "library.logged", fields)


def open_outlet(fd: int = 2) -> tuple[Outlet, bool]:
    """Where the lines go, and whether that is the journal."""
    if is_journal(fd, os.environ.get("JOURNAL_STREAM")):
        return Outlet(JournalSink(JournalSocket())), True
    return Outlet(StreamSink(fd)), False


def rfc3339(at_us: int) -> str:
    """UTC, to the millisecond."""
    seconds, rest_us = divmod(at_us, 1_000_000)
    return f"{_to_the_second(seconds)}.{rest_us // 1000:03d}Z"


@lru_cache(maxsize=4)
def _to_the_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
