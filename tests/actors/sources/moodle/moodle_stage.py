"""A Moodle before its fake, driven by hand: what was asked, what was told, how it ended."""

from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, urlsplit

import msgspec
from driven import Driven, drive

from actors.domain.flow import Lost, Outcome, Request, Response
from actors.domain.harvest import Harvest, Order
from actors.domain.school import School, sample
from actors.ports import Bearing, Fault
from actors.sources.moodle.fake import FakeMoodle
from actors.sources.moodle.flow import MoodleSource
from actors.sources.moodle.settings import MoodleSettings
from config.model import Secret

NOW_S = 1_790_000_000.0
HOME = "http://moodle.test/moodle"
Meddle = Callable[[str, dict[str, str], Outcome], Outcome]
"""(function, form, outcome) → outcome."""


class MoodleStage:
    """One school, its Moodle, and a source that reads it."""

    def __init__(self, school: School | None = None, **settings: object) -> None:
        self.school = school if school is not None else sample(NOW_S - 86_400)
        self.fake = FakeMoodle(self.school)
        self.now_s = NOW_S
        self.revealed = "moodle-sandbox"
        given = {"base_url": HOME, "token": {"env": "TOKEN"}, **settings}
        self.settings = msgspec.convert(given, MoodleSettings)
        self.source = self.build()

    def build(self) -> MoodleSource:
        """The same after a restart."""

        def reveal(secret: Secret) -> str:
            return self.revealed

        bearing = Bearing(tenant="acme", source="moodle", timezone="Europe/Berlin", locale="de-DE")
        return MoodleSource(self.settings, reveal, bearing)

    def read(
        self, mode: str = "full", cursor: Mapping[str, str] | None = None, meddle: Meddle | None = None, **more: str
    ) -> Driven:
        now_us = round(self.now_s * 1e6)
        order = Order(mode=mode, cursor=dict(cursor or {}), now_us=now_us, **more)  # type: ignore[arg-type]
        return self.run(self.source.harvest(order), meddle)

    def later(self, seconds: float = 3_600.0) -> float:
        self.now_s += seconds
        return self.now_s

    def run(self, harvest: Harvest, meddle: Meddle | None = None) -> Driven:
        return drive(harvest, lambda request: self._ask(request, meddle))

    def _ask(self, request: Request, meddle: Meddle | None) -> Outcome:
        parts = urlsplit(request.url)
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        sent = msgspec.structs.replace(request, url=parts.path, headers={**request.headers, "host": parts.netloc})
        answer = self.fake.handle(sent, self.now_s)
        outcome: Outcome = Lost("connection reset by peer") if answer.reset else answer.response
        return outcome if meddle is None else meddle(request.operation, form, outcome)

    def fault(self, kind: str, value: str = "", *, function: str = "", times: int = 1, skip: int = 0) -> None:
        self.fake.fault(Fault(kind=kind, value=value, operation=function, times=times, skip=skip))


def says(value: object) -> Response:
    """An answer in JSON."""
    return Response(status=200, headers={"content-type": "application/json"}, body=msgspec.json.encode(value))


def a_course() -> tuple[MoodleStage, School]:
    """One course with a teacher, two learners and an assignment."""
    school = School()
    course = school.add_course("Größe & Messung", "PH110", NOW_S - 9_000)
    teacher = school.add_person("Emmy", "Noether", NOW_S - 9_000)
    school.enrol(teacher, course, NOW_S - 9_000, role="teacher")
    for given, family in (("Ada", "Lovelace"), ("Grace", "Hopper")):
        school.enrol(school.add_person(given, family, NOW_S - 9_000), course, NOW_S - 9_000)
    school.assign(course, "Paper", NOW_S - 9_000, due_s=NOW_S + 86_400)
    return MoodleStage(school), school
