"""Which key-encryption keys there are: the one in use, which wraps, and all that may still unwrap.

In use is what the configuration names (``[vault.pkcs11]``, else ``[vault] key``); where it names none, the systemd
credential ``lmsyncd-vault``; where there is none, the file beside the database. Every other key that can be found may
unwrap, so moving from one to the next needs no order: ``vault rotate`` rewraps afterwards.
"""

from collections.abc import Sequence
from typing import Protocol

from daemon.vault.envelope import VaultUnusable
from daemon.vault.keks import Kek, KeyFile, LocalKek


class Keks(Protocol):
    """The key-encryption keys of this moment."""

    async def in_use(self) -> Kek:
        """What wraps. Raises VaultUnusable."""

    def by_id(self, kek_id: bytes) -> Kek:
        """What unwraps. Raises VaultUnusable, saying why it cannot be had."""


class FileKeks:
    """Nothing but the file beside the database."""

    def __init__(self, file: KeyFile) -> None:
        self._file = file

    async def in_use(self) -> Kek:
        return LocalKek(self._file.keep()[0])

    def by_id(self, kek_id: bytes) -> Kek:
        return found(kek_id, [LocalKek(key) for key in self._file.load()])


def found(kek_id: bytes, among: Sequence[Kek], troubles: Sequence[str] = ()) -> Kek:
    """The key of this id. Raises VaultUnusable, with what stands against others where it is not among them."""
    for kek in among:
        if kek.id == kek_id:
            return kek
    raise VaultUnusable("; ".join([f"the vault's key {kek_id.hex()} is not here", *troubles]))
