"""Answers of Canvas by hand: each that goes wrong, and what the run does about it."""

import msgspec
import pytest
from canvas_stage import BY_KEY, HOME, CanvasStage

from actors.domain.flow import Lost, NotSent, Outcome, Request, Response
from actors.domain.harvest import Finished


def test_one_after_another_with_the_token_and_nowhere_shown() -> None:
    stage = CanvasStage()
    reading = stage.read()
    assert reading.finished.note.startswith("3 courses, ")
    for request in reading.requests:
        assert request.method == "GET"
        assert request.headers["authorization"] == "Bearer canvas-sandbox"
        assert "canvas-sandbox" not in repr(request)
        assert request.draws == ("requests",)
        assert request.patience_s


# ── throttling ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", [("rate_limited", ""), ("error", "throttled_403")])
def test_throttled_it_rests_and_asks_again(kind: tuple[str, str]) -> None:
    stage = CanvasStage()
    stage.fault(*kind, operation="enrolments", times=2)
    reading = stage.read()
    assert isinstance(reading.ended, Finished)
    assert reading.rests == [10.0, 20.0]


def test_a_named_time_counts_and_patience_ends() -> None:
    stage = CanvasStage()
    stage.fault("rate_limited", "3", operation="courses", times=0)
    reading = stage.read()
    assert reading.halted.why == "throttled"
    assert reading.halted.retry_after == "3"
    assert reading.rests == [3.0] * 5
    assert reading.operations == ["courses"] * 6


@pytest.mark.parametrize(("kind", "why"), [("rate_limited", "throttled"), ("status", "unavailable")])
def test_a_long_wait_ends_the_run(kind: str, why: str) -> None:
    stage = CanvasStage()
    stage.meddle = lambda request, outcome: (
        Response(status=429 if kind == "rate_limited" else 503, headers={"retry-after": "900"})
        if request.operation == "users"
        else outcome
    )
    reading = stage.read()
    assert (reading.halted.why, reading.halted.retry_after, reading.rests) == (why, "900", [])


def test_it_slows_down_before_it_is_throttled() -> None:
    stage = CanvasStage()

    def scarce(request: Request, outcome: Outcome) -> Outcome:
        assert isinstance(outcome, Response)
        return msgspec.structs.replace(outcome, headers={**outcome.headers, "x-rate-limit-remaining": "50.0"})

    stage.meddle = scarce
    reading = stage.read()
    assert isinstance(reading.ended, Finished)
    assert reading.rests == [10.0] * (len(reading.requests) - reading.operations.count("completions"))


def test_the_limits_of_the_sandbox_are_kept_without_being_throttled() -> None:
    stage = CanvasStage()
    stage.fake.limited = True
    stage.fake.page_max = 1
    rests = [rest for _ in range(8) for rest in stage.read().rests]
    assert rests, "it was never scarce, so nothing was tried"
    assert stage.fake.throttled == 0


# ── refused ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("forbidden", "it needs the permission 'Users - view list'"),
        ("forbidden_401", "url:GET|/api/v1/accounts/:account_id/users"),
        ("scope", "the developer key lacks the scope url:GET|/api/v1/accounts/:account_id/users"),
    ],
)
def test_what_all_need_is_refused_with_what_is_missing(value: str, words: str) -> None:
    stage = CanvasStage()
    stage.fault("error", value, operation="users", times=0)
    reading = stage.read()
    assert reading.halted.why == "refused"
    assert words in reading.halted.detail
    assert "user" not in {entity for entity, _ in reading.wholes}


@pytest.mark.parametrize(
    ("operation", "entity"), [("users", "user"), ("courses", "course"), ("enrolments", "enrolment")]
)
def test_a_401_of_which_nobody_knows_what_it_means_is_trouble_with_the_token(operation: str, entity: str) -> None:
    stage = CanvasStage()
    stage.fault("error", "unknown_401", operation=operation, times=0)
    reading = stage.read()
    assert reading.halted.why == "revoked"
    assert f"Canvas: {operation}: HTTP 401: the token is not accepted: make a new one" in reading.halted.detail
    assert entity not in {whole for whole, _ in reading.wholes}, "nobody is gone because somebody else answered"


@pytest.mark.parametrize("operation", ["enrolments", "assignments", "submissions", "completions"])
def test_a_course_that_refuses_is_left_out_visibly(operation: str) -> None:
    stage = CanvasStage()
    course = stage.course
    stage.fault("error", "forbidden", operation=operation, times=1)
    reading = stage.read()
    assert f"left out: course {course}: Canvas: {operation}: HTTP 403" in reading.finished.note
    assert "it needs the permission" in reading.finished.note
    wholes = {entity for entity, scope in reading.wholes if scope == str(course)}
    if operation == "enrolments":
        assert not wholes
        assert ("user", None) not in reading.wholes, "somebody may be in that course alone"
    elif operation == "assignments":
        assert wholes == {"enrolment"}
        assert not [one for one in reading.of("grade").values() if one.scope == str(course)]
    else:
        assert wholes == {"enrolment", "assignment"}
    assert len([one for one in reading.wholes if one[0] == "enrolment"]) == 3 - (operation == "enrolments")


def test_a_course_that_vanished_meanwhile_is_left_out() -> None:
    stage = CanvasStage()
    stage.fault("error", "missing", operation="enrolments", times=1)
    reading = stage.read()
    assert f"course {stage.course}: Canvas: enrolments: HTTP 404" in reading.finished.note
    assert ("enrolment", str(stage.course)) not in reading.wholes


