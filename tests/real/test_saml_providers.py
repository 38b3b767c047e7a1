"""Sign-on by SAML at identity providers that others have made: one of pysaml2, one of samlp (npm). Over real HTTP, with
a whole daemon, from the page that begins it to the session and its end.
"""

import html
import json
import re
import warnings
from base64 import b64decode, urlsafe_b64encode
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import trio
from saml_stage import LOGIN, LOGOUT, Begun, Browser, Keys, SamlStage, lacking, saml_stage
from saml_texts import IDP
from samlp_idp import samlp, samlp_script

pytestmark = [
    pytest.mark.real,
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(bool(lacking()), reason=f"not installed: {lacking()}; as root on Debian, .ci/run installs it"),
]
HERE = Path(__file__).parent
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
GCM, CBC = "http://www.w3.org/2009/xmlenc11#aes256-gcm", "http://www.w3.org/2001/04/xmlenc#aes128-cbc"


async def signed_on(stage: SamlStage, browser: Browser, message: str, relay: str) -> dict[str, Any]:
    """The audit's row of a sign-on that came true."""
    answer = await browser.client.post(f"{browser.at}/acs", data={"SAMLResponse": message, "RelayState": relay})
    assert answer.status_code == 303, answer.text + str(await stage.audit(browser.tenant))
    assert answer.headers["location"].endswith(f"/t/{browser.tenant}/connect")
    assert browser.is_in
    [row] = await stage.audit(browser.tenant, "--what", "session.begin")
    return row  # type: ignore[return-value]


# ── pysaml2 ──────────────────────────────────────────────────────────────────────────────────────────


