"""``[sso.oidc]`` and ``[sso.sessions]``: what fits together and what does not."""

from typing import Any

import pytest

from config.model import Secret
from config.oidc import Oidc, SessionWords
from config.sso import Sso

SECRET = Secret(env="x")
GOOD: dict[str, Any] = {"issuer": "https://idp.example.edu", "client_id": "us", "client_secret": SECRET}


def test_how_we_prove_who_we_are_follows_from_what_is_given() -> None:
    assert Oidc(**GOOD).method == "client_secret_basic"
    assert Oidc(**{**GOOD, "client_auth": "client_secret_post"}).method == "client_secret_post"
    assert Oidc(**{**GOOD, "client_secret": None, "client_key": SECRET}).method == "private_key_jwt"
    assert Oidc(issuer="http://127.0.0.1:8080", client_id="us").method == "none"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"issuer": "http://idp.example.edu"}, "https"),
        ({"issuer": "https://idp.example.edu/?x=1"}, "query"),
        ({"issuer": "https://idp.example.edu/#x"}, "fragment"),
        ({"client_key": SECRET}, "one of them"),
        ({"client_auth": "private_key_jwt"}, "client_key"),
        ({"client_auth": "client_secret_basic", "client_secret": None}, "client_secret"),
        ({"scopes": ("email",)}, "openid"),
        ({"skew": "6m"}, "5m"),
        ({"login_timeout": "2h"}, "1h"),
    ],
)
def test_what_does_not_fit_is_refused(words: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Oidc(**{**GOOD, **words})


@pytest.mark.parametrize(("words", "said"), [({"life": "25h"}, "24h"), ({"idle": "9h"}, "not longer")])
def test_a_session_has_an_end(words: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        SessionWords(**words)


def test_a_method_that_is_named_is_configured() -> None:
    assert Sso(oidc=Oidc(**GOOD)).order() == ("oidc",)
    with pytest.raises(ValueError, match=r"sso\.saml"):
        Sso(methods=("saml",), oidc=Oidc(**GOOD))
