"""A source before its own fake, in memory: no network, no clock, no sleep.

A new kind needs one row in ``SETUPS`` (or several: a kind that is read in two ways has two). Its fake must know these
faults: ``reset_before_commit``, ``status`` (value: the status), ``html`` (a 500 with an HTML page), ``rate_limited``
(value: Retry-After) and ``revoked``.
"""

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import msgspec
from joserfc.jwk import RSAKey
from toy_source import TOKEN, TOY

from actors import sources
from actors.domain.canonical import ENTITIES
from actors.domain.flow import Lost, Outcome, Request
from actors.domain.harvest import (
    Answer,
    Bundles,
    Download,
    Ended,
    Harvest,
    Heard,
    Hearing,
    Opened,
    Order,
    Page,
    Progress,
    Put,
    Record,
    Rest,
    Rows,
    Shut,
    Statements,
    Unheard,
    Whole,
)
from actors.domain.school import School, sample
from actors.ports import Bearing, Fault, Source, SourceKind
from config.model import Secret

NOW_S = 1_790_000_000.0
STEPS_MAX = 20_000
ORIGIN = "http://lms.test"
ELSEWHERE = "http://elsewhere.test"
Told = Callable[[School], dict[str, int]]
Meddle = Callable[[int, Request, Outcome], Outcome]


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """How to try one kind. ``told``: how many records of each entity a full reading of a school has at least;
    ``delta_requests``: how many requests the API makes one ask to learn that nothing is new; ``tells``: what of the
    school it tells at all (of statements, none of it)."""

    kind: str
    settings: dict[str, object]
    secrets: dict[str, str]
    told: Told
    delta_requests: int
    retries: bool = False
    """It asks again by itself where an answer is odd, so that one odd answer need not end a reading."""
    throttled_status: str = "rate_limited"
    """The fault of its fake that throttles."""
    retry_after: bool = True
    """Whether the source names a time."""
    whole: bool = True
    """Whether a full reading tells what is gone."""


def everything(school: School) -> dict[str, int]:
    """What a source tells that tells all of a school."""
    marks = school.marks.values()
    return {
        "user": sum(not each.deleted for each in school.people.values()),
        "course": sum(not each.deleted for each in school.courses.values()),
        "enrolment": sum(each.state != "deleted" for each in school.memberships.values()),
        "assignment": len(school.works),
        "submission": sum(mark.submitted_s is not None for mark in marks),
        "grade": sum(mark.graded_s is not None for mark in marks),
    }


def in_oneroster(school: School) -> dict[str, int]:
    """It knows results, not what was handed in."""
    return {entity: count for entity, count in everything(school).items() if entity != "submission"}


def of_its_courses(school: School) -> dict[str, int]:
    """What a source tells that sees only who is in a course."""
    return everything(school) | {"user": len({each.user for each in school.memberships.values()})}


def by_lti(school: School) -> dict[str, int]:
    """No submissions, and nobody who is in no course."""
    return {entity: count for entity, count in of_its_courses(school).items() if entity != "submission"}


def nothing(school: School) -> dict[str, int]:
    """Of one that tells statements, not records."""
    return {}


