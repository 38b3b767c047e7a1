"""An LTI source before its fake, by hand."""

from collections.abc import Callable
from typing import Any

import msgspec
from driven import Driven, drive
from joserfc.jwk import RSAKey

from actors.domain.flow import Outcome, Request
from actors.domain.harvest import Harvest, Mode, Order
from actors.domain.school import School
from actors.ports import Bearing
from actors.sources.lti.fake import FakeLti
from actors.sources.lti.flow import LtiSource
from actors.sources.lti.settings import LtiSettings

NOW_S = 1_790_000_000.0
BASE = "http://sandbox.test"
BEARING = Bearing(tenant="acme", source="lms", timezone="UTC", locale="en")
KEY = RSAKey.generate_key(2048, private=True)
PEM = KEY.as_pem(private=True).decode()


class Reader:
    """One source before a fake; ``meddle`` may change an answer."""

    def __init__(
        self, school: School, *, key: str = PEM, meddle: Callable[[Request], Outcome | None] | None = None, **more: Any
    ) -> None:
        self.school = school
        self.fake = FakeLti(school, KEY)
        self.meddle = meddle
        self.now_s = NOW_S
        contexts = [
            {
                "course": str(course.id),
                "memberships_url": f"{BASE}/lti/courses/{course.id}/members",
                "lineitems_url": f"{BASE}/lti/courses/{course.id}/line_items",
            }
            for course in school.courses.values()
        ]
        words = {
            "issuer": "https://lms.example.edu/", "client_id": "sandbox", "token_url": f"{BASE}/lti/token",
            "private_key": {"env": "K"}, "key_id": "k1", "contexts": contexts, **more,
        }  # fmt: skip
        self.source = LtiSource(msgspec.convert(words, LtiSettings), lambda _secret: key, BEARING)
        self.cursor: dict[str, str] = {}

    def read(self, mode: Mode = "delta") -> Driven:
        return self.drive(self.source.harvest(Order(mode=mode, cursor=self.cursor, now_us=round(self.now_s * 1e6))))

    def drive(self, harvest: Harvest) -> Driven:
        read = drive(harvest, self._answer, cursor=self.cursor)
        self.cursor = read.cursor
        return read

    def _answer(self, request: Request) -> Outcome:
        if self.meddle is not None and (instead := self.meddle(request)) is not None:
            return instead
        return self.fake.handle(
            msgspec.structs.replace(request, url=request.url.removeprefix(BASE)), self.now_s
        ).response


def one_course() -> School:
    school = School()
    course = school.add_course("Größe & Messung", "PH1", NOW_S - 9)
    ada = school.add_person("Ada", "Lovelace", NOW_S - 9)
    emmy = school.add_person("Emmy", "Noether", NOW_S - 9)
    school.enrol(ada, course, NOW_S - 9)
    school.enrol(emmy, course, NOW_S - 9, role="teacher")
    work = school.assign(course, "Paper", NOW_S - 9, due_s=NOW_S + 86_400)
    school.grade(work, ada, 8.5, NOW_S - 5)
    return school
