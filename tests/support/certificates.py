"""A client's certificate for a test, and assertions signed with it by another library than the one that checks them."""

import base64
import datetime
import uuid

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from joserfc import jws
from joserfc.jwk import RSAKey


class Certificate:
    def __init__(self, key: rsa.RSAPrivateKey, made: x509.Certificate) -> None:
        self.pem = made.public_bytes(serialization.Encoding.PEM).decode()
        self.private_pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        self.thumbprint = base64.urlsafe_b64encode(made.fingerprint(hashes.SHA256())).decode().rstrip("=")
        self._key = RSAKey.import_key(self.private_pem)

    def assertion(
        self, audience: str, now_s: float, *, life_s: int = 600, algorithm: str = "PS256", thumbprint: str = ""
    ) -> str:
        header = {"alg": algorithm, "typ": "JWT", "x5t#S256": thumbprint or self.thumbprint}
        claims = {"iss": "sandbox", "sub": "sandbox", "aud": audience, "jti": str(uuid.uuid4())}
        claims |= {"nbf": int(now_s), "iat": int(now_s), "exp": int(now_s) + life_s}
        return jws.serialize_compact(header, msgspec.json.encode(claims), self._key, [algorithm])


def certificate(now_s: float, days: int = 365) -> Certificate:
    """Valid from a day ago on."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lmsyncd")])
    now, day = datetime.datetime.fromtimestamp(now_s, datetime.UTC), datetime.timedelta(days=1)
    serial, until = x509.random_serial_number(), now + days * day
    builder = x509.CertificateBuilder(name, name, key.public_key(), serial, now - day, until)
    return Certificate(key, builder.sign(key, hashes.SHA256()))
