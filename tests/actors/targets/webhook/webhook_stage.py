"""A webhook target before the fake receiver, driven by hand."""

import base64
from collections.abc import Mapping
from typing import Any

import msgspec
import talking
from talking import NOW_S as NOW_S
from talking import answered as answered
from talking import parcel_to

from actors.domain.changes import Activity, AnyChange, Course, GradePosted, Score, StatementStored
from actors.domain.outbox import Parcel
from actors.domain.people import Learner
from actors.targets.webhook import CONNECTOR
from actors.targets.webhook.fake import SECRET, FakeWebhook
from actors.targets.webhook.flow import WebhookTarget
from config.model import Secret

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
    of_a_statement = {
        "statement": STATEMENT,
        "tenant": "acme",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    }
    return parcel_to("learners-00", change or graded(), delivery_id, **{**of_a_statement, **more})


class Talk(talking.Talk[FakeWebhook]):
    origin = "https://r.test"

    def __init__(self) -> None:
        super().__init__(FakeWebhook())