SETUPS: dict[str, Setup] = {
    "toy": Setup(
        kind="toy",
        settings={"base_url": f"{ORIGIN}/toy", "token": {"env": "TOY"}},
        secrets={"TOY": TOKEN},
        told=everything,
        delta_requests=1,
    ),
    "canvas": Setup(
        kind="canvas",
        settings={"base_url": f"{ORIGIN}/canvas", "token": {"env": "CANVAS"}},
        secrets={"CANVAS": "canvas-sandbox"},
        told=everything,
        delta_requests=2
        + 3 * 4,  # courses, newest people; of each course its enrolments, work, what is new of it twice
        retries=True,
    ),
    "canvas_key": Setup(
        kind="canvas",
        settings={
            "base_url": f"{ORIGIN}/canvas",
            "client_id": "sandbox",
            "client_secret": {"env": "SECRET"},
            "refresh_token": {"env": "REFRESH"},
            "courses": {"ids": ["113", "124", "135"]},
        },
        secrets={"SECRET": "sandbox", "REFRESH": "refresh-sandbox"},
        told=of_its_courses,
        delta_requests=3 * (1 + 5) + 1,
        retries=True,
    ),
    "oneroster": Setup(
        kind="oneroster",
        settings={
            "base_url": f"{ORIGIN}/oneroster/ims/oneroster",
            "token_url": f"{ORIGIN}/oneroster/token",
            "client_id": "sandbox",
            "client_secret": {"env": "ONEROSTER"},
            "grades": True,
            "page": 10,
        },
        secrets={"ONEROSTER": "sandbox"},
        told=in_oneroster,
        delta_requests=6,  # a token, which lasts an hour, and five collections
        retries=True,
    ),
    "lti": Setup(
        kind="lti",
        settings={
            "issuer": f"{ORIGIN}/lti",
            "client_id": "sandbox",
            "token_url": f"{ORIGIN}/lti/token",
            "private_key": {"env": "LTI"},
            "key_id": "k1",
            "contexts": [
                {
                    "course": str(course),
                    "memberships_url": f"{ORIGIN}/lti/courses/{course}/members",
                    "lineitems_url": f"{ORIGIN}/lti/courses/{course}/line_items",
                }
                for course in (113, 124, 135)
            ],
        },
        secrets={"LTI": RSAKey.generate_key(2048, private=True).as_pem(private=True).decode()},
        told=by_lti,
        delta_requests=1 + 3 * 3,  # a token; of each course what differs, its line items, the results of one
    ),
    "moodle": Setup(
        kind="moodle",
        settings={"base_url": f"{ORIGIN}/moodle", "token": {"env": "MOODLE"}},
        secrets={"MOODLE": "moodle-sandbox"},
        told=everything,
        delta_requests=1 + 1 + 1 + 2 * 3,  # courses, work, what was handed in; of each course its people and grades
    ),
    "lrs": Setup(
        kind="lrs",
        settings={"endpoint": f"{ORIGIN}/school-lrs/xapi/", "key": "sandbox", "secret": {"env": "LRS"}},
        secrets={"LRS": "sandbox"},
        told=nothing,
        delta_requests=1,
        whole=False,
    ),
}


def kinds() -> dict[str, SourceKind]:
    """Every kind that is read."""
    found = {kind: each for kind, each in sources.discover().items() if each.build is not None}
    return {**found, "toy": TOY}


class Run(msgspec.Struct, kw_only=True):
    """What one reading did. ``wholes`` with what had been told of them in the reading when they were said."""

    records: list[Record] = []
    statements: list[bytes] = []
    wholes: list[tuple[Whole, frozenset[str]]] = []
    requests: list[Request] = []
    cursor: dict[str, str] = {}
    cursors: int = 0
    ended: Ended | None = None

    def ids(self, entity: str) -> set[str]:
        return {record.id for record in self.records if record.entity == entity and not record.gone}

    def bodies(self) -> dict[tuple[str, str], list[bytes]]:
        """What each record said, in this reading."""
        found: dict[tuple[str, str], list[bytes]] = {}
        for record in self.records:
            said = msgspec.json.encode([record.form, record.body, record.gone], order="deterministic")
            found.setdefault((record.entity, record.id), []).append(said)
        return found


