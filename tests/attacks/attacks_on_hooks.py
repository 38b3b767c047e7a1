"""Attacks on the JWTs by which Canvas tells of events: forged, borrowed, expired, and tricks with their heads."""

import hmac
import json
import time
from collections.abc import Callable
from typing import Any

from attack import Attack, attack
from besieged import Besieged, request
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from joserfc.jwk import RSAKey
from joserfc.util import urlsafe_b64encode

EVENT = {"metadata": {"event_name": "user_created"}, "body": {"user_id": "1"}}
STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
Token = Callable[[Besieged], bytes]


def posted(token: Token, tenant: str = "acme") -> Callable[[Besieged], bytes]:
    return lambda besieged: request(
        "POST", f"/t/{tenant}/hooks/canvas", token(besieged), Content_Type="application/jwt"
    )


def refused(name: str, token: Token, *status: int, tenant: str = "acme") -> Attack:
    """401 and on record, unless it says otherwise."""
    return attack(name, posted(token, tenant), *(status or (401,)), audited=None if status else "hook", tenant=tenant)


def claims(**more: Any) -> dict[str, Any]:
    return {**EVENT, **more}


def by_hand(head: dict[str, Any], told: dict[str, Any], signature: bytes = b"") -> bytes:
    """A token whose parts nobody has checked."""
    parts = (json.dumps(head).encode(), json.dumps(told).encode(), signature)
    return b".".join(urlsafe_b64encode(part) for part in parts)


def by_stranger(**head: Any) -> Token:
    """Signed well, by a key that nobody here knows. By hand: no library would sign some of these."""
    named = {"alg": "RS256", "kid": "acme-1", **head}

    def make(_besieged: Besieged) -> bytes:
        unsigned = by_hand(named, claims(iss="https://canvas.example.edu")).rpartition(b".")[0]
        signature = STRANGER.sign(unsigned, padding.PKCS1v15(), hashes.SHA256())
        return unsigned + b"." + urlsafe_b64encode(signature)

    return make


def with_the_public_key(besieged: Besieged) -> bytes:
    """HS256, its secret the public key that everybody has: a verifier that asks the token would believe it."""
    unsigned = by_hand({"alg": "HS256", "kid": "acme-1"}, claims(iss="https://canvas.example.edu")).rpartition(b".")[0]
    signature = hmac.digest(besieged.keys["acme"].as_pem(private=False), unsigned, "sha256")
    return unsigned + b"." + urlsafe_b64encode(signature)


def altered(besieged: Besieged) -> bytes:
    head, _, signature = besieged.token("acme", claims()).split(b".")
    return b".".join(
        (head, urlsafe_b64encode(json.dumps(claims(iss="https://canvas.example.edu", more=1)).encode()), signature)
    )


def unsigned(besieged: Besieged) -> bytes:
    head, payload, _ = besieged.token("acme", claims()).split(b".")
    return head + b"." + payload + b"."


def critical(besieged: Besieged) -> bytes:
    """It asks for what nobody here understands."""
    return by_hand({"alg": "RS256", "kid": "acme-1", "crit": ["exp"], "exp": 1}, claims(), b"x" * 256)


NONE = {"alg": "none", "kid": "acme-1"}
HOOKS: list[Attack] = [
    refused("alg none", lambda _: by_hand(NONE, claims())),
    refused("alg None", lambda _: by_hand({**NONE, "alg": "None"}, claims(), b"x")),
    refused("alg that is a list", lambda _: by_hand({**NONE, "alg": ["RS256"]}, claims(), b"x")),
    refused("no alg", lambda _: by_hand({"kid": "acme-1"}, claims(), b"x")),
    refused("HS256 with the public key", with_the_public_key),
    refused(
        "an elliptic alg with an RSA key", lambda _: by_hand({"alg": "ES256", "kid": "acme-1"}, claims(), b"x" * 64)
    ),
    refused("no signature", unsigned),
    refused("a payload that was changed", altered),
    refused("a stranger's key", by_stranger()),
    refused(
        "a key that comes along (jwk)", by_stranger(jwk=RSAKey.import_key(STRANGER.public_key()).as_dict(private=False))
    ),
    refused("a key from elsewhere (jku)", by_stranger(jku="https://evil.example/keys")),
    refused("a certificate from elsewhere (x5u)", by_stranger(x5u="https://evil.example/chain.pem")),
    refused("a certificate that comes along (x5c)", by_stranger(x5c=["MIIB"])),
    refused("a kid that is a path", by_stranger(kid="../../secrets/acme-lrs")),
    refused("a kid that is SQL", by_stranger(kid="x' UNION SELECT 'k")),
    refused("a kid that is a list", by_stranger(kid=["acme-1"])),
    refused("crit", critical),
    refused("an expired one", lambda b: b.token("acme", claims(exp=int(time.time()) - 3600))),
    refused("one of the future", lambda b: b.token("acme", claims(nbf=int(time.time()) + 3600))),
    refused("another issuer", lambda b: b.token("acme", claims(iss="https://evil.example"))),
    refused("no issuer", lambda b: b.token("acme", claims(iss=None))),
    refused("another tenant's genuine one", lambda b: b.token("globex", claims())),
    refused("one's own at another tenant", lambda b: b.token("acme", claims()), tenant="globex"),
    refused("an encrypted one", lambda _: b"a.b.c.d.e"),
    refused("no JWT", lambda _: json.dumps(EVENT).encode()),
    refused("nothing", lambda _: b""),
    refused("an endless one", lambda _: b"e30." + b"A" * 300_000 + b".x", 413),
    refused("at a source that hears nothing", lambda b: b.token("acme", claims()), 404, tenant="nowhere"),
]
