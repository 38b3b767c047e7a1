"""The fake's installations: codes, pairs that rotate, scopes, and the ends of tokens."""

import base64
import hashlib
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec
import pytest

from actors.domain.flow import Request, Response
from actors.ports import Fault
from actors.targets.slack.fake import FakeSlack

NOW_S = 1_790_000_000.0
BACK = "https://lms.example.edu/t/acme/connect/slack/callback"
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
FORM = {"content-type": "application/x-www-form-urlencoded"}
POST = {"channel": "C0123456789", "text": "hi"}
HOLDER = {"client_id": "sandbox", "client_secret": "sandbox"}


class Office:
    """A workspace, and somebody who asks it for tokens."""

    def __init__(self) -> None:
        self.fake = FakeSlack()
        self.fake.limited = False
        self.now_s = NOW_S

    def page(self, method: str = "POST", **given: str) -> Response:
        asked = {"client_id": "sandbox", "scope": "chat:write,users:read", "redirect_uri": BACK, "state": "s"} | given
        text = urlencode({name: value for name, value in asked.items() if value})
        url = "/slack/oauth/v2/authorize"
        if method == "GET":
            return self.fake.handle(Request(method="GET", url=f"{url}?{text}", operation=""), self.now_s).response
        request = Request(method=method, url=url, operation="", headers=FORM, body=text.encode())
        return self.fake.handle(request, self.now_s).response

    def code(self, **given: str) -> str:
        location = self.page(decision="allow", **given).headers["location"]
        return parse_qs(urlsplit(location).query)["code"][0]

    def ask(self, method: str, token: str = "", **given: str) -> dict[str, object]:
        headers = FORM | ({"authorization": f"Bearer {token}"} if token else {})
        request = Request(
            method="POST", url=f"/slack/api/{method}", operation="", headers=headers, body=urlencode(given).encode()
        )
        response = self.fake.handle(request, self.now_s).response
        return msgspec.json.decode(response.body) | {"granted": response.headers.get("x-oauth-scopes", "")}

    def access(self, **given: str) -> dict[str, object]:
        return self.ask("oauth.v2.access", **(HOLDER | given))

    def installed(self, **given: str) -> dict[str, object]:
        return self.access(code=self.code(**given), redirect_uri=BACK)

    def refreshed(self, told: dict[str, object]) -> dict[str, object]:
        return self.access(grant_type="refresh_token", refresh_token=str(told["refresh_token"]))

    def works(self, told: dict[str, object]) -> object:
        answer = self.ask("auth.test", str(told["access_token"]))
        return answer["ok"] or answer["error"]


@pytest.fixture
def office() -> Office:
    return Office()


# ── the page ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_page_shows_what_is_wanted_and_brings_every_parameter_back(office: Office) -> None:
    page = office.page("GET", user_scope="users:read", code_challenge=CHALLENGE, code_challenge_method="S256")
    text = page.body.decode()
    assert page.status == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "<code>chat:write</code>" in text
    assert f'name="code_challenge" value="{CHALLENGE}"' in text
    assert 'name="state" value="s"' in text
    assert 'value="allow"' in text


def test_allow_and_cancel_go_back_with_the_state(office: Office) -> None:
    allowed = office.page(decision="allow", state="s p&x", redirect_uri=f"{BACK}?a=b")
    assert allowed.status == 302
    address, _, query = allowed.headers["location"].partition("?")
    assert address == BACK
    given = parse_qs(query)
    assert given["state"] == ["s p&x"]
    assert given["a"] == ["b"]
    assert given["code"]
    denied = parse_qs(urlsplit(office.page(decision="deny").headers["location"]).query)
    assert denied == {"error": ["access_denied"], "state": ["s"]}


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"client_id": "other"}, "invalid_client_id"),
        ({"redirect_uri": "javascript:alert(1)"}, "bad_redirect_uri"),
        ({"redirect_uri": f"{BACK}#x"}, "bad_redirect_uri"),
        ({"redirect_uri": ""}, "bad_redirect_uri"),
        ({"scope": ""}, "no_scopes"),
        ({"scope": "chat:write,<b>"}, "invalid_scope: &lt;b&gt;"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, "S256"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "S256"),
        ({"team": "T0404040404"}, "team_not_found"),
        ({"user": "nobody@example.edu"}, "users_not_found"),
    ],
)
def test_nobody_is_sent_back_from_a_bad_request(office: Office, given: dict[str, str], error: str) -> None:
    page = office.page(decision="allow", **given)
    assert page.status == 400
    assert error in page.body.decode()
    assert "location" not in page.headers


