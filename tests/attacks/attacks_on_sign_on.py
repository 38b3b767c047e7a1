"""Attacks on signing in by OpenID Connect: what a provider, a browser or somebody between them might try."""

import hmac
import json
import time
from collections.abc import Callable
from itertools import takewhile
from typing import Any
from urllib.parse import quote, urlencode

from attack import Attack, attack, unseen
from attacks_on_hooks import STRANGER, by_hand
from besieged import SECRETS, Answer, Besieged, request
from browser import back, begin, forged
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from evil_idp import Claims, EvilIdp
from joserfc.jwk import RSAKey
from joserfc.util import urlsafe_b64encode

Make = Callable[[Besieged], bytes]
EVIL = "evil.example"
HOUR_S = 3600
KNOCKS_MAX = 500


def page(_besieged: Besieged, answer: Answer) -> bool:
    """It signs nobody in, runs no script, stands in nobody's frame and is kept by nobody."""
    policy = answer.headers.get("content-security-policy", "")
    sound = "frame-ancestors 'none'" in policy and "no-store" in answer.headers.get("cache-control", "")
    return sound and b"set-cookie: lmsyncd-acme" not in answer.raw.lower() and b"<script" not in answer.body.lower()


def token(name: str, make: Make, audited: str, status: int = 403) -> Attack:
    return attack(name, make, status, audited=audited, also=page)


def honest(idp: EvilIdp, tenant: str, claims: Claims) -> bytes:
    return idp.signed(tenant, claims)


def claimed(name: str, audited: str, **claims: Any) -> Attack:
    """Signed by the provider itself; only its claims are not right. None: left out."""
    return token(name, forged(honest, **claims), audited)


def by_stranger(**head: Any) -> Make:
    def forge(_idp: EvilIdp, tenant: str, claims: Claims) -> bytes:
        unsigned = by_hand({"alg": "RS256", "kid": f"{tenant}-idp", **head}, claims).rpartition(b".")[0]
        return unsigned + b"." + urlsafe_b64encode(STRANGER.sign(unsigned, padding.PKCS1v15(), hashes.SHA256()))

    return forged(forge)  # type: ignore[no-any-return]  # it makes what an attack is made of


def by_mac(secret: Callable[[EvilIdp, str], bytes]) -> Make:
    def forge(idp: EvilIdp, tenant: str, claims: Claims) -> bytes:
        unsigned = by_hand({"alg": "HS256", "kid": f"{tenant}-idp"}, claims).rpartition(b".")[0]
        return unsigned + b"." + urlsafe_b64encode(hmac.digest(secret(idp, tenant), unsigned, "sha256"))

    return forged(forge)  # type: ignore[no-any-return]  # as above


def handmade(head: dict[str, Any], signature: bytes = b"x" * 256) -> Make:
    return forged(lambda _, __, claims: by_hand(head, claims, signature))  # type: ignore[no-any-return]  # as above


def altered(idp: EvilIdp, tenant: str, claims: Claims) -> bytes:
    head, _, signature = idp.signed(tenant, claims).split(b".")
    return b".".join((head, urlsafe_b64encode(json.dumps({**claims, "sub": "root"}).encode()), signature))


def of_other_tenant(idp: EvilIdp, _tenant: str, claims: Claims) -> bytes:
    return idp.signed("globex", claims)


def endless(idp: EvilIdp, tenant: str, claims: Claims) -> bytes:
    return idp.signed(tenant, {**claims, "more": "A" * 200_000})


# ── the way there and back ───────────────────────────────────────────────────────────────────────────


def guessed_state(besieged: Besieged) -> bytes:
    begun = begin(besieged)
    return back(begun, "x").replace(begun.state[:8].encode(), b"AAAAAAAA", 1)


def used_state(besieged: Besieged) -> bytes:
    begun = begin(besieged)
    besieged.send(back(begun, "nothing"))
    return back(begun, "nothing")


def no_browser(besieged: Besieged) -> bytes:
    """Somebody is sent the address by which an attacker would have come back: signed in as the attacker."""
    return back(begin(besieged), "x", cookie="")


