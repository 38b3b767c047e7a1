"""The words of ``[vault]`` in ``lmsyncd.toml``."""

from typing import Annotated

from msgspec import Meta

from config.referred import Secret
from config.texts import NonEmpty, ReadableFile
from config.words import Words


class Pkcs11(Words, frozen=True, kw_only=True):
    """A key in an HSM, reached through the library of its maker."""

    module: ReadableFile
    """The library: ``/usr/lib/softhsm/libsofthsm2.so``."""
    token: NonEmpty
    """Label of the token."""
    key: NonEmpty
    """Label of the key on it: AES, a generic secret of 32 bytes or more, or RSA."""
    pin: Secret
    """The user's PIN. Never looked up in the vault itself."""


class VaultWords(Words, frozen=True, kw_only=True):
    """What secrets at rest are protected with. Without any of it: the systemd credential ``lmsyncd-vault``, else a file
    beside the database, which protects nothing from who can read both."""

    key: Secret | None = None
    """The key: 32 bytes in hexadecimal or base64. Never looked up in the vault itself."""
    pkcs11: Pkcs11 | None = None
    """The key is in an HSM and never leaves it."""
    former_keys: Annotated[tuple[Secret, ...], Meta(max_length=8)] = ()
    """Keys that were in use before: until ``lmsyncctl vault rotate`` has run."""
    former_pkcs11: Pkcs11 | None = None
    """The HSM that was in use before: until ``lmsyncctl vault rotate`` has run."""

    def __post_init__(self) -> None:
        if self.key is not None and self.pkcs11 is not None:
            raise ValueError("the key is in [vault] key or in [vault.pkcs11], not in both")
