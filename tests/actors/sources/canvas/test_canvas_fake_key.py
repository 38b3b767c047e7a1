"""The fake's developer key: somebody authorises it, and its tokens do what their scopes name."""

import base64
import hashlib
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec
import pytest

from actors.domain.flow import Request, Response
from actors.domain.school import School, sample
from actors.ports.adjusting import Unclear
from actors.sources.canvas.fake import FakeCanvas

NOW_S = 1_790_000_000.0
BACK = "https://lms.example.edu/t/acme/connect/canvas/callback"
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
FORM = {"content-type": "application/x-www-form-urlencoded"}
READS_COURSES = "url:GET|/api/v1/accounts/:account_id/courses"
ASKED = {"client_id": "sandbox", "response_type": "code", "redirect_uri": BACK, "state": "s"}
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
PAIR = {"client_id": "sandbox", "client_secret": "sandbox"}


class Desk:
    def __init__(self, school: School) -> None:
        self.fake = FakeCanvas(school)
        self.now_s = NOW_S

    def ask(self, method: str, path: str, token: str = "", **form: str) -> Response:
        headers = FORM | ({"authorization": f"Bearer {token}"} if token else {})
        body = urlencode(form).encode()
        request = Request(method=method, url=f"/canvas/{path}", operation="", headers=headers, body=body)
        return self.fake.handle(request, self.now_s).response

    def page(self, **given: str) -> Response:
        return self.ask("POST", "login/oauth2/auth", **(ASKED | {"decision": "allow"} | given))

    def back(self, **given: str) -> dict[str, str]:
        query = parse_qs(urlsplit(self.page(**given).headers["location"]).query)
        return {name: values[0] for name, values in query.items()}

    def token(self, **form: str) -> dict[str, object]:
        return msgspec.json.decode(self.ask("POST", "login/oauth2/token", **(PAIR | form)).body)

    def connected(self, **given: str) -> dict[str, object]:
        code = self.back(**PKCE, **given)["code"]
        return self.token(grant_type="authorization_code", code=code, redirect_uri=BACK, code_verifier=VERIFIER)

    def status(self, told: dict[str, object], path: str = "api/v1/accounts/self/courses") -> int:
        return self.ask("GET", path, str(told["access_token"])).status


@pytest.fixture
def desk() -> Desk:
    return Desk(sample(NOW_S))


def test_somebody_authorises_and_the_key_reads(desk: Desk) -> None:
    shown = desk.ask("GET", f"login/oauth2/auth?{urlencode(ASKED | {'scope': READS_COURSES})}")
    assert f"<code>{READS_COURSES}</code>" in shown.body.decode()
    told = desk.connected()
    assert (told["token_type"], told["expires_in"]) == ("Bearer", 3_600)
    assert desk.status(told) == 200
    desk.now_s += 3_600
    assert desk.status(told) == 401
    renewed = desk.token(grant_type="refresh_token", refresh_token=str(told["refresh_token"]))
    assert "refresh_token" not in renewed
    assert desk.status(renewed) == 200


def test_cancel_and_mistakes_go_back_to_who_asked(desk: Desk) -> None:
    assert desk.back(decision="deny") == {"error": "access_denied", "state": "s"}
    assert desk.back(response_type="token")["error"] == "unsupported_response_type"
    assert desk.back(scope="everything")["error"] == "invalid_scope"
    assert desk.back(code_challenge=CHALLENGE)["error"] == "invalid_request"
    for given, status in (({"client_id": "x"}, 401), ({"redirect_uri": "ftp://x/"}, 400)):
        assert desk.page(**given).status == status


@pytest.mark.parametrize(
    "given", [{"code": "x"}, {"redirect_uri": "https://x.example/"}, {"code_verifier": ""}, {"code_verifier": "w" * 64}]
)
def test_a_code_serves_who_asked_for_it_once(desk: Desk, given: dict[str, str]) -> None:
    form = {"grant_type": "authorization_code", "code": desk.back(**PKCE)["code"], "redirect_uri": BACK}
    form["code_verifier"] = VERIFIER
    assert desk.token(**(form | given))["error"] == "invalid_grant"
    assert "access_token" in desk.token(**form)
    assert desk.token(**form)["error"] == "invalid_grant"


def test_a_token_does_what_its_scopes_name(desk: Desk) -> None:
    told = desk.connected(scope=READS_COURSES)
    assert desk.status(told) == 200
    refused = desk.ask("GET", "api/v1/accounts/self/users", str(told["access_token"]))
    assert refused.status == 401
    assert b"Insufficient scopes" in refused.body


def test_whoever_deletes_a_token_deletes_its_authorisation(desk: Desk) -> None:
    told = desk.connected()
    other = desk.connected()
    assert desk.ask("DELETE", "login/oauth2/token", str(told["access_token"])).status == 200
    assert desk.status(told) == 401
    assert desk.ask("DELETE", "login/oauth2/token", str(told["access_token"])).status == 401
    gone = desk.token(grant_type="refresh_token", refresh_token=str(told["refresh_token"]))
    assert gone["error"] == "invalid_grant"
    assert desk.status(other) == 200


def test_operators_end_tokens_and_set_terms(desk: Desk) -> None:
    desk.fake.adjust(b'{"token_life_s": 5}', NOW_S)
    told = desk.connected()
    assert told["expires_in"] == 5
    assert desk.fake.happen(b'[{"do": "expire_tokens"}, {"do": "revoke_tokens"}]', NOW_S) == [{"ended": 1}] * 2
    assert desk.token(grant_type="refresh_token", refresh_token=str(told["refresh_token"]))["error"] == "invalid_grant"
    assert "access_token" in desk.token(grant_type="refresh_token", refresh_token="refresh-sandbox")
    with pytest.raises(Unclear):
        desk.fake.happen(b'{"do": "dance"}', NOW_S)
