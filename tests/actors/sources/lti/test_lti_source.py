"""Reading a platform by LTI Advantage, by hand: what is asked and what is told."""

import json
from urllib.parse import parse_qs, urlsplit

from joserfc.jwk import RSAKey
from lti_desk import BASE, NOW_S, Reader, one_course

from actors.domain.flow import Outcome, Request, Response
from actors.domain.harvest import (
    Finished,
    Halted,
)
from actors.domain.school import sample
from actors.ports import Fault


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
