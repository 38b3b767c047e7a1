"""An OpenID provider that changes its keys, cannot be used, is away, or wants other proofs of who we are."""

import base64
from pathlib import Path
from typing import Any

import msgspec
import pytest
from joserfc.jwk import RSAKey
from openid_double import CLIENT, ISSUER, OTHER_KEY, fields_of, people, refused, signing_on

from actors.domain.flow import Lost, NotSent, Response
from config.model import Secret


async def test_keys_that_changed_are_read_anew_but_not_for_everybody_who_names_one(tmp_path: Path) -> None:
    async with people(tmp_path) as here:
        provider = here.provider
        assert (await here.browser().sign_in()).status_code == 303
        provider.keys, provider.key = [OTHER_KEY], OTHER_KEY
        assert (await here.browser().sign_in()).status_code == 303
        assert provider.operations().count("keys") == 2
        provider.key = RSAKey.generate_key(2048, {"kid": "three"})
        for _ in range(5):
            assert (await here.browser().sign_in()).status_code == 403
        assert provider.operations().count("keys") == 2
        here.clock.time_us += 31_000_000
        provider.keys = [provider.key]
        assert (await here.browser().sign_in()).status_code == 303
        assert provider.operations().count("discovery") == 1


DISCOVERIES: list[tuple[dict[str, Any], str]] = [
    ({"issuer": "https://evil.example"}, "another issuer's"),
    ({"issuer": None}, "another issuer's"),
    ({"authorization_endpoint": "http://idp.example.edu/authorize"}, "not https"),
    ({"token_endpoint": None}, "there is none"),
    ({"token_endpoint": "file:///etc/passwd"}, "token_endpoint"),
    ({"token_endpoint": ["x"]}, "there is none"),
    ({"jwks_uri": "http://127.0.0.1/keys"}, "not https"),
    ({"jwks_uri": "https://ada:secret@idp.example.edu/"}, "user name"),
    ({"code_challenge_methods_supported": ["plain"]}, "PKCE"),
    ({"response_types_supported": ["id_token"]}, "codes"),
    ({"id_token_signing_alg_values_supported": ["HS256", "none"]}, "algorithms"),
    ({"token_endpoint_auth_methods_supported": ["tls_client_auth"]}, "client_secret_basic"),
]


@pytest.mark.parametrize(("document", "trouble"), DISCOVERIES)
async def test_a_provider_that_cannot_be_used(tmp_path: Path, document: dict[str, Any], trouble: str) -> None:
    async with people(tmp_path) as here:
        here.provider.document = document
        answer = await here.browser().get("/sso/oidc")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
        [(name, _, said)] = here.world.troubles
        assert name == "sso.unusable"
        assert trouble in str(said["detail"])
        assert trouble not in answer.text


async def test_a_provider_that_is_away_is_not_knocked_at_by_strangers(tmp_path: Path) -> None:
    async with people(tmp_path) as here:
        for outcome in (
            NotSent("no connection"),
            Lost("no answer"),
            Response(status=500),
            Response(status=200, body=b"<html>"),
        ):
            here.provider.raw["discovery"] = outcome
            here.clock.time_us += 60_000_000
            for _ in range(3):
                assert (await here.browser().get("/sso/oidc")).status_code == 503
        assert here.provider.operations() == ["discovery"] * 4
        here.provider.raw.clear()
        here.clock.time_us += 60_000_000
        assert (await here.browser().sign_in()).status_code == 303
        here.provider.raw["discovery"] = NotSent("no connection")
        here.clock.time_us += 2 * 3_600_000_000
        assert (await here.browser().sign_in()).status_code == 303  # what was known of it lasts a day
        for outcome in (NotSent("away"), Lost("lost"), Response(status=503), Response(status=429)):
            here.provider.raw["token"] = outcome
            browser = here.browser()
            assert (await browser.come_back((await browser.begin())["state"])).status_code == 503
        here.provider.raw["token"] = Response(status=401, body=b'{"error":"invalid_client"}')
        assert (await here.browser().sign_in()).status_code == 503
        assert "invalid_client" in str(here.world.troubles[-1][2]["detail"])


async def test_userinfo_is_taken_of_the_same_person_only(tmp_path: Path) -> None:
    async with people(tmp_path) as here:
        here.tenants["acme"] = signing_on(userinfo=True)
        here.provider.claims = {"groups": None}
        here.provider.userinfo = {"sub": "ada", "groups": ["lms-admins"], "iss": "https://evil.example", "nonce": "x"}
        assert (await here.browser().sign_in()).status_code == 303
        [session] = await here.store.sessions.all()
        assert session.roles == ("lms-admins",)
        assert session.issuer == ISSUER
        await here.store.sessions.end([session.id])
        asked = here.provider.asked[-1]
        assert asked.headers["authorization"] == "Bearer at"
        assert "at" not in repr(asked.headers["authorization"])
        here.provider.userinfo = {"sub": "eve", "groups": ["lms-admins"]}
        await refused(here, "userinfo")
        here.provider.raw["userinfo"] = Response(status=200, body=b"eyJ.signed.jwt")
        await refused(here, "userinfo")


async def test_a_key_signs_that_it_is_us(tmp_path: Path) -> None:
    async with people(tmp_path) as here:
        pem = RSAKey.generate_key(2048).as_pem(private=True).decode()
        here.tenants["acme"] = signing_on(
            client_secret=None, client_key=Secret(env=pem[::-1]), client_key_id="ours", client_key_algorithm="PS256"
        )
        assert (await here.browser().sign_in()).status_code == 303
        body = fields_of(f"https://x/?{here.provider.asked[1].body.decode()}")
        assert body["client_id"] == CLIENT
        assert "client_secret" not in body
        head, claims, _ = (_decoded(part) for part in body["client_assertion"].split("."))
        assert head == {"alg": "PS256", "typ": "JWT", "kid": "ours"}
        assert (claims["iss"], claims["sub"], claims["aud"]) == (CLIENT, CLIENT, ISSUER)


def _decoded(part: str) -> Any:
    raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    try:
        return msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return raw
