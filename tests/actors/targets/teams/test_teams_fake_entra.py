"""The fake Entra: pages of consent, codes, refreshes, certificates, challenges, and consents that go."""

import base64
import hashlib
from urllib.parse import parse_qs, urlencode

import msgspec
import pytest
from certificates import Certificate, certificate
from joserfc import jwt
from joserfc.jwk import KeySet
from teams_stage import DIRECTORY, NOW_S, Talk, code, fields

from actors.domain.flow import Request, Response
from actors.ports.adjusting import Unclear

BACK = "https://lms.example.edu/t/acme/connect/teams/callback"
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
GRAPH = "https://graph.microsoft.com/"
ASKED = {
    "client_id": "sandbox",
    "response_type": "code",
    "redirect_uri": BACK,
    "scope": "openid offline_access ChannelMessage.Send User.Read",
    "state": "s",
    "nonce": "n",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}
PAIR = {"client_id": "sandbox", "client_secret": "sandbox"}
CP1 = {"access_token": {"xms_cc": {"values": ["cp1"]}}}


class Directory(Talk):
    """A fake, and a browser before its pages."""

    def page(self, method: str = "POST", what: str = "oauth2/v2.0/authorize", **given: str) -> Response:
        text = urlencode({name: value for name, value in (ASKED | given).items() if value})
        url = f"/entra/{DIRECTORY}/{what}"
        if method == "GET":
            return self.fake.handle(Request(method="GET", url=f"{url}?{text}", operation=""), self.now_s).response
        headers = {"content-type": "application/x-www-form-urlencoded"}
        request = Request(method="POST", url=url, operation="", headers=headers, body=text.encode())
        return self.fake.handle(request, self.now_s).response

    def back(self, **given: str) -> dict[str, str]:
        """What the browser brings back."""
        page = self.page(**({"decision": "allow"} | given))
        assert page.status == 302, page.body
        address, _, query = page.headers["location"].partition("?")
        assert address == BACK
        return {name: values[0] for name, values in parse_qs(query).items()}

    def redeem(self, text: str, **given: str) -> Response:
        form = {"grant_type": "authorization_code", "code": text, "redirect_uri": BACK, "code_verifier": VERIFIER}
        return self.sign_in(**{name: value for name, value in (PAIR | form | given).items() if value})

    def connected(self, claims: object = None, **given: str) -> dict[str, object]:
        asked = {} if claims is None else {"claims": msgspec.json.encode(claims).decode()}
        return fields(self.redeem(self.back(**given)["code"], **asked))

    def refresh(self, told: dict[str, object], **given: str) -> Response:
        return self.sign_in(grant_type="refresh_token", refresh_token=str(told["refresh_token"]), **(PAIR | given))

    def adjust(self, **terms: object) -> None:
        self.fake.adjust(msgspec.json.encode(terms), self.now_s)

    def happen(self, **what: object) -> None:
        self.fake.happen(msgspec.json.encode(what), self.now_s)

    def me(self, told: dict[str, object]) -> Response:
        return self.call("GET", "me", str(told["access_token"]))

    def keys(self) -> KeySet:
        url = f"/entra/{DIRECTORY}/discovery/v2.0/keys"
        response = self.fake.handle(Request(method="GET", url=url, operation=""), self.now_s).response
        return KeySet.import_key_set(msgspec.json.decode(response.body))


@pytest.fixture
def desk() -> Directory:
    return Directory()


def number(response: Response) -> object:
    [only] = fields(response)["error_codes"]  # type: ignore[misc]
    return only


# ── pages ────────────────────────────────────────────────────────────────────────────────────────────


def test_the_page_shows_what_is_wanted_and_goes_back_with_code_and_state(desk: Directory) -> None:
    page = desk.page("GET", login_hint="ada@example.edu")
    assert page.status == 200
    assert "<code>ChannelMessage.Send</code>" in page.body.decode()
    assert 'value="ada@example.edu"' in page.body.decode()
    back = desk.back()
    assert back["state"] == "s"
    assert set(back) == {"code", "state"}
    denied = desk.back(decision="deny")
    assert (denied["error"], denied["state"]) == ("access_denied", "s")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"client_id": "other"}, "AADSTS700016"),
        ({"redirect_uri": ""}, "AADSTS50011"),
        ({"redirect_uri": f"{BACK}#x"}, "AADSTS50011"),
        ({"user": "nobody@example.edu"}, "AADSTS50034"),
    ],
)
def test_nobody_is_sent_back_from_a_bad_request(desk: Directory, given: dict[str, str], said: str) -> None:
    page = desk.page(decision="allow", **given)
    assert page.status == 400
    assert said in page.body.decode()


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"response_type": "token"}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": ""}, "invalid_request"),
        ({"scope": "offline_access"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
    ],
)
def test_a_mistake_goes_back_to_who_made_it(desk: Directory, given: dict[str, str], error: str) -> None:
    back = desk.back(**given)
    assert (back["error"], back["state"]) == (error, "s")


