"""TLS towards others: whom we trust, and who we are where they ask for a certificate.

Everybody's certificate is verified against the system's authorities and a private one beside them. There is no switch
that turns it off: who runs an authority of their own names it in ``[network] ca_file``.
"""

import os
import ssl
from pathlib import Path

import certifi
import httpcore

from actors.domain.flow import Identity


class Unpresentable(httpcore.ConnectError):
    """There is no certificate and key to present, so nothing was sent. The text tells nothing of either."""


def trusting(ca_file: Path | None) -> ssl.SSLContext:
    """The system's CAs (certifi's where the system has none) and a private one beside them."""
    context = ssl.create_default_context()
    paths = ssl.get_default_verify_paths()
    if paths.cafile is None and not (paths.capath and any(Path(paths.capath).iterdir())):
        context.load_verify_locations(certifi.where())
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except ssl.SSLError as error:  # as it comes it does not say which file
            raise OSError(f"network.ca_file: {ca_file} has no PEM certificate: {error.reason or error}") from error
    return context


def presenting(ca_file: Path | None, identity: Identity) -> ssl.SSLContext:
    """The same, presenting a certificate to servers that ask for one. Raises Unpresentable where they are
    no pair. OpenSSL's wrapper reads files only: these are in memory, and never on a disk."""
    context = trusting(ca_file)
    held = os.memfd_create("identity", os.MFD_CLOEXEC)
    try:
        os.write(held, f"{identity.certificate.strip()}\n{identity.key.strip()}\n".encode())
        context.load_cert_chain(f"/proc/self/fd/{held}", password=_none)
    except (ssl.SSLError, UnicodeError):
        raise Unpresentable("client_certificate: certificate and key must be a PEM pair, no passphrase") from None
    finally:
        os.close(held)
    return context


def _none() -> str:
    """A key with a passphrase is refused; without this, OpenSSL would ask the terminal for it."""
    return ""
