"""The fake Entra verifies assertions against registered certificates."""

import pytest
from certificates import Certificate, certificate
from teams_directory import GRAPH, Directory, desk, number
from teams_stage import DIRECTORY, NOW_S, fields

from actors.domain.flow import Response

__all__ = ["desk"]


def asserted(desk: Directory, text: str) -> Response:
    return desk.sign_in(
        grant_type="client_credentials",
        client_id="sandbox",
        scope=f"{GRAPH}.default",
        client_assertion_type="urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion=text,
    )


AUDIENCE = f"https://login.microsoftonline.com/{DIRECTORY}/oauth2/v2.0/token"


@pytest.fixture(scope="module")
def registered() -> Certificate:
    return certificate(NOW_S)


@pytest.mark.parametrize("algorithm", ["PS256", "RS256"])
def test_an_assertion_signed_with_the_registered_certificate_serves_once(
    desk: Directory, registered: Certificate, algorithm: str
) -> None:
    desk.adjust(certificates=[registered.pem], single_use_assertions=True)
    text = registered.assertion(AUDIENCE, NOW_S, algorithm=algorithm)
    assert asserted(desk, text).status == 200
    again = asserted(desk, text)
    assert (again.status, number(again)) == (401, 700027)
    assert "jti" in str(fields(again)["error_description"])


def test_an_assertion_is_refused_for_each_thing_that_is_wrong(desk: Directory, registered: Certificate) -> None:
    desk.adjust(certificates=[registered.pem])
    other = certificate(NOW_S)
    wrong = {
        "not registered": other.assertion(AUDIENCE, NOW_S),
        "signature": other.assertion(AUDIENCE, NOW_S, thumbprint=registered.thumbprint),
        "lives longer": registered.assertion(AUDIENCE, NOW_S, life_s=3600),
        "not valid at this time": registered.assertion(AUDIENCE, NOW_S - 1000),
        "aud": registered.assertion(AUDIENCE.replace(DIRECTORY, "other"), NOW_S),
    }
    for said, text in wrong.items():
        refused = asserted(desk, text)
        assert (refused.status, number(refused)) == (401, 700027), said
        assert said in str(fields(refused)["error_description"])


def test_a_certificate_ends_and_clocks_differ(desk: Directory) -> None:
    short = certificate(NOW_S, days=1)
    desk.adjust(certificates=[short.pem])
    desk.now_s += 2 * 86_400
    assert "certificate is not valid" in str(
        fields(asserted(desk, short.assertion(AUDIENCE, desk.now_s)))["error_description"]
    )
    desk.now_s = NOW_S
    desk.adjust(clock_skew_s=-400)
    assert asserted(desk, short.assertion(AUDIENCE, NOW_S)).status == 401
    desk.adjust(clock_skew_s=-200)
    assert asserted(desk, short.assertion(AUDIENCE, NOW_S)).status == 200


def test_without_a_registered_certificate_any_assertion_serves_and_again(
    desk: Directory, registered: Certificate
) -> None:
    text = registered.assertion(AUDIENCE, NOW_S)
    assert [asserted(desk, text).status for _ in range(2)] == [200, 200]
