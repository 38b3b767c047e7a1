"""Certificate authorities that last, and certificates of clients signed by them: good, expired, not valid yet."""

import datetime
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from actors.domain.flow import Identity

DAY = datetime.timedelta(days=1)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


class Authority:
    """Signs what it is asked to. ``file`` holds its certificate."""

    def __init__(self, folder: Path, name: str = "Clients") -> None:
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        signed = (
            self._builder(self._name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))

    def identity(self, name: str = "lmsyncd", *, from_days: int = -1, to_days: int = 1) -> Identity:
        """A client's certificate and key, good between those days from now."""
        certificate, key = self._issue(name, from_days, to_days, ExtendedKeyUsageOID.CLIENT_AUTH)
        return Identity(certificate.decode(), key.decode())

    def server(self) -> tuple[Path, Path]:
        """Files of a server's certificate and key, for 127.0.0.1 and localhost."""
        certificate, key = self._issue("localhost", -1, 1, ExtendedKeyUsageOID.SERVER_AUTH)
        files = self.folder / "there.pem", self.folder / "there.key"
        for file, content in zip(files, (certificate, key), strict=True):
            file.write_bytes(content)
        files[1].chmod(0o600)
        return files

    def demanding(self, clients: "Authority") -> ssl.SSLContext:
        """The TLS of a server of this authority's that wants a certificate by the other one."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.server())
        context.load_verify_locations(clients.file)
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    def _issue(self, name: str, from_days: int, to_days: int, usage: x509.ObjectIdentifier) -> tuple[bytes, bytes]:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        names: list[x509.GeneralName] = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        signed = (
            self._builder(subject, key.public_key(), from_days, to_days)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return signed.public_bytes(serialization.Encoding.PEM), _pem(key)

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, from_days: int = -1, to_days: int = 1
    ) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        return x509.CertificateBuilder(
            self._name, subject, key, x509.random_serial_number(), now + from_days * DAY, now + to_days * DAY
        )
