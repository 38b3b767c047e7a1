"""What an ID token must be to be believed (OpenID Connect Core 1.0, 3.1.3.7), and the reasons why one is not. Pure.

A token comes straight from the provider's token endpoint, over TLS; its signature is checked all the same.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from enum import Enum

import msgspec

from actors.domain.flow import decode_object
from actors.domain.jwks import Key, header_of, payload_of
from config.durations import seconds
from config.oidc import Oidc

TOKEN_BYTES_MAX = 128 * 1024
SUBJECT_CHARS_MAX = 255
"""As the standard has it."""
_HASHES = {"256": "sha256", "384": "sha384", "512": "sha512"}


class Reason(Enum):
    """Why somebody was not signed in; the value is for the audit."""

    STATE = "the state is not one that was given to this browser, or its time is over"
    STATE_USED = "the state was used before"
    MALFORMED = "the answer has not exactly the parameters that it should have"
    DECLINED = "the provider says that nobody signed in"
    ISS_PARAMETER = "the answer names another issuer, or none although the provider promises one"
    EXCHANGE = "the provider did not take the code"
    NOT_TOLD = "the provider gave no ID token"
    FORM = "the ID token is no signed JWT"
    ALGORITHM = "the ID token is not signed by an algorithm that is accepted"
    KEY_UNKNOWN = "the ID token is signed with a key that is not the provider's"
    KEY_KIND = "the key is not of the kind that the ID token's signature is"
    SIGNATURE = "the ID token's signature does not fit"
    CLAIMS = "the ID token's claims cannot be read"
    ISSUER = "the ID token was issued by somebody else"
    AUDIENCE = "the ID token is meant for another client"
    PARTY = "the ID token was given to another client (azp)"
    EXPIRED = "the ID token is not valid any more"
    NOT_YET = "the ID token is not valid yet"
    ISSUED = "the ID token was not issued during this sign-on"
    NONCE = "the ID token's nonce is not the one of this sign-on"
    HASH = "the ID token is not of the access token beside it (at_hash)"
    SUBJECT = "the ID token names nobody in a usable way"
    USERINFO = "the userinfo cannot be read, or is somebody else's"
    MAPPING = "the claims do not fit the mapping table"


class Refused(Exception):
    """``detail`` is for the audit, and never what the sender wrote."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)
        self.reason = reason
        self.detail = detail


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What this sign-on expects. ``begun_us``: before that, the provider cannot have issued a token for it."""

    nonce: str
    begun_us: int
    now_us: int
    access_token: str = ""

    def __repr__(self) -> str:
        return "Expected(***)"


class Header(msgspec.Struct, frozen=True):
    """Which key the token says it is signed with, and how."""

    kid: str
    algorithm: str


def header_in(token: str, words: Oidc) -> Header:
    """Raises Refused."""
    header = header_of(token.encode(errors="replace"), words.algorithms, TOKEN_BYTES_MAX)
    if isinstance(header, str):
        raise Refused(Reason.FORM if header == "form" else Reason.ALGORITHM)
    kid = header.get("kid")
    return Header(kid if isinstance(kid, str) else "", str(header["alg"]))


def claims_in(token: str, header: Header, key: Key, words: Oidc, expected: Expected) -> dict[str, object]:
    """The claims of somebody who signed in. Raises Refused."""
    payload = payload_of(token.encode(), key, header.algorithm, TOKEN_BYTES_MAX)
    if isinstance(payload, str):
        raise Refused(Reason.KEY_KIND if payload == "key" else Reason.SIGNATURE)
    claims = decode_object(payload)
    if claims is None:
        raise Refused(Reason.CLAIMS)
    if claims.get("iss") != words.issuer:
        raise Refused(Reason.ISSUER)
    _audience(claims, words.client_id)
    _times(claims, words, expected)
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), expected.nonce.encode()):
        raise Refused(Reason.NONCE)
    if "at_hash" in claims and claims["at_hash"] != half_hash(expected.access_token, header.algorithm):
        raise Refused(Reason.HASH)
    subject_of(claims)
    return claims


def subject_of(claims: Mapping[str, object]) -> str:
    """Raises Refused."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_CHARS_MAX or not subject.isprintable():
        raise Refused(Reason.SUBJECT)
    return subject


def _audience(claims: Mapping[str, object], client_id: str) -> None:
    """The token is ours; where it is others' too, it was given to us."""
    given = claims.get("aud")
    audiences = [given] if isinstance(given, str) else given if isinstance(given, list) else []
    if client_id not in audiences:
        raise Refused(Reason.AUDIENCE)
    party = claims.get("azp")
    if party != client_id and (party is not None or len(audiences) > 1):
        raise Refused(Reason.PARTY)


def _times(claims: Mapping[str, object], words: Oidc, expected: Expected) -> None:
    skew_s, now_s = seconds(words.skew), expected.now_us / 1e6
    if _time(claims, "exp", Reason.EXPIRED) <= now_s - skew_s:
        raise Refused(Reason.EXPIRED)
    issued_s = _time(claims, "iat", Reason.ISSUED)
    if issued_s > now_s + skew_s or ("nbf" in claims and _time(claims, "nbf", Reason.NOT_YET) > now_s + skew_s):
        raise Refused(Reason.NOT_YET)
    if issued_s < expected.begun_us / 1e6 - skew_s:
        raise Refused(Reason.ISSUED)


def _time(claims: Mapping[str, object], name: str, reason: Reason) -> float:
    given = claims.get(name)
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise Refused(reason, f"{name} is missing or no number")
    try:
        return float(given)
    except OverflowError:
        raise Refused(reason, f"{name} is out of all bounds") from None


def half_hash(access_token: str, algorithm: str) -> str:
    """``at_hash``: the left half of the token's hash."""
    digest = hashlib.new(_HASHES[algorithm[2:]], access_token.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