def test_registered_addresses_are_exact(desk: Directory) -> None:
    desk.adjust(redirect_urls=[BACK])
    assert desk.page("GET").status == 200
    assert desk.page("GET", redirect_uri=f"{BACK}/more").status == 400


def test_an_administrator_consents_and_the_app_may_act(desk: Directory) -> None:
    desk.adjust(require_consent=True)
    form = {"grant_type": "client_credentials", "scope": f"{GRAPH}.default", **PAIR}
    before = str(fields(desk.sign_in(**form))["access_token"])
    assert desk.call("GET", "users/ada@example.edu", before).status == 403
    assert desk.page("GET", "adminconsent").status == 200
    assert desk.back(what="adminconsent", decision="deny")["error"] == "permission_denied"
    back = desk.back(what="v2.0/adminconsent")
    assert (back["tenant"], back["admin_consent"], back["state"]) == (DIRECTORY, "True", "s")
    after = str(fields(desk.sign_in(**form))["access_token"])
    assert desk.call("GET", "users/ada@example.edu", after).status == 200
    desk.happen(do="remove_app", directory=DIRECTORY)
    assert number(desk.sign_in(**form)) == 7000112


# ── codes ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_code_brings_tokens_that_speak_for_who_signed_in(desk: Directory) -> None:
    told = desk.connected(user="ada@example.edu")
    assert told["token_type"] == "Bearer"
    assert told["expires_in"] == 3599
    assert told["scope"] == f"openid {GRAPH}ChannelMessage.Send {GRAPH}User.Read"
    assert fields(desk.me(told))["mail"] == "ada@example.edu"
    claims = jwt.decode(str(told["id_token"]), desk.keys(), algorithms=["RS256"]).claims
    assert (claims["aud"], claims["nonce"], claims["tid"]) == ("sandbox", "n", DIRECTORY)
    assert claims["preferred_username"] == "ada@example.edu"
    assert claims["exp"] - claims["iat"] == 3599


def test_without_offline_access_and_openid_there_is_an_access_token_only(desk: Directory) -> None:
    told = desk.connected(scope="User.Read")
    assert not {"refresh_token", "id_token"} & set(told)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"redirect_uri": f"{BACK}/"}, ("invalid_grant", 500112)),
        ({"code_verifier": ""}, ("invalid_grant", 501481)),
        ({"code_verifier": "w" * 64}, ("invalid_grant", 501481)),
        ({"client_secret": "x"}, ("invalid_client", 7000215)),
        ({"client_secret": ""}, ("invalid_client", 7000218)),
        ({"code": "x"}, ("invalid_grant", 70008)),
        ({"directory": "0e000000-0000-4000-8000-000000000001"}, ("invalid_grant", 700005)),
    ],
)
def test_a_code_serves_who_asked_for_it(desk: Directory, given: dict[str, str], expected: tuple[str, int]) -> None:
    text = desk.back()["code"]
    refused = desk.redeem(text, **given)
    assert (fields(refused)["error"], number(refused)) == expected
    assert desk.redeem(text).status == 200
    assert number(desk.redeem(text)) == 54005


def test_a_code_ends(desk: Directory) -> None:
    text = desk.back()["code"]
    desk.now_s += 600
    assert number(desk.redeem(text)) == 70008


# ── refreshes ────────────────────────────────────────────────────────────────────────────────────────


def test_a_refresh_brings_another_and_the_old_one_serves_on(desk: Directory) -> None:
    first = desk.connected(user="ada@example.edu")
    desk.now_s += 3599
    assert desk.me(first).status == 401
    second = fields(desk.refresh(first))
    assert second["refresh_token"] != first["refresh_token"]
    assert desk.me(second).status == 200
    assert desk.refresh(first).status == 200
    desk.now_s += 7_776_000
    refused = desk.refresh(first)
    assert (fields(refused)["error"], number(refused)) == ("invalid_grant", 700082)


