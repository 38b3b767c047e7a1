"""A Canvas before its fake, driven by hand: what was asked, what was told, how it ended."""

from collections.abc import Callable, Mapping

import msgspec
from driven import Driven, drive

from actors.domain.flow import Lost, Outcome, Request, Response
from actors.domain.harvest import Harvest, Heard, Inbound, Order, Unheard
from actors.domain.school import School, sample
from actors.ports import Bearing, Fault
from actors.sources.canvas.fake import FakeCanvas
from actors.sources.canvas.flow import CanvasSource
from actors.sources.canvas.reading import Reader
from actors.sources.canvas.settings import CanvasSettings
from actors.sources.canvas.tokens import Tokens
from config.model import Secret

NOW_S = 1_790_000_000.0
HOST = "http://canvas.test"
HOME = f"{HOST}/canvas"
BY_TOKEN: dict[str, object] = {"base_url": HOME, "token": {"env": "TOKEN"}}
BY_KEY: dict[str, object] = {
    "base_url": HOME,
    "client_id": "sandbox",
    "client_secret": {"env": "SECRET"},
    "refresh_token": {"env": "REFRESH"},
}
Meddle = Callable[[Request, Outcome], Outcome]


class CanvasStage:
    """One school, one fake, one source."""

    def __init__(self, school: School | None = None, settings: Mapping[str, object] = BY_TOKEN, **more: object) -> None:
        self.school = sample(NOW_S - 86_400) if school is None else school
        self.fake = FakeCanvas(self.school)
        self.fake.limited = False
        self.now_s = NOW_S
        self.secrets = {"TOKEN": "canvas-sandbox", "SECRET": "sandbox", "REFRESH": "refresh-sandbox"}
        self.settings = msgspec.convert({**settings, **more}, CanvasSettings)
        self.source = CanvasSource(
            self.settings,
            self.reveal,
            Bearing(tenant="acme", source="campus", timezone="Europe/Berlin", locale="en-GB"),
        )
        self.meddle: Meddle = lambda request, outcome: outcome

    def reader(self) -> Reader:
        return Reader(self.settings, Tokens(self.settings, self.reveal), round(self.now_s * 1e6))

    def reveal(self, secret: Secret) -> str:
        return self.secrets[str(secret.env)]

    @property
    def course(self) -> int:
        return next(iter(self.school.courses))

    def fault(self, kind: str, value: str = "", **more: object) -> None:
        self.fake.fault(msgspec.convert({"kind": kind, "value": value, **more}, Fault))

    def read(self, mode: str = "full", cursor: Mapping[str, str] | None = None, **more: str) -> Driven:
        order = Order(mode=mode, cursor=dict(cursor or {}), now_us=round(self.now_s * 1e6), **more)  # type: ignore[arg-type]
        return self.run(self.source.harvest(order))

    def run(self, harvest: Harvest) -> Driven:
        return drive(harvest, lambda request: self.meddle(request, self.ask(request)), rest=self._pass)

    def _pass(self, wait_s: float) -> None:
        self.now_s += wait_s

    def hear(self, body: bytes) -> Heard | Unheard:
        hearing = self.source.hear(Inbound(headers={}, query="", body=body), round(self.now_s * 1e6))
        outcome: Outcome | None = None
        try:
            while True:
                request = hearing.send(outcome)  # type: ignore[arg-type]  # None starts it
                outcome = self.meddle(request, self.ask(request))
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]

    def heard(self, body: bytes) -> Heard:
        heard = self.hear(body)
        assert isinstance(heard, Heard), heard
        return heard

    def ask(self, request: Request) -> Outcome:
        self.now_s += 0.05
        assert request.url.startswith(HOST + "/"), request.url
        sent = msgspec.structs.replace(
            request, url=request.url.removeprefix(HOST), headers={"host": "canvas.test", **request.headers}
        )
        answer = self.fake.handle(sent, self.now_s)
        return Lost("connection reset by peer") if answer.reset else lowered(answer.response)


def lowered(response: Response) -> Response:
    return msgspec.structs.replace(response, headers={name.lower(): text for name, text in response.headers.items()})
