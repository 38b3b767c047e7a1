"""Finished spans on their way to the collector: a bounded queue, one thread, and a count of what was dropped.

The SDK's tracer and batch processor would do this too, and were measured first: 80 microseconds on the event loop to
make the two spans of an attempt, where ours take 5, and a shutdown that waits for a dead collector longer than systemd
waits for us. So spans are light structs until the thread hands them to OpenTelemetry's own exporters (``otlp``).
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from typing import Protocol

import msgspec

from daemon.telemetry.trace_context import TraceContext

QUEUE_MAX = 8192
BATCH_MAX = 512
LINGER_S = 1.0
TRIES_MAX = 4
BACKOFF_S_MAX = 30.0
SEND_S_MAX = 5.0
COMPLAIN_EVERY_S = 60.0

Attribute = str | bool | int | float


class Kind(IntEnum):
    INTERNAL = 1
    SERVER = 2
    CLIENT = 3


class Status(IntEnum):
    UNSET = 0
    OK = 1
    ERROR = 2


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A finished span. Times are microseconds since the epoch; ``links`` are other spans this one stems from."""

    name: str
    context: TraceContext
    parent_id: str
    kind: Kind
    start_us: int
    end_us: int
    attributes: Mapping[str, Attribute]
    status: Status = Status.UNSET
    message: str = ""
    links: Sequence[TraceContext] = ()


class Sender(Protocol):
    """Takes a batch to the collector. Returns "" when it was accepted, else why not; never raises."""

    def send(self, batch: Sequence[Span], timeout_s: float) -> str: ...

    def close(self) -> None: ...


class SpanPipe:
    """``put`` from any thread; it never waits. ``complain`` hears, at most once a minute, that spans are lost."""

    def __init__(self, sender: Sender, complain: Callable[[str, int], None], *, queue_max: int = QUEUE_MAX) -> None:
        self._sender = sender
        self._complain = complain
        self._queue: deque[Span] = deque()
        self._queue_max = queue_max
        self._wake = threading.Event()
        self._closing_at: float | None = None
        self._complained_at = -COMPLAIN_EVERY_S
        self._in_hand = 0
        self._given_up = False
        self.exported = 0
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name="lmsyncd-spans", daemon=True)
        self._thread.start()

    def put(self, span: Span) -> None:
        if len(self._queue) >= self._queue_max or self._closing_at is not None:
            self.dropped += 1
            return
        self._queue.append(span)
        if len(self._queue) == BATCH_MAX:
            self._wake.set()

    def close(self, deadline_s: float) -> None:
        """Send what is left, but return after ``deadline_s`` whatever the collector does."""
        if self._closing_at is None:
            self._closing_at = time.monotonic() + deadline_s
            self._wake.set()
            self._thread.join(deadline_s)
            if self._thread.is_alive():
                self._given_up = True
                self.dropped += len(self._queue) + self._in_hand
                self._queue.clear()
                self._sender.close()  # an exporter in the middle of its retries gives up

    def _run(self) -> None:
        while True:
            self._wake.wait(LINGER_S)
            self._wake.clear()
            while self._queue:
                batch = [self._queue.popleft() for _ in range(min(BATCH_MAX, len(self._queue)))]
                self._in_hand = len(batch)
                self._carry(batch)
                self._in_hand = 0
            if self._closing_at is not None:
                break
        self._sender.close()

    def _carry(self, batch: list[Span]) -> None:
        """A few tries with growing pauses; the last words of a closing process get one."""
        for tries in range(1, TRIES_MAX + 1):
            why = self._sender.send(batch, self._time_left_s())
            if self._given_up:
                return
            if not why:
                self.exported += len(batch)
                return
            if self._closing_at is not None or tries == TRIES_MAX:
                break
            self._wake.wait(min(BACKOFF_S_MAX, 2.0**tries))
            self._wake.clear()
        self.dropped += len(batch)
        if time.monotonic() - self._complained_at >= COMPLAIN_EVERY_S:
            self._complained_at = time.monotonic()
            self._complain(why, self.dropped)

    def _time_left_s(self) -> float:
        if self._closing_at is None:
            return SEND_S_MAX
        return max(0.05, min(SEND_S_MAX, (self._closing_at - time.monotonic()) * 0.8))