def test_a_refresh_token_is_of_one_directory(desk: Directory) -> None:
    told = desk.connected()
    other = desk.refresh(told, directory="0e000000-0000-4000-8000-000000000001")
    assert (fields(other)["error"], number(other)) == ("invalid_grant", 700005)


def test_tokens_may_live_shorter_and_end_at_once(desk: Directory) -> None:
    desk.adjust(token_life_s=60)
    told = desk.connected()
    assert told["expires_in"] == 60
    desk.happen(do="expire_tokens")
    assert desk.me(told).status == 401
    desk.happen(do="expire_tokens", refresh=True)
    assert number(desk.refresh(told)) == 700082


def test_a_consent_that_is_withdrawn_bears_nothing(desk: Directory) -> None:
    ada, ben = desk.connected(user="ada@example.edu"), desk.connected(user="ben@example.edu")
    desk.happen(do="withdraw_consent", person="ada@example.edu")
    assert number(desk.refresh(ada)) == 65001
    assert desk.me(ada).status == 403
    assert desk.me(ben).status == 200
    assert desk.me(desk.connected(user="ada@example.edu")).status == 200, "consented anew"
    assert desk.call("GET", "me").status == 200, "sandbox-user is nobody's consent"


def test_a_token_may_do_what_was_asked_for(desk: Directory) -> None:
    told = desk.connected(scope="User.Read")
    path = f"teams/{DIRECTORY}/channels/19:c@thread.tacv2/messages"
    refused = desk.call("POST", path, str(told["access_token"]), body={"content": "x"})
    assert refused.status == 403
    assert "ChannelMessage.Send" in refused.body.decode()
    allowed = desk.connected(scope=f"{GRAPH}ChannelMessage.Send")
    assert desk.call("POST", path, str(allowed["access_token"]), body={"content": "x"}).status == 201


# ── challenges ───────────────────────────────────────────────────────────────────────────────────────


def test_who_answers_challenges_is_challenged_until_it_does(desk: Directory) -> None:
    able, plain = desk.connected(CP1), desk.connected()
    desk.happen(do="challenge")
    assert desk.me(plain).status == 200
    challenged = desk.me(able)
    assert challenged.status == 401
    given = challenged.headers["www-authenticate"].partition('claims="')[2].partition('"')[0]
    demanded = msgspec.json.decode(base64.b64decode(given))
    assert demanded["access_token"]["nbf"]["value"] == str(int(NOW_S))
    desk.now_s += 5
    ignored = fields(desk.refresh(able, claims=msgspec.json.encode(CP1).decode()))
    assert desk.me(ignored).status == 401, "a new token that proves nothing is challenged, too"
    claims = {"access_token": {**CP1["access_token"], **demanded["access_token"]}}
    proved = fields(desk.refresh(able, claims=msgspec.json.encode(claims).decode()))
    assert desk.me(proved).status == 200
    desk.now_s += 5
    assert desk.me(desk.connected(CP1)).status == 200, "whoever signed in since is not challenged"


def test_a_new_password_ends_refreshes_and_challenges(desk: Directory) -> None:
    told = desk.connected(CP1)
    desk.happen(do="revoke_sessions", person="poster@example.edu")
    assert number(desk.refresh(told)) == 50173
    assert desk.me(told).status == 401


# ── certificates ─────────────────────────────────────────────────────────────────────────────────────


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


@pytest.mark.parametrize("terms", [b"[]", b'{"x": 1}', b'{"token_life_s": "long"}', b'{"certificates": ["x"]}'])
def test_terms_that_there_are_not_change_nothing(desk: Directory, terms: bytes) -> None:
    with pytest.raises(Unclear):
        desk.fake.adjust(terms, NOW_S)
    assert desk.connected()["expires_in"] == 3599


def test_what_cannot_happen_is_told(desk: Directory) -> None:
    for what in (b"{}", b'{"do": "x"}', b'{"do": "withdraw_consent", "person": "nobody@example.edu"}', b"x"):
        with pytest.raises(Unclear):
            desk.fake.happen(what, NOW_S)


def test_an_app_may_do_what_it_was_permitted(desk: Directory) -> None:
    desk.adjust(app_permissions=["TeamsActivity.Send"])
    form = {"grant_type": "client_credentials", "scope": f"{GRAPH}.default", **PAIR}
    token = str(fields(desk.sign_in(**form))["access_token"])
    refused = desk.call("GET", "users/ada@example.edu", token)
    assert (refused.status, code(refused)) == (403, "Forbidden")
    assert "User.ReadBasic.All" in refused.body.decode()
