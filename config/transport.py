"""What protects what goes to an address: whether it can be read on the way, and who we are in TLS."""

from urllib.parse import urlsplit

from config.model import Secret, Words
from config.texts import is_loopback


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
