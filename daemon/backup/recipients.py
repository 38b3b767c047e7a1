"""For whom a backup is: its file key, 32 random bytes, sealed for the vault or for public keys.

For X25519 and the NIST curves that is HPKE (RFC 9180, base mode); for RSA it is OAEP with SHA-256; for the vault it is
what wraps data keys. Each is bound to the one file by its salt, so that no sealed key can be moved to another file.
"""

import hashlib
from collections.abc import Sequence
from typing import Literal, assert_never

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, hpke, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, x25519

from daemon.backup.refusing import BackupRefused

KEY_BYTES = 32
RSA_BITS_MIN = 2048
NAME = "lmsyncd-backup-1"
Kind = Literal["vault", "x25519", "p256", "p384", "p521", "rsa"]
Public = x25519.X25519PublicKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey
Private = x25519.X25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
_CURVES: dict[str, Kind] = {"secp256r1": "p256", "secp384r1": "p384", "secp521r1": "p521"}
_HPKE = {
    "x25519": hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM),
    "p256": hpke.Suite(hpke.KEM.P256, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM),
    "p384": hpke.Suite(hpke.KEM.P384, hpke.KDF.HKDF_SHA384, hpke.AEAD.AES_256_GCM),
    "p521": hpke.Suite(hpke.KEM.P521, hpke.KDF.HKDF_SHA512, hpke.AEAD.AES_256_GCM),
}


class SealedKey(msgspec.Struct, frozen=True, kw_only=True):
    """The file key for one recipient. ``key`` tells which one: the beginning of the SHA-256 over its public key, or
    the id of the vault's key in hexadecimal, and then ``hint`` is what that one needs."""

    kind: Kind
    key: str
    sealed: bytes
    hint: bytes = b""


class Recipient(msgspec.Struct, frozen=True):
    """A public key, checked."""

    kind: Kind
    key: str
    public: Public

    def seal(self, file_key: bytes, salt: bytes) -> SealedKey:
        """Only who has the private key opens it, and only for the file of this salt."""
        match self.public:
            case rsa.RSAPublicKey():
                sealed = self.public.encrypt(file_key, _oaep(salt))
            case _:
                sealed = _HPKE[self.kind].encrypt(file_key, self.public, _info(salt))
        return SealedKey(kind=self.kind, key=self.key, sealed=sealed)


def recipient(pem: bytes) -> Recipient:
    """Of a public key or a certificate in PEM. Raises BackupRefused."""
    try:
        if b"BEGIN CERTIFICATE" in pem:
            return _checked(x509.load_pem_x509_certificate(pem).public_key())
        return _checked(serialization.load_pem_public_key(pem))
    except (ValueError, UnsupportedAlgorithm):
        hint = "; this is a private key, name the public one" if b"PRIVATE KEY" in pem else ""
        raise BackupRefused(f"this is no public key and no certificate in PEM{hint}") from None


def _checked(public: object) -> Recipient:
    kind: Kind
    match public:
        case x25519.X25519PublicKey():
            kind = "x25519"
        case ec.EllipticCurvePublicKey() if public.curve.name in _CURVES:
            kind = _CURVES[public.curve.name]
        case rsa.RSAPublicKey() if public.key_size >= RSA_BITS_MIN:
            kind = "rsa"
        case _:
            raise BackupRefused(
                f"a recipient's key is X25519, P-256, P-384, P-521 or RSA of {RSA_BITS_MIN} bits or more; "
                "openssl genpkey -algorithm X25519 makes one"
            )
    return Recipient(kind, _name(public), public)


def _name(public: Public) -> str:
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()[:16]


class Identity(msgspec.Struct, frozen=True):
    """A private key, and the name of its public one."""

    key: str
    private: Private

    def __repr__(self) -> str:
        return f"Identity({self.key})"

    def open(self, keys: Sequence[SealedKey], salt: bytes) -> bytes | None:
        """The file key, if it was sealed for this one. Raises BackupRefused where it was altered."""
        found = next((each for each in keys if each.key == self.key), None)
        if found is None:
            return None
        try:
            match self.private:
                case rsa.RSAPrivateKey():
                    opened = self.private.decrypt(found.sealed, _oaep(salt))
                case ec.EllipticCurvePrivateKey() | x25519.X25519PrivateKey():
                    opened = _HPKE[_checked(self.private.public_key()).kind].decrypt(
                        found.sealed, self.private, _info(salt)
                    )
                case _ as never:
                    assert_never(never)
        except (InvalidTag, ValueError):
            raise BackupRefused("the file's key does not open: the file was altered") from None
        if len(opened) != KEY_BYTES:
            raise BackupRefused("the file's key has another length than it must have")
        return opened


def identity(pem: bytes, passphrase: bytes | None = None) -> Identity:
    """Of a private key in PEM. Raises BackupRefused, TypeError where it wants a passphrase."""
    try:
        private = serialization.load_pem_private_key(pem, passphrase)
    except (ValueError, UnsupportedAlgorithm):
        raise BackupRefused("this is no private key in PEM, or its passphrase is another") from None
    if not isinstance(private, x25519.X25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise BackupRefused("no backup is encrypted to a key of this kind")
    return Identity(_checked(private.public_key()).key, private)


def _info(salt: bytes) -> bytes:
    return NAME.encode() + b" " + salt


def _oaep(salt: bytes) -> padding.OAEP:
    return padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), _info(salt))
