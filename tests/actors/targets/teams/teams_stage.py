"""A Teams target before the fake Graph and Entra, driven by hand."""

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlencode

import msgspec

from actors.domain.changes import AnyChange, Course, CourseCompleted
from actors.domain.flow import Flow, Lost, Outcome, Request, Response
from actors.domain.outbox import Parcel
from actors.domain.people import Learner
from actors.ports import Composed, Fault
from actors.targets.teams import CONNECTOR
from actors.targets.teams.fake import FakeTeams
from actors.targets.teams.flow import TeamsTarget
from config.model import Secret

T = TypeVar("T")

NOW_S = 1_790_000_000.0
NOW_US = int(NOW_S * 1e6)
TEAM = "5f0e1c5a-0000-4000-8000-00000000c0de"
CHANNEL = "19:general@thread.tacv2"
PLACE = f"{TEAM}/{CHANNEL}"
USER = "0e5d7a30-0000-4000-8000-00000000ada0"
DIRECTORY = "72f988bf-0000-4000-8000-0000000000aa"
APP = "5b1d0000-0000-4000-8000-0000000000bb"
ID = "0190a0b0c0d0e0f00102030405060708"
COMPOSED = Composed(
    title="Well done",
    text="Ada completed AE-101",
    facts=(("Course", "AE-101"),),
    url="https://moodle.example.edu/course/view.php?id=7&lang=en",
)
SECRETS = {"SECRET": "sandbox", "PERSON": "sandbox-user", "REFRESH": "sandbox-refresh"}


class Wording:
    """Always the same words, or always the same complaint."""

    def __init__(self, composed: Composed = COMPOSED, error: Exception | None = None) -> None:
        self.composed = composed
        self.error = error

    def compose(self, parcel: Parcel, platform: str, escape: Callable[[str], str]) -> Composed:
        if self.error:
            raise self.error
        return self.composed


def reveal(secret: Secret) -> str:
    assert secret.env is not None
    return SECRETS[secret.env]


def words(**settings: object) -> dict[str, object]:
    plain = {
        "graph_url": "http://s/graph/v1.0",
        "login_url": "http://s/entra",
        "directory": DIRECTORY,
        "client_id": "sandbox",
        "client_secret": {"env": "SECRET"},
        "delegated_token": {"env": "PERSON"},
        "teams_app_id": APP,
    }
    return {name: value for name, value in (plain | settings).items() if value is not None}


def build(wording: Wording | None = None, reveal: Callable[[Secret], str] = reveal, **settings: object) -> TeamsTarget:
    decoded = msgspec.convert(words(**settings), type=CONNECTOR.settings)
    target = CONNECTOR.build(decoded, reveal, wording or Wording())
    assert isinstance(target, TeamsTarget)
    return target


def change(course: Course | None = None, email: str = "ada@example.edu") -> AnyChange:
    return CourseCompleted(
        learner=Learner(key="account:x|1", name="Ada", email=email), at="2026-09-21T14:13:20Z", course=course
    )


def parcel(to: str = PLACE, delivery_id: str = ID, **more: object) -> Parcel:
    plain = Parcel(
        delivery_id=delivery_id,
        correlation_id=f"c-{delivery_id}",
        destination=to,
        address=to,
        to_learner="/" not in to,
        change=change(),
        template=None,
        locale="en",
        timezone="UTC",
        attempt=1,
        now_us=NOW_US,
        sent_us=NOW_US,
    )
    return msgspec.structs.replace(plain, **more)


class Talk:
    """Drives flows against a fake; each request takes ``step_s`` of made-up time."""

    def __init__(self, step_s: float = 2.0) -> None:
        self.fake = FakeTeams()
        self.now_s = NOW_S
        self.step_s = step_s
        self.requests: list[Request] = []

    def fault(self, kind: str, **more: object) -> None:
        self.fake.fault(Fault(kind=kind, **more))

    @property
    def operations(self) -> list[str]:
        return [request.operation for request in self.requests]

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

    def call(self, method: str, path: str, token: str = "sandbox-user", **body: object) -> Response:
        """One call to Graph."""
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        data = msgspec.json.encode(body) if body else b""
        request = Request(method=method, url=f"/graph/v1.0/{path}", operation="", headers=headers, body=data)
        return self.fake.handle(request, self.now_s).response

    def sign_in(self, directory: str = DIRECTORY, **form: str) -> Response:
        """One call to Entra's token endpoint."""
        return self.fake.handle(
            Request(
                method="POST",
                url=f"/entra/{directory}/oauth2/v2.0/token",
                operation="",
                headers={"content-type": "application/x-www-form-urlencoded"},
                body=urlencode(form).encode(),
            ),
            self.now_s,
        ).response


def fields(response: Response) -> dict[str, object]:
    decoded = msgspec.json.decode(response.body)
    assert isinstance(decoded, dict)
    return decoded


def code(response: Response) -> str:
    error = fields(response)["error"]
    return error["code"] if isinstance(error, dict) else str(error)


def post(text: str = "hello", mark: str = "m-1") -> dict[str, object]:
    """The body of a channel message with a card."""
    card = {"type": "AdaptiveCard", "version": "1.4", "body": [{"type": "TextBlock", "text": text}]}
    return {
        "body": {"contentType": "html", "content": f'<attachment id="{mark}"></attachment>'},
        "attachments": [
            {
                "id": mark,
                "contentType": "application/vnd.microsoft.card.adaptive",
                "content": msgspec.json.encode(card).decode(),
            }
        ],
    }


def replies(*outcomes: Outcome) -> Callable[[Flow[T]], T]:
    """Drive a flow with these answers, in this order; it must not ask for more."""

    def run(flow: Flow[T]) -> T:
        waiting = list(outcomes)
        outcome: Outcome | None = None
        while True:
            try:
                flow.send(outcome)
            except StopIteration as end:
                assert not waiting, "not everything was asked for"
                return end.value
            outcome = waiting.pop(0)

    return run
