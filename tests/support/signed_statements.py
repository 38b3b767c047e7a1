"""Statements signed as a sender would, for tests: the JWS, its attachment, and a certificate that belongs to it."""

import base64
import datetime
import hashlib
import json
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID
from joserfc import jws
from joserfc.jwk import RSAKey

from actors.domain.xapi.signature import SIGNATURE

Json = dict[str, Any]


class _Roomy(jws.JWSRegistry):
    max_header_length = 2**20
    max_payload_length = 2**20


@cache
def key(number: int = 0) -> RSAKey:
    """The same one each time for the same number."""
    return RSAKey.generate_key(2048)


@cache
def certificate(number: int = 0) -> str:
    """That key's, as it stands in x5c."""
    private = key(number).private_key
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Signer")])
    now = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)
    made = x509.CertificateBuilder(name, name, private.public_key(), 1, now, now + datetime.timedelta(days=9))
    signed = made.sign(private, hashes.SHA256())
    return base64.b64encode(signed.public_bytes(serialization.Encoding.DER)).decode()


def jws_of(payload: Json | bytes, number: int = 0, **header: Any) -> bytes:
    """RS256 unless ``alg`` is given."""
    full = {"alg": "RS256", **header}
    registry = _Roomy(algorithms=[full["alg"]], strict_check_header=False)
    content = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return jws.serialize_compact(full, content, key(number), registry=registry).encode()


def signature(compact: bytes, **more: Any) -> Json:
    """The attachment that declares it."""
    return {
        "usageType": SIGNATURE,
        "display": {"en": "Signature"},
        "contentType": "application/octet-stream",
        "length": len(compact),
        "sha2": hashlib.sha256(compact).hexdigest(),
        **more,
    }


def signed(statement: Json, compact: bytes | None = None, **more: Any) -> tuple[Json, bytes]:
    """The statement with its signature, and the signature."""
    compact = jws_of(statement) if compact is None else compact
    return {**statement, "attachments": [signature(compact, **more)]}, compact