# ── codes ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_code_brings_what_slack_says_it_brings(office: Office) -> None:
    told = office.installed(user_scope="users:read", team="T0ACME00001", user="ada@example.org")
    assert told["ok"] is True
    assert str(told["access_token"]).startswith("xoxe.xoxb-")
    assert (told["token_type"], told["scope"], told["expires_in"]) == ("bot", "chat:write,users:read", 43_200)
    assert (told["bot_user_id"], told["app_id"], told["team"]) == (
        "U0SANDBOX1",
        "A0SANDBOX1",
        {"id": "T0ACME00001", "name": "Sandbox"},
    )
    person = told["authed_user"]
    assert isinstance(person, dict)
    assert str(person["access_token"]).startswith("xoxe.xoxp-")
    assert person["token_type"] == "user"
    who = office.ask("auth.test", str(person["access_token"]))
    assert (who["user_id"], who["team_id"]) == (person["id"], "T0ACME00001")


def test_a_code_serves_once_for_ten_minutes_and_at_the_address_it_was_sent_to(office: Office) -> None:
    code = office.code()
    assert office.access(code=code, redirect_uri=f"{BACK}/")["error"] == "bad_redirect_uri"
    assert office.access(code=code)["error"] == "bad_redirect_uri"
    assert office.access(code=code, redirect_uri=BACK, client_secret="x")["error"] == "bad_client_secret"
    assert office.access(code=code, redirect_uri=BACK, client_id="x")["error"] == "invalid_client_id"
    assert office.access(code=code, redirect_uri=BACK)["ok"] is True
    assert office.access(code=code, redirect_uri=BACK)["error"] == "invalid_code"
    late = office.code()
    office.now_s += 600
    assert office.access(code=late, redirect_uri=BACK)["error"] == "invalid_code"
    assert office.access(grant_type="password")["error"] == "invalid_grant_type"


@pytest.mark.parametrize("verifier", ["", "w" * 64, "v" * 20, "v" * 63 + "!"])
def test_the_verifier_must_be_the_challenges(office: Office, verifier: str) -> None:
    code = office.code(code_challenge=CHALLENGE, code_challenge_method="S256")
    wrong = office.access(code=code, redirect_uri=BACK, code_verifier=verifier)
    assert wrong["error"] == "invalid_code_verifier"
    assert office.access(code=code, redirect_uri=BACK, code_verifier=VERIFIER)["ok"] is True


def test_a_public_client_needs_no_secret_with_a_verifier_and_one_without_challenge_does(office: Office) -> None:
    code = office.code(code_challenge=CHALLENGE, code_challenge_method="S256")
    public = {"client_id": "sandbox", "redirect_uri": BACK, "code_verifier": VERIFIER}
    assert office.ask("oauth.v2.access", code=code, **public)["ok"] is True
    assert office.ask("oauth.v2.access", code=office.code(), **public)["error"] == "bad_client_secret"
    assert office.access(code=office.code(), redirect_uri=BACK, code_verifier=VERIFIER)["error"] == (
        "invalid_code_verifier"
    )


def test_the_client_may_prove_itself_by_basic(office: Office) -> None:
    def ask(pair: bytes) -> dict[str, object]:
        headers = FORM | {"authorization": f"Basic {base64.b64encode(pair).decode()}"}
        body = urlencode({"code": office.code(), "redirect_uri": BACK}).encode()
        request = Request(method="POST", url="/slack/api/oauth.v2.access", operation="", headers=headers, body=body)
        return msgspec.json.decode(office.fake.handle(request, NOW_S).response.body)

    assert ask(b"sandbox:sandbox")["ok"] is True
    assert ask(b"sandbox:x")["error"] == "bad_client_secret"


# ── rotation ─────────────────────────────────────────────────────────────────────────────────────────


def test_tokens_end_and_a_refresh_brings_a_new_pair(office: Office) -> None:
    first = office.installed()
    office.now_s += 43_199
    assert office.works(first) is True
    office.now_s += 1
    assert office.works(first) == "token_expired"
    second = office.refreshed(first)
    assert second["ok"] is True
    assert second["access_token"] != first["access_token"]
    assert second["refresh_token"] != first["refresh_token"]
    assert office.works(second) is True


