"""Signing in by OpenID Connect, over the gateway, at a provider that lies where it is told to."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey
from openid_double import BASE, CLIENT, ISSUER, KEY, OTHER_KEY, PUBLIC, fields_of, people, refused, signing_on

from config.model import Secret
from config.saml import Saml, SamlKey
from daemon.gateway.sso.oidc_token import half_hash


async def test_somebody_who_signs_in_has_a_session_of_their_own(tmp_path: Path) -> None:
    async with people(tmp_path) as here:
        browser = here.browser()
        page = await browser.get("/sso")
        assert (page.status_code, f'href="{BASE}/sso/oidc"' in page.text) == (200, True)
        asked = await browser.begin()
        assert asked["redirect_uri"] == f"{BASE}/sso/oidc/callback"
        assert asked["code_challenge_method"] == "S256"
        assert asked["scope"] == "openid email profile"
        answer = await browser.come_back(asked["state"])
        assert (answer.status_code, answer.headers["location"]) == (303, f"{BASE}/connect")
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-lmsyncd-acme=")
        for flag in ("HttpOnly", "Secure", "Path=/", "SameSite=lax"):
            assert flag in cookie
        assert "Domain" not in cookie
        assert (await browser.get("/connect")).status_code == 200
        [session] = await here.store.sessions.all()
        assert (session.who, session.email, session.roles) == (
            "oidc:ada (https://idp.example.edu)",
            "ada@example.edu",
            ("lms-admins", "staff"),
        )
        assert session.place == "192.0.2.7"
        assert cookie.split("=")[1].split(";")[0] not in repr(session)
        assert [each.who for each in here.desk.seen] == ["oidc:ada (https://idp.example.edu)"]
        assert here.audit.whats("acme") == ["intended session.begin", "concluded session.begin"]
        assert [name for name, _ in here.events] == ["session.began"]


async def test_the_way_that_was_asked_for_is_a_path_of_this_tenants_or_none(tmp_path: Path) -> None:
    async with people(tmp_path) as here:
        for way, leads_to in (
            ("/t/acme/connect/slack/disconnect", f"{BASE}/connect/slack/disconnect"),
            ("https://evil.example/", f"{BASE}/connect"),
            ("//evil.example/t/acme/", f"{BASE}/connect"),
            ("/t/acme//evil.example", f"{BASE}/connect"),
            ("/t/acme/..%2f..%2fevil", f"{BASE}/connect"),
            ("/t/globex/connect", f"{BASE}/connect"),
            ("/t/acme/\\evil.example", f"{BASE}/connect"),
            ("/t/acme/x?to=https://evil.example", f"{BASE}/connect"),
        ):
            browser = here.browser()
            begun = await browser.client.get(f"{BASE}/sso/oidc", params={"to": way})
            asked = fields_of(begun.headers["location"])
            here.provider.nonce, here.provider.challenge = asked["nonce"], asked["code_challenge"]
            assert (await browser.come_back(asked["state"])).headers["location"] == leads_to


def _aud_only() -> dict[str, Any]:
    return {"aud": [CLIENT, "another"]}


NOW_S = 1_800_000_000
LIES: list[tuple[str, dict[str, Any], str]] = [
    ("another issuer", {"iss": "https://idp.example.edu/"}, "issued by somebody else"),
    ("no issuer", {"iss": None}, "issued by somebody else"),
    ("another audience", {"aud": "another"}, "another client"),
    ("an audience that is no text", {"aud": {"lmsyncd": 1}}, "another client"),
    ("several audiences without azp", _aud_only(), "(azp)"),
    ("azp of another", {"azp": "another"}, "(azp)"),
    ("expired", {"exp": NOW_S - 61}, "not valid any more"),
    ("no end", {"exp": None}, "exp is missing"),
    ("an end in words", {"exp": "tomorrow"}, "exp is missing or no number"),
    ("an end that no clock reaches", {"exp": 10**400}, "exp is out of all bounds"),
    ("an end that is true", {"exp": True}, "exp is missing or no number"),
    ("not yet", {"nbf": NOW_S + 120}, "not valid yet"),
    ("issued in the future", {"iat": NOW_S + 120}, "not valid yet"),
    ("issued before it was asked for", {"iat": NOW_S - 120}, "not issued during this sign-on"),
    ("no time of issue", {"iat": None}, "iat is missing"),
    ("another nonce", {"nonce": "another"}, "nonce"),
    ("no nonce", {"nonce": None}, "nonce"),
    ("a nonce that is a list", {"nonce": ["x"]}, "nonce"),
    ("of another access token", {"at_hash": half_hash("another", "RS256")}, "at_hash"),
    ("no subject", {"sub": None}, "names nobody"),
    ("an empty subject", {"sub": ""}, "names nobody"),
    ("a subject that is too long", {"sub": "a" * 256}, "names nobody"),
    ("a subject with control characters", {"sub": "ada\n<b>"}, "names nobody"),
    ("a subject that is a number", {"sub": 4711}, "names nobody"),
]


@pytest.mark.parametrize(
    ("claims", "reason"), [(claims, reason) for _, claims, reason in LIES], ids=[x[0] for x in LIES]
)
async def test_an_id_token_that_is_not_as_it_must_be(tmp_path: Path, claims: dict[str, Any], reason: str) -> None:
    async with people(tmp_path) as here:
        here.provider.claims = claims
        await refused(here, reason)


async def test_what_may_be_in_an_id_token(tmp_path: Path) -> None:
    async with people(tmp_path) as here:
        for claims in (
            {"aud": [CLIENT]},
            {"aud": [CLIENT, "another"], "azp": CLIENT},
            {"at_hash": half_hash("at", "RS256")},
            {"nbf": NOW_S + 50, "exp": NOW_S - 50},  # clocks may be a minute apart
            {"sub": "a" * 255},
        ):
            here.provider.claims = claims
            assert (await here.browser().sign_in()).status_code == 303, claims


async def test_a_signature_that_does_not_count(tmp_path: Path) -> None:
    async with people(tmp_path) as here:
        provider = here.provider
        provider.key = OTHER_KEY
        await refused(here, "key that is not the provider's")
        provider.key = RSAKey.generate_key(2048, {"kid": "one"})
        await refused(here, "signature does not fit")
        provider.key = OctKey.import_key(str(KEY.as_dict(private=False)["n"]), {"kid": "one"})
        provider.header = {"alg": "HS256"}  # what everybody can read as a secret
        await refused(here, "not signed by an algorithm")
        provider.key, provider.header = KEY, {}
        unsigned = provider.id_token().split(".")
        head = json.dumps({"alg": "none"}).encode().hex()
        for token, reason in (
            ("e30." + unsigned[1] + ".", "no signed JWT"),
            (".".join(unsigned[:2]), "no signed JWT"),
            ("x" * 200_000, "gave no ID token"),
            (head, "no signed JWT"),
            (f"eyJhbGciOiJub25lIn0.{unsigned[1]}.{unsigned[2]}", "not signed by an algorithm"),
            (f"{unsigned[0]}.{unsigned[1]}.{unsigned[2][:-4]}AAAA", "signature does not fit"),
            (f"{unsigned[0]}.e30.{unsigned[2]}", "signature does not fit"),
        ):
            provider.answer = {"id_token": token}
            await refused(here, reason)
        provider.answer = {"id_token": None}
        await refused(here, "gave no ID token")
        provider.answer = {}
        provider.keys = [ECKey.generate_key("P-256", {"kid": "one"})]  # type: ignore[list-item]
        here.clock.time_us += 25 * 3_600_000_000
        await refused(here, "not of the kind")


async def test_what_the_browser_brings_back_must_fit(tmp_path: Path) -> None:
    async with people(tmp_path) as here:
        await refused(here, "names another issuer", iss="https://elsewhere.example")
        await refused(here, "names another issuer", iss="")
        await refused(here, "did not take the code: invalid_grant", code="bad")
        await refused(here, "nobody signed in: access_denied", code="", error="access_denied")
        await refused(here, "nobody signed in", code="", error="<script>alert(1)</script>")
        await refused(here, "exactly the parameters", code="")
        await refused(here, "exactly the parameters", code="x" * 5_000)
        browser = here.browser()
        state = (await browser.begin())["state"]
        twice = await browser.get(f"/sso/oidc/callback?state={state}&state={state}&code=good&iss={ISSUER}")
        assert twice.status_code == 403
        assert "exactly the parameters" in here.refusals()[-1]


async def test_a_state_is_good_once_in_one_browser_for_one_tenant_and_for_a_while(tmp_path: Path) -> None:
    async with people(tmp_path) as here:
        browser, thief = here.browser(), here.browser("198.51.100.9")
        state = (await browser.begin())["state"]
        for stranger in (thief, here.browser()):
            assert (await stranger.come_back(state)).status_code == 400
            assert "not one that was given to this browser" in here.refusals()[-1]
        await thief.begin()
        assert (await thief.come_back(state)).status_code == 400
        elsewhere = await browser.get(f"{PUBLIC}/t/globex/sso/oidc/callback?state={state}&code=good&iss={ISSUER}")
        assert elsewhere.status_code == 400
        for other in (state[:-1] + ("A" if state[-1] != "A" else "B"), state + "AAAA", "A" * 43, "x" * 600, "ü"):
            assert (await browser.come_back(other)).status_code in (400, 403)
        assert await here.store.sessions.all() == []
        asked = await browser.begin()
        assert (await browser.come_back(asked["state"])).status_code == 303
        assert (await browser.come_back(asked["state"])).status_code == 400
        assert "used before" in here.refusals()[-1]
        asked = await browser.begin()
        here.clock.time_us += 600_000_000
        assert (await browser.come_back(asked["state"])).status_code == 400


async def test_two_tabs_may_sign_in_side_by_side(tmp_path: Path) -> None:
    async with people(tmp_path) as here:
        browser = here.browser()
        first, second = await browser.begin(), await browser.begin()
        assert (await browser.come_back(second["state"])).status_code == 303
        here.provider.nonce, here.provider.challenge = first["nonce"], first["code_challenge"]
        assert (await browser.come_back(first["state"])).status_code == 303
        assert len(await here.store.sessions.all()) == 1


async def test_signing_in_begins_only_where_a_person_follows_a_link(tmp_path: Path) -> None:
    async with people(tmp_path) as here:
        answer = await here.browser().get("/sso/oidc", **{"Sec-Fetch-Mode": "no-cors"})
        assert answer.status_code == 400
        assert here.provider.asked == []


async def test_nobody_signs_in_where_nothing_can_be_written(tmp_path: Path) -> None:
    async with people(tmp_path) as here:
        browser = here.browser()
        state = (await browser.begin())["state"]
        here.audit.full = True
        answer = await browser.come_back(state)
        assert answer.status_code == 503
        assert "set-cookie" not in answer.headers
        assert await here.store.sessions.all() == []


async def test_no_page_is_at_a_tenant_whose_people_do_not_sign_in(tmp_path: Path) -> None:
    async with people(tmp_path) as here:
        here.tenants["bare"] = msgspec.structs.replace(signing_on("bare"), sso=None)
        for tenant in ("bare", "nobody"):
            for path in ("sso", "sso/oidc", "sso/oidc/callback", "connect", "connect/slack/callback"):
                answer = await here.browser().get(f"{PUBLIC}/t/{tenant}/{path}")
                assert answer.status_code == 404, path
                assert "There is nothing here" in answer.text


async def test_a_sign_on_that_cannot_be_used_gives_way_to_the_other(tmp_path: Path) -> None:
    async with people(tmp_path) as here:
        acme = signing_on()
        assert acme.sso is not None
        key = SamlKey(certificate=tmp_path / "none.pem", key=Secret(env="none"))
        saml = Saml(metadata_url="https://idp.example.edu/metadata", keys=(key,))
        both = msgspec.structs.replace(acme, sso=msgspec.structs.replace(acme.sso, saml=saml))
        assert both.sso is not None
        here.tenants["acme"] = both
        page = await here.browser().get("/sso")
        assert ("/sso/oidc" in page.text, "/sso/saml/" in page.text) == (True, False)
        assert here.world.troubles[-1][2]["method"] == "saml"
        only = msgspec.structs.replace(both.sso, methods=("saml",))
        here.tenants["acme"] = msgspec.structs.replace(both, sso=only)
        browser = here.browser()
        assert "/sso/saml/" in (await browser.get("/sso")).text  # there is no other: whoever follows it is told
        assert (await browser.get("/sso/oidc")).status_code == 404
        assert (await browser.get("/sso/oidc/callback")).status_code == 404


async def test_few_names_of_paths_are_traced(tmp_path: Path) -> None:
    async with people(tmp_path) as here:
        browser = here.browser()
        for path, name in (
            ("/connect", "/t/{tenant}/connect"),
            ("/connect/slack/callback", "/t/{tenant}/connect/{target}/callback"),
            ("/connect/teams/disconnect", "/t/{tenant}/connect/{target}/disconnect"),
            ("/sso/oidc/callback", "/t/{tenant}/sso/oidc/callback"),
            ("/connect/slack/else", "(none)"),
        ):
            await browser.get(path)
            assert here.world.spans[-1].said["template"] == name
