"""The bytes at rest, without anything around them: values sealed with a data key, data keys wrapped with another key.

A sealed value is ``form, key id, nonce, ciphertext and tag``. Whose it is (tenant, kind, name, version) is not in it
but is authenticated with it: moved to another place it does not open. The same holds for a wrapped data key, its tenant
and both key ids.
"""

import os
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
KEY_ID_BYTES = 8
NONCE_BYTES = 12
TAG_BYTES = 16
VALUE_BYTES_MAX = 64 * 1024
SEALED_BYTES_MAX = 1 + KEY_ID_BYTES + NONCE_BYTES + VALUE_BYTES_MAX + TAG_BYTES
FORM = b"\x01"

Random = Callable[[int], bytes]
"""So many bytes that nobody can foretell."""


class VaultUnusable(Exception):
    """A value cannot be sealed or opened, and why; never what it is. ``passing``: the key cannot be had just now (an
    HSM that is away), and may come back without anybody doing anything about the value."""

    def __init__(self, why: str, *, passing: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.passing = passing


class DataKey:
    """One key of one tenant, in memory. Seals and opens; the key itself cannot be asked back, but wrapped."""

    def __init__(self, key_id: bytes, tenant: str, key: bytes, random: Random = os.urandom) -> None:
        self.id = key_id
        self.tenant = tenant
        self._key = key
        self._cipher = AESGCM(key)
        self._random = random

    def __repr__(self) -> str:
        return f"DataKey({self.id.hex()}, {self.tenant!r})"

    def seal(self, kind: str, name: str, version: int, value: bytes) -> bytes:
        """Raises VaultUnusable for a value that is too long."""
        if len(value) > VALUE_BYTES_MAX:
            raise VaultUnusable(f"longer than {VALUE_BYTES_MAX:,} bytes")
        nonce = self._random(NONCE_BYTES)
        bound = place(self.id, self.tenant, kind, name, version)
        return FORM + self.id + nonce + self._cipher.encrypt(nonce, value, bound)

    def open(self, kind: str, name: str, version: int, sealed: bytes) -> bytes:
        """Raises VaultUnusable for anything but what this key sealed at this place."""
        start = 1 + KEY_ID_BYTES
        nonce, closed = sealed[start : start + NONCE_BYTES], sealed[start + NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, closed, place(self.id, self.tenant, kind, name, version))
        except (InvalidTag, ValueError):
            raise VaultUnusable("it does not open: it was changed, or belongs to another place") from None

    def wrapped(self, secret: bytes, kek_id: bytes) -> bytes:
        """This key under what a key-encryption key gave for it (``keks.Kek.fresh``)."""
        return wrap(secret, kek_id, self.id, self.tenant, self._key, self._random)


def key_id_of(sealed: bytes) -> bytes:
    """Which data key a value was sealed with. Raises VaultUnusable for bytes that no key of ours made."""
    if sealed[:1] != FORM or not 1 + KEY_ID_BYTES + NONCE_BYTES + TAG_BYTES <= len(sealed) <= SEALED_BYTES_MAX:
        raise VaultUnusable("this is nothing that was sealed here")
    return bytes(sealed[1 : 1 + KEY_ID_BYTES])


def place(key_id: bytes, tenant: str, kind: str, name: str, version: int) -> bytes:
    """What a value is bound to. Each part says how long it is, so no two places are written alike."""
    return b"lmsyncd value" + FORM + _joined(key_id, tenant.encode(), kind.encode(), name.encode(), b"%d" % version)


def wrap(secret: bytes, kek_id: bytes, key_id: bytes, tenant: str, key: bytes, random: Random = os.urandom) -> bytes:
    """See ``DataKey.wrapped``."""
    bound = _wrapped_place(kek_id, key_id, tenant)
    nonce = random(NONCE_BYTES)
    return nonce + AESGCM(_derived(secret, bound)).encrypt(nonce, key, bound)


def unwrap(secret: bytes, kek_id: bytes, key_id: bytes, tenant: str, wrapped: bytes) -> bytes:
    """Raises VaultUnusable."""
    bound = _wrapped_place(kek_id, key_id, tenant)
    key = b""
    try:
        key = AESGCM(_derived(secret, bound)).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], bound)
    except (InvalidTag, ValueError):
        pass  # no key then, and said below
    if len(key) != KEY_BYTES:
        raise VaultUnusable("the data key does not open: it was changed, or belongs to another tenant")
    return key


def _derived(secret: bytes, bound: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=bound).derive(secret)


def _wrapped_place(kek_id: bytes, key_id: bytes, tenant: str) -> bytes:
    return b"lmsyncd data key" + FORM + _joined(kek_id, key_id, tenant.encode())


def _joined(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)