class Stage:
    """One source of a kind before its own fake, with a clock that only this stage moves."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        kind = kinds()[setup.kind]
        assert kind.build is not None
        assert kind.fake is not None, f"{setup.kind} has no fake"
        self.school = sample(NOW_S - 86_400)
        self.fake = kind.fake(self.school)
        self.fake.limited = False
        self.now_s = NOW_S
        self.source = self.build()

    def build(self) -> Source:
        """Another one for the same account, as after a restart."""
        kind = kinds()[self.setup.kind]
        assert kind.build is not None
        settings = msgspec.convert(self.setup.settings, type=kind.settings)
        bearing = Bearing(tenant="acme", source="campus", timezone="Europe/Berlin", locale="en-GB")
        return kind.build(settings, self.reveal, bearing)

    def reveal(self, secret: Secret) -> str:
        assert secret.env is not None, "the suite's secrets are environment variables"
        return self.setup.secrets[secret.env]

    def later(self, seconds: float = 3_600.0) -> None:
        self.now_s += seconds

    def read(self, mode: str = "full", cursor: Mapping[str, str] | None = None, meddle: Meddle | None = None) -> Run:
        order = Order(mode=mode, cursor=dict(cursor or {}), now_us=round(self.now_s * 1e6))  # type: ignore[arg-type]
        return self.run(self.source.harvest(order), dict(cursor or {}), meddle)

    def run(self, harvest: Harvest, cursor: dict[str, str] | None = None, meddle: Meddle | None = None) -> Run:
        """Drive it to its end, as a harvester would."""
        done = Run(cursor=dict(cursor or {}))
        answer: Answer = None
        for _ in range(STEPS_MAX):
            try:
                step = harvest.send(answer)
            except StopIteration as end:
                assert harvest.gi_frame is None  # type: ignore[attr-defined]
                done.ended = end.value
                return done
            answer = None
            match step:
                case Request():
                    answer = self.ask(step, len(done.requests))
                    if meddle is not None:
                        answer = meddle(len(done.requests), step, answer)
                    done.requests.append(step)
                case Page(records=records, cursor=moved):
                    done.records += records
                    self._move(done, moved)
                case Statements(statements=told, cursor=moved):
                    done.statements += told
                    self._move(done, moved)
                case Whole(entity=entity, scope=scope):
                    told_now = frozenset(
                        record.id
                        for record in done.records
                        if record.entity == entity and scope in (None, record.scope) and not record.gone
                    )
                    done.wholes.append((step, told_now))
                case Shut(parts=parts) | Opened(parts=parts):
                    assert parts
                    assert all(entity in ENTITIES for entity, _ in parts)
                case Rest(wait_s=wait_s):
                    assert 0 <= wait_s <= 3_600
                    self.now_s += wait_s
                case Progress(what=what):
                    assert what
                case Bundles() | Download() | Rows() | Put():
                    raise AssertionError("this suite has no files: give it a way to read by requests")
        raise AssertionError(f"{self.setup.kind}: no end after {STEPS_MAX} steps")

    @staticmethod
    def _move(done: Run, moved: Mapping[str, str] | None) -> None:
        if moved is not None:
            done.cursor = dict(moved)
            done.cursors += 1

    def hear(self, hearing: Hearing) -> Heard | Unheard:
        """Drive what was posted to its end."""
        outcome: Outcome | None = None
        for count in range(20):
            try:
                request = hearing.send(outcome)  # type: ignore[arg-type]  # None starts a generator
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            outcome = self.ask(request, count)
        raise AssertionError("no end")

    def ask(self, request: Request, number: int) -> Outcome:
        """One request to the fake; a moment passes."""
        self.now_s += 0.05
        parts = urlsplit(request.url)
        assert f"{parts.scheme}://{parts.netloc}" == ORIGIN, f"{request.url} does not go to the configured address"
        assert request.operation, "a request without a name"
        assert all(name == name.lower() for name in request.headers)
        for bucket in request.draws:
            rate = self.source.rate(bucket)
            assert rate.per_s > 0.0
            assert rate.burst >= 1.0
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        assert path.startswith(self.fake.mounts), f"{path} is below none of {self.fake.mounts}"
        headers = {"host": parts.netloc, **{name: str(value) for name, value in request.headers.items()}}
        sent = Request(method=request.method, url=path, operation="", headers=headers, body=request.body)
        answer = self.fake.handle(sent, self.now_s)
        if answer.reset:
            return Lost("connection reset by peer")
        lowered = {name.lower(): value for name, value in answer.response.headers.items()}
        return msgspec.structs.replace(answer.response, headers=lowered)

    def fault(self, kind: str, value: str = "", *, times: int = 1, skip: int = 0) -> None:
        self.fake.fault(Fault(kind=kind, value=value, times=times, skip=skip))
