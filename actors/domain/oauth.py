"""OAuth 2.0 without the network: what is asked at a vendor's token endpoint, how we prove who asks, and what the answer
means. Requests are built by authlib; nothing here looks at a clock or throws dice.

Where the defaults of authlib do not suit our vendors they are overruled here, in one place. Its signed assertion lives
an hour, says no ``nbf``, brings no ``client_id`` along and, handed a dict of claims, keeps its first ``jti`` for ever:
ours gets a new dict each time, with every claim in it. Its HTTP Basic speaks Latin-1, ours UTF-8. And tokens are used
by ourselves, never by its ``TokenAuth``, which knows no ``token_type`` but Bearer (Slack calls its own ``bot``).
"""

import base64
from collections.abc import Mapping, Sequence
from math import isnan
from typing import Any, Literal

import msgspec
from authlib.common.urls import add_params_to_qs
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7523.auth import PrivateKeyJWT
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from actors.domain.answers import one_line
from actors.domain.answers import retry_after as retry_after_of
from actors.domain.flow import Lost, NotSent, Outcome, Request, Response, Veiled, VeiledBytes, decode_object
from actors.domain.tokens import Failure, Granted
from actors.domain.verdicts import Cause, Doubtful, Faulted, Refused, Revoked, Throttled, Unavailable
from config.recall import remembered

ASSERTION_S = 600
"""How long an assertion is good: vendors want five to ten minutes."""
LIFE_S_MAX = 400 * 86_400.0
NO_LIFE_S = 300.0
"""A token that lives no time at all, by what is said of it, is used for so long unless it is refused."""
NO_LIFE = "it is said to live no time at all, so it is replaced every few minutes: this is the vendor's to mend"
TOKEN_CHARS_MAX = 16_384
DETAIL_CHARS_MAX = 400
KEYS_KEPT = 16

Method = Literal["client_secret_basic", "client_secret_post", "private_key_jwt", "tls_client_auth", "none"]
"""How a client proves who it is (RFC 8414's names)."""


class Unprovable(Exception):
    """What should prove who we are is none: a key that is no key. The text is for an operator."""


