"""Links, addresses, refusals: what is read of an answer before anything is done about it."""

import pytest

from actors.domain.flow import Response
from actors.sources.canvas.records import local, number, shard_of
from actors.sources.canvas.wire import Forbidden, Good, Throttled, Unauthorised, following_page, understand

HOME = "https://school.instructure.com"
NEXT = f"{HOME}/api/v1/accounts/1/users?page=2&per_page=2"


@pytest.mark.parametrize(
    ("url", "home", "good"),
    [
        (NEXT, HOME, True),
        (NEXT, HOME + ":443", True),
        ("http://school.instructure.com/api/v1/x", HOME, False),
        ("https://school.instructure.com.evil.example/api/v1/x", HOME, False),
        ("https://school.instructure.com@evil.example/api/v1/x", HOME, False),
        ("https://user@school.instructure.com/api/v1/x", HOME, False),
        ("https://school.instructure.com:8443/api/v1/x", HOME, False),
        ("https://school.instructure.com/login", HOME, False),
        ("https://school.instructure.com/api/v1/../../login", HOME, False),
        ("https://school.instructure.com:port/api/v1/x", HOME, False),
        ("https://[school.instructure.com/api/v1/x", HOME, False),
        ("https://x.example/canvas/api/v1/x", "https://x.example/canvas", True),
        ("https://x.example/api/v1/x", "https://x.example/canvas", False),
    ],
)
def test_our_token_goes_nowhere_else(url: str, home: str, good: bool) -> None:
    assert following_page(url, home) == (url if good else None)


def test_pages_found_by_bookmarks_do_not_shift() -> None:
    for page, stable in (("2", False), ("bookmark:WzFd", True), ("first", True)):
        answer = Response(status=200, headers={"link": f'<{HOME}/api/v1/x?page={page}>; rel="next"'}, body=b"[]")
        said = understand(answer, "users", HOME)
        assert isinstance(said, Good)
        assert said.stable is stable
    relative = Response(status=200, headers={"link": '</api/v1/x?page=2>; rel="next"'}, body=b"[]")
    said = understand(relative, "users", HOME)
    assert isinstance(said, Good)
    assert said.next == f"{HOME}/api/v1/x?page=2"


@pytest.mark.parametrize(
    ("status", "headers", "body", "kind"),
    [
        (401, {"www-authenticate": 'Bearer realm="canvas-lms"'}, b"{}", Unauthorised),
        (401, {}, b'{"status":"unauthorized","errors":[{"message":"not authorized"}]}', Forbidden),
        (401, {}, b'{"status":"nicht berechtigt","errors":[{"message":"nein"}]}', Forbidden),
        (401, {}, b'{"status":"unauthenticated","errors":[{"message":"user authorization required"}]}', Unauthorised),
        (401, {"www-authenticate": "Bearer"}, b'{"status":"unauthorized","errors":[]}', Unauthorised),
        (401, {}, b'{"errors":[{"message":"Invalid access token."}]}', Unauthorised),
        (401, {}, b"<!DOCTYPE html><h1>401</h1>", Unauthorised),
        (401, {}, b"", Unauthorised),
        (403, {}, b"403 Forbidden (Rate Limit Exceeded)", Throttled),
        (403, {"x-rate-limit-remaining": "3.1"}, b'"403 Forbidden (Rate Limit Exceeded)"', Throttled),
        (403, {}, b'{"errors":[{"message":"user not authorized"}]}', Forbidden),
        (429, {}, b"", Throttled),
        (
            401,
            {"www-authenticate": "Bearer"},
            b'{"errors":[{"message":"Insufficient scopes on access token."}]}',
            Forbidden,
        ),
    ],
)
def test_refusals_are_told_apart(status: int, headers: dict[str, str], body: bytes, kind: type) -> None:
    assert isinstance(understand(Response(status=status, headers=headers, body=body), "users", HOME), kind)


def test_what_canvas_says_is_told_on_one_line_and_bounded() -> None:
    body = b'{"errors": [{"message": "no\\n\\u0007way ' + b"x" * 5_000 + b'"}]}'
    said = understand(Response(status=403, body=body), "users", HOME)
    assert isinstance(said, Forbidden)
    assert "no way xxx" in said.detail
    assert len(said.detail) < 700


def test_numbers_of_shards() -> None:
    assert (number(5), number("5"), number(True), number(None), number("5a"), number("٥")) == ("5", "5", "", "", "", "")
    assert shard_of("21070000000000001") == 2107
    assert (shard_of("1"), shard_of(None)) == (None, None)
    assert local("21070000000000565", 2107) == "565"
    assert (local("21070000000000565", 7), local("565", 2107)) == ("21070000000000565", "565")
    assert (local("21070000000000565", None), local(565, 2107)) == ("21070000000000565", "565")
