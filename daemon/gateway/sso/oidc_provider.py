"""An OpenID provider as it tells of itself (OpenID Connect Discovery 1.0), and whether it can be used. No network.

The document must be the issuer's own: it says ``issuer``, and that is compared letter by letter. Where it leads people
and us must be https, or on this machine where the issuer is.
"""

from collections.abc import Generator, Mapping
from urllib.parse import urlsplit

import msgspec

from actors.domain.flow import Flow, Outcome, Request, Response, decode_object
from config.oidc import Oidc
from config.texts import is_loopback, url

WELL_KNOWN = "/.well-known/openid-configuration"
DOCUMENT_BYTES_MAX = 256 * 1024
PATIENCE_S = 10.0


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """``says_issuer``: it promises to name itself when it sends people back (RFC 9207)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    end_session_endpoint: str = ""
    says_issuer: bool = False


class Unusable(Exception):
    """Sign-on cannot go on, through no fault of who signs in. The text is for an operator."""


def discovered(words: Oidc) -> Flow[Provider]:
    """Raises Unusable."""
    outcome = yield from fetched(words.issuer.rstrip("/") + WELL_KNOWN, "discovery")
    return provider_of(outcome.body, words)


def fetched(address: str, operation: str) -> Generator[Request, Outcome, Response]:
    """A document of the provider's. Raises Unusable."""
    outcome = yield Request(
        method="GET",
        url=address,
        operation=operation,
        headers={"accept": "application/json"},
        answer_bytes_max=DOCUMENT_BYTES_MAX,
        patience_s=PATIENCE_S,
    )
    if not isinstance(outcome, Response):
        raise Unusable(f"{operation}: {outcome.detail}")
    if outcome.status != 200:
        raise Unusable(f"{operation}: HTTP {outcome.status}")
    return outcome


def provider_of(body: bytes, words: Oidc) -> Provider:
    """Raises Unusable."""
    told = decode_object(body)
    if told is None:
        raise Unusable("discovery: this is no JSON object")
    if told.get("issuer") != words.issuer:
        raise Unusable("discovery: the document is another issuer's; write [sso.oidc] issuer exactly as it says it")
    for name, wanted, why in (
        ("response_types_supported", {"code"}, "it does not give codes"),
        ("code_challenge_methods_supported", {"S256"}, "it does not take PKCE with S256"),
        ("id_token_signing_alg_values_supported", set(words.algorithms), "it signs by none of [sso.oidc] algorithms"),
    ):
        listed = told.get(name)
        if isinstance(listed, list) and not wanted & {each for each in listed if isinstance(each, str)}:
            raise Unusable(f"discovery: {why}")
    methods = told.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    if words.method != "none" and isinstance(methods, list) and words.method not in methods:
        raise Unusable(f"discovery: clients cannot prove who they are by {words.method}")
    local = is_loopback(urlsplit(words.issuer).hostname or "")
    return Provider(
        issuer=words.issuer,
        authorization_endpoint=_endpoint(told, "authorization_endpoint", local=local),
        token_endpoint=_endpoint(told, "token_endpoint", local=local),
        jwks_uri=_endpoint(told, "jwks_uri", local=local),
        userinfo_endpoint=_endpoint(told, "userinfo_endpoint", local=local, needed=words.userinfo),
        end_session_endpoint=_endpoint(told, "end_session_endpoint", local=local, needed=False),
        says_issuer=told.get("authorization_response_iss_parameter_supported") is True,
    )


def _endpoint(told: Mapping[str, object], name: str, *, local: bool, needed: bool = True) -> str:
    given = told.get(name)
    if given is None and not needed:
        return ""
    if not isinstance(given, str):
        raise Unusable(f"discovery: {name}: there is none")
    try:
        url(given)
    except ValueError as error:
        raise Unusable(f"discovery: {name}: {error.args[0]}") from None
    parts = urlsplit(given)
    if parts.scheme != "https" and not (local and is_loopback(parts.hostname or "")):
        raise Unusable(f"discovery: {name}: it is not https")
    if parts.fragment:
        raise Unusable(f"discovery: {name}: it has a fragment")
    return given
