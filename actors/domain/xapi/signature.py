"""Signed statements: an attachment that is a JSON Web Signature whose payload is the statement before it was signed.

The statement received must be equal to the one signed, as the standard compares statements; what whoever sends or
stores it may still add (an id, a timestamp) is compared if it was signed. A certificate in the header (``x5c``)
must have made the signature. Whether anybody trusts that certificate is not asked: the LRS keeps no list of whom to
trust, and readers get the signature as it came.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from actors.domain.xapi.attachments import Contents
from actors.domain.xapi.faults import Fault, Refusal
from actors.domain.xapi.guard import parse
from actors.domain.xapi.identity import digest
from actors.domain.xapi.patterns import Version
from actors.domain.xapi.validate import validate

SIGNATURE = "http://adlnet.gov/expapi/attachments/signature"
CONTENT_TYPE = "application/octet-stream"
ALGORITHMS = ("RS256", "RS384", "RS512")
KEY_BITS_MIN = 2048
HEADER_BYTES_MAX = 64 * 1024
"""Of the header as encoded: room for a chain of certificates."""
_COMPACT = re.compile(rb"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


class _Registry(jws.JWSRegistry):
    """The library's bounds, with room for certificates and for statements of any size: the body has a bound."""

    max_header_length = HEADER_BYTES_MAX
    max_payload_length = 2**31
    max_signature_length = 8 * 1024


_registry = _Registry(algorithms=ALGORITHMS, strict_check_header=False)


class Signed(msgspec.Struct, frozen=True):
    """What a signature says: the statement's id in lower case if it had one, whether it had a timestamp, and its
    ``identity.digest``."""

    id: str | None
    stamped: bool
    digest: bytes


class Signatures:
    """The signatures that one request encloses; each is read once, however many statements declare it."""

    def __init__(self, contents: Contents, version: Version) -> None:
        self._contents = contents
        self._version = version
        self._read: dict[str, Signed] = {}

    def check(self, statement: dict[str, Any], content: bytes, index: int) -> None:
        """A valid statement, and its digest. Raises Refusal if it claims to be signed and is not."""
        checked: set[str] = set()
        for path, attachment in _claims(statement):
            sha2 = attachment["sha2"].lower()
            if attachment["contentType"] != CONTENT_TYPE:
                raise Refusal((Fault(f"{path}.contentType", f"must be {CONTENT_TYPE} for a signature"),), index)
            if sha2 not in self._contents:
                rule = "a signature must be enclosed in the request: it cannot be checked otherwise"
                raise Refusal((Fault(path, rule),), index)
            if sha2 not in checked and (complaint := self._differs(sha2, statement, content)):
                raise Refusal((Fault(path, complaint),), index)
            checked.add(sha2)

    def _differs(self, sha2: str, statement: dict[str, Any], content: bytes) -> str:
        """What is wrong with the signature, for this statement; empty if nothing is."""
        try:
            signed = self._read.get(sha2) or read_signature(self._contents[sha2], self._version)
        except ValueError as error:
            return f"the signature is not valid: {error}"
        self._read[sha2] = signed
        if signed.id is not None and signed.id != statement.get("id", "").lower():
            return "the statement that was signed has another id"
        if not signed.stamped and "timestamp" in statement:
            bare = {name: value for name, value in statement.items() if name != "timestamp"}
            content = digest(bare)
        return "" if signed.digest == content else "the statement that was signed differs from this one"


def _claims(statement: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for place, attachment in enumerate(statement.get("attachments", ())):
        if attachment["usageType"] == SIGNATURE:
            yield f"attachments[{place}]", attachment


def read_signature(compact: bytes, version: Version) -> Signed:
    """A JWS in compact serialization. Raises ValueError that says what is wrong with it."""
    if not _COMPACT.fullmatch(compact):
        raise ValueError("it must be a JWS in compact serialization: header.payload.signature in base64url")
    head, payload, _ = compact.split(b".")
    header = _value("header", head)
    if not isinstance(header, dict):
        raise ValueError("its header must be a JSON object")  # noqa: TRY004  # of the sender's data, not of a caller's
    if header.get("alg") not in ALGORITHMS:
        raise ValueError(f"its algorithm must be one of {', '.join(ALGORITHMS)}")
    if "crit" in header or "b64" in header:
        raise ValueError("its header asks for extensions that this server does not know (crit, b64)")
    try:
        _registry.check_header(header)
        if "x5c" in header and not jws.validate_compact(
            jws.extract_compact(compact, registry=_registry), _key(header["x5c"]), registry=_registry
        ):
            raise ValueError("it was not made with the key of its certificate (x5c)")
    except JoseError as error:
        raise ValueError(error.description or error.error) from None
    statement = _value("payload", payload)
    try:
        validate(statement, version)
    except Refusal as refusal:
        raise ValueError(f"its payload is no statement: {refusal}") from None
    assert isinstance(statement, dict)  # noqa: S101  # as validated
    name = statement.get("id")
    return Signed(None if name is None else name.lower(), "timestamp" in statement, digest(statement))


def _value(what: str, segment: bytes) -> object:
    try:
        return parse(base64.urlsafe_b64decode(segment + b"=" * (-len(segment) % 4)))
    except binascii.Error:
        raise ValueError(f"its {what} is not in base64url") from None
    except Refusal as refusal:
        raise ValueError(f"its {what} must be JSON: {refusal}") from None


def _key(chain: list[str]) -> RSAKey:
    """Of the first certificate, the one that signs."""
    if not chain:
        raise ValueError("its x5c has no certificate")
    try:
        key = x509.load_der_x509_certificate(base64.b64decode(chain[0], validate=True)).public_key()
    except (ValueError, x509.InvalidVersion, UnsupportedAlgorithm) as error:
        raise ValueError(f"its x5c has no certificate in DER: {error}") from None
    if not isinstance(key, RSAPublicKey) or key.key_size < KEY_BITS_MIN:
        raise ValueError(f"its certificate must have an RSA key of at least {KEY_BITS_MIN} bits")
    return RSAKey.import_key(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
