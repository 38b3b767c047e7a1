"""The error table is complete, and every answer has one meaning."""

import base64

import msgspec
import pytest

from actors.domain.flow import Lost, NotSent, Response
from actors.domain.verdicts import Cause, Doubtful, Faulted, Refused, Throttled, Unavailable
from actors.targets.teams.wire import CODES, STATUSES, Answered, Purpose, Stale, code_of, harmless, understand

DOCUMENTED = """\
BadRequest invalidRequest Unauthorized InvalidAuthenticationToken Forbidden Authorization_RequestDenied NotFound
Request_ResourceNotFound Conflict Request_BadRequest TooManyRequests activityLimitReached ServiceUnavailable
syncStateNotFound resyncRequired RequestEntityTooLarge MessageSizeTooBig insufficient_claims"""
STATUS = [400, 401, 403, 404, 409, 413, 424, 429, 500, 502, 503, 504, 509]
FAILURES = (Throttled, Unavailable, Faulted, Refused, Doubtful, Stale)


def says(
    code: str, status: int = 400, purpose: Purpose = Purpose.CHANNEL, headers: dict[str, str] | None = None
) -> object:
    body = msgspec.json.encode({"error": {"code": code, "message": "AADSTS50076 ServiceUnavailable Forbidden"}})
    return understand(Response(status=status, headers=headers or {}, body=body), purpose)


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("code", DOCUMENTED.split())
def test_every_documented_code_is_in_the_table_and_has_a_meaning(code: str, purpose: Purpose) -> None:
    assert code.casefold() in CODES
    for spelling in (code, code.upper(), code.lower()):
        verdict = says(spelling, 418, purpose)
        assert isinstance(verdict, FAILURES)
        assert spelling in verdict.detail
        assert "AADSTS" not in verdict.detail


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("status", STATUS)
def test_every_documented_status_is_in_the_table(status: int, purpose: Purpose) -> None:
    assert status in STATUSES
    there = status == 409 and purpose is Purpose.INSTALL  # what was to be installed is there
    assert isinstance(says("SomethingNew", status, purpose), Answered if there else FAILURES)


@pytest.mark.parametrize(
    ("code", "status", "purpose", "cause", "advice"),
    [
        ("Forbidden", 403, Purpose.CHANNEL, Cause.MISSING_PERMISSION, "ChannelMessage.Send"),
        ("Forbidden", 403, Purpose.READ, Cause.MISSING_PERMISSION, "ChannelMessage.Read.All"),
        ("Authorization_RequestDenied", 403, Purpose.LOOKUP, Cause.MISSING_PERMISSION, "User.ReadBasic.All"),
        ("Forbidden", 403, Purpose.ACTIVITY, Cause.DESTINATION_REFUSED, "not installed"),
        ("Authorization_RequestDenied", 403, Purpose.ACTIVITY, Cause.MISSING_PERMISSION, "TeamsActivity.Send"),
        ("NotFound", 404, Purpose.CHANNEL, Cause.DESTINATION_GONE, "the channel"),
        ("NotFound", 404, Purpose.ACTIVITY, Cause.DESTINATION_GONE, "the learner"),
        ("Request_ResourceNotFound", 404, Purpose.LOOKUP, Cause.UNMATCHED_LEARNER, "nobody"),
        ("Conflict", 409, Purpose.ACTIVITY, Cause.BAD_CONFIGURATION, "teams_app_id"),
        ("RequestEntityTooLarge", 413, Purpose.CHANNEL, Cause.PAYLOAD_REFUSED, "too large"),
        ("Whatever", 413, Purpose.CHANNEL, Cause.PAYLOAD_REFUSED, "too large"),
        ("BadRequest", 400, Purpose.CHANNEL, Cause.PAYLOAD_REFUSED, "BadRequest"),
    ],
)
def test_refusals_have_their_cause_and_their_advice(
    code: str, status: int, purpose: Purpose, cause: Cause, advice: str
) -> None:
    verdict = says(code, status, purpose)
    assert isinstance(verdict, Refused)
    assert verdict.cause is cause
    assert advice in verdict.detail


