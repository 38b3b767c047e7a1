"""The words of ``[sso.saml]``: sign-on by SAML 2.0."""

from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Meta

from config.durations import seconds
from config.referred import Secret
from config.texts import Duration, NonEmpty, ReadableFile, Timeout, is_loopback
from config.words import Words

SKEW_S_MAX = 300.0
LOGIN_S_MAX = 3600.0


class SamlKey(Words, frozen=True, kw_only=True):
    """A key of ours and its certificate (self-signed will do: only the key in it counts)."""

    certificate: ReadableFile
    """PEM: part of the metadata."""
    key: Secret
    """PEM, RSA, at least 2048 bits, without a passphrase."""


class Saml(Words, frozen=True, kw_only=True):
    """Sign-on by SAML 2.0. Our own metadata, for the identity provider (IdP), are at `/t/TENANT/sso/saml/metadata`."""

    metadata_file: ReadableFile | None = None
    """The IdP's metadata in a file. Either this or ``metadata_url``."""
    metadata_url: str | None = None
    """The IdP's metadata at an address: https, or http on this machine. Read again every ``metadata_every``; what was
    read last is kept in the database."""
    metadata_every: Timeout = "6h"
    """How often the IdP's metadata are read again: that is how long it may take until a new key of the IdP counts."""
    metadata_certificate: ReadableFile | None = None
    """PEM: who must have signed the metadata. Absent: whoever has the file or the address is believed."""
    idp: NonEmpty | None = None
    """The IdP's entity id, where its metadata tell of several."""
    keys: Annotated[tuple[SamlKey, ...], Meta(min_length=1, max_length=4)]
    """Our keys. The first one signs; all stand in our metadata, and an assertion may be encrypted for any of them. To
    change keys: add the new one as the second, wait until the IdP has read the metadata, then put it first."""
    encrypted: bool = False
    """Whether assertions must be encrypted. Encrypted ones are read in any case."""
    allow_unsolicited: bool = False
    """Whether people may also begin at the IdP (IdP-initiated). Whoever can make somebody's browser send a form could
    then sign them in as another; absent: refused."""
    skew: Duration = "60s"
    """How far the IdP's clock may be from ours; at most 5m."""
    login_timeout: Timeout = "10m"
    """How long people may take at the IdP; at most 1h."""

    def __post_init__(self) -> None:
        if (self.metadata_file is None) == (self.metadata_url is None):
            raise ValueError("one of metadata_file and metadata_url is needed: the IdP's metadata")
        parts = urlsplit(self.metadata_url or "")
        if parts.scheme == "http" and not is_loopback(parts.hostname or "") and self.metadata_certificate is None:
            raise ValueError("metadata_url: https is needed here, or metadata_certificate: the keys in it are believed")
        if seconds(self.skew) > SKEW_S_MAX:
            raise ValueError("skew is at most 5m: keep the clocks right instead")
        if seconds(self.login_timeout) > LOGIN_S_MAX:
            raise ValueError("login_timeout is at most 1h")
