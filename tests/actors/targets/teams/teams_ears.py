"""Teams' ears, driven by hand."""

from hashlib import sha256
from typing import TypeVar

import msgspec

from actors.domain.flow import Flow, Outcome, Request, Response
from actors.domain.tidings import Ourselves, Watch
from actors.ports.listening import Listening
from actors.targets.teams.flow import TeamsTarget
from actors.targets.teams.settings import TeamsSettings

DIRECTORY = "72f988bf-0000-4000-8000-0000000000aa"
SUBSCRIPTION = "7f105c7d-2dc5-4530-97cd-4e7ae6534c07"
TEAM = "0d1e2f3a-0000-4000-8000-0000000000cc"
CHANNEL = "19:abc@thread.tacv2"
PLACE = f"{TEAM}/{CHANNEL}"
KEY, STATE = "0123456789abcdef0123456789abcdef", "a-state-that-nobody-knows"
NOW_S = 1_800_000_000
WATCH = Watch(
    key=KEY, resource="users", url="https://x.example", proof=sha256(STATE.encode()).hexdigest(), id=SUBSCRIPTION
)
KNOWN = Ourselves(watches=(WATCH,))
GRAPH = "https://graph.microsoft.com/v1.0/"


def ears(**more: object) -> Listening:
    given = {
        "directory": DIRECTORY,
        "client_id": "our-app",
        "client_secret": {"env": "secret"},
        "delegated_token": {"env": "token"},
        **more,
    }
    target = TeamsTarget(msgspec.convert(given, TeamsSettings), lambda secret: str(secret.env), None)  # type: ignore[arg-type]
    assert target.listening is not None
    return target.listening


T = TypeVar("T")


def drive(flow: Flow[T], *answers: Outcome) -> tuple[T, list[Request]]:
    """What it concludes, and what it asked; tokens are simply given."""
    asked: list[Request] = []
    waiting = list(answers)
    try:
        request = next(flow)
        while True:
            if request.operation == "token":
                request = flow.send(reply({"access_token": "t", "expires_in": 3600, "token_type": "Bearer"}))
                continue
            asked.append(request)
            request = flow.send(waiting.pop(0))
    except StopIteration as end:
        assert not waiting
        return end.value, asked


def reply(fields: object, status: int = 200, **headers: str) -> Response:
    return Response(status=status, headers=headers, body=msgspec.json.encode(fields))


def wrong(status: int, code: str) -> Response:
    return reply({"error": {"code": code, "message": "m"}}, status)
