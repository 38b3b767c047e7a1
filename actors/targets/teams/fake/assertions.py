"""Proof that a request comes from the app: its secret, or an assertion signed with its certificate.

Where certificates are registered, the signature is verified (PS256 or RS256), the certificate must be valid and be the
one that the header names, and the assertion lives ten minutes at most; it serves once, if the terms say so. Where none
is, any well-formed assertion is taken.
"""

import base64
import re
from collections import OrderedDict
from datetime import UTC, datetime
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from actors.domain.flow import decode_object
from actors.targets.teams.fake.replies import EntraRefusal
from actors.targets.teams.fake.terms import Terms

CLIENT = SECRET = "sandbox"  # noqa: S105 - the sandbox's public credential
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SKEW_S = 300
LIFE_S_MAX = 600
SEEN_MAX = 10_000
_PRINT = re.compile(r"[A-Za-z0-9_-]{43}=?")  # msal keeps the padding


class Proofs:
    """Remembers which assertions have served."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, None] = OrderedDict()

    def identify(self, form: dict[str, str], directory: str, now_s: float, terms: Terms) -> None:
        """Raises EntraRefusal unless the form proves to come from the client."""
        if form.get("client_id", CLIENT) != CLIENT:
            raise EntraRefusal("unauthorized_client", "The application was not found in the directory.")
        if "client_secret" in form:
            if form["client_secret"] != SECRET or "client_id" not in form:
                raise EntraRefusal("invalid_client", "Invalid client secret provided.", 401)
            return
        if form.get("client_assertion_type") != ASSERTION or not form.get("client_assertion"):
            raise EntraRefusal(
                "invalid_client", "The request must contain client_assertion or client_secret.", 401, 7000218
            )
        text = form["client_assertion"]
        if problem := assertion_problem(text, directory, now_s):
            raise EntraRefusal("invalid_client", f"Client assertion failed validation: {problem}.", 401, 700027)
        if terms.certificates and (problem := _signed(text, now_s, terms.certificates)):
            raise EntraRefusal("invalid_client", f"Client assertion failed validation: {problem}.", 401, 700027)
        if terms.single_use_assertions and (problem := self._again(text)):
            raise EntraRefusal("invalid_client", f"Client assertion failed validation: {problem}.", 401, 700027)

    def _again(self, text: str) -> str:
        """What is wrong with serving again; empty for what has not served yet."""
        name = str((_part(text.split(".")[1]) or {}).get("jti"))
        if name in self._seen:
            return "it has been used before (jti)"
        self._seen[name] = None
        if len(self._seen) > SEEN_MAX:
            self._seen.popitem(last=False)
        return ""


def assertion_problem(text: str, directory: str, now_s: float) -> str:
    """What is wrong with an assertion, signature aside; empty if nothing is."""
    parts = text.split(".")
    header, claims = (_part(parts[0]), _part(parts[1])) if len(parts) == 3 and parts[2] else (None, None)
    if header is None or claims is None or not _is_text(parts[2]):
        return "not a signed JWT"
    if (header.get("alg"), "x5t#S256" in header) not in (("PS256", True), ("RS256", True), ("RS256", False)):
        return "PS256 with x5t#S256, or RS256"
    if "x5t#S256" in header and not _PRINT.fullmatch(str(header["x5t#S256"])):
        return "x5t#S256 is no thumbprint"
    if claims.get("iss") != CLIENT or claims.get("sub") != CLIENT:
        return "iss and sub are the client"
    if not str(claims.get("aud")).endswith(f"/{directory}/oauth2/v2.0/token"):
        return "aud is the token endpoint"
    if not claims.get("jti"):
        return "no jti"
    begins, ends = claims.get("nbf", claims.get("iat", now_s)), claims.get("exp")
    if not isinstance(begins, int | float) or not isinstance(ends, int | float):
        return "nbf and exp are times"
    return "" if begins <= now_s + SKEW_S and now_s - SKEW_S < ends else "not valid at this time"


def _signed(text: str, now_s: float, certificates: list[str]) -> str:
    """What is wrong with the signature; empty if nothing is."""
    head, body, signature = text.split(".")
    header, claims = _part(head) or {}, _part(body) or {}
    certificate = next((each for each in map(load, certificates) if _names(header, each)), None)
    if certificate is None:
        return "the certificate with this thumbprint is not registered"
    now = datetime.fromtimestamp(now_s, UTC)
    if not certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc:
        return "the certificate is not valid at this time"
    if not _verifies(certificate, str(header.get("alg")), f"{head}.{body}".encode(), _bytes(signature)):
        return "the signature is not the certificate's"
    begins, ends = claims.get("nbf", claims.get("iat")), claims.get("exp")
    if not isinstance(begins, int | float) or not isinstance(ends, int | float) or ends - begins > LIFE_S_MAX:
        return f"it lives longer than {LIFE_S_MAX} s"
    return ""


@lru_cache(maxsize=100)
def load(pem: str) -> x509.Certificate:
    """Raises ValueError for what is no certificate."""
    return x509.load_pem_x509_certificate(pem.encode())


def _names(header: dict[str, object], certificate: x509.Certificate) -> bool:
    """Whether a header's thumbprint is this certificate's."""
    for name, algorithm in (("x5t#S256", hashes.SHA256()), ("x5t", hashes.SHA1())):  # noqa: S303 - as Entra names it
        if name in header:
            return str(header[name]).rstrip("=") == _text(certificate.fingerprint(algorithm))
    return False


def _verifies(certificate: x509.Certificate, algorithm: str, signed: bytes, signature: bytes) -> bool:
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.DIGEST_LENGTH)
    try:
        key.verify(signature, signed, pss if algorithm == "PS256" else padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _part(text: str) -> dict[str, object] | None:
    try:
        return decode_object(_bytes(text))
    except ValueError:
        return None


def _is_text(text: str) -> bool:
    """Whether it is base64 at all."""
    try:
        return bool(_bytes(text))
    except ValueError:
        return False


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _text(given: bytes) -> str:
    return base64.urlsafe_b64encode(given).decode().rstrip("=")
