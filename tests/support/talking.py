"""Conversations of connectors, driven by hand: by a fake in made-up time, or by the answers of a test."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

from actors.domain.changes import AnyChange, Course, CourseCompleted
from actors.domain.flow import Flow, Lost, Outcome, Request, Response
from actors.domain.outbox import Parcel
from actors.domain.people import Learner
from actors.ports import Composed, Fake, Fault

T = TypeVar("T")
F = TypeVar("F", bound=Fake)

NOW_S = 1_790_000_000.0
NOW_US = int(NOW_S * 1e6)


def ended(flow: Flow[T], ask: Callable[[Request], Outcome], requests_max: int = 100) -> T:
    """What a flow concludes with; ``ask`` answers its requests."""
    outcome: Any = None
    for _ in range(requests_max):
        try:
            request = flow.send(outcome)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]  # what the flow concludes with
        outcome = ask(request)
    raise AssertionError("no end")


def answered(flow: Flow[T], *outcomes: Outcome | dict[str, object]) -> T:
    """The same with these answers (a dict is a body of JSON), in this order; it must ask for neither more nor fewer."""
    waiting = list(outcomes)

    def answer(_: Request) -> Outcome:
        each = waiting.pop(0)
        return Response(status=200, body=msgspec.json.encode(each)) if isinstance(each, dict) else each

    found = ended(flow, answer)
    assert not waiting, "not everything was asked for"
    return found


def replies(*outcomes: Outcome | dict[str, object]) -> Callable[[Flow[T]], T]:
    """As ``answered``, for a flow that comes later."""
    return lambda flow: answered(flow, *outcomes)


class Talk(Generic[F]):
    """Drives flows against a fake; each request takes ``step_s`` of made-up time. ``origin`` is where it is reached."""

    origin = "http://s"
    requests_max = 100

    def __init__(self, fake: F, step_s: float = 2.0) -> None:
        self.fake = fake
        self.now_s = NOW_S
        self.step_s = step_s
        self.requests: list[Request] = []

    def fault(self, kind: str, **more: Any) -> None:
        self.fake.fault(Fault(kind=kind, **more))

    @property
    def operations(self) -> list[str]:
        return [request.operation for request in self.requests]

    def ask(self, request: Request) -> Outcome:
        self.now_s += self.step_s
        self.requests.append(request)
        path = request.url.removeprefix(self.origin)
        answer = self.fake.handle(msgspec.structs.replace(request, url=path), self.now_s)
        return Lost("reset") if answer.reset else answer.response

    def run(self, flow: Flow[T]) -> T:
        return ended(flow, self.ask, self.requests_max)


class Said:
    """Always the same words, or always the same complaint."""

    def __init__(self, composed: Composed, error: Exception | None = None) -> None:
        self.composed = composed
        self.error = error

    def compose(self, parcel: Parcel, platform: str, escape: Callable[[str], str]) -> Composed:
        if self.error:
            raise self.error
        return self.composed


def change(course: Course | None = None, email: str = "ada@example.edu") -> AnyChange:
    return CourseCompleted(
        learner=Learner(key="account:x|1", name="Ada", email=email), at="2026-09-21T14:13:20Z", course=course
    )


def parcel_to(address: str, told: AnyChange, delivery_id: str, **more: Any) -> Parcel:
    """A first attempt, at ``NOW_US``."""
    plain = Parcel(
        delivery_id=delivery_id,
        correlation_id=f"c-{delivery_id}",
        destination=address,
        address=address,
        to_learner=False,
        change=told,
        template=None,
        locale="en",
        timezone="UTC",
        attempt=1,
        now_us=NOW_US,
        sent_us=None,
    )
    return msgspec.structs.replace(plain, **more)
