"""Live Events: who may speak, what is understood, and that the ids are those of the REST API."""

import base64
import json

import pytest
from canvas_stage import HOME, NOW_S, CanvasStage
from joserfc import jws
from joserfc.jwk import OctKey, RSAKey

from actors.domain.flow import Lost, Outcome, Request, Response
from actors.domain.harvest import Heard, Inbound, Unheard
from actors.domain.school import School
from actors.sources.canvas.fake.live import SHARD_NO, everywhere, sign, signing_key

LIVE: dict[str, object] = {"live_events": {"jwks_url": f"{HOME}/live-events/jwks"}}


def event(name: str, body: dict[str, object], **metadata: object) -> dict[str, object]:
    told = {"event_name": name, "event_time": "2026-09-21T14:00:00.250Z", "root_account_id": everywhere(1)}
    return {"metadata": told | metadata, "body": body}


GRADE = {
    "assignment_id": everywhere(104), "user_id": everywhere(101), "student_id": everywhere(101), "score": 5,
    "points_possible": 8, "muted": False, "grading_complete": True,
}  # fmt: skip
IN_COURSE = {"context_type": "Course", "context_id": everywhere(102)}


def stage(**more: object) -> CanvasStage:
    return CanvasStage(**{**LIVE, **more})  # type: ignore[arg-type]  # settings by name


def refused(heard: object) -> Unheard:
    assert isinstance(heard, Unheard), heard
    return heard


# ── who may speak ────────────────────────────────────────────────────────────────────────────────────


def test_without_live_events_nobody_is_heard() -> None:
    assert refused(CanvasStage().hear(sign(event("grade_change", GRADE)))).status == 404


def test_a_signed_delivery_is_heard_and_the_keys_are_fetched_once() -> None:
    school = stage()
    asked: list[Request] = []
    school.meddle = lambda request, outcome: (asked.append(request), outcome)[1]  # type: ignore[func-returns-value]  # a note
    for _ in range(3):
        assert len(school.heard(sign(event("grade_change", GRADE, **IN_COURSE))).records) == 1
    assert [request.operation for request in asked] == ["jwks"]
    assert "authorization" not in asked[0].headers


def unsigned(claims: object, algorithm: str) -> bytes:
    parts = [{"alg": algorithm, "kid": "sandbox-1"}, claims]
    coded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts]
    return b".".join([*coded, b"AA"])


def test_signatures_that_count_for_nothing() -> None:
    school = stage()
    claims = event("grade_change", GRADE)
    stranger = RSAKey.generate_key(2048, {"kid": "sandbox-1"})
    public = signing_key().as_pem(private=False)
    shared = jws.serialize_compact(
        {"alg": "HS256", "kid": "sandbox-1"}, json.dumps(claims), OctKey.import_key(b"k" * 32), ["HS256"]
    ).encode()
    good = sign(claims)
    head, _, signature = good.split(b".")
    other = base64.urlsafe_b64encode(json.dumps(event("user_updated", {"user_id": "1"})).encode()).rstrip(b"=")
    for forged in (
        unsigned(claims, "none"),
        unsigned(claims, "HS256"),
        shared,
        sign(claims, key=stranger),
        b".".join([head, other, signature]),
        good[:-8] + b"AAAAAAAA",
        json.dumps(claims).encode(),
        public,
        b"",
    ):
        assert refused(school.hear(forged)).status == 401, forged[:40]
    assert school.heard(good).records


def test_an_algorithm_that_is_not_listed_is_refused_though_the_signature_is_good() -> None:
    claims = event("grade_change", GRADE, **IN_COURSE)
    signed = sign(claims, algorithm="PS256")
    assert "one of RS256" in refused(stage().hear(signed)).detail
    wider = stage(live_events={"jwks_url": f"{HOME}/live-events/jwks", "algorithms": ["RS256", "PS256"]})
    assert wider.heard(signed).records


def test_strangers_cannot_make_us_fetch_keys() -> None:
    school = stage()
    asked = []
    school.meddle = lambda request, outcome: (asked.append(request.operation), outcome)[1]  # type: ignore[func-returns-value]  # a note
    for number in range(50):
        assert refused(school.hear(sign(event("x", {}), kid=f"invented-{number}"))).status == 401
    assert len(asked) == 1
    school.now_s += 301
    school.hear(sign(event("x", {}), kid="invented"))
    assert len(asked) == 2, "a new key is found after a while"


