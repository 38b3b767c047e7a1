"""What protects what goes to an address: whether it can be read on the way, who we are in TLS, and how we prove who we
are where tokens come from."""

from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import urlsplit

from msgspec import Meta

from config.model import Secret, Words
from config.texts import NonEmpty, Url, is_loopback


def unprotected(url: str) -> bool:
    """Plain http to another machine. What is no URL at all is for others to tell."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")


class ClientCertificate(Words, frozen=True, kw_only=True):
    """Who we are in TLS, where the other side asks for a certificate (mutual TLS)."""

    certificate: Secret
    """PEM: the certificate and whatever stands between it and its root."""
    key: Secret
    """PEM: its private key, without a passphrase."""


ClientAuth = Literal["client_secret_basic", "client_secret_post", "private_key_jwt", "tls_client_auth"]
PROOFS: Mapping[ClientAuth, str] = {
    "client_secret_basic": "client_secret",
    "client_secret_post": "client_secret",
    "private_key_jwt": "client_key",
    "tls_client_auth": "client_certificate",
}
"""By which setting each of them proves who we are."""


def check_proof(client_auth: ClientAuth, given: Mapping[str, object]) -> None:
    """What is ``given`` (by setting, None: it is not) is what this takes, and nothing beside it. Raises ValueError.
    Whether it is there at all is for others to tell."""
    wanted = PROOFS[client_auth]
    if beside := [name for name, value in given.items() if value is not None and name != wanted]:
        raise ValueError(f"{beside[0]} is not what client_auth = {client_auth} takes: it takes {wanted}")


class OAuthClient(Words, frozen=True, kw_only=True):
    """Who we are where access tokens come from (OAuth 2, client credentials)."""

    token_url: Url
    """Where they come from."""
    client_id: NonEmpty
    """Our name there."""
    client_auth: ClientAuth = "client_secret_basic"
    """How we prove who we are there: by client_secret (in the header, or in the form), by an assertion that client_key
    signs, or by client_certificate in TLS."""
    client_secret: Secret | None = None
    """The secret."""
    client_key: Secret | None = None
    """For ``private_key_jwt``: PEM, an RSA key whose public half is known there."""
    client_key_id: NonEmpty | None = None
    """What that key is called there (``kid``), where it has several."""
    client_certificate: ClientCertificate | None = None
    """For ``tls_client_auth``: who we are in TLS at token_url."""
    scopes: Annotated[tuple[NonEmpty, ...], Meta(max_length=16)] = ()
    """What is asked for with the token; absent: what the client has there."""

    def __post_init__(self) -> None:
        proofs = {name: getattr(self, name) for name in dict.fromkeys(PROOFS.values())}
        if proofs[wanted := PROOFS[self.client_auth]] is None:
            raise ValueError(f"client_auth = {self.client_auth} needs {wanted}")
        check_proof(self.client_auth, proofs)
        if "?" in self.token_url or "#" in self.token_url:
            raise ValueError("token_url has neither a query nor a fragment")

    @property
    def dated(self) -> bool:
        """Whether the proof says what time it is."""
        return self.client_auth == "private_key_jwt"
