"""What is told on its way to the collector: a bounded queue, one thread, and a count of what was dropped.

The SDK's batch processors would do this too, and were measured first: 80 microseconds on the event loop to make the two
spans of an attempt, where ours take 5, and a shutdown that waits for a dead collector longer than systemd waits for us.
There is one pipe a signal: a collector that takes traces and no logs costs the traces nothing.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

QUEUE_MAX = 8192
BATCH_MAX = 1024
LINGER_S = 1.0
TRIES_MAX = 4
BACKOFF_S_MAX = 30.0
SEND_S_MAX = 5.0
COMPLAIN_EVERY_S = 60.0

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)


class Sent(NamedTuple):
    """What came of sending a batch: ``why`` not (empty: it was taken), how many of it were ``rejected`` though the rest
    was taken, and whether it is of no use to try again (``final``)."""

    why: str = ""
    rejected: int = 0
    final: bool = False


class Sender(Protocol[T_contra]):
    """Takes a batch to the collector. Never raises."""

    def send(self, batch: Sequence[T_contra], timeout_s: float) -> Sent: ...

    def close(self) -> None: ...


class Pipe(Generic[T]):
    """``put`` from any thread; it never waits. ``complain`` hears, at most once a minute, that something is lost."""

    def __init__(
        self, sender: Sender[T], complain: Callable[[str, int], None], *, name: str, queue_max: int = QUEUE_MAX
    ) -> None:
        self._sender = sender
        self._complain = complain
        self._queue: deque[T] = deque()
        self._queue_max = queue_max
        self._begun = threading.Event()
        self._full = threading.Event()
        self._closing_at: float | None = None
        self._complained_at = -COMPLAIN_EVERY_S
        self._in_hand = 0
        self._given_up = False
        self.exported = 0
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name=f"lmsyncd-{name}", daemon=True)
        self._thread.start()

    def put(self, item: T) -> None:
        waiting = len(self._queue)
        if waiting >= self._queue_max or self._closing_at is not None:
            self.dropped += 1
            return
        self._queue.append(item)
        if not self._begun.is_set():
            self._begun.set()
        if waiting + 1 == BATCH_MAX:
            self._full.set()

    def end(self, deadline_s: float) -> None:
        """Send what is left, and take no more: ``close`` waits for it."""
        if self._closing_at is None:
            self._closing_at = time.monotonic() + deadline_s
            self._begun.set()
            self._full.set()

    def close(self, deadline_s: float) -> None:
        """Send what is left, but return after ``deadline_s`` whatever the collector does."""
        self.end(deadline_s)
        self._thread.join(deadline_s)
        if self._thread.is_alive() and not self._given_up:
            self._given_up = True
            self.dropped += len(self._queue) + self._in_hand
            self._queue.clear()

    def _run(self) -> None:
        while True:
            self._begun.wait()
            self._full.wait(LINGER_S)
            self._full.clear()
            self._begun.clear()
            while self._queue:
                batch = [self._queue.popleft() for _ in range(min(BATCH_MAX, len(self._queue)))]
                self._in_hand = len(batch)
                self._carry(batch)
                self._in_hand = 0
            if self._closing_at is not None:
                break
        self._sender.close()

    def _carry(self, batch: list[T]) -> None:
        """A few tries with growing pauses; the last words of a closing process get one."""
        for tries in range(1, TRIES_MAX + 1):
            sent = self._send(batch)
            if self._given_up:
                return
            if not sent.why:
                self.exported += len(batch) - sent.rejected
                self.dropped += sent.rejected
                return
            if sent.final or self._closing_at is not None or tries == TRIES_MAX:
                break
            self._full.wait(min(BACKOFF_S_MAX, 2.0**tries))
            self._full.clear()
        self.dropped += len(batch)
        if time.monotonic() - self._complained_at >= COMPLAIN_EVERY_S:
            self._complained_at = time.monotonic()
            self._complain(sent.why, self.dropped)

    def _send(self, batch: list[T]) -> Sent:
        try:
            return self._sender.send(batch, self._time_left_s())
        except Exception as error:  # noqa: BLE001  # what cannot be told is counted: the thread must go on
            return Sent(f"{type(error).__name__}: {error}", final=True)

    def _time_left_s(self) -> float:
        if self._closing_at is None:
            return SEND_S_MAX
        return max(0.05, min(SEND_S_MAX, (self._closing_at - time.monotonic()) * 0.8))
