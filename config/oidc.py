"""The words of ``[sso.oidc]`` (sign-on by OpenID Connect) and of ``[sso.sessions]`` (what follows any sign-on)."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from msgspec import Meta

from config.durations import seconds
from config.referred import Secret
from config.texts import Duration, NonEmpty, Timeout, Url, is_loopback
from config.words import Words

SKEW_S_MAX = 300.0
LIFE_S_MAX = 24 * 3600.0
LOGIN_S_MAX = 3600.0
ClientAuth = Literal["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]
Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
"""All of key pairs: whoever reads a public key must not be able to sign with it."""


class Oidc(Words, frozen=True, kw_only=True):
    """Sign-on by OpenID Connect. Register this redirect URI at the provider, with the authorization code flow:
    ``PUBLIC_URL/t/TENANT/sso/oidc/callback`` (``PUBLIC_URL`` is ``[gateway] public_url``)."""

    issuer: Url
    """The provider, exactly as it calls itself (a slash at the end counts): https, or http on this machine. What else
    is to be known of it is read below it, at ``/.well-known/openid-configuration``."""
    client_id: NonEmpty
    """What the provider calls us."""
    client_secret: Secret | None = None
    """The client's secret. Either this or ``client_key``; neither for a public client."""
    client_key: Secret | None = None
    """PEM, RSA, without a passphrase: we sign with it that it is us (``private_key_jwt``)."""
    client_key_id: NonEmpty | None = None
    """What the provider calls that key (``kid``)."""
    client_key_algorithm: Literal["RS256", "PS256"] = "RS256"
    """How it signs."""
    client_key_audience: Literal["issuer", "token_endpoint"] = "issuer"
    """Whom the signature names: some providers want the address of their token endpoint there."""
    client_auth: ClientAuth | None = None
    """How we prove who we are. Absent: ``private_key_jwt`` with a key, ``client_secret_basic`` with a secret, ``none``
    without either."""
    scopes: Annotated[tuple[NonEmpty, ...], Meta(max_length=20)] = ("openid", "email", "profile")
    """What is asked for; ``openid`` is among it. Some providers tell groups only with a scope of their own."""
    algorithms: Annotated[tuple[Algorithm, ...], Meta(min_length=1, max_length=9)] = (
        "RS256",
        "PS256",
        "ES256",
        "RS384",
        "PS384",
        "ES384",
        "RS512",
        "PS512",
        "ES512",
    )
    """How ID tokens may be signed."""
    userinfo: bool = False
    """Whether the userinfo endpoint is asked, too: some providers tell groups or addresses only there."""
    end_session: bool = True
    """Whether signing out here leads on to the provider's page for signing out there."""
    skew: Duration = "60s"
    """How far the provider's clock may be from ours; at most 5m."""
    login_timeout: Timeout = "10m"
    """How long people may take at the provider; at most 1h."""

    def __post_init__(self) -> None:
        parts = urlsplit(self.issuer)
        if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
            raise ValueError("issuer: https is needed here")
        if parts.query or parts.fragment:
            raise ValueError("issuer: it has neither a query nor a fragment")
        if self.client_secret is not None and self.client_key is not None:
            raise ValueError("client_secret and client_key: one of them")
        if self.method == "private_key_jwt" and self.client_key is None:
            raise ValueError("client_auth: private_key_jwt needs client_key")
        if self.method.startswith("client_secret") and self.client_secret is None:
            raise ValueError(f"client_auth: {self.method} needs client_secret")
        if "openid" not in self.scopes:
            raise ValueError("scopes: openid is needed, or nobody says who signed in")
        if seconds(self.skew) > SKEW_S_MAX:
            raise ValueError("skew is at most 5m: keep the clocks right instead")
        if seconds(self.login_timeout) > LOGIN_S_MAX:
            raise ValueError("login_timeout is at most 1h")

    @property
    def method(self) -> ClientAuth:
        """How we prove who we are."""
        if self.client_auth is not None:
            return self.client_auth
        if self.client_key is not None:
            return "private_key_jwt"
        return "client_secret_basic" if self.client_secret is not None else "none"


class SessionWords(Words, frozen=True, kw_only=True):
    """How long somebody who signed in stays so."""

    idle: Timeout = "30m"
    """It ends when nothing was done for so long."""
    life: Timeout = "8h"
    """It ends so long after the sign-on, whatever is done; at most 24h."""

    def __post_init__(self) -> None:
        if seconds(self.life) > LIFE_S_MAX:
            raise ValueError("life is at most 24h: roles are only learnt by signing in again")
        if seconds(self.idle) > seconds(self.life):
            raise ValueError("idle is not longer than life")
