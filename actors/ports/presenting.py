"""Who we are in TLS towards one connection, from what its settings refer to."""

from actors.domain.flow import Identity
from actors.ports.vendors import Reveal
from config.transport import ClientCertificate


def identity_of(given: ClientCertificate | None, reveal: Reveal) -> Identity | None:
    """Read anew each time, so that a renewed certificate is used at once. Raises SecretUnavailable."""
    if given is None:
        return None
    return Identity(reveal(given.certificate), reveal(given.key))
