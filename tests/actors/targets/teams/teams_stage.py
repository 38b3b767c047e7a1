"""A Teams target before the fake Graph and Entra, driven by hand."""

from collections.abc import Callable
from urllib.parse import urlencode

import msgspec
import talking
from talking import NOW_S as NOW_S
from talking import NOW_US as NOW_US
from talking import Said, parcel_to
from talking import change as change
from talking import replies as replies

from actors.domain.flow import Request, Response
from actors.domain.outbox import Parcel
from actors.ports import Composed
from actors.targets.teams import CONNECTOR
from actors.targets.teams.fake import FakeTeams
from actors.targets.teams.flow import TeamsTarget
from config.model import Secret

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


class Wording(Said):
    def __init__(self, composed: Composed = COMPOSED, error: Exception | None = None) -> None:
        super().__init__(composed, error)


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


def parcel(to: str = PLACE, delivery_id: str = ID, **more: object) -> Parcel:
    return parcel_to(to, change(), delivery_id, **{"to_learner": "/" not in to, "sent_us": NOW_US, **more})


class Talk(talking.Talk[FakeTeams]):
    def __init__(self, step_s: float = 2.0) -> None:
        super().__init__(FakeTeams(), step_s)

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
