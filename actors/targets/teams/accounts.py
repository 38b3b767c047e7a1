"""Tokens: for whom we speak, and how Entra gives us the next one.

Two speakers: the *app* (client credentials) notifies and looks up; a *person* (delegated) posts to channels. A token
is kept in memory until shortly before it ends, or until Graph no longer takes it. Asking Entra has no effect in
Teams, so nothing here is ever doubtful. Entra's answers are told apart by ``error``, never by AADSTS numbers.
"""

import base64
import uuid
from collections.abc import Generator
from email.utils import parsedate_to_datetime
from typing import Protocol
from urllib.parse import urlencode

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from actors.domain.flow import Flow, NotSent, Outcome, Request, Response, VeiledBytes, decode_object
from actors.domain.verdicts import Revoked, Throttled, Unavailable
from actors.ports import Reveal
from actors.targets.teams.settings import ClientCertificate, TeamsSettings
from actors.targets.teams.wire import DETAIL_CHARS_MAX, Harmless
from config.model import Secret
from config.secrets import SecretUnavailable

EARLY_US = 300_000_000
"""A token is not used in its last five minutes."""
LIFE_S_MAX = 24 * 3600
ASSERTION_S = 600
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
CAPABLE = {"access_token": {"xms_cc": {"values": ["cp1"]}}}
"""Tells Entra that we understand claims challenges."""
REQUEST_IDS = uuid.UUID("0e5e7a3c-5f0b-5d8e-8a3f-6d1c2f4b9e70")
"""Our namespace of UUIDv5 for ``client-request-id``."""

REVOKED = {
    "invalid_client": "the secret or certificate is wrong or has expired",
    "unauthorized_client": "the app registration is unknown, disabled or may not do this",
    "invalid_grant": "the person's sign-in has ended: connect the account again",
    "interaction_required": "the person must sign in again",
    "consent_required": "an administrator must consent to the app's permissions",
    "login_required": "the person must sign in again",
    "invalid_request": "Entra does not accept directory, client_id or credential as they are",
    "invalid_resource": "graph_url and login_url are not of one cloud",
    "invalid_scope": "the app registration has no permissions on Microsoft Graph",
    "unsupported_grant_type": "this directory does not let the app sign in",
    "access_denied": "the directory does not let the app sign in",
}
"""Documented values of ``error``: the lane is suspended, since nothing can be sent until a person mends it."""
PASSING = {"temporarily_unavailable": "Entra is busy", "server_error": "Entra failed"}


class Account(Protocol):
    """One speaker."""

    def ready(self, now_us: int) -> bool:
        """Whether ``token`` would not have to ask for one."""

    def token(self, now_us: int | None, claims: str = "") -> Flow[str | Harmless]:
        """A token that is good at ``now_us`` (None: nobody knows the time) and proves ``claims``."""

    def drop(self, token: str) -> bool:
        """Graph no longer takes it. Whether asking for another one may help."""


class _Kept:
    """A token in memory. ``ends_us`` is None where no clock told when it was given."""

    def __init__(self) -> None:
        self.token = ""
        self.ends_us: int | None = None

    def good(self, now_us: int | None) -> bool:
        return bool(self.token) and (now_us is None or self.ends_us is None or now_us < self.ends_us - EARLY_US)

    def forget(self, token: str) -> None:
        if token == self.token:
            self.token = ""


class AppAccount:
    """The app itself, by secret or by certificate."""

    def __init__(self, settings: TeamsSettings, reveal: Reveal) -> None:
        self._settings = settings
        self._reveal = reveal
        self._kept = _Kept()
        self._desk = _Desk(settings, "app")

    def ready(self, now_us: int) -> bool:
        return self._kept.good(now_us)

    def token(self, now_us: int | None, claims: str = "") -> Flow[str | Harmless]:
        if self._kept.good(now_us) and not claims:
            return self._kept.token
        form = {"grant_type": "client_credentials", "scope": f"{self._settings.resource}/.default"}
        proof = yield from credentials(self._settings, self._reveal, self._desk)
        if not isinstance(proof, dict):
            return proof
        given = yield from self._desk.ask(form | proof, claims, now_us)
        if isinstance(given, _Given):
            self._kept.token, self._kept.ends_us = given.access_token, given.ends_us
            return given.access_token
        return given

    def drop(self, token: str) -> bool:
        self._kept.forget(token)
        return True


