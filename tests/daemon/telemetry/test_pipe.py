import threading
from collections.abc import Callable, Sequence

from daemon.telemetry.pipe import BATCH_MAX, Pipe, Sent
from daemon.telemetry.spans import Kind, Span
from daemon.telemetry.trace_context import root


def a_span(number: int = 0) -> Span:
    return Span(
        name=f"span {number}",
        context=root(1.0),
        parent_id="",
        kind=Kind.INTERNAL,
        start_us=0,
        end_us=1,
        attributes={},
    )


class Scripted:
    """A sender that does what the test says; "" is success."""

    def __init__(self, answer: Callable[[], str]) -> None:
        self._answer = answer
        self.batches: list[int] = []
        self.called = threading.Event()
        self.closed = False

    def send(self, batch: Sequence[Span], timeout_s: float) -> Sent:
        self.called.set()
        self.batches.append(len(batch))
        return Sent(self._answer())

    def close(self) -> None:
        self.closed = True


def test_closing_sends_what_is_left() -> None:
    sender = Scripted(lambda: "")
    pipe = Pipe(sender, lambda why, dropped: None, name="test")
    for number in range(BATCH_MAX + 10):
        pipe.put(a_span(number))
    pipe.close(10.0)
    assert (pipe.exported, pipe.dropped, sender.closed) == (BATCH_MAX + 10, 0, True)
    assert max(sender.batches) <= BATCH_MAX


def test_what_is_put_after_closing_is_counted() -> None:
    pipe = Pipe(Scripted(lambda: ""), lambda why, dropped: None, name="test")
    pipe.close(10.0)
    pipe.put(a_span())
    assert pipe.dropped == 1


def test_a_full_queue_drops_and_counts() -> None:
    stuck = threading.Event()

    def wait() -> str:
        stuck.wait(30)
        return ""

    sender = Scripted(wait)
    pipe = Pipe(sender, lambda why, dropped: None, name="test", queue_max=BATCH_MAX)
    for number in range(BATCH_MAX):
        pipe.put(a_span(number))
    assert sender.called.wait(30)
    for number in range(2 * BATCH_MAX):
        pipe.put(a_span(number))
    assert pipe.dropped == BATCH_MAX
    pipe.close(0.05)
    assert pipe.dropped == 3 * BATCH_MAX
    stuck.set()


def test_a_refusal_while_closing_is_final_and_told() -> None:
    told: list[tuple[str, int]] = []
    sender = Scripted(lambda: "HTTP 503")
    pipe = Pipe(sender, lambda why, dropped: told.append((why, dropped)), name="test")
    pipe.put(a_span())
    pipe.close(10.0)
    assert told == [("HTTP 503", 1)]
    assert pipe.dropped == 1


def test_a_passing_refusal_is_tried_again() -> None:
    answers = iter(["ConnectError", "", ""])
    sender = Scripted(lambda: next(answers))
    pipe = Pipe(sender, lambda why, dropped: None, name="test")
    for number in range(BATCH_MAX):
        pipe.put(a_span(number))
    assert sender.called.wait(30)
    for number in range(BATCH_MAX):  # a full batch cuts the pause short
        pipe.put(a_span(number))
    pipe.close(10.0)
    assert (pipe.exported, pipe.dropped) == (2 * BATCH_MAX, 0)
    assert sender.batches == [BATCH_MAX] * 3
