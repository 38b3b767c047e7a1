"""Links to the next page, and whom our credentials are sent to."""

import pytest

from actors.sources.links import elsewhere, links, onward, same_origin

HOME = "https://school.example.edu"
NEXT = f"{HOME}/api/v1/accounts/1/users?page=2&per_page=2"


@pytest.mark.parametrize(
    "header",
    [
        f'<{NEXT}>; rel="next"',
        f"<{NEXT}>;rel=next",
        f'<{NEXT}>; rel="next last"',
        f'<{NEXT}>; title="a, b; c"; rel="next"',
        f'<{HOME}/api/v1/x?a=1,2>; rel="current",<{NEXT}>; rel="next",<{HOME}/api/v1/x>; rel="first"',
        f'<{HOME}/a>; rel="prev", <{NEXT}>; REL="NEXT"',
        f'<{HOME}/a>; title="x; rel=next"; rel="first", <{NEXT}>; rel="next"',
        f"<{NEXT}>; rel=next, <{HOME}/b>; rel=next",
    ],
)
def test_the_next_page(header: str) -> None:
    assert links(header)["next"] == NEXT


@pytest.mark.parametrize(
    "header",
    [
        "",
        f'<{NEXT}>; rel="prev"',
        f"<{NEXT}>",
        "nonsense",
        '<>; rel="next"',
        f'{NEXT}; rel="next"',
        f'<{NEXT}>; title="; rel=next"; rel="last"',
        f'<{NEXT}>; title="rel=next"',
    ],
)
def test_no_next_page(header: str) -> None:
    assert "next" not in links(header)


def test_addresses_by_relation() -> None:
    header = '<https://a/?p=2>; rel="next", <https://a/?d=1>;rel=differences, <x>; title="a, b"; rel="up start"'
    assert links(header) == {"next": "https://a/?p=2", "differences": "https://a/?d=1", "up": "x", "start": "x"}


def test_a_very_long_header_takes_no_time() -> None:
    assert links("<" * 200_000 + ">; ;;;;" * 1_000) == {}


@pytest.mark.parametrize(
    ("where", "whole"),
    [
        (f"{HOME}/users?offset=10", f"{HOME}/users?offset=10"),
        (f"{HOME}:443/users", f"{HOME}:443/users"),
        ("/users?after=x", f"{HOME}/users?after=x"),
        ("?after=x", f"{HOME}/a/b?after=x"),
        ("https://elsewhere.example.edu/users", None),
        ("//elsewhere.example.edu/users", None),
        ("http://school.example.edu/users", None),
        ("https://school.example.edu.evil.example/users", None),
        ("https://school.example.edu@evil.example/users", None),
        ("https://user@school.example.edu/users", None),
        ("https://school.example.edu:8443/users", None),
        ("https://school.example.edu:port/users", None),
        ("https://[school/users", None),
    ],
)
def test_our_credentials_stay_at_their_origin(where: str, whole: str | None) -> None:
    assert onward(f"{HOME}/a/b?limit=10", where) == whole


def test_an_origin_is_scheme_host_and_port() -> None:
    assert same_origin("http://Sis.test/a", "http://sis.test:80/b?c")
    assert not same_origin("http://sis.test/", "https://sis.test/")


def test_where_it_goes_on_elsewhere_is_said_without_what_it_asks_for() -> None:
    ended = elsewhere("users", "https://cdn.example.net/users?token=abc")
    assert ended.why == "refused"
    assert ended.detail.startswith("users goes on at https://cdn.example.net/users, which gets no credentials: write")