class PersonAccount:
    """A person, by an access token as it is or by a refresh token. A newer refresh token is used from memory; the
    configured one stays good for a restart, because Entra does not end it when it gives a newer one."""

    def __init__(self, settings: TeamsSettings, reveal: Reveal) -> None:
        self._settings = settings
        self._reveal = reveal
        self._kept = _Kept()
        self._refresh_token = ""
        self._desk = _Desk(settings, "person")

    def ready(self, now_us: int) -> bool:
        return self._settings.delegated_token is not None or self._kept.good(now_us)

    def token(self, now_us: int | None, claims: str = "") -> Flow[str | Harmless]:
        given = self._settings.delegated_token
        if given is not None:
            return _revealed(self._reveal, given) if not claims else _challenged()
        if self._kept.good(now_us) and not claims:
            return self._kept.token
        return (yield from self._refresh(now_us, claims))

    def drop(self, token: str) -> bool:
        self._kept.forget(token)
        given = self._settings.delegated_token
        return given is None or _revealed(self._reveal, given) != token

    def _refresh(self, now_us: int | None, claims: str) -> Flow[str | Harmless]:
        assert self._settings.delegated_refresh_token is not None  # noqa: S101 - place() lets nobody else come here
        first = _revealed(self._reveal, self._settings.delegated_refresh_token)
        if not isinstance(first, str):
            return first
        form = {
            "grant_type": "refresh_token",
            "refresh_token": self._refresh_token or first,
            "scope": f"{self._settings.resource}/.default offline_access",
        }
        form["client_id"] = self._settings.client_id
        if self._settings.has_app:
            proof = yield from credentials(self._settings, self._reveal, self._desk)
            if not isinstance(proof, dict):
                return proof
            form |= proof
        given = yield from self._desk.ask(form, claims, now_us)
        if isinstance(given, _Given):
            self._kept.token, self._kept.ends_us = given.access_token, given.ends_us
            self._refresh_token = given.refresh_token or self._refresh_token
            return given.access_token
        if isinstance(given, Revoked):
            self._refresh_token = ""  # the next try begins with the configured one: it may have been replaced
        return given


# ── at Entra's desk ──────────────────────────────────────────────────────────────────────────────────


class _Given(msgspec.Struct, frozen=True):
    access_token: str
    refresh_token: str
    ends_us: int | None

    def __repr__(self) -> str:
        return "_Given(***)"


class _Desk:
    """Requests to Entra for one directory."""

    def __init__(self, settings: TeamsSettings, speaker: str) -> None:
        self._settings = settings
        self._speaker = speaker
        self._count = 0

    def ask(self, form: dict[str, str], claims: str, now_us: int | None) -> Flow["_Given | Harmless"]:
        outcome = yield self._request("POST", "oauth2/v2.0/token", urlencode(form | {"claims": merged(claims)}))
        return _given(outcome, now_us)

    def time_s(self) -> Flow[int | Harmless]:
        """Entra's own time: an assertion is dated by it, so our clock need not be right."""
        outcome = yield self._request("GET", "v2.0/.well-known/openid-configuration")
        if not isinstance(outcome, Response):
            return Unavailable(outcome.detail)
        time_s = _date_s(outcome)
        return time_s if time_s is not None else Unavailable(f"Entra: HTTP {outcome.status} without a date")

    @property
    def token_url(self) -> str:
        return f"{self._settings.authority}/oauth2/v2.0/token"

    def fresh_id(self) -> str:
        """A GUID this object has not used yet."""
        self._count += 1
        name = f"{self._settings.directory}|{self._settings.client_id}|{self._speaker}|{self._count}"
        return str(uuid.uuid5(REQUEST_IDS, name))

    def _request(self, method: str, path: str, body: str = "") -> Request:
        headers = {"accept": "application/json", "client-request-id": self.fresh_id()}
        if method == "POST":
            headers["content-type"] = "application/x-www-form-urlencoded"
        return Request(
            method=method,
            url=f"{self._settings.authority}/{path}",
            operation="token" if method == "POST" else "openid-configuration",
            headers=headers,
            body=VeiledBytes(body.encode()),
            draws=("token",),
        )


