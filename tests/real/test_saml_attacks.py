"""The attacks on sign-on by SAML, with real signatures, over real HTTP, against a whole daemon: each is refused, for a
reason of its own that stands in the audit, and whoever tries is told the same as all others.
"""

from base64 import b64encode
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlencode

import httpx
import msgspec
import pytest
import trio
from saml_forgeries import (
    EVIL,
    Hand,
    broken_outside,
    hmac,
    key_value,
    own_key,
    sealed,
    with_template,
    xsw1,
    xsw2,
    xsw3,
    xsw4,
    xsw5,
    xsw6,
    xsw7,
    xsw8,
)
from saml_stage import Begun, Browser, SamlStage, lacking, saml_stage, signed
from saml_texts import C14N, DS, ENVELOPED, RSA_SHA256, S, posted

from daemon.gateway.sso.saml_refusals import Reason

pytestmark = pytest.mark.real

XENC = "http://www.w3.org/2001/04/xmlenc#"
Make = Callable[[Hand], str]


ATTACKS: dict[str, tuple[Make, Reason]] = {
    "unsigned": (lambda hand: hand.response(hand.assertion(signed="")), Reason.UNSIGNED),
    "only the response is signed": (lambda hand: hand.whole(), Reason.UNSIGNED),
    "another person after signing": (lambda hand: hand.genuine().replace(">ada<", f">{EVIL}<"), Reason.SIGNATURE),
    "another attribute after signing": (
        lambda hand: hand.genuine().replace("ada@example.edu", "eve@example.edu"),
        Reason.SIGNATURE,
    ),
    "the response's signature is broken": (broken_outside, Reason.SIGNATURE),
    "a signature of another assertion": (
        lambda hand: hand.response(hand.assertion(id="_other", signed=hand.parts()[2])),
        Reason.REFERENCE,
    ),
    "xsw 1": (xsw1, Reason.PLACE),
    "xsw 2": (xsw2, Reason.PLACE),
    "xsw 3": (xsw3, Reason.NOT_ONE),
    "xsw 4": (xsw4, Reason.PLACE),
    "xsw 5": (xsw5, Reason.NOT_ONE),
    "xsw 6": (xsw6, Reason.PLACE),
    "xsw 7": (xsw7, Reason.DOUBLE_ID),
    "xsw 8": (xsw8, Reason.PLACE),
    "one id twice": (
        lambda hand: (text := hand.parts())[0].replace(text[1], f'<x ID="_assertion1"/>{text[1]}'),
        Reason.DOUBLE_ID,
    ),
    "a key that nobody knows": (lambda hand: hand.genuine("evil"), Reason.SIGNATURE),
    "a key that comes along": (own_key, Reason.SIGNATURE),
    "a bare key that comes along": (key_value, Reason.SIGNATURE),
    "hmac with the certificate": (hmac, Reason.ALGORITHM),
    "sha-1": (lambda hand: with_template(hand, method=f"{DS}rsa-sha1"), Reason.ALGORITHM),
    "sha-1 digest": (lambda hand: with_template(hand, digest=f"{DS}sha1"), Reason.ALGORITHM),
    "comments signed": (
        lambda hand: with_template(hand, transforms=(ENVELOPED, f"{C14N}WithComments")),
        Reason.TRANSFORM,
    ),
    "inclusive canonical form": (
        lambda hand: with_template(hand, canonical="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
        Reason.TRANSFORM,
    ),
    "a comment in the name": (
        lambda hand: hand.genuine().replace(">ada<", ">a<!-- -->da<"),
        Reason.COMMENT,
    ),
    "an instruction in the name": (lambda hand: hand.genuine().replace(">ada<", ">a<?x?>da<"), Reason.INSTRUCTION),
    "doctype": (lambda hand: "<!DOCTYPE x>" + hand.genuine(), Reason.DOCTYPE),
    "entity bomb": (
        lambda hand: '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>' + hand.genuine(),
        Reason.DOCTYPE,
    ),
    "external entity": (
        lambda hand: (
            '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + hand.genuine().replace("ada@example.edu", "&a;")
        ),
        Reason.DOCTYPE,
    ),
    "utf-7": (
        lambda hand: '<?xml version="1.0" encoding="UTF-7"?>' + hand.genuine(),
        Reason.ENCODING,
    ),
    "expired": (lambda hand: hand.genuine(from_s=-900, until_s=-120), Reason.EXPIRED),
    "not yet": (lambda hand: hand.genuine(from_s=120), Reason.NOT_YET),
    "another audience": (lambda hand: hand.genuine(audience="https://other.example"), Reason.AUDIENCE),
    "another recipient": (lambda hand: hand.genuine(recipient="https://other.example"), Reason.RECIPIENT),
    "another destination": (
        lambda hand: signed(hand.response(destination="https://other.example"), hand.keys.key("idp"), "_assertion1"),
        Reason.DESTINATION,
    ),
    "another issuer": (lambda hand: hand.genuine(issuer="https://evil.example"), Reason.ISSUER),
    "an answer to something else": (lambda hand: hand.genuine(answers="_other"), Reason.NOT_ASKED),
    "an answer around something else": (
        lambda hand: signed(hand.response(answers="_other"), hand.keys.key("idp"), "_assertion1"),
        Reason.NOT_ASKED,
    ),
    "nobody signed in": (
        lambda hand: signed(
            hand.response(status="urn:oasis:names:tc:SAML:2.0:status:Responder"), hand.keys.key("idp"), "_assertion1"
        ),
        Reason.STATUS,
    ),
    "no address": (lambda hand: hand.genuine(attributes={"email": ["nonsense"]}), Reason.CLAIMS),
    "a name for once only": (
        lambda hand: hand.genuine(name_format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient"),
        Reason.TRANSIENT,
    ),
    "encrypted for another": (lambda hand: sealed(hand, hand.genuine(), "evil"), Reason.UNREADABLE),
    "encrypted, and signed by nobody": (
        lambda hand: sealed(hand, hand.response(hand.assertion(signed=""))),
        Reason.UNSIGNED,
    ),
    "encrypted, and signed by another": (lambda hand: sealed(hand, hand.genuine("evil")), Reason.SIGNATURE),
    "encrypted with an old padding": (
        lambda hand: sealed(hand, hand.genuine(), wrapper=f"{XENC}rsa-1_5"),
        Reason.CIPHER,
    ),
    "encrypted by an old cipher": (
        lambda hand: sealed(hand, hand.genuine(), cipher=f"{XENC}tripledes-cbc", key="des-192"),
        Reason.CIPHER,
    ),
    "oversized": (lambda hand: hand.genuine(extra=f"<!--{'x' * 300_000}-->"), Reason.TOO_LARGE),
    "too deep": (lambda hand: hand.response("<x>" * 60 + "</x>" * 60), Reason.TOO_MUCH),
    "truncated": (lambda hand: hand.genuine()[:-40], Reason.XML),
    "an assertion alone": (lambda hand: hand.parts()[1], Reason.NO_RESPONSE),
}

Way = Callable[[SamlStage, Browser, Begun, Hand], Awaitable[httpx.Response]]


async def form(browser: Browser, body: bytes, kind: str = "application/x-www-form-urlencoded") -> httpx.Response:
    return await browser.client.post(f"{browser.at}/acs", content=body, headers={"content-type": kind})


async def other_browser(stage: SamlStage, browser: Browser, begun: Begun, hand: Hand) -> httpx.Response:
    """What was meant for one browser is posted by another (login CSRF)."""
    async with stage.browser(browser.tenant) as other:
        return await other.send(hand.genuine(), begun.relay)


async def browser_with_its_own(stage: SamlStage, browser: Browser, begun: Begun, hand: Hand) -> httpx.Response:
    async with stage.browser(browser.tenant) as other:
        own = await other.begin()
        return await other.send(hand.genuine(), own.relay)


async def replayed(stage: SamlStage, browser: Browser, begun: Begun, hand: Hand) -> httpx.Response:
    text = hand.genuine()
    assert (await browser.send(text, begun.relay)).status_code == 303
    browser.client.cookies.delete(f"lmsyncd-{browser.tenant}")
    return await browser.send(text, begun.relay)


async def replayed_elsewhere(stage: SamlStage, browser: Browser, begun: Begun, hand: Hand) -> httpx.Response:
    """One that nobody asked for, where that is allowed, twice."""
    text = signed(hand.response(hand.assertion(answers=None), answers=None), hand.keys.key("idp"), "_assertion1")
    async with stage.browser(browser.tenant) as first:
        assert (await first.send(text, None)).status_code == 303
    async with stage.browser(browser.tenant) as second:
        return await second.send(text, None)


async def of_another_tenant(stage: SamlStage, browser: Browser, begun: Begun, hand: Hand) -> httpx.Response:
    """The same provider signs people on at two tenants: what it said for one is worth nothing at the other."""
    async with stage.browser("neighbour") as next_door:
        there = await next_door.begin()
        text = Hand(next_door, there, stage.keys).genuine(answers=begun.request_id)
        text = text.replace(f'InResponseTo="{there.request_id}"', f'InResponseTo="{begun.request_id}"', 1)
        return await browser.send(text.replace(f"{next_door.at}/acs", f"{browser.at}/acs", 1), begun.relay)


WAYS: dict[str, tuple[Way, Reason]] = {
    "another browser": (other_browser, Reason.NOT_ASKED),
    "another browser that has begun": (browser_with_its_own, Reason.NOT_ASKED),
    "another relay": (lambda s, b, begun, hand: b.send(hand.genuine(), "0" * 32), Reason.RELAY),
    "a relay that is an address": (
        lambda s, b, begun, hand: b.send(hand.genuine(), "https://evil.example"),
        Reason.RELAY,
    ),
    "no relay": (lambda s, b, begun, hand: b.send(hand.genuine(), None), Reason.RELAY),
    "not asked for": (
        lambda s, b, begun, hand: b.send(
            signed(hand.response(hand.assertion(answers=None), answers=None), hand.keys.key("idp"), "_assertion1"),
            begun.relay,
        ),
        Reason.UNSOLICITED,
    ),
    "replayed": (replayed, Reason.REPLAYED),
    "replayed, unsolicited": (replayed_elsewhere, Reason.REPLAYED),
    "of another tenant": (of_another_tenant, Reason.RECIPIENT),
    "in clear where it must be encrypted": (
        lambda s, b, begun, hand: b.send(hand.genuine(), begun.relay),
        Reason.UNENCRYPTED,
    ),
    "utf-16": (lambda s, b, begun, hand: b.send(hand.genuine().encode("utf-16"), begun.relay), Reason.ENCODING),
    "odd base64": (
        lambda s, b, begun, hand: form(b, urlencode({"SAMLResponse": posted(hand.genuine())[:-3]}).encode()),
        Reason.BASE64,
    ),
    "base64 for addresses": (
        lambda s, b, begun, hand: form(b, urlencode({"SAMLResponse": "PHg-_w=="}).encode()),
        Reason.BASE64,
    ),
    "two messages": (
        lambda s, b, begun, hand: form(b, b"SAMLResponse=AAAA&SAMLResponse=AAAA"),
        Reason.FORM,
    ),
    "json": (lambda s, b, begun, hand: form(b, b'{"SAMLResponse":"AAAA"}', "application/json"), Reason.FORM),
    "nothing": (lambda s, b, begun, hand: form(b, b""), Reason.FORM),
    "a form without end": (
        lambda s, b, begun, hand: form(b, b"SAMLResponse=" + b"A" * 600_000),
        Reason.TOO_LARGE,
    ),
    "a session is ended by nobody": (
        lambda s, b, begun, hand: b.client.get(f"{b.at}/logout", params={"SAMLRequest": "AAAA"}),
        Reason.UNSIGNED,
    ),
    "a session is ended by another": (
        lambda s, b, begun, hand: b.client.get(
            f"{b.at}/logout",
            params={"SAMLRequest": "AAAA", "SigAlg": RSA_SHA256, "Signature": b64encode(b"x" * 256).decode()},
        ),
        Reason.SIGNATURE,
    ),
}
MORE = {
    "in clear where it must be encrypted": "encrypted = true\n",
    "replayed, unsolicited": "allow_unsolicited = true\n",
}
ALL = [*ATTACKS, *WAYS]


def tenant_of(attack: str) -> str:
    return f"a{ALL.index(attack)}"


async def attacked(stage: SamlStage, attack: str) -> httpx.Response:
    async with stage.browser(tenant_of(attack)) as browser:
        begun = await browser.begin()
        hand = Hand(browser, begun, stage.keys)
        if attack in ATTACKS:
            text = await trio.to_thread.run_sync(ATTACKS[attack][0], hand)
            answer = await browser.send(text, begun.relay)
        else:
            answer = await WAYS[attack][0](stage, browser, begun, hand)
        assert not browser.is_in, attack
        return answer


@pytest.mark.skipif(bool(lacking()), reason=f"not installed: {lacking()}; as root on Debian, .ci/run installs it")
async def test_each_attack_is_refused_for_its_own_reason_and_nothing_is_told(tmp_path: Path) -> None:
    tenants = {tenant_of(attack): MORE.get(attack, "") for attack in ALL}
    async with saml_stage(tmp_path, {**tenants, "neighbour": ""}) as stage:
        told: dict[str, str] = {}
        for attack in ALL:
            answer = await attacked(stage, attack)
            assert answer.status_code == 403, (attack, answer.status_code, answer.text)
            assert answer.headers["cache-control"] == "no-store"
            assert "set-cookie" not in answer.headers, attack
            told[attack] = answer.text.replace(answer.headers["x-correlation-id"], "").replace(tenant_of(attack), "")
        assert len(set(told.values())) == 1, "the page tells one attack from another"
        rows = await stage.audit("--what", "session.refused")
        by_tenant = {str(row["tenant"]): row for row in rows}
        found = {attack: str(by_tenant[tenant_of(attack)]["detail"]).partition(":")[0] for attack in ALL}
        wanted = {name: str(reason.value).partition(":")[0] for name, (_, reason) in {**ATTACKS, **WAYS}.items()}
        assert {attack: why for attack, why in found.items() if why != wanted[attack]} == {}
        assert all((row["result"], row["who"]) == ("refused", "unknown") for row in rows)
        text = msgspec.json.encode(rows).decode()
        assert EVIL not in text.replace("evil.example", "")
        log = stage.stage.daemon.log.read_text(errors="replace")
        assert "<saml" not in log
        assert "PRIVATE KEY" not in log
        assert S not in log
