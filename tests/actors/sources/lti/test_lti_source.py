"""Reading a platform by LTI Advantage, by hand: what is asked, what is told, and what odd answers mean."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from joserfc.jwk import RSAKey

from actors.domain.flow import Lost, NotSent, Outcome, Request, Response
from actors.domain.harvest import (
    Ended,
    Finished,
    Halted,
    Harvest,
    Inbound,
    Mode,
    Order,
    Page,
    Progress,
    Record,
    Unheard,
    Whole,
)
from actors.domain.school import School, sample
from actors.ports import Bearing, Fault
from actors.sources.lti.fake import FakeLti
from actors.sources.lti.flow import LtiSource
from actors.sources.lti.settings import LtiSettings
from actors.sources.lti.wire import links, results_url, with_limit

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

    def read(self, mode: Mode = "delta") -> "Read":
        return self.drive(self.source.harvest(Order(mode=mode, cursor=self.cursor, now_us=round(self.now_s * 1e6))))

    def drive(self, harvest: Harvest) -> "Read":
        read = Read()
        reply: Outcome | None = None
        try:
            while True:
                step = harvest.send(reply)
                reply = None
                match step:
                    case Request():
                        read.requests.append(step)
                        reply = self._answer(step)
                    case Page():
                        read.records += step.records
                        if step.cursor is not None:
                            self.cursor = dict(step.cursor)
                    case Whole():
                        read.wholes.append((step.entity, step.scope))
                    case Progress():
                        pass
                    case _:
                        raise AssertionError(step)
        except StopIteration as end:
            read.ended = end.value
        return read

    def _answer(self, request: Request) -> Outcome:
        if self.meddle is not None and (instead := self.meddle(request)) is not None:
            return instead
        return self.fake.handle(
            msgspec.structs.replace(request, url=request.url.removeprefix(BASE)), self.now_s
        ).response


class Read:
    def __init__(self) -> None:
        self.records: list[Record] = []
        self.wholes: list[tuple[str, str | None]] = []
        self.requests: list[Request] = []
        self.ended: Ended | None = None

    def of(self, entity: str) -> dict[str, Record]:
        return {one.id: one for one in self.records if one.entity == entity}

    @property
    def operations(self) -> list[str]:
        return [one.operation for one in self.requests]


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


def test_everything_is_told() -> None:
    school = sample(NOW_S - 9)
    read = Reader(school).read()
    assert read.ended == Finished()
    assert len(read.of("user")) == 9
    assert len(read.of("enrolment")) == 27
    assert len(read.of("course")) == len(read.of("assignment")) == len(read.of("grade")) == 3
    assert sorted(read.wholes) == sorted(
        (entity, str(one)) for one in school.courses for entity in ("assignment", "enrolment")
    )
    assert "comment" not in next(iter(read.of("grade").values())).body
    assert "picture" not in next(iter(read.of("user").values())).body


def test_the_assertion_is_signed_by_our_key_and_says_who_it_is_for() -> None:
    reader = Reader(one_course())
    read = reader.drive(reader.source.hello())
    assert isinstance(read.ended, Finished)
    assert read.operations == ["token", "token"], "the first answer tells what time it is there"
    form = {name: values[0] for name, values in parse_qs(read.requests[1].body.decode()).items()}
    assert form["grant_type"] == "client_credentials"
    assert "result.readonly" in form["scope"]
    stranger = Reader(one_course(), key=RSAKey.generate_key(2048, private=True).as_pem(private=True).decode())
    ended = stranger.read().ended
    assert isinstance(ended, Halted)
    assert ended.why == "revoked"


def test_scopes_are_no_more_than_needed() -> None:
    school = one_course()
    [course] = school.courses
    contexts = [{"course": str(course), "memberships_url": f"{BASE}/lti/courses/{course}/members"}]
    read = Reader(school, contexts=contexts).read()
    assert "result" not in parse_qs(read.requests[0].body.decode())["scope"][0]
    assert read.operations == ["token", "membershipcontainer"]


def test_a_token_is_kept_as_long_as_it_lives() -> None:
    reader = Reader(one_course())
    reader.read()
    assert "token" not in reader.read().operations
    reader.now_s += 3_590
    assert reader.read().operations.count("token") == 1


def test_a_token_that_is_not_taken_any_more_is_fetched_anew_once() -> None:
    reader = Reader(one_course())
    reader.read()
    reader.fake.fault(Fault(kind="revoked", times=1))
    read = reader.read()
    assert isinstance(read.ended, Finished)
    assert read.operations.count("token") == 1
    reader.fake.fault(Fault(kind="revoked", operation="members", times=0))
    ended = reader.read().ended
    assert isinstance(ended, Halted)
    assert ended.why == "revoked"


def test_pages_are_followed() -> None:
    school = one_course()
    [course] = school.courses.values()
    for number in range(118):
        school.enrol(school.add_person(f"P{number}", "Q", NOW_S - 9), course, NOW_S - 9)
    read = Reader(school).read()
    assert len(read.of("enrolment")) == 120
    assert read.operations.count("membershipcontainer") == 3


def test_pages_elsewhere_are_not_asked() -> None:
    school = one_course()
    [course] = school.courses.values()
    for number in range(60):
        school.enrol(school.add_person(f"P{number}", "Q", NOW_S - 9), course, NOW_S - 9)
    reader = Reader(school)
    reader.fake.fault(Fault(kind="elsewhere", times=0))
    read = reader.read()
    assert isinstance(read.ended, Halted)
    assert read.wholes == []
    assert all(urlsplit(one.url).netloc == "sandbox.test" for one in read.requests)


def test_without_a_link_to_differences_everything_is_read_again() -> None:
    reader = Reader(one_course())
    reader.fake.fault(Fault(kind="no_differences", times=0))
    assert reader.read().of("enrolment") == reader.read().of("enrolment")
    assert reader.cursor == {}


def test_differences_are_asked_where_there_is_a_link() -> None:
    school = one_course()
    reader = Reader(school)
    reader.read()
    assert len(reader.cursor) == 1
    reader.now_s += 60
    read = reader.read()
    assert read.of("enrolment") == {}
    assert ("enrolment", str(next(iter(school.courses)))) not in read.wholes
    [member, *_] = school.memberships.values()
    school.change_membership(member, reader.now_s + 1, state="deleted")
    reader.now_s += 60
    [gone] = reader.read().of("enrolment").values()
    assert gone.gone


def test_differences_that_are_forgotten_make_it_read_everything() -> None:
    reader = Reader(one_course())
    reader.read()
    reader.fake.fault(Fault(kind="differences_gone", times=0))
    read = reader.read()
    assert isinstance(read.ended, Finished)
    assert len(read.of("enrolment")) == 2


def test_one_course_that_may_not_be_read_is_told_and_leaves_the_others_alone() -> None:
    school = sample(NOW_S - 9)
    reader = Reader(school)
    closed = str(next(iter(school.courses)))
    reader.fake.fault(Fault(kind="no_service", value=closed, times=0))
    read = reader.read()
    assert isinstance(read.ended, Finished)
    assert closed in read.ended.note
    assert {scope for _, scope in read.wholes} == {str(one) for one in school.courses} - {closed}


def test_who_is_shown_in_two_ways_is_told_as_one() -> None:
    def meddle(request: Request) -> Outcome | None:
        return None

    school = sample(NOW_S - 9)
    reader = Reader(school, meddle=meddle)
    shown = reader.read().of("user")
    reader.fake.fault(Fault(kind="private", times=0))
    assert reader.read("full").of("user") == shown


def test_canvas_test_student_is_nobody() -> None:
    school = one_course()
    body = {
        "context": {"id": "x"},
        "members": [
            {
                "user_id": "t",
                "status": "Active",
                "roles": [
                    "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner",
                    "http://purl.imsglobal.org/vocab/lti/system/person#TestUser",
                ],
            },
            {"status": "Active", "roles": []},
        ],
    }

    def meddle(request: Request) -> Outcome | None:
        if request.operation != "membershipcontainer":
            return None
        return Response(status=200, body=json.dumps(body).encode())

    read = Reader(school, meddle=meddle).read()
    [nameless] = read.of("enrolment").values()
    assert nameless.flaws


@pytest.mark.parametrize(
    ("outcome", "why"),
    [
        (Response(status=403, body=b"403 Forbidden (Rate Limit Exceeded)"), "throttled"),
        (Response(status=403), "refused"),
        (Response(status=404), "refused"),
        (Response(status=429, headers={"retry-after": "7"}), "throttled"),
        (Response(status=502, body=b"<html>"), "unavailable"),
        (Response(status=302), "faulted"),
        (NotSent("no name"), "unavailable"),
        (Lost("reset"), "unavailable"),
        (Response(status=200, body=b"<html>"), "faulted"),
        (Response(status=200, body=b"[]"[:1]), "faulted"),
        (Response(status=200, body=b'{"members":[1]}'), "faulted"),
        (Response(status=200, body=b'{"users":[]}'), "faulted"),
        (Response(status=200, body=b"[" * 100_000), "faulted"),
    ],
)
@pytest.mark.parametrize("operation", ["membershipcontainer", "lineitemcontainer", "resultcontainer"])
def test_what_odd_answers_mean(operation: str, outcome: Outcome, why: str) -> None:
    read = Reader(one_course(), meddle=lambda request: outcome if request.operation == operation else None).read()
    assert isinstance(read.ended, Halted)
    assert read.ended.why == why
    assert read.ended.detail
    if operation == "membershipcontainer":
        assert not read.wholes


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Response(status=400, body=b'{"error":"invalid_client"}'), "revoked"),
        (Response(status=400, body=b'{"error":"invalid_scope"}'), "refused"),
        (Response(status=401), "revoked"),
        (Response(status=200, body=b"<html>"), "faulted"),
        (Response(status=503), "unavailable"),
        (Lost("reset"), "unavailable"),
    ],
)
def test_why_there_is_no_token(answer: Outcome, why: str) -> None:
    ended = Reader(one_course(), meddle=lambda request: answer if request.operation == "token" else None).read().ended
    assert isinstance(ended, Halted)
    assert ended.why == why


def test_a_key_that_is_none_is_told_without_showing_it() -> None:
    ended = Reader(one_course(), key="my secret, not a key").read().ended
    assert isinstance(ended, Halted)
    assert ended.why == "refused"
    assert "my secret" not in ended.detail


def test_secrets_stand_in_no_repr() -> None:
    read = Reader(one_course()).read()
    shown = "".join(repr(one) for one in read.requests if one.operation != "token")
    assert "lti-0-" not in shown


def test_addresses() -> None:
    assert with_limit("https://a/x", 5) == "https://a/x?limit=5"
    assert with_limit("https://a/x?limit=7", 5) == "https://a/x?limit=7"
    assert with_limit("https://a/x?rlid=1", 5) == "https://a/x?rlid=1&limit=5"
    assert results_url("https://a/x?type_id=1") == "https://a/x/results?type_id=1"
    assert links('<https://a/?p=2>; rel="next", <https://a/?d=1>;rel=differences, <x>; title="a, b"; rel="up"') == {
        "next": "https://a/?p=2", "differences": "https://a/?d=1", "up": "x",
    }  # fmt: skip


def test_it_does_not_listen() -> None:
    with pytest.raises(StopIteration) as end:
        next(Reader(one_course()).source.hear(Inbound(headers={}, query="", body=b""), 0))
    assert isinstance(end.value.value, Unheard)


@pytest.mark.parametrize("wrong", [{"contexts": []}, {"limits": {"x": 1.0}}, {"limits": {"requests_per_s": -1.0}}])
def test_settings_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        Reader(one_course(), **wrong)
