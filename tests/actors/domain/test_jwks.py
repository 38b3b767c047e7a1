"""Keys of issuers: which can be used, when others are looked for, and what counts as signed."""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.util import urlsafe_b64encode

from actors.domain.jwks import COOL_DOWN_US, FRESH_US, KEPT_US, KEYS_MAX, KeySet, header_of, keys_in, payload_of

RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
EC = ECKey.generate_key("P-256", {"kid": "ec"})
BYTES_MAX = 10_000


def jwks(*keys: Any) -> bytes:
    return json.dumps({"keys": [key if isinstance(key, dict) else key.as_dict(private=False) for key in keys]}).encode()


def signed(key: Any, algorithm: str, payload: bytes = b"{}", **header: Any) -> bytes:
    told = {"alg": algorithm, **header}
    return jws.serialize_compact(told, payload, key, algorithms=[algorithm]).encode()


def test_only_keys_that_sign_and_that_we_can_use_are_taken() -> None:
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key().public_numbers().n
    small = {**RSA.as_dict(private=False), "n": urlsafe_b64encode(short.to_bytes(128, "big")).decode(), "kid": "small"}
    sealing = {**RSA.as_dict(private=False), "use": "enc", "kid": "sealing"}
    odd = {"kty": "RSA", "n": "!!", "e": "AQAB", "kid": "odd"}
    body = jwks(RSA, EC, small, OctKey.generate_key(256, {"kid": "oct"}), OKPKey.generate_key("Ed25519"), sealing, odd)
    assert set(keys_in(body)) == {("rsa", "RSA"), ("ec", "P-256")}
    for nothing in (b"", b"[]", b"{}", b'{"keys": 1}', b'{"keys": [1, null, {}]}', b"\xff"):
        assert keys_in(nothing) == {}
    assert set(keys_in(jwks(RSA.as_dict(private=True)))) == {("rsa", "RSA")}
    many = [{**RSA.as_dict(private=False), "kid": str(n)} for n in range(KEYS_MAX + 5)]
    assert len(keys_in(jwks(*many))) == KEYS_MAX


def test_keys_are_looked_for_when_they_are_old_or_one_is_not_known_but_not_again_and_again() -> None:
    keys = KeySet()
    assert keys.wants("rsa", "RS256", 0)
    assert not keys.usable(0)
    keys.tried(0)
    assert keys.take(jwks(RSA), 0)
    assert keys.pick("rsa", "RS256") is not None
    assert keys.pick("", "RS256") is not None  # the only one
    assert keys.pick("ec", "ES256") is None
    assert not keys.wants("ec", "ES256", COOL_DOWN_US - 1)
    assert keys.wants("ec", "ES256", COOL_DOWN_US)
    assert not keys.wants("rsa", "RS256", FRESH_US)
    assert keys.wants("rsa", "RS256", FRESH_US + 1)
    assert not keys.take(b"{}", 5)
    assert keys.usable(KEPT_US)
    assert not keys.usable(KEPT_US + 1)
    assert keys.take(jwks(RSA, EC), 7)


def test_one_kid_of_two_kinds_means_the_key_of_the_kind_of_the_signature() -> None:
    p256, p384 = (ECKey.generate_key(curve, {"kid": "rsa"}) for curve in ("P-256", "P-384"))
    keys = KeySet()
    assert keys.take(jwks(RSA, p256, p384), 0)
    for own, algorithm in ((RSA, "RS256"), (RSA, "PS256"), (p256, "ES256"), (p384, "ES384")):
        for kid in ("rsa", ""):
            key = keys.pick(kid, algorithm)
            assert key is not None
            assert payload_of(signed(own, algorithm), key, algorithm, BYTES_MAX) == b"{}"
    assert keys.wants("rsa", "ES512", 1)
    assert not keys.wants("rsa", "ES384", 1)
    other = keys.pick("rsa", "ES512")  # known by that name, of no such kind
    assert other is not None
    assert payload_of(signed(ECKey.generate_key("P-521"), "ES512"), other, "ES512", BYTES_MAX) == "key"


def test_without_a_kid_only_the_one_key_counts_that_it_can_be() -> None:
    keys = KeySet()
    assert keys.take(jwks(RSA, EC, RSAKey.generate_key(2048, {"kid": "more"})), 0)
    assert keys.pick("", "ES256") is not None
    assert keys.pick("", "RS256") is None


def test_what_is_signed_as_it_may_be() -> None:
    token = signed(RSA, "PS256", b'{"a":1}', kid="rsa")
    header = header_of(token, ["PS256"], BYTES_MAX)
    assert isinstance(header, dict)
    assert header["kid"] == "rsa"
    assert payload_of(token, RSA, "PS256", BYTES_MAX) == b'{"a":1}'
    assert payload_of(signed(EC, "ES256"), EC, "ES256", BYTES_MAX) == b"{}"


@pytest.mark.parametrize(
    ("token", "flaw"),
    [
        (b"", "form"),
        (b"a.b", "form"),
        (b"a.b.c.d.e", "form"),
        (b"e30.e30." + b"A" * BYTES_MAX, "form"),
        (b"a b.c.d", "form"),
        (b"e30.e30.e30", "algorithm"),
        (b"bm90IGpzb24.e30.e30", "algorithm"),
        (base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=") + b".e30.e30", "algorithm"),
        (base64.urlsafe_b64encode(b'{"alg":["RS256"]}').rstrip(b"=") + b".e30.e30", "algorithm"),
        (base64.urlsafe_b64encode(b'{"alg":"RS256","crit":["x"],"x":1}').rstrip(b"=") + b".e30.e30", "algorithm"),
        pytest.param(signed(OctKey.generate_key(256), "HS256"), "algorithm", id="a key of this run"),
    ],
)
def test_what_is_no_signature_of_ours(token: bytes, flaw: str) -> None:
    assert header_of(token, ["RS256", "ES256"], BYTES_MAX) == flaw


def test_a_key_counts_for_its_own_kind_only() -> None:
    token = signed(RSA, "RS256")
    assert payload_of(token, EC, "RS256", BYTES_MAX) == "key"
    assert payload_of(token, RSA, "ES256", BYTES_MAX) == "key"
    assert payload_of(signed(EC, "ES256"), ECKey.generate_key("P-384"), "ES256", BYTES_MAX) == "key"
    assert payload_of(token, RSAKey.generate_key(2048), "RS256", BYTES_MAX) == "signature"
    assert payload_of(token, RSA, "PS256", BYTES_MAX) == "signature"
    assert payload_of(token[:-4] + b"AAAA", RSA, "RS256", BYTES_MAX) == "signature"