@pytest.mark.parametrize(
    ("purpose", "whole_lane"),
    [(Purpose.CHANNEL, False), (Purpose.READ, False), (Purpose.LOOKUP, False), (Purpose.ACTIVITY, True)],
)
def test_only_what_limits_the_app_holds_up_the_lane(purpose: Purpose, whole_lane: bool) -> None:
    told = says("TooManyRequests", 429, purpose, {"retry-after": "17"})
    assert isinstance(told, Throttled)
    assert (told.retry_after, told.whole_lane) == ("17", whole_lane)
    untold = says("TooManyRequests", 429, purpose)
    assert isinstance(untold, Throttled)
    assert untold.retry_after is None


@pytest.mark.parametrize("purpose", Purpose)
def test_the_apps_own_limit_holds_up_the_lane_whoever_asked(purpose: Purpose) -> None:
    told = says("activityLimitReached", 429, purpose)
    assert isinstance(told, Throttled)
    assert told.whole_lane


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("code", ["FailedDependency", "NotFound", "Unauthorized", ""])
def test_what_was_not_tried_because_another_failed_costs_nothing(code: str, purpose: Purpose) -> None:
    assert isinstance(says(code, 424, purpose), Unavailable)


@pytest.mark.parametrize("status", [500, 502, 504, 507])
def test_what_may_have_happened_is_doubtful_whatever_its_code(status: int) -> None:
    for code in ("generalException", "TooManyRequests", "NotFound"):
        assert isinstance(says(code, status), Doubtful)
    assert isinstance(harmless(Doubtful("x")), Unavailable)


def test_unavailable_keeps_the_vendors_time() -> None:
    verdict = says("ServiceUnavailable", 503, headers={"retry-after": "30"})
    assert isinstance(verdict, Unavailable)
    assert verdict.retry_after == "30"


def test_the_network_has_its_meanings() -> None:
    assert understand(NotSent("refused"), Purpose.CHANNEL) == Unavailable("refused")
    assert understand(Lost("reset"), Purpose.CHANNEL) == Doubtful("reset")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'"text"', b"\xff", b'{"id":', b"[" * 5000])
def test_a_success_that_is_not_graphs_is_doubtful(body: bytes) -> None:
    assert isinstance(understand(Response(status=201, body=body), Purpose.CHANNEL), Doubtful)


def test_no_content_is_an_answer() -> None:
    answer = understand(Response(status=204, headers={"request-id": "r"}), Purpose.ACTIVITY)
    assert isinstance(answer, Answered)
    assert answer.request_ids == {"request_id": "r"}


@pytest.mark.parametrize("status", [301, 302, 307, 403, 404, 405, 407])
def test_what_is_not_graph_is_the_way_to_it(status: int) -> None:
    body = b"<html>Your organisation's proxy</html>"
    assert isinstance(understand(Response(status=status, body=body), Purpose.CHANNEL), Unavailable)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"error":{"code":"Outer","innerError":{"code":"Inner"}}}', "Outer"),
        (b'{"error":{"innerError":{"innererror":{"code":"Deep"}}}}', "Deep"),
        (b'{"error":{"code":7,"innererror":{"code":"Inner"}}}', "Inner"),
        (b'{"error":"invalid_client"}', ""),
        (b'{"error":null}', ""),
        (b"not json", ""),
        (b'{"error":' * 50 + b"1" + b"}" * 50, ""),
    ],
)
def test_the_code_is_found_however_it_is_spelled(body: bytes, code: str) -> None:
    assert code_of(body) == code


def challenge(claims: bytes, encode: object = base64.b64encode) -> str:
    assert callable(encode)
    return (
        'Bearer realm="", authorization_uri="https://login.example/", Bearer error="insufficient_claims", '
        f'claims="{encode(claims).decode()}", client_id="x"'
    )


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_claims_are_decoded(encode: object) -> None:
    claims = '{"access_token":{"nbf":{"essential":true,"value":"17 ÿþ?>"}}}'
    headers = {"www-authenticate": challenge(claims.encode(), encode)}
    stale = says("InvalidAuthenticationToken", 401, headers=headers)
    assert isinstance(stale, Stale)
    assert stale.claims == claims


@pytest.mark.parametrize("header", ["", "Bearer", 'Bearer claims="%%%"', 'claims="QUJD"', 'claims="////"'])
def test_claims_that_cannot_be_read_are_none(header: str) -> None:
    stale = says("InvalidAuthenticationToken", 401, headers={"www-authenticate": header})
    assert isinstance(stale, Stale)
    assert stale.claims == ""
