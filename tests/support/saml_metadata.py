"""Keys, certificates, and an identity provider's metadata as texts."""

import base64
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from saml_texts import IDP, P

from daemon.gateway.sso.saml_provider import MD, REDIRECT

LOGIN = "https://idp.example.edu/login"
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def certificate(key: Key, encoding: serialization.Encoding = serialization.Encoding.DER) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "anybody")])
    now = datetime(2020, 1, 1, tzinfo=UTC)  # long over: only the key in it counts
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7, now, now + timedelta(days=1))
    return builder.sign(key, hashes.SHA256()).public_bytes(encoding)


@cache
def made(number: int, bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def key_text(der: bytes, use: str = ' use="signing"') -> str:
    return (
        f'<KeyDescriptor{use}><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>'
        f"{base64.encodebytes(der).decode()}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"
    )


def entity(
    name: str = IDP,
    keys: str = "",
    login: str = LOGIN,
    binding: str = REDIRECT,
    attributes: str = "",
    role: str = "IDPSSODescriptor",
    protocol: str = P,
) -> str:
    return (
        f'<EntityDescriptor xmlns="{MD[1:-1]}" entityID="{name}"{attributes}><{role} '
        f'protocolSupportEnumeration="{protocol}">{keys or key_text(certificate(made(1)))}'
        f'<SingleLogoutService Binding="{REDIRECT}" Location="{LOGIN}/out"/>'
        f'<SingleSignOnService Binding="urn:other" Location="https://no.example"/>'
        f'<SingleSignOnService Binding="{binding}" Location="{login}"/></{role}></EntityDescriptor>'
    )
