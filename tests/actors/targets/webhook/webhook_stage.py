"""A webhook target before the fake receiver, driven by hand."""

import base64
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from actors.domain.changes import Activity, AnyChange, Course, GradePosted, Score, StatementStored
from actors.domain.flow import Flow, Lost, Outcome, Request
from actors.domain.outbox import Parcel
from actors.domain.people import Learner
from actors.ports import Fault
from actors.targets.webhook import CONNECTOR
from actors.targets.webhook.fake import SECRET, FakeWebhook
from actors.targets.webhook.flow import WebhookTarget
from config.model import Secret

T = TypeVar("T")

NOW_S = 1_790_000_000.0
OTHER = "whsec_" + base64.b64encode(bytes(range(32))).decode()
STATEMENT = b'{"id":"s1","result":{"score":{"raw":1.50}},"verb":{"id":"https://w3id.org/xapi/tla/verbs/scored"}}'


def build(secrets: Mapping[str, str] | None = None, **settings: object) -> WebhookTarget:
    """``secrets`` by the names that settings use for variables; ``S`` is the sandbox's."""
    words = {"url": "https://r.test/webhook/school?tenant=1", "secret": {"env": "S"}} | settings
    known = {"S": SECRET, "OTHER": OTHER} | dict(secrets or {})
    decoded = msgspec.convert(words, type=CONNECTOR.settings)

    def reveal(secret: Secret) -> str:
        return known[str(secret.env)]

    target = CONNECTOR.build(decoded, reveal, None)  # type: ignore[arg-type]  # it words nothing
    assert isinstance(target, WebhookTarget)
    return target


def graded(who: str = "ada") -> AnyChange:
    return GradePosted(
        learner=Learner(key=f"mbox:{who}@example.edu", name="Ada", email=f"{who}@example.edu"),
        at="2026-11-23T11:00:00+01:00",
        course=Course(id="https://lms.example.edu/course/7", name="Engines", code="AE"),
        activity=Activity(id="https://lms.example.edu/mod/essay", name="Essay"),
        score=Score(raw=80.0, max=100.0),
    )


def stored() -> AnyChange:
    return StatementStored(
        learner=Learner(key="mbox:ada@example.edu"), at="2026-11-23T10:00:00.123456Z", statement_id="s1", verb="urn:v"
    )


def parcel(change: AnyChange | None = None, delivery_id: str = "d-1", **more: Any) -> Parcel:
    plain = Parcel(
        delivery_id=delivery_id,
        correlation_id=f"c-{delivery_id}",
        destination="learners-00",
        address="learners-00",
        to_learner=False,
        change=change or graded(),
        template=None,
        locale="en",
        timezone="UTC",
        attempt=1,
        now_us=int(NOW_S * 1e6),
        sent_us=None,
        statement=STATEMENT,
        tenant="acme",
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )
    return msgspec.structs.replace(plain, **more)


class Talk:
    """Drives flows against a fake; each request takes two seconds of made-up time."""

    def __init__(self) -> None:
        self.fake = FakeWebhook()
        self.now_s = NOW_S
        self.requests: list[Request] = []

    def fault(self, kind: str, **words: Any) -> None:
        self.fake.fault(Fault(kind=kind, **words))

    def ask(self, request: Request) -> Outcome:
        self.now_s += 2.0
        self.requests.append(request)
        path = request.url.removeprefix("https://r.test")
        answer = self.fake.handle(msgspec.structs.replace(request, url=path), self.now_s)
        return Lost("reset") if answer.reset else answer.response

    def run(self, flow: Flow[T]) -> T:
        outcome: Any = None
        for _ in range(10):
            try:
                request = flow.send(outcome)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            outcome = self.ask(request)
        raise AssertionError("no end")


def answered(flow: Flow[T], *outcomes: Outcome) -> T:
    """Drive a flow with these answers, in this order; it must not ask for more, nor for fewer."""
    waiting: list[Any] = [None, *outcomes]
    while True:
        try:
            flow.send(waiting.pop(0))
        except StopIteration as end:
            assert not waiting, "not everything was asked for"
            return end.value  # type: ignore[no-any-return]