def pysaml2(keys: Keys, ours: bytes) -> Any:
    """Its identity provider, which has read our metadata."""
    from saml2.config import IdPConfig
    from saml2.server import Server

    service = {
        "endpoints": {"single_sign_on_service": [(LOGIN, REDIRECT)], "single_logout_service": [(LOGOUT, REDIRECT)]},
        "want_authn_requests_signed": True,
        "policy": {"default": {"lifetime": {"minutes": 5}, "attribute_restrictions": None}},
    }
    settings = {
        "entityid": IDP,
        "xmlsec_binary": "/usr/bin/xmlsec1",
        "key_file": str(keys.key("idp")),
        "cert_file": str(keys.pem("idp")),
        "service": {"idp": service},
        "metadata": {"inline": [ours.decode()]},
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        idp = Server(config=IdPConfig().load(settings))
    modern(idp)
    return idp


def modern(idp: Any) -> None:
    """It encrypts by Triple DES and nothing else, unless it is made to."""
    from saml2 import entity
    from saml2.sigver import SecurityContext, pre_encryption_part

    entity.pre_encryption_part = partial(pre_encryption_part, msg_enc=GCM)
    encrypt = SecurityContext.encrypt_assertion
    idp.sec.encrypt_assertion = lambda statement, key, template, node_xpath=None: encrypt(
        idp.sec, statement, key, template, "aes-256", node_xpath
    )


def asked(idp: Any, url: str) -> Any:
    """Our request, as pysaml2 understands it; its signature is checked."""
    fields = dict(parse_qsl(urlsplit(url).query))
    return idp.parse_authn_request(
        fields["SAMLRequest"],
        REDIRECT,
        relay_state=fields["RelayState"],
        sigalg=fields["SigAlg"],
        signature=fields["Signature"],
    )


def answered(idp: Any, request: Any, **how: Any) -> str:
    from saml2.authn_context import PASSWORDPROTECTEDTRANSPORT
    from saml2.saml import NAMEID_FORMAT_PERSISTENT, NameID
    from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256

    told = idp.response_args(request.message)
    told.pop("name_id_policy", None)
    made = idp.create_authn_response(
        identity={"mail": ["ada@example.edu"], "displayName": "Ada Lovelace", "uid": "ada"},
        name_id=NameID(format=NAMEID_FORMAT_PERSISTENT, text="ada-7"),
        authn={"class_ref": PASSWORDPROTECTEDTRANSPORT, "authn_auth": IDP},
        sign_assertion=True,
        sign_alg=SIG_RSA_SHA256,
        digest_alg=DIGEST_SHA256,
        **{"destination": told.pop("destination"), **told, **how},
    )
    return str(made)


@pytest.mark.parametrize(
    "how",
    [{}, {"sign_response": True}, {"encrypt_assertion": True}, {"encrypt_assertion": True, "sign_response": True}],
    ids=["assertion", "both", "encrypted", "encrypted, both"],
)
async def test_a_provider_of_pysaml2_signs_people_on(tmp_path: Path, how: dict[str, Any]) -> None:
    async with saml_stage(tmp_path, {"acme": ""}) as stage, stage.browser("acme") as browser:
        ours = (await browser.client.get(f"{browser.at}/metadata")).content
        idp = await trio.to_thread.run_sync(pysaml2, stage.keys, ours)
        begun = await browser.begin()
        request = asked(idp, begun.url)
        assert request.message.id == begun.request_id
        text = await trio.to_thread.run_sync(partial(answered, idp, request, **how))
        assert ("EncryptedAssertion" in text) == ("encrypt_assertion" in how)
        row = await signed_on(stage, browser, b64_of(text), begun.relay)
        assert str(row["who"]).startswith("saml:ada-7 (")
        assert row["arguments"]["person"] == "mbox:ada@example.edu"


def b64_of(text: str) -> str:
    from saml_texts import posted

    return posted(text)


async def test_a_session_that_ends_at_the_provider_ends_here(tmp_path: Path) -> None:
    from saml2.saml import NameID

    async with saml_stage(tmp_path, {"acme": ""}) as stage, stage.browser("acme") as browser:
        ours = (await browser.client.get(f"{browser.at}/metadata")).content
        idp = await trio.to_thread.run_sync(pysaml2, stage.keys, ours)
        begun = await browser.begin()
        text = await trio.to_thread.run_sync(partial(answered, idp, asked(idp, begun.url)))
        await signed_on(stage, browser, b64_of(text), begun.relay)
        request_id, request = idp.create_logout_request(
            f"{browser.at}/logout", f"{browser.at}/metadata", name_id=NameID(text="ada-7"), sign=False
        )
        from saml2.xmldsig import SIG_RSA_SHA256

        sent = idp.apply_binding(
            REDIRECT, str(request), f"{browser.at}/logout", relay_state="r&1", sign=True, sigalg=SIG_RSA_SHA256
        )
        async with stage.browser("acme") as elsewhere:  # another browser brings the word, or none of theirs
            answer = await elsewhere.client.get(dict(sent["headers"])["Location"])
        assert answer.status_code == 303, answer.text
        fields = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
        said = idp.parse_logout_request_response(fields["SAMLResponse"], REDIRECT)
        assert (said.response.in_response_to, fields["RelayState"]) == (request_id, "r&1")
        [row] = await stage.audit("acme", "--what", "session.end")
        assert row["arguments"]["why"] == "it ended at the identity provider"  # type: ignore[index]
        page = await browser.client.get(f"{stage.base}/t/acme/connect")
        assert page.status_code == 303, "the session is over, so people sign in first"


async def test_signing_out_here_leads_on_to_the_provider(tmp_path: Path) -> None:
    async with saml_stage(tmp_path, {"acme": ""}) as stage, stage.browser("acme") as browser:
        ours = (await browser.client.get(f"{browser.at}/metadata")).content
        idp = await trio.to_thread.run_sync(pysaml2, stage.keys, ours)
        begun = await browser.begin()
        text = await trio.to_thread.run_sync(partial(answered, idp, asked(idp, begun.url)))
        await signed_on(stage, browser, b64_of(text), begun.relay)
        page = await browser.client.get(f"{stage.base}/t/acme/connect")
        token = re.search(r'name="csrf" value="([^"]+)"', page.text) or re.search(r'value="([\w-]{43})"', page.text)
        assert token, page.text
        field = re.search(rf'name="(\w+)" value="{re.escape(token[1])}"', page.text)
        assert field
        gone = await browser.client.post(
            f"{stage.base}/t/acme/sso/sign-out", data={field[1]: token[1]}, headers={"Origin": stage.base}
        )
        url = html.unescape(gone.headers["refresh"].partition("url=")[2])
        fields = dict(parse_qsl(urlsplit(url).query))
        heard = idp.parse_logout_request(
            fields["SAMLRequest"],
            REDIRECT,
            relay_state=fields.get("RelayState"),
            sigalg=fields["SigAlg"],
            signature=fields["Signature"],
        )
        assert heard.message.name_id.text == "ada-7"
        assert not browser.is_in


# ── samlp ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return samlp_script(tmp_path_factory.mktemp("saml_idp"))


async def page_of(browser: Browser, begun: Begun, port: int, **wish: Any) -> tuple[str, str]:
    """What the provider's form would post: the message and the RelayState."""
    told = urlsafe_b64encode(json.dumps({"acs": f"{browser.at}/acs", **wish}).encode()).rstrip(b"=").decode()
    url = f"http://127.0.0.1:{port}/login/{told}?{urlsplit(begun.url).query}"
    page = await browser.client.get(url)
    assert page.status_code == 200, page.text
    fields = {name: html.unescape(value) for name, value in re.findall(r'name="(\w+)"\s+value="([^"]*)"', page.text)}
    return fields["SAMLResponse"], fields["RelayState"]


@pytest.mark.parametrize(
    "wish", [{}, {"both": True}, {"cipher": GCM}, {"cipher": CBC, "both": True}], ids=["plain", "both", "gcm", "cbc"]
)
async def test_a_provider_of_samlp_signs_people_on(tmp_path: Path, packages: Path, wish: dict[str, Any]) -> None:
    async with (
        saml_stage(tmp_path, {"acme": ""}) as stage,
        samlp(packages, stage.keys) as port,
        stage.browser("acme") as browser,
    ):
        begun = await browser.begin()
        message, relay = await page_of(browser, begun, port, **wish)
        assert (b"EncryptedAssertion" in b64decode(message)) == ("cipher" in wish)
        row = await signed_on(stage, browser, message, relay)
        assert str(row["who"]).startswith("saml:ada-7 (")
        assert row["arguments"]["person"] == "mbox:ada@example.edu"


async def test_what_samlp_does_not_sign_well_enough_is_refused(tmp_path: Path, packages: Path) -> None:
    wishes: dict[str, dict[str, Any]] = {
        "old": {"signature": "rsa-sha1", "digest": "sha1"},
        "digest": {"digest": "sha1"},
        "bare": {"bare": True},
    }
    async with saml_stage(tmp_path, dict.fromkeys(wishes, "")) as stage, samlp(packages, stage.keys) as port:
        for name, wish in wishes.items():
            async with stage.browser(name) as browser:
                message, relay = await page_of(browser, await browser.begin(), port, **wish)
                answer = await browser.client.post(
                    f"{browser.at}/acs", data={"SAMLResponse": message, "RelayState": relay}
                )
                assert answer.status_code == 403
        rows = {str(row["tenant"]): str(row["detail"]) for row in await stage.audit("--what", "session.refused")}
        assert rows == {
            "old": "a signature is made by an algorithm that is not accepted: rsa-sha1",
            "digest": "a signature is made by an algorithm that is not accepted: sha1",
            "bare": "the assertion is not signed: the response is",
        }


async def test_samlp_takes_no_request_that_was_changed(tmp_path: Path, packages: Path) -> None:
    async with (
        saml_stage(tmp_path, {"acme": ""}) as stage,
        samlp(packages, stage.keys) as port,
        stage.browser("acme") as browser,
    ):
        begun = await browser.begin()
        changed = Begun(begun.url.replace("RelayState=", "RelayState=x"), begun.request_id, begun.relay)
        told = urlsafe_b64encode(json.dumps({"acs": f"{browser.at}/acs"}).encode()).rstrip(b"=").decode()
        answer = await browser.client.get(f"http://127.0.0.1:{port}/login/{told}?{urlsplit(changed.url).query}")
        assert answer.status_code == 500
        assert "signature" in answer.text.lower()