class Assertion(msgspec.Struct, frozen=True, kw_only=True):
    """What a signed assertion is made of. ``key``: PEM, RSA. ``certificate``: PEM; its SHA-256 thumbprint then stands
    in the header. ``now_s`` is the vendor's time, as far as we know it; ``jti`` is new each time. ``audience``: whom it
    is for; empty: the address that it is posted to."""

    key: str
    jti: str
    now_s: int
    alg: str = "PS256"
    lives_s: int = ASSERTION_S
    certificate: str = ""
    kid: str = ""
    audience: str = ""

    def __repr__(self) -> str:
        return "Assertion(***)"


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks. With ``private_key_jwt`` there is an ``assertion``; with ``tls_client_auth`` whoever sends the request
    shows the certificate."""

    id: str
    method: Method = "client_secret_basic"
    secret: str = ""
    assertion: Assertion | None = None

    def __repr__(self) -> str:
        return f"Client({self.id!r}, {self.method})"


def token_request(
    url: str,
    client: Client,
    form: Mapping[str, str],
    *,
    operation: str = "token",
    draws: tuple[str, ...] = (),
    headers: Mapping[str, str] | None = None,
) -> Request:
    """What is posted to a token endpoint. ``form`` has the ``grant_type``, if any, and what belongs to it. Raises
    Unprovable."""
    given = dict(form)
    grant_type = given.pop("grant_type", "")
    if grant_type:
        body = prepare_token_request(grant_type, "", given.pop("redirect_uri", None), **given)
    else:
        body = add_params_to_qs("", list(given.items()))
    said = {
        "content-type": "application/x-www-form-urlencoded",
        "accept": "application/json",
        **(headers or {}),
    }
    url, said, body = _auth(client, url).prepare("POST", url, said, body)
    lowered = {name.lower(): Veiled(value) if name == "Authorization" else value for name, value in said.items()}
    return Request(
        method="POST", url=url, operation=operation, headers=lowered, body=VeiledBytes(body.encode()), draws=draws
    )


def _auth(client: Client, url: str) -> ClientAuth:
    match client.method:
        case "client_secret_basic":
            return ClientAuth(client.id, client.secret, _basic)
        case "client_secret_post":
            return ClientAuth(client.id, client.secret, client.method)
        case "none" | "tls_client_auth":
            return ClientAuth(client.id, "", "none")
        case "private_key_jwt":
            if client.assertion is None:
                raise Unprovable("there is no key to sign with")
            return _signing(client.id, client.assertion, url)


def _basic(client: Any, method: str, uri: str, headers: dict[str, str], body: str) -> tuple[str, dict[str, str], str]:
    pair = base64.b64encode(f"{client.client_id}:{client.client_secret}".encode()).decode()
    return uri, headers | {"Authorization": f"Basic {pair}"}, body


@remembered("signing_keys", KEYS_KEPT)
def _key_of(pem: str) -> RSAKey:
    """Checking an RSA key takes 30 ms, and everybody else waits meanwhile: once is enough."""
    return RSAKey.import_key(pem)


def _signing(client_id: str, given: Assertion, url: str) -> ClientAuth:
    header = {"typ": "JWT"} | ({"kid": given.kid} if given.kid else {})
    try:
        if given.certificate:
            print_ = x509.load_pem_x509_certificate(given.certificate.encode()).fingerprint(hashes.SHA256())
            header["x5t#S256"] = base64.urlsafe_b64encode(print_).rstrip(b"=").decode()
        key = _key_of(given.key)
        if not key.is_private:
            raise Unprovable("this is a public key: give the private one")
    except (ValueError, TypeError, JoseError):
        raise Unprovable("certificate and key must be PEM, RSA, without a passphrase") from None
    claims = {
        "iat": given.now_s,
        "nbf": given.now_s,
        "exp": given.now_s + given.lives_s,
        "jti": given.jti,
    }
    sign = PrivateKeyJWT(given.audience or url, claims=claims, headers=header, alg=given.alg)

    def signed(
        client: Any, method: str, uri: str, headers: dict[str, str], body: str
    ) -> tuple[str, dict[str, str], str]:
        try:
            uri, headers, body = sign(client, method, uri, headers, body)
        except (ValueError, TypeError, JoseError):
            raise Unprovable("certificate and key must be PEM, RSA, without a passphrase") from None
        return uri, headers, add_params_to_qs(body, [("client_id", client.client_id)])

    return ClientAuth(client_id, key, signed)


def authorization_url(
    endpoint: str,
    client_id: str,
    redirect_uri: str,
    scopes: Sequence[str],
    state: str,
    *,
    challenge: str = "",
    separator: str = " ",
    **more: str,
) -> str:
    """Where to send a browser, so that it comes back with a code."""
    proof = {"code_challenge": challenge, "code_challenge_method": "S256"} if challenge else {}
    scope = separator.join(scopes) or None
    return str(prepare_grant_uri(endpoint, client_id, "code", redirect_uri, scope, state, **proof, **more))


def challenge_of(verifier: str) -> str:
    """S256 (RFC 7636)."""
    return str(create_s256_code_challenge(verifier))


# ── answers ──────────────────────────────────────────────────────────────────────────────────────────

GRANT_DIED = {
    "invalid_grant": "what was given has ended or was withdrawn: connect the account again",
    "interaction_required": "the person must sign in again",
    "login_required": "the person must sign in again",
    "consent_required": "somebody must consent to the permissions anew",
    "access_denied": "access was denied",
}
"""Values of ``error`` by which a grant is over."""
CLIENT_REFUSED = {
    "invalid_client": "the client's id, secret or certificate is wrong or has expired",
    "unauthorized_client": "the client is unknown, disabled or may not do this",
    "invalid_request": "the request is not accepted as it is configured",
    "invalid_scope": "the client may not have these scopes",
    "unsupported_grant_type": "the client may not sign in like this",
    "invalid_resource": "the addresses are not of one cloud",
    "invalid_target": "the client may have no token for this",
}
"""Values that speak of the client, or of the settings: what was granted is as good as before."""
PASSING = frozenset({"temporarily_unavailable", "server_error"})


def outcome_of(
    outcome: Outcome, vendor: str, died: Mapping[str, str] = GRANT_DIED, refused: Mapping[str, str] = CLIENT_REFUSED
) -> Granted | Failure:
    """What came of asking for a token (RFC 6749, 5.1 and 5.2). ``vendor`` names who answered."""
    match outcome:
        case NotSent(detail):
            return Unavailable(f"{vendor}: {detail}")
        case Lost(detail):
            return Doubtful(f"{vendor}: {detail}")
        case Response():
            fields = decode_object(outcome.body)
            if outcome.status in (200, 201):
                return granted_of(fields or {}) or Doubtful(f"{vendor}: HTTP {outcome.status} without a token")
            return failure_of(outcome, fields or {}, vendor, died, refused)


def granted_of(fields: Mapping[str, object], separator: str | None = None) -> Granted | None:
    """The tokens in an answer; None where there are none. ``separator`` None: scopes stand between spaces."""
    access = token_text(fields.get("access_token"))
    if not access:
        return None
    scope = fields.get("scope")
    scopes = None if not isinstance(scope, str) else tuple(each for each in scope.split(separator) if each)
    life_s = _life_s(fields.get("expires_in"))
    lives = life_s is None or life_s > 0.0
    return Granted(
        access=access,
        refresh=token_text(fields.get("refresh_token")),
        lives_s=life_s if lives else NO_LIFE_S,
        scopes=scopes,
        note="" if lives else NO_LIFE,
    )


def failure_of(
    response: Response,
    fields: Mapping[str, object],
    vendor: str,
    died: Mapping[str, str] = GRANT_DIED,
    refused: Mapping[str, str] = CLIENT_REFUSED,
) -> Failure:
    """What an answer without a token means: by ``error``, never by words that are meant for people."""
    retry_after = retry_after_of(response)
    if response.status == 429:
        return Throttled(retry_after, whole_lane=True, detail=f"{vendor}: too many requests for tokens")
    given = fields.get("error")
    error = one_line(given, 100) if isinstance(given, str) else ""
    if response.status in (500, 502, 504):
        return Doubtful(f"{vendor}: HTTP {response.status} instead of a token, perhaps after giving it")
    if response.status >= 500 or not error or error in PASSING:
        return Unavailable(f"{vendor}: HTTP {response.status} instead of a token", retry_after)
    if advice := died.get(error):
        return Revoked(f"{vendor}: {error}: {advice}"[:DETAIL_CHARS_MAX])
    if advice := refused.get(error):
        return Refused(Cause.BAD_CONFIGURATION, f"{vendor}: {error}: {advice}"[:DETAIL_CHARS_MAX])
    return Faulted(f"{vendor}: {error} (HTTP {response.status})"[:DETAIL_CHARS_MAX])


def token_text(value: object) -> str:
    """A token that can stand in a header; empty where it is none."""
    if not isinstance(value, str) or not 0 < len(value) <= TOKEN_CHARS_MAX:
        return ""
    return value if value.isascii() and value.isprintable() and " " not in value else ""


def _life_s(value: object) -> float | None:
    """Seconds, as a number or in quotes. None: it does not say, or says nothing that is a time."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        life_s = float(value)
    except (ValueError, OverflowError):
        return None
    return None if isnan(life_s) else min(life_s, LIFE_S_MAX)


def claims_in(token: str) -> dict[str, object]:
    """What a JWT says, unverified: for showing what was granted, never for trusting it. Empty for anything else."""
    parts = token.split(".")
    if len(parts) != 3 or len(token) > TOKEN_CHARS_MAX:
        return {}
    try:
        return decode_object(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))) or {}
    except ValueError:
        return {}
