"""The fake Entra: pages of consent, codes, refreshes, certificates, challenges, and consents that go."""

import base64

import msgspec
import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from teams_directory import BACK, CP1, GRAPH, PAIR, Directory, desk, number
from teams_stage import DIRECTORY, NOW_S, code, fields

from actors.ports.adjusting import Unclear

__all__ = ["desk"]

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


def test_entra_signs_with_another_key_when_told_to(desk: Directory) -> None:
    before = desk.keys()
    desk.adjust(signing_key="another")
    told = desk.connected()
    with pytest.raises(JoseError):
        jwt.decode(str(told["id_token"]), before, algorithms=["RS256"])
    assert jwt.decode(str(told["id_token"]), desk.keys(), algorithms=["RS256"]).claims["aud"] == "sandbox"


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