def _given(outcome: Outcome, now_us: int | None) -> _Given | Harmless:
    if not isinstance(outcome, Response):
        return Unavailable(outcome.detail if isinstance(outcome, NotSent) else f"Entra: {outcome.detail}")
    fields = decode_object(outcome.body) or {}
    status, retry_after = outcome.status, outcome.headers.get("retry-after", "").strip() or None
    token = fields.get("access_token")
    if status == 200 and isinstance(token, str) and token.isascii() and token.isprintable() and token:
        refresh_token = fields.get("refresh_token")
        ends_us = _ends_us(fields.get("expires_in"), now_us, outcome)
        return _Given(token, refresh_token if isinstance(refresh_token, str) else "", ends_us)
    if status == 429:
        return Throttled(retry_after, whole_lane=True, detail="Entra: too many requests for tokens")
    error = fields.get("error")
    if status >= 500 or not isinstance(error, str) or error in PASSING:
        return Unavailable(f"Entra: HTTP {status} instead of a token", retry_after)
    if advice := REVOKED.get(error):
        return Revoked(f"Entra: {error}: {advice}")
    return Unavailable(f"Entra: {error} (HTTP {status})"[:DETAIL_CHARS_MAX])


def _ends_us(life_s: object, now_us: int | None, response: Response) -> int | None:
    """When a token ends: by our time where we know it, else by Entra's. A very short life still serves one use."""
    from_s = _date_s(response) if now_us is None else now_us / 1e6
    if from_s is None or not isinstance(life_s, int) or isinstance(life_s, bool) or life_s <= 0:
        return None
    return int(from_s * 1e6) + max(min(life_s, LIFE_S_MAX) * 1_000_000, 2 * EARLY_US)


def _date_s(response: Response) -> int | None:
    try:
        return int(parsedate_to_datetime(response.headers.get("date", "")[:64]).timestamp())
    except (ValueError, TypeError, OverflowError):
        return None


def merged(claims: str) -> str:
    """What is asked of a token: what Graph's challenge wants, and that we can be challenged."""
    asked = decode_object(claims.encode()) if claims else None
    access = (asked or {}).get("access_token")
    both = (access if isinstance(access, dict) else {}) | CAPABLE["access_token"]
    return msgspec.json.encode((asked or {}) | {"access_token": both}).decode()


# ── proving who asks ─────────────────────────────────────────────────────────────────────────────────


def credentials(
    settings: TeamsSettings, reveal: Reveal, desk: _Desk
) -> Generator[Request, Outcome, dict[str, str] | Harmless]:
    """The form fields that prove the app's identity."""
    if settings.client_certificate is None:
        assert settings.client_secret is not None  # noqa: S101 - place() lets nobody else come here
        secret = _revealed(reveal, settings.client_secret)
        return {"client_id": settings.client_id, "client_secret": secret} if isinstance(secret, str) else secret
    now_s = yield from desk.time_s()
    if not isinstance(now_s, int):
        return now_s
    pair = _pair(settings.client_certificate, reveal)
    if not isinstance(pair, tuple):
        return pair
    signed = assertion(pair[0], pair[1], settings.client_id, desk.token_url, now_s, desk.fresh_id())
    if not isinstance(signed, str):
        return signed
    return {"client_id": settings.client_id, "client_assertion_type": ASSERTION, "client_assertion": signed}


def assertion(certificate: str, key: str, client_id: str, audience: str, now_s: int, jti: str) -> str | Revoked:
    """A JWT signed by the certificate's key (PS256), naming the certificate by its SHA-256 thumbprint."""
    try:
        print_ = x509.load_pem_x509_certificate(certificate.encode()).fingerprint(hashes.SHA256())
        header = {"alg": "PS256", "typ": "JWT", "x5t#S256": base64.urlsafe_b64encode(print_).rstrip(b"=").decode()}
        claims = {
            "aud": audience,
            "iss": client_id,
            "sub": client_id,
            "jti": jti,
            "iat": now_s,
            "nbf": now_s,
            "exp": now_s + ASSERTION_S,
        }
        return str(jwt.encode(header, claims, RSAKey.import_key(key), algorithms=["PS256"]))
    except (ValueError, TypeError, JoseError):
        return Revoked("client_certificate: certificate and key must be a PEM pair, RSA, without a passphrase")


def _pair(given: ClientCertificate, reveal: Reveal) -> tuple[str, str] | Harmless:
    certificate, key = _revealed(reveal, given.certificate), _revealed(reveal, given.key)
    if not isinstance(certificate, str):
        return certificate
    return (certificate, key) if isinstance(key, str) else key


def _revealed(reveal: Reveal, secret: Secret) -> str | Unavailable:
    """The value of a secret; where it cannot be had now, nothing is lost by waiting."""
    try:
        return reveal(secret)
    except SecretUnavailable as error:
        return Unavailable(str(error))


def _challenged() -> Revoked:
    return Revoked("Microsoft Graph wants a newer sign-in than delegated_token: connect the account again")
