"""A Slack target before the fake Slack, driven by hand."""

import msgspec
import talking
from talking import NOW_S as NOW_S
from talking import NOW_US as NOW_US
from talking import Said, parcel_to
from talking import change as change
from talking import replies as replies

from actors.domain.flow import Request
from actors.domain.outbox import Parcel
from actors.ports import Composed
from actors.targets.slack import CONNECTOR
from actors.targets.slack.fake import FakeSlack
from actors.targets.slack.flow import SlackTarget
from config.model import Secret

COMPOSED = Composed(title="Well done", text="Ada completed AE-101", url="https://moodle.example.edu/c?id=7&x=1")


class Wording(Said):
    def __init__(self, composed: Composed = COMPOSED, error: Exception | None = None) -> None:
        super().__init__(composed, error)


def build(wording: Wording | None = None, **settings: object) -> SlackTarget:
    words = {"token": {"env": "T"}, "api_url": "http://s/slack/api"} | settings
    decoded = msgspec.convert(words, type=CONNECTOR.settings)
    target = CONNECTOR.build(
        decoded, lambda secret: "xoxb-sandbox" if secret == Secret(env="T") else "", wording or Wording()
    )
    assert isinstance(target, SlackTarget)
    return target


def parcel(
    address: str = "C0123456789", delivery_id: str = "d-1", sent_us: int | None = NOW_US, **more: object
) -> Parcel:
    return parcel_to(address, change(), delivery_id, **{"sent_us": sent_us, **more})


class Talk(talking.Talk[FakeSlack]):
    def __init__(self, step_s: float = 2.0) -> None:
        super().__init__(FakeSlack(), step_s)

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
