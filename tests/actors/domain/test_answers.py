"""What vendors say, as operators read it."""

import pytest

from actors.domain.answers import SAID_CHARS_MAX, leads_to, one_line, retry_after, said
from actors.domain.flow import Response

PLAIN = {"content-type": "text/plain; charset=utf-8"}


@pytest.mark.parametrize(
    ("headers", "body", "words"),
    [
        ({}, b'{"errors": [7, {"message": ""}, {"message": "no\\n\\u0007way"}], "message": "other"}', "no way"),
        ({}, b'{"message": "Bad Request", "detail": "no such verb"}', "no such verb"),
        ({}, b'{"error": "invalid_scope", "error_description": "not yours"}', "not yours"),
        ({}, b'{"error": {"code": 7}, "title": "Gone"}', "Gone"),
        ({}, b'{"errors": {"message": "x"}}', ""),
        ({}, b'["no"]', ""),
        ({}, b"<h1>no</h1>", ""),
        (PLAIN, b"slow\tdown\r\n", "slow down"),
        (PLAIN, b"\xff\xfe", "\ufffd\ufffd"),
        (PLAIN, b"", ""),
    ],
)
def test_what_a_refusal_says(headers: dict[str, str], body: bytes, words: str) -> None:
    assert said(Response(status=400, headers=headers, body=body)) == words


def test_it_is_bounded_and_repeats_no_secret() -> None:
    response = Response(status=400, headers=PLAIN, body=b"the token s3cr3t-s3cr3t is none " + b"x" * 9_000)
    assert said(response, ["s3cr3t-s3cr3t"]).startswith("the token *** is none xxx")
    assert len(said(response)) == SAID_CHARS_MAX
    assert one_line("a" * 50, 7) == "aaaaaaa"


def test_headers_that_are_there_or_not() -> None:
    assert retry_after(Response(status=429)) is None
    assert retry_after(Response(status=429, headers={"retry-after": " "})) is None
    assert retry_after(Response(status=429, headers={"retry-after": " 7 "})) == "7"
    assert len(retry_after(Response(status=429, headers={"retry-after": "7" * 500})) or "") == 64


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("https://user:word@sso.example.edu/in?secret=1", "sso.example.edu"),
        ("/login", "elsewhere"),
        ("", "elsewhere"),
        ("https://[sso", "elsewhere"),
    ],
)
def test_where_a_redirect_leads(location: str, host: str) -> None:
    assert leads_to(Response(status=302, headers={"location": location})) == host
