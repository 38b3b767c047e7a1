"""How the world calls us: what public addresses can be used, and what browsers call them."""

import pytest
from starlette.responses import Response

from daemon.gateway.origin import Origin, origin_of


@pytest.mark.parametrize(
    ("public_url", "origin", "made"),
    [
        ("https://x.example.edu", "https://x.example.edu", "https://x.example.edu/t/a"),
        ("https://x.example.edu/", "https://x.example.edu", "https://x.example.edu/t/a"),
        ("https://x.example.edu:443/lms/", "https://x.example.edu", "https://x.example.edu/lms/t/a"),
        ("https://X.Example.edu:8443", "https://x.example.edu:8443", "https://x.example.edu:8443/t/a"),
        ("https://büro.example", "https://xn--bro-hoa.example", "https://xn--bro-hoa.example/t/a"),
        ("http://127.0.0.1:8480", "http://127.0.0.1:8480", "http://127.0.0.1:8480/t/a"),
        ("http://[::1]:8480", "http://[::1]:8480", "http://[::1]:8480/t/a"),
    ],
)
def test_what_browsers_call_it(public_url: str, origin: str, made: str) -> None:
    found = origin_of(public_url)
    assert isinstance(found, Origin)
    assert (found.origin, found.url("/t/a")) == (origin, made)
    assert found.cookie("x") == ("__Host-x" if found.secure else "x")


@pytest.mark.parametrize(
    "public_url", ["", "http://x.example.edu", "https://x.example.edu/?a", "https://x.example.edu/#a"]
)
def test_what_nobody_could_sign_in_at(public_url: str) -> None:
    assert isinstance(origin_of(public_url), str)


def test_a_cookie_is_dropped_as_it_was_put() -> None:
    found = origin_of("https://x.example.edu")
    assert isinstance(found, Origin)
    response = Response()
    found.put(response, "x", "value", life_s=60)
    found.drop(response, "x")
    put, dropped = (value.decode() for name, value in response.raw_headers if name == b"set-cookie")
    assert put == "__Host-x=value; HttpOnly; Max-Age=60; Path=/; SameSite=lax; Secure"
    assert dropped.startswith('__Host-x=""; ')
    for flag in ("Max-Age=0", "Path=/", "Secure", "HttpOnly"):
        assert flag in dropped