# ── down, odd ────────────────────────────────────────────────────────────────────────────────────────

HTML = Response(status=200, headers={"content-type": "text/html"}, body=b"<!DOCTYPE html><h1>Sign in</h1>")
CUT = Response(status=200, headers={"content-type": "application/json"}, body=b'[{"id": 1, "na')


@pytest.mark.parametrize(
    "odd", [HTML, CUT, Response(status=502, body=b"<html>"), Lost("reset"), NotSent("no name")], ids=str
)
def test_an_odd_answer_is_asked_for_again(odd: Outcome) -> None:
    stage = CanvasStage()
    left = [odd, odd]

    def meddle(request: Request, outcome: Outcome) -> Outcome:
        return left.pop() if request.operation == "assignments" and left else outcome

    stage.meddle = meddle
    reading = stage.read()
    assert isinstance(reading.ended, Finished)
    assert reading.rests == [2.0, 10.0]
    assert len(reading.of("assignment")) == 3


@pytest.mark.parametrize("odd", [HTML, CUT, Response(status=500, body=b"<html>"), Lost("reset")], ids=str)
def test_what_stays_odd_ends_the_run(odd: Outcome) -> None:
    stage = CanvasStage()
    stage.meddle = lambda request, outcome: odd if request.operation == "enrolments" else outcome
    reading = stage.read()
    assert reading.halted.why == "unavailable"
    assert reading.operations.count("enrolments") == 4
    assert {entity for entity, _ in reading.wholes} == {"course"}
    assert not reading.cursor


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        (Response(status=302, headers={"location": "https://sso.example.edu/in"}), "base_url leads to sso.example.edu"),
        (Response(status=200, body=b'{"id": 1}'), "no list but dict"),
        (Response(status=418, body=b""), "HTTP 418"),
    ],
)
def test_what_is_no_canvas_is_faulted(odd: Response, words: str) -> None:
    stage = CanvasStage()
    stage.meddle = lambda request, outcome: odd
    reading = stage.read()
    assert reading.halted.why == "faulted"
    assert words in reading.halted.detail


# ── tokens ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_token_that_was_revoked() -> None:
    stage = CanvasStage()
    stage.secrets["TOKEN"] = "canvas-old"
    reading = stage.read()
    assert reading.halted.why == "revoked"
    assert "canvas-old" not in reading.halted.detail
    assert reading.operations == ["courses"], "asking again would help nobody"


def test_a_token_is_fetched_and_serves_for_an_hour() -> None:
    stage = CanvasStage(settings=BY_KEY)
    first = stage.read()
    assert isinstance(first.ended, Finished)
    assert first.operations[0] == "token"
    assert first.operations.count("token") == 1
    assert b"refresh_token=refresh-sandbox" in first.requests[0].body
    assert "refresh-sandbox" not in repr(first.requests[0])
    assert "token" not in stage.read("delta", first.cursor).operations
    stage.now_s += 3_400
    assert stage.read("delta", first.cursor).operations[0] == "token", "before it ends, with the same refresh token"


def test_a_token_that_ends_early_is_replaced_once_in_the_middle() -> None:
    stage = CanvasStage(settings=BY_KEY)
    ended: list[bool] = []

    def meddle(request: Request, outcome: Outcome) -> Outcome:
        if request.operation == "users" and not ended:
            ended.append(True)
            stage.fake.expire()
        return outcome

    stage.meddle = meddle
    reading = stage.read()
    assert isinstance(reading.ended, Finished)
    assert reading.operations.count("token") == 2
    assert reading.operations.count("enrolments") == 4, "one of them was not accepted"


@pytest.mark.parametrize(("name", "why"), [("SECRET", "revoked"), ("REFRESH", "revoked")])
def test_a_developer_key_that_is_not_accepted(name: str, why: str) -> None:
    stage = CanvasStage(settings=BY_KEY)
    stage.secrets[name] = "wrong"
    reading = stage.read()
    assert reading.halted.why == why
    assert reading.operations == ["token"]
    assert "authorise it again" in reading.halted.detail


@pytest.mark.parametrize(
    ("kind", "value", "why"), [("status", "503", "unavailable"), ("rate_limited", "9", "throttled")]
)
def test_no_token_for_now(kind: str, value: str, why: str) -> None:
    stage = CanvasStage(settings=BY_KEY)
    stage.fault(kind, value, operation="token", times=1)
    assert stage.read().halted.why == why


# ── hello ────────────────────────────────────────────────────────────────────────────────────────────


def test_hello_says_who_we_are_and_proves_the_listing() -> None:
    stage = CanvasStage()
    reading = stage.run(stage.source.hello())
    assert reading.finished.note == "Sync (1) may read account self"
    assert reading.operations == ["self", "courses"]
    stage.fault("error", "scope", operation="self", times=1)
    assert stage.run(stage.source.hello()).finished.note == "may read account self", "a scope that nobody needs else"
    stage.fault("error", "forbidden", operation="courses", times=1)
    assert stage.run(stage.source.hello()).halted.why == "refused"


def test_hello_of_courses_by_their_ids_needs_no_account() -> None:
    stage = CanvasStage(courses={"ids": ["113"]})
    reading = stage.run(stage.source.hello())
    assert reading.finished.note == "Sync (1) may read course 113"
    assert not [request for request in reading.requests if "/accounts/" in request.url]
    assert reading.requests[-1].url.startswith(f"{HOME}/api/v1/courses/113/users?")
