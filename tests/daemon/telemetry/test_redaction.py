import json
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.gateway.seal import PREFIX, fresh_secret
from daemon.telemetry.redaction import MASK, OURS, Redactor


def knowing(*secrets: str) -> Redactor:
    known = frozenset(secrets)
    return Redactor(lambda: known)


@given(st.text(min_size=1, max_size=60), st.text(max_size=80), st.text(max_size=80))
def test_no_secret_goes_unsuspected_wherever_it_stands(secret: str, before: str, after: str) -> None:
    assert knowing(secret).suspects(msgspec.json.encode({"detail": before + secret + after}))


@given(st.lists(st.text(min_size=1, max_size=30), max_size=5), st.text(max_size=100))
def test_after_masking_no_secret_is_left(secrets: list[str], text: str) -> None:
    for secret in secrets:
        text += secret + text[:5]
    clean = knowing(*secrets).text(text)
    assert all(secret not in piece for secret in secrets for piece in clean.split(MASK))


def test_an_innocent_line_is_not_touched() -> None:
    redactor = knowing("xoxb-1234567890-abcdefghij", "hunter2")
    assert not redactor.suspects(b'{"event":"delivery.attempted","detail":"xoxb-1 hunter1"}')
    assert not knowing().suspects(b"anything")


def test_strings_are_masked_at_any_depth_and_numbers_kept() -> None:
    given_value = {
        "url": "https://x/?token=hunter2&a=1",
        "list": ["hunter2", 3, None, ("deep", {"k": "hunter2"})],
        "hunter2": b"hunter2",
        "n": 7.5,
    }
    assert knowing("hunter2").value(given_value) == {
        "url": "https://x/?token=***&a=1",
        "list": ["***", 3, None, ["deep", {"k": "***"}]],
        "***": "***",
        "n": 7.5,
    }


def test_the_percent_encoded_form_is_a_secret_too() -> None:
    redactor = knowing("p@ss/word with spaces")
    assert redactor.suspects(b"GET /?key=p%40ss%2Fword%20with%20spaces")
    assert redactor.text("?key=p%40ss%2Fword%20with%20spaces") == "?key=***"


@pytest.mark.parametrize("secret", ['quo"ted-secret-of-length', "line\nbreak-in-a-secret", "umlaut-ä-in-secret"])
@pytest.mark.parametrize("render", [msgspec.json.encode, lambda text: text.encode()])
def test_escaping_hides_nothing(secret: str, render: Callable[[str], bytes]) -> None:
    assert knowing(secret).suspects(b"x" + render(secret) + b"y")
    assert json.loads(msgspec.json.encode(knowing(secret).text(secret))) == MASK


def test_of_two_secrets_the_longer_goes_first() -> None:
    assert knowing("token", "token-extended").text("token-extended token") == "*** ***"


def test_new_secrets_are_noticed() -> None:
    known = [frozenset({"first-secret-of-many"})]
    redactor = Redactor(lambda: known[0])
    assert redactor.text("second-secret-of-many") == "second-secret-of-many"
    known[0] = frozenset({"second-secret-of-many"})
    assert redactor.text("second-secret-of-many") == MASK
    assert redactor.suspects(b"-- second-secret-of-many --")


@pytest.mark.parametrize("before", ["", "x", "a secret: ", '{"password":"'])
def test_secrets_that_we_made_are_masked_though_nobody_has_kept_them(before: str) -> None:
    secret = fresh_secret()
    assert PREFIX.encode() == OURS
    assert knowing().suspects(f"{before}{secret} after".encode())
    assert knowing().text(f"{before}{secret} after") == f"{before}{MASK} after"
    assert knowing().text("lmsyncd_statements_refused_total") == "lmsyncd_statements_refused_total"
