"""Moodle's errors, each an HTTP 200: what ends a reading, what concerns one thing only, and what no Moodle said."""

from pathlib import Path

import msgspec
import pytest
from moodle_stage import MoodleStage, says

from actors.domain.flow import Lost, NotSent, Outcome, Response
from actors.sources.moodle.wire import Denied, Halt, Told, flattened, number, objects, understand

FUNCTION = "core_user_get_users"


def error(code: str, message: str = "no") -> Response:
    return says({"exception": "moodle_exception", "errorcode": code, "message": message})


def halted(outcome: Outcome) -> tuple[str, str]:
    with pytest.raises(Halt) as halt:
        understand(outcome, FUNCTION)
    return halt.value.ended.why, halt.value.ended.detail


@pytest.mark.parametrize(
    ("outcome", "why", "says_so"),
    [
        (error("invalidtoken"), "revoked", "token"),
        (error("wsaccessusersuspended"), "revoked", "token"),
        (error("accessexception"), "refused", f"add {FUNCTION} to the external service"),
        (error("servicenotavailable"), "refused", "servicenotavailable"),
        (error("sitemaintenance"), "unavailable", "sitemaintenance"),
        (error("upgraderunning"), "unavailable", "upgraderunning"),
        (error("dmlreadexception"), "unavailable", "dmlreadexception"),
        (error("invalidparameter"), "faulted", FUNCTION),
        (error("invalidrecord", "Can't find data record in database table external_functions."), "refused", "has no"),
        (Response(status=429, headers={"retry-after": "7"}), "throttled", "429"),
        (Response(status=503, headers={"retry-after": "7"}), "unavailable", "503"),
        (Response(status=500), "unavailable", "500"),
        (Response(status=403), "refused", "not enabled"),
        (Response(status=401), "refused", "who we are"),
        (Response(status=404), "refused", "base_url"),
        (Response(status=303, headers={"location": "https://elsewhere.example/login?x=1"}), "faulted", "elsewhere"),
        (Response(status=418), "faulted", "418"),
        (Response(status=200, body=b'<?xml version="1.0" encoding="UTF-8" ?>\n<RESPONSE>'), "faulted", "XML"),
        (Response(status=200, body=b"<html><h1>Site under maintenance</h1>"), "unavailable", "maintenance"),
        (Response(status=200, body=b"<!DOCTYPE html><title>Log in</title>"), "faulted", "web page"),
        (Response(status=200, body=b'{"users":[{"id":3,'), "faulted", "no JSON"),
        (Response(status=200, body=b""), "faulted", "no JSON"),
        (Response(status=200, body=b"[" * 200_000), "faulted", "no JSON"),
        (Response(status=200, body=b"\xff\xfe"), "faulted", "no JSON"),
        (NotSent("no route"), "unavailable", "no route"),
        (Lost("reset"), "unavailable", "reset"),
    ],
)
def test_what_ends_a_reading(outcome: Outcome, why: str, says_so: str) -> None:
    told, detail = halted(outcome)
    assert told == why, detail
    assert says_so in detail


def test_throttling_names_its_time() -> None:
    with pytest.raises(Halt) as halt:
        understand(Response(status=429, headers={"retry-after": "7"}), FUNCTION)
    assert halt.value.ended.retry_after == "7"


@pytest.mark.parametrize("code", ["usernotenroled", "nopermissions", "errorcoursecontextnotvalid", "invaliduser"])
def test_what_concerns_one_thing_only(code: str) -> None:
    denied = understand(error(code, "<b>Sorry</b>\nyou may not"), FUNCTION)
    assert isinstance(denied, Denied)
    assert str(denied) == f"{FUNCTION}: {code} (Sorry you may not)"


def test_a_course_that_is_not_there_is_not_a_function_that_is_not_there() -> None:
    denied = understand(error("invalidrecord", "Can't find data record in database table course."), FUNCTION)
    assert isinstance(denied, Denied)


def test_null_and_nothing_are_answers() -> None:
    assert understand(Response(status=200, body=b"null"), FUNCTION) == Told(None, FUNCTION)
    assert objects(Told([])) == []
    for odd in (None, {"users": None}, {"users": [1]}, "text"):
        with pytest.raises(Halt):
            objects(Told(odd), "users")


def test_what_a_real_moodle_answered() -> None:
    """Each error as recorded, with what it means."""
    means = {
        "invalidtoken": "revoked",
        "accessexception": "refused",
        "external_functions": "refused",
        "invalidparameter": "faulted",
    }
    path = Path(__file__).parents[3] / "samples" / "moodle_live" / "errors.json"
    for name, reply in msgspec.json.decode(path.read_bytes()).items():
        outcome = Response(status=reply["http_status"], body=reply["body"].encode())
        expected = next((why for word, why in means.items() if word in reply["body"]), "")
        if name == "default_format_is_xml":
            expected = "faulted"
        if expected:
            assert halted(outcome)[0] == expected, name
        else:
            assert isinstance(understand(outcome, FUNCTION), Told | Denied), name


def test_arguments_are_nested_as_php_does() -> None:
    options = [{"name": "onlyactive", "value": 1}]
    assert flattened({"courseid": 2, "options": options, "values": [3, 4], "o": {"ids": [5]}}) == [
        ("courseid", "2"),
        ("options[0][name]", "onlyactive"),
        ("options[0][value]", "1"),
        ("values[0]", "3"),
        ("values[1]", "4"),
        ("o[ids][0]", "5"),
    ]


def test_numbers_as_php_writes_them() -> None:
    assert [number(each) for each in (7, "7", "", None, True, "7.5", -1, "９")] == [7, 7, 0, 0, 0, 0, -1, 0]


def test_the_token_stands_in_the_form_alone() -> None:
    stage = MoodleStage()
    stage.revealed = "s3cr3t+&="
    stage.fault("error", "invalidtoken", times=0)
    reading = stage.read()
    (request,) = reading.requests
    assert b"wstoken=s3cr3t%2B%26%3D" in request.body
    for shown in (repr(request), request.url, repr(request.headers), repr(stage.source), repr(reading.ended)):
        assert "s3cr3t" not in shown