def test_keys_that_cannot_be_read_now_are_not_the_senders_fault() -> None:
    school = stage()
    school.meddle = lambda request, outcome: Lost("reset")
    delivery = sign(event("grade_change", GRADE, **IN_COURSE))
    assert refused(school.hear(delivery)).status == 503
    school.meddle = lambda request, outcome: outcome
    school.now_s += 301
    assert school.heard(delivery).records
    school.meddle = lambda request, outcome: Response(status=500)
    school.now_s += 25 * 3_600
    assert school.heard(delivery).records, "old keys serve on while new ones cannot be read"
    school.now_s += 8 * 24 * 3_600
    assert refused(school.hear(delivery)).status == 503, "but not for ever"


def test_keys_may_be_kept_here() -> None:
    school = stage(live_events={"keys": {"env": "KEYS"}})
    school.secrets["KEYS"] = json.dumps({"keys": [{"kty": "oct", "k": "AAAA"}, signing_key().as_dict(private=False)]})
    school.meddle = forbidden
    assert school.heard(sign(event("grade_change", GRADE, **IN_COURSE))).records


def forbidden(request: Request, outcome: Outcome) -> Outcome:
    raise AssertionError(request.url)


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"exp": NOW_S - 3_600}, "its time is over"),
        ({"nbf": NOW_S + 3_600}, "its time has not come yet"),
        ({"iss": "somebody"}, "issued by somebody else"),
    ],
)
def test_what_the_claims_say(claims: dict[str, object], words: str) -> None:
    school = stage(live_events={"jwks_url": f"{HOME}/live-events/jwks", "issuer": "canvas"})
    said = {"iss": "canvas", "exp": NOW_S + 60, "event": event("grade_change", GRADE, **IN_COURSE)}
    assert school.heard(sign(said)).records
    assert words in refused(school.hear(sign(said | claims))).detail


# ── what is in it ────────────────────────────────────────────────────────────────────────────────────


def test_events_are_found_wherever_they_are() -> None:
    one = event("grade_change", GRADE, **IN_COURSE)
    for claims in (
        one,
        [one],
        {"data": one},
        {"data": [one]},
        {"iat": 1, "payload": {"events": [one]}},
        {"event": json.dumps(one)},
        {"message": json.dumps([one])},
    ):
        assert len(stage().heard(sign(claims)).records) == 1, claims
    two = event("grade_change", {**GRADE, "user_id": everywhere(99)}, **IN_COURSE)
    assert len(stage().heard(sign([one, two])).records) == 2


def test_caliper_and_what_is_not_known_is_answered_and_counted() -> None:
    caliper = {"sensor": "https://x", "sendTime": "2026-09-21T14:00:00Z", "dataVersion": "1p1", "data": [{"id": "u"}]}
    heard = stage().heard(sign(caliper))
    assert (heard.records, heard.ignored, heard.look) == ((), 1, False)
    assert stage().heard(sign(event("logged_in", {}))).ignored == 1
    assert stage().heard(sign({"nothing": 1})).ignored == 0


def test_only_so_much_of_a_delivery_is_taken() -> None:
    many = [event("user_updated", {"user_id": str(number), "name": "X"}) for number in range(1_200)]
    heard = stage().heard(sign(many))
    assert len(heard.records) == 1_000
    assert heard.look
    deep: object = event("grade_change", GRADE)
    for _ in range(20):
        deep = {"data": deep}
    assert not stage().heard(sign(deep)).records


def test_ids_are_those_of_rest_whether_they_come_global_or_local() -> None:
    [grade] = stage().heard(sign(event("grade_change", GRADE, **IN_COURSE))).records
    assert (grade.entity, grade.id, grade.scope, grade.partial) == ("grade", "104/101", "102", True)
    assert (grade.body["course_id"], grade.body["user_id"]) == ("102", "101")
    done = {"course": {"id": "102"}, "user": {"id": "101"}, "progress": {"completed_at": "2026-09-21T13:00:00Z"}}
    [completion] = stage().heard(sign(event("course_completed", done))).records
    assert completion.id == "102/101"
    guest = str((SHARD_NO + 1) * 10**13 + 101)
    [theirs] = stage().heard(sign(event("grade_change", {**GRADE, "user_id": guest}, **IN_COURSE))).records
    assert theirs.id == f"104/{guest}", "somebody of another shard is not the one here with this number"


def test_a_token_in_the_address_goes_nowhere() -> None:
    leaking = event("grade_change", GRADE, **IN_COURSE, url="https://x/api/v1/y?access_token=canvas-leaked-token")
    assert "leaked" not in repr(stage().heard(sign(leaking)))


def test_events_of_jobs_name_nobody() -> None:
    """A SIS import: no user_id, no context, no request_id."""
    heard = stage().heard(sign(event("grade_change", GRADE, job_id="1", job_tag="SIS::CSV::Import")))
    [grade] = heard.records
    assert "course_id" not in grade.body
    assert heard.look, "of which course it is must be read"


