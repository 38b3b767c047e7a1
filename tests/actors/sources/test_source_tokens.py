"""Tokens: what is one, how long it is good, and why there is none."""

import json

import pytest

from actors.domain.flow import Lost, Outcome, Response
from actors.domain.harvest import Halted
from actors.sources.answers import Remedies
from actors.sources.tokens import REVOKED, Grant, Kept, asking, granted

REMEDIES = Remedies(unknown="another secret", forbidden="other scopes", missing="its address", address="token_url")


def given(**fields: object) -> Response:
    return Response(status=200, body=json.dumps(fields).encode())


@pytest.mark.parametrize(
    ("expires_in", "lives_s"),
    [(60, 60.0), ("60", 60.0), (None, 3600.0), (-1, 3600.0), ("soon", 3600.0), (True, 3600.0), (9e9, 86400.0)],
)
def test_how_long_it_lives(expires_in: object, lives_s: float) -> None:
    assert granted(given(access_token="t", expires_in=expires_in), "token", REMEDIES) == Grant("t", lives_s)


@pytest.mark.parametrize("token", ["", "a\nb", "é", 7, None, ["t"]])
def test_what_is_no_token(token: object) -> None:
    ended = granted(given(access_token=token), "token", REMEDIES)
    assert ended == Halted(why="faulted", detail="token: HTTP 200 without an access_token")


@pytest.mark.parametrize(
    ("outcome", "why", "detail"),
    [
        (Lost("reset"), "unavailable", "token: reset"),
        (Response(status=400), "revoked", "token: HTTP 400: another secret"),
        (Response(status=400, body=b'{"error": "invalid_client"}'), "revoked", "HTTP 400 invalid_client: another"),
        (
            Response(status=403, body=b'{"error": "access_denied", "error_description": "gone"}'),
            "revoked",
            "token: HTTP 403 access_denied gone: another secret",
        ),
        (Response(status=400, body=b'{"error": "invalid_scope"}'), "refused", "HTTP 400 invalid_scope: other scopes"),
        (Response(status=400, body=b'{"error": "invalid_request"}'), "refused", "HTTP 400 invalid_request: other"),
        (Response(status=401, body=b'{"error": "nobody"}'), "revoked", "HTTP 401 nobody: another secret"),
        (Response(status=403), "refused", "HTTP 403: other scopes"),
        (Response(status=404), "refused", "HTTP 404: its address"),
        (Response(status=403, body=b"403 Forbidden (Rate Limit Exceeded)"), "throttled", "HTTP 403"),
        (Response(status=503, body=b'{"error": "invalid_client"}'), "unavailable", "HTTP 503 invalid_client"),
    ],
)
def test_why_there_is_none(outcome: Outcome, why: str, detail: str) -> None:
    ended = granted(outcome, "token", REMEDIES)
    assert isinstance(ended, Halted)
    assert ended.why == why
    assert detail in ended.detail


def test_what_else_speaks_of_credentials_is_the_vendors_to_say() -> None:
    outcome = Response(status=400, body=b'{"error": "invalid_request"}')
    ended = granted(outcome, "token", REMEDIES, REVOKED | {"invalid_request"})
    assert isinstance(ended, Halted)
    assert ended.why == "revoked"


def test_it_is_kept_until_shortly_before_its_end() -> None:
    kept = Kept(early_us=10_000_000)
    assert kept.at(0) == ""
    assert kept.keep(Grant("t", 60.0), 5_000_000) == "t"
    assert kept.at(54_999_999) == "t"
    assert kept.at(55_000_000) == ""
    kept.drop()
    assert kept.at(6_000_000) == ""


def test_one_that_lives_no_longer_than_that_is_used_for_half_its_life() -> None:
    """Else each request would ask for another."""
    kept = Kept(early_us=300_000_000)
    kept.keep(Grant("t", 60.0), 0)
    assert kept.at(29_999_999) == "t"
    assert kept.at(30_000_000) == ""


def test_the_request_shows_no_secret() -> None:
    request = asking("https://lms.test/token", {"client_secret": "s3cr3t+&"}, "requests", {"x-a": "b"})
    assert b"client_secret=s3cr3t%2B%26" in request.body
    assert "s3cr3t" not in repr(request)
    assert (request.headers["x-a"], request.draws, request.operation) == ("b", ("requests",), "token")