def other_browser(besieged: Besieged) -> bytes:
    return back(begin(besieged), "x", cookie=begin(besieged).cookie)


def other_tenant(besieged: Besieged) -> bytes:
    return back(begin(besieged, "globex"), "x", tenant="acme")


def tossed(besieged: Besieged) -> bytes:
    """A cookie of the same name, from a neighbouring host, before the right one."""
    begun = begin(besieged)
    return back(begun, "x", cookie=f"lmsyncd-sign-on=AAAA; {begin(besieged).cookie}")


def other_code(besieged: Besieged) -> bytes:
    """A code that was given for another tenant."""
    begun = begin(besieged)
    besieged.idp.put("globex-code", "globex", besieged.idp.signed("globex", besieged.idp.claims("globex", begun.nonce)))
    return back(begun, "globex-code")


def mixed_up(besieged: Besieged) -> bytes:
    return back(begin(besieged), "x", iss=f"https://{EVIL}")


def doubled(besieged: Besieged) -> bytes:
    return back(begin(besieged), "x").replace(b"code=x", b"code=x&code=y")


def without_code(besieged: Besieged) -> bytes:
    return back(begin(besieged), "")


def declined(besieged: Besieged) -> bytes:
    return back(begin(besieged), "", error=f"<script>{EVIL}</script>")


def leads(to: str) -> Make:
    """Sign in well, and see where it leads."""

    def make(besieged: Besieged) -> bytes:
        begun = begin(besieged, to=to)
        code = f"code-{begun.state}"
        besieged.idp.put(code, "acme", besieged.idp.signed("acme", besieged.idp.claims("acme", begun.nonce)))
        return back(begun, code)

    return make


def home(besieged: Besieged, answer: Answer) -> bool:
    return answer.headers["location"] == f"http://127.0.0.1:{besieged.port}/t/acme/connect"


def host(_besieged: Besieged) -> bytes:
    return request("GET", "/t/acme/sso/oidc", Host=EVIL, X_Forwarded_Host=EVIL)


def endlessly(path: str, address: Callable[[int], str]) -> Make:
    """Knock from that address until nobody answers the door any more."""

    def make(besieged: Besieged) -> bytes:
        list(takewhile(lambda status: status != 429, besieged.knocked(path, map(address, range(KNOCKS_MAX)))))
        return request("GET", path, X_Forwarded_For=address(0))

    return make


def told_when(besieged: Besieged, answer: Answer) -> bool:
    return page(besieged, answer) and answer.headers.get("retry-after", "").isdigit()


def ways(to: str) -> Attack:
    return attack(f"on to {to}", leads(to), 303, also=home)