@pytest.mark.parametrize(
    "name",
    [
        "enrollment_state_created",
        "enrollment_state_updated",
        "assignment_override_updated",
        "user_account_association_created",
    ],
)
def test_what_needs_a_join_is_read(name: str) -> None:
    heard = stage().heard(sign(event(name, {"enrollment_id": everywhere(5), "state": "active"})))
    assert (heard.records, heard.look, heard.ignored) == ((), True, 0)


def test_an_override_is_known_by_its_shape() -> None:
    body = {"score_id": "43", "enrollment_id": "44", "user_id": "101", "course_id": "102", "override_score": 90}
    named_otherwise = sign(event("grade_change", body))
    assert not stage().heard(named_otherwise).records
    [total] = stage(course_grades=True).heard(named_otherwise).records
    assert (total.id, total.body["score"]) == ("course-102/101", 90)
    part = sign(event("grade_override", {**body, "grading_period_id": "47"}))
    assert not stage(course_grades=True).heard(part).records, "of a part of the year"


def test_a_new_user_has_no_address_yet() -> None:
    heard = stage().heard(sign(event("user_created", {"user_id": everywhere(9), "name": "Ada", "user_login": "ada"})))
    assert [record.id for record in heard.records] == ["9"]
    assert heard.look


def test_what_left_says_so() -> None:
    body = {
        "enrollment_id": everywhere(5),
        "user_id": everywhere(1),
        "course_id": everywhere(2),
        "type": "StudentEnrollment",
    }
    for state, gone in (("active", False), ("deleted", True), ("rejected", True)):
        [record] = stage().heard(sign(event("enrollment_updated", {**body, "workflow_state": state}))).records
        assert record.gone is gone
    [viewer] = [stage().heard(sign(event("enrollment_created", {**body, "type": "StudentViewEnrollment"})))]
    assert not viewer.records


def test_a_submission_tells_of_handing_in_only() -> None:
    body = {
        "assignment_id": everywhere(104),
        "user_id": everywhere(101),
        "score": 99,
        "graded_at": "2026-09-21T14:00:00Z",
    }
    assert not stage().heard(sign(event("submission_updated", body))).records
    [record] = (
        stage().heard(sign(event("submission_updated", {**body, "submitted_at": "2026-09-21T13:00:00Z"}))).records
    )
    assert (record.entity, record.id) == ("submission", "104/101")
    assert "score" not in record.body, "whether it may be seen is not told here"


def test_the_ids_of_what_happens_are_those_that_a_reading_tells() -> None:
    school = School()
    told = CanvasStage(school, **LIVE)
    ada = school.add_person("Ada", "Lovelace", NOW_S)
    course = school.add_course("Computing", "CS101", NOW_S)
    school.enrol(ada, course, NOW_S)
    work = school.assign(course, "Essay", NOW_S)
    school.submit(work, ada, NOW_S + 1)
    school.grade(work, ada, 9, NOW_S + 2)
    school.finish(course, ada, NOW_S + 3)
    heard = {(one.entity, one.id) for body in told.fake.live.deliveries() for one in told.heard(body).records}
    assert heard == {(one.entity, one.id) for one in told.read().records}
    assert not told.fake.live.deliveries()


def test_the_sandbox_shows_what_is_to_be_delivered_once() -> None:
    told = stage()
    request = Request(method="GET", url=f"{HOME}/live-events/deliveries", operation="deliveries")
    first, again = told.ask(request), told.ask(request)
    assert isinstance(first, Response)
    assert isinstance(again, Response)
    lines = first.body.splitlines()
    assert len(lines) == len(told.school.happened)
    assert all(told.heard(line).records for line in lines)
    assert again.body == b""


def test_how_long_nobody_need_call() -> None:
    """The harvester watches it."""
    assert CanvasStage().settings.silence is None
    assert stage().settings.silence == "24h"


def test_deliveries_that_come_together_at_the_very_first_are_all_heard() -> None:
    school = stage()
    inbound = Inbound(headers={}, query="", body=sign(event("grade_change", GRADE, **IN_COURSE)))
    one, other = (school.source.hear(inbound, round(NOW_S * 1e6)) for _ in range(2))
    requests = [next(one), next(other)]
    answers = [school.ask(request) for request in requests]
    for hearing, answer in ((one, answers[0]), (other, answers[1])):
        with pytest.raises(StopIteration) as end:
            hearing.send(answer)
        assert isinstance(end.value.value, Heard)
