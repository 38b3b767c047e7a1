"""A Slack target before the fake Slack, driven by hand."""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from actors.domain.changes import AnyChange, Course, CourseCompleted
from actors.domain.flow import Flow, Lost, Outcome, Request, Response
from actors.domain.outbox import Parcel
from actors.domain.people import Learner
from actors.ports import Composed, Fault
from actors.targets.slack import CONNECTOR
from actors.targets.slack.fake import FakeSlack
from actors.targets.slack.flow import SlackTarget
from config.model import Secret

T = TypeVar("T")

NOW_S = 1_790_000_000.0
COMPOSED = Composed(title="Well done", text="Ada completed AE-101", url="https://moodle.example.edu/c?id=7&x=1")


class Wording:
    """Always the same words, or always the same complaint."""

    def __init__(self, composed: Composed = COMPOSED, error: Exception | None = None) -> None:
        self.composed = composed
        self.error = error

    def compose(self, parcel: Parcel, platform: str, escape: Callable[[str], str]) -> Composed:
        if self.error:
            raise self.error
        return self.composed


def build(wording: Wording | None = None, **settings: object) -> SlackTarget:
    words = {"token": {"env": "T"}, "api_url": "http://s/slack/api"} | settings
    decoded = msgspec.convert(words, type=CONNECTOR.settings)
    target = CONNECTOR.build(
        decoded, lambda secret: "xoxb-sandbox" if secret == Secret(env="T") else "", wording or Wording()
    )
    assert isinstance(target, SlackTarget)
    return target


def change(course: Course | None = None, email: str = "ada@example.edu") -> AnyChange:
    return CourseCompleted(
        learner=Learner(key="account:x|1", name="Ada", email=email), at="2026-09-21T14:13:20Z", course=course
    )


def parcel(
    address: str = "C0123456789", delivery_id: str = "d-1", sent_us: int | None = int(NOW_S * 1e6), **more: object
) -> Parcel:
    plain = Parcel(
        delivery_id=delivery_id,
        correlation_id=f"c-{delivery_id}",
        destination=address,
        address=address,
        to_learner=False,
        change=change(),
        template=None,
        locale="en",
        timezone="UTC",
        attempt=1,
        now_us=int(NOW_S * 1e6),
        sent_us=sent_us,
    )
    return msgspec.structs.replace(plain, **more)


class Talk:
    """Drives flows against a fake; each request takes ``step_s`` of made-up time."""

    def __init__(self, step_s: float = 2.0) -> None:
        self.fake = FakeSlack()
        self.now_s = NOW_S
        self.step_s = step_s
        self.requests: list[Request] = []

    def fault(self, kind: str, **words: object) -> None:
        self.fake.fault(Fault(kind=kind, **words))

    def ask(self, request: Request) -> Outcome:
        self.now_s += self.step_s
        self.requests.append(request)
        answer = self.fake.handle(
            msgspec.structs.replace(request, url=request.url.removeprefix("http://s")), self.now_s
        )
        return Lost("reset") if answer.reset else answer.response

    def run(self, flow: Flow[T]) -> T:
        outcome: Outcome | None = None
        for _ in range(100):
            try:
                request = flow.send(outcome)
            except StopIteration as end:
                return end.value
            outcome = self.ask(request)
        raise AssertionError("no end")

    def call(self, method: str, headers: dict[str, str] | None = None, **body: object) -> dict[str, object]:
        """One JSON call, as the bot."""
        answer = self.fake.handle(call(method, headers, **body), self.now_s)
        decoded = msgspec.json.decode(answer.response.body)
        return decoded | {"status": answer.response.status, "retry": answer.response.headers.get("retry-after")}


def call(method: str, headers: dict[str, str] | None = None, **body: object) -> Request:
    known = {"authorization": "Bearer xoxb-sandbox", "content-type": "application/json"}
    return Request(
        method="POST",
        url=f"/slack/api/{method}",
        operation="",
        headers=known | (headers or {}),
        body=msgspec.json.encode(body),
    )


def replies(*outcomes: Outcome | dict[str, object]) -> Callable[[Flow[T]], T]:
    """Drive a flow with these answers, in this order; it must not ask for more."""

    def run(flow: Flow[T]) -> T:
        waiting = [
            Response(status=200, body=msgspec.json.encode(each)) if isinstance(each, dict) else each
            for each in outcomes
        ]
        outcome: Outcome | None = None
        while True:
            try:
                flow.send(outcome)
            except StopIteration as end:
                assert not waiting, "not everything was asked for"
                return end.value
            outcome = waiting.pop(0)

    return run