def test_a_refresh_token_serves_once_and_during_the_grace(office: Office) -> None:
    first = office.installed()
    office.refreshed(first)
    office.now_s += 59
    assert office.refreshed(first)["ok"] is True
    office.now_s += 2
    assert office.refreshed(first)["error"] == "invalid_refresh_token"
    assert office.access(grant_type="refresh_token", refresh_token="xoxe-1-x")["error"] == "invalid_refresh_token"


def test_two_who_race_both_get_a_pair_and_the_oldest_of_three_tokens_ends(office: Office) -> None:
    first = office.installed()
    left, right = office.refreshed(first), office.refreshed(first)
    assert office.works(left) is True
    assert office.works(right) is True
    assert office.works(first) == "token_revoked"
    assert office.refreshed(left)["ok"] is True
    assert office.refreshed(right)["ok"] is True


def test_the_answer_of_a_refresh_may_be_lost_and_the_old_token_brings_another(office: Office) -> None:
    first = office.installed()
    office.fake.fault(Fault(kind="truncated_after_commit", operation="oauth.v2.access"))
    with pytest.raises(msgspec.DecodeError):
        office.refreshed(first)
    office.now_s += 30
    assert office.works(first) is True, "a refresh does not end the token at once"
    assert office.refreshed(first)["ok"] is True


def test_an_old_token_is_exchanged_once_and_ends_with_the_first_refresh(office: Office) -> None:
    pair = office.ask("oauth.v2.exchange", **HOLDER, token="xoxb-sandbox")
    assert pair["ok"] is True
    assert office.ask("auth.test", "xoxb-sandbox")["ok"] is True
    assert office.ask("oauth.v2.exchange", **HOLDER, token="xoxb-sandbox")["error"] == "token_already_exchanged"
    assert office.ask("oauth.v2.exchange", **HOLDER, token=str(pair["access_token"]))["error"] == "invalid_token"
    assert office.refreshed(pair)["ok"] is True
    assert office.ask("auth.test", "xoxb-sandbox")["error"] == "token_revoked"


# ── scopes, and the ends of tokens ───────────────────────────────────────────────────────────────────


def test_a_token_may_do_what_its_scopes_say(office: Office) -> None:
    token = str(office.installed(scope="users:read")["access_token"])
    refused = office.ask("chat.postMessage", token, **POST)
    assert (refused["error"], refused["needed"], refused["provided"], refused["granted"]) == (
        "missing_scope",
        "chat:write",
        "users:read",
        "users:read",
    )
    assert office.fake.journal == []
    more = office.installed(scope="chat:write,channels:history")
    assert more["scope"] == "users:read,chat:write,channels:history", "scopes add up"
    assert office.ask("chat.postMessage", str(more["access_token"]), **POST)["ok"] is True
    token = str(more["access_token"])
    assert office.ask("conversations.history", token, channel="C0123456789")["ok"] is True
    assert office.ask("conversations.history", token, channel="D0123456789")["needed"] == "im:history"
    assert office.ask("users.lookupByEmail", token, email="ada@example.edu")["needed"] == "users:read.email"


def test_the_expired_token_of_a_fault_stays_expired(office: Office) -> None:
    told = office.installed()
    office.fake.fault(Fault(kind="token_expired", times=2))
    assert office.works(told) == "token_expired"
    assert office.ask("auth.test", "xoxb-sandbox")["error"] == "token_expired"
    assert office.works(told) == "token_expired"
    assert office.ask("auth.test", "xoxb-sandbox")["ok"] is True
    assert office.works(office.refreshed(told)) is True


def test_revoking_ends_one_token_and_uninstalling_all(office: Office) -> None:
    first = office.installed()
    second = office.refreshed(first)
    assert office.ask("auth.revoke", str(first["access_token"]), test="1")["revoked"] is False
    assert office.ask("auth.revoke", str(first["access_token"]))["revoked"] is True
    assert office.works(first) == "token_revoked"
    assert office.works(second) is True
    other = office.installed(team="T0ACME00001")
    assert office.ask("apps.uninstall", str(second["access_token"]))["error"] == "invalid_client_id"
    assert office.ask("apps.uninstall", str(second["access_token"]), **HOLDER)["ok"] is True
    assert office.works(second) == "account_inactive"
    assert office.refreshed(second)["error"] == "invalid_refresh_token"
    assert office.works(other) is True
    assert office.ask("auth.test", "xoxb-sandbox")["ok"] is True
    anew = office.installed(scope="users:read")
    assert anew["scope"] == "users:read", "what was granted before is gone"