OPEN = [f"https://{EVIL}", f"//{EVIL}", f"/\\{EVIL}", "/t/globex/connect", f"/t/acme/../{EVIL}", "javascript:alert(1)"]
NOW_S = int(time.time())
SIGN_ON: list[Attack] = [
    token("a state that was guessed", guessed_state, "the state is not one", 400),
    token("a state that was used", used_state, "the state was used before", 400),
    token("a state without its browser", no_browser, "the state is not one", 400),
    token("a state of another browser", other_browser, "the state is not one", 400),
    token("a state of another tenant", other_tenant, "the state is not one", 400),
    token("a cookie from a neighbour", tossed, "the state is not one", 400),
    token("a code of another tenant", other_code, "the provider did not take the code"),
    token("another provider's answer", mixed_up, "the answer names another issuer"),
    token("a code twice", doubled, "parameters that it should have"),
    token("no code", without_code, "parameters that it should have"),
    attack(
        "an error with a script",
        declined,
        403,
        audited="nobody signed in",
        also=lambda b, answer: page(b, answer) and unseen(EVIL)(b, answer),
    ),
    claimed("another nonce", "nonce", nonce="other"),
    claimed("no nonce", "nonce", nonce=None),
    claimed("another audience", "another client", aud="lmsyncd-globex"),
    claimed("several audiences", "azp", aud=["lmsyncd-acme", "other"]),
    claimed("another party", "azp", azp="other"),
    claimed("a token of another issuer", "issued by somebody else", iss=f"https://{EVIL}"),
    claimed("a token that has expired", "not valid any more", exp=NOW_S - HOUR_S),
    claimed("a token without an end", "not valid any more", exp=None),
    claimed("a token of the future", "not valid yet", nbf=NOW_S + HOUR_S),
    claimed("a token of yesterday", "not issued during this sign-on", iat=NOW_S - 24 * HOUR_S),
    claimed("a token beside another access token", "at_hash", at_hash="AAAA"),
    claimed("a token about nobody", "nobody in a usable way", sub=None),
    claimed("a token about a list", "nobody in a usable way", sub=["ada"]),
    token("alg none in a token", handmade({"alg": "none"}, b""), "no signed JWT"),
    token("HS256 by our own secret", by_mac(lambda _, tenant: SECRETS[f"{tenant}-oidc"].encode()), "algorithm"),
    token("HS256 by the public key", by_mac(lambda idp, tenant: idp.keys[tenant].as_pem(private=False)), "algorithm"),
    token(
        "a token with crit", handmade({"alg": "RS256", "kid": "acme-idp", "crit": ["b64"], "b64": False}), "algorithm"
    ),
    token("an elliptic alg, an RSA key", handmade({"alg": "ES256", "kid": "acme-idp"}, b"x" * 64), "not of the kind"),
    token("a token that was changed", forged(altered), "signature"),
    token("a stranger's token", by_stranger(), "signature"),
    token("a token's key from elsewhere (jku)", by_stranger(jku=f"https://{EVIL}/keys"), "signature"),
    token("a token's certificate from elsewhere (x5u)", by_stranger(x5u=f"https://{EVIL}/c"), "signature"),
    token(
        "a token's own key (jwk)",
        by_stranger(jwk=RSAKey.import_key(STRANGER.public_key()).as_dict(private=False)),
        "signature",
    ),
    token("a key that nobody knows", by_stranger(kid="../../etc/passwd"), "key that is not the provider's"),
    token("a token by another tenant's provider", forged(of_other_tenant), "key that is not the provider's"),
    token("an endless token", forged(endless), "no ID token"),
    *(ways(to) for to in OPEN),
    attack(
        "signing in at another host",
        host,
        303,
        also=lambda _, answer: (
            EVIL not in answer.raw.decode("latin-1") and quote(EVIL) not in answer.raw.decode("latin-1")
        ),
    ),
    attack(
        "a picture that signs in",
        lambda _: request("GET", "/t/acme/sso/oidc", Sec_Fetch_Mode="no-cors"),
        400,
        audited="does not begin by a link",
    ),
    attack(
        "a frame that signs in",
        lambda _: request("GET", "/t/acme/sso/oidc", Sec_Fetch_Mode="navigate", Sec_Fetch_Dest="iframe"),
        400,
        audited="does not begin by a link",
    ),
    attack(
        "signing in without end",
        endlessly("/t/acme/sso/oidc", lambda _: "203.0.113.7"),
        429,
        audited="too many requests from one address",
        also=told_when,
    ),
    attack(
        "coming back without end",
        endlessly("/t/acme/sso/oidc/callback?state=x&code=y", lambda _: "203.0.113.8"),
        429,
        audited="too many requests from one address",
        also=told_when,
    ),
    attack(
        "signing in without end, under many names",
        endlessly("/t/globex/sso", lambda number: f"198.51.100.{number % 250}, 203.0.113.9"),
        429,
        audited="too many requests from one address",
        tenant="globex",
        also=told_when,
    ),
    attack(
        "signing in without end from one line",
        endlessly("/t/globex/sso/oidc", lambda number: f"2001:db8:7:7::{number:x}"),
        429,
        audited="too many requests from one address",
        tenant="globex",
        also=told_when,
    ),
    attack(
        "signing in where nobody can", lambda _: request("GET", f"/t/nowhere/sso/oidc?{urlencode({'to': '/'})}"), 404
    ),
]
