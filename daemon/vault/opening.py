"""Which key-encryption keys there are: the one in use, which wraps, and all that may still unwrap.

In use is what the configuration names (``[vault.pkcs11]``, else ``[vault] key``); where it names none, the systemd
credential ``lmsyncd-vault``; where there is none, the file beside the database. Every other key that can be found may
unwrap, so moving from one to the next needs no order: ``vault rotate`` rewraps afterwards.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from config.referred import Secret
from config.secrets import SecretUnavailable
from config.vaulting import Pkcs11, VaultWords
from daemon.vault.envelope import Random, VaultUnusable
from daemon.vault.keks import Kek, KeyFile, LocalKek, ask, read_key
from daemon.vault.pkcs11 import HsmKek
from daemon.vault.sealing import CREDENTIAL, STORES, Sealing, of_credential

Outside = Callable[[Secret], str]
"""The value of a secret that is not looked for in the vault. Raises SecretUnavailable."""


class Source(Protocol):
    """Somewhere that keys are. Both methods raise VaultUnusable."""

    sealing: Sealing

    def keks(self) -> list[Kek]:
        """What is there now, the one in use first."""

    def first(self) -> Kek:
        """The one to wrap with."""


class SecretSource:
    """A key that is a secret of the configuration's, read whenever it is needed."""

    def __init__(self, secret: Secret, outside: Outside, sealing: Sealing, random: Random) -> None:
        self.sealing = sealing
        self._secret = secret
        self._outside = outside
        self._random = random

    def keks(self) -> list[Kek]:
        return [self.first()]

    def first(self) -> Kek:
        try:
            return LocalKek(read_key(self._outside(self._secret)), self.sealing.where, self._random)
        except SecretUnavailable as error:
            raise VaultUnusable(str(error)) from None
        except VaultUnusable as error:
            raise VaultUnusable(f"{self._secret.where}: {error}") from None


class FileSource:
    """The file beside the database; made when something has to be wrapped for the first time."""

    def __init__(self, file: KeyFile, random: Random) -> None:
        self.sealing = Sealing("plain", f"file {file.path}")
        self.file = file
        self._random = random

    def keks(self) -> list[Kek]:
        return [LocalKek(key, self.sealing.where, self._random) for key in self.file.load()]

    def first(self) -> Kek:
        return LocalKek(self.file.keep()[0], self.sealing.where, self._random)


class HsmSource:
    """A key in an HSM. The same object for as long as the same key is meant: it knows which PIN was refused."""

    def __init__(self, kek: HsmKek) -> None:
        self.sealing = Sealing("pkcs11", kek.where)
        self.kek = kek

    def keks(self) -> list[Kek]:
        return [self.kek]

    def first(self) -> Kek:
        return self.kek


class InUse(NamedTuple):
    """The key that wraps, and its id."""

    kek: Kek
    id: bytes


class Keks:
    """The key-encryption keys of this moment. ``configure`` at the start and whenever the words may have changed."""

    def __init__(
        self, root: Path, file: Path, outside: Outside, environ: Mapping[str, str], random: Random = os.urandom
    ) -> None:
        self._root = root
        self._file = FileSource(KeyFile(file, random), random)
        self._outside = outside
        self._environ = environ
        self._random = random
        self._hsms: dict[Pkcs11, HsmSource] = {}
        self._former: list[Source] = []
        self.source: Source = self._file
        self.configure(VaultWords())

    def configure(self, words: VaultWords) -> None:
        """These words are in force."""
        beside = [self._of(secret) for secret in words.former_keys]
        former: list[Source] = [*beside, *([self._hsm(words.former_pkcs11)] if words.former_pkcs11 else [])]
        credential = Secret(credential=CREDENTIAL)
        given = [self._of(credential)] if self._has(CREDENTIAL) else []
        found: list[Source] = [*given, self._file]
        if words.pkcs11 is not None:
            found.insert(0, self._hsm(words.pkcs11))
        elif words.key is not None:
            found.insert(0, self._of(words.key))
        self.source, self._former = found[0], [*found[1:], *former]

    @property
    def file(self) -> KeyFile | None:
        """The file beside the database, if that is what is used."""
        return self._file.file if self.source is self._file else None

    @property
    def beside(self) -> KeyFile:
        """The file beside the database, whether it is used or not."""
        return self._file.file

    def try_again(self) -> None:
        """Somebody says that PINs which were refused are right now."""
        for hsm in self._hsms.values():
            hsm.kek.try_again()

    async def in_use(self) -> InUse:
        """What wraps. Raises VaultUnusable."""
        kek = self.source.first()
        return InUse(kek, await ask(kek, kek.identify))

    async def by_id(self, kek_id: bytes) -> Kek:
        """What unwraps. Raises VaultUnusable, with what stands against each key that could be it."""
        troubles, passing = [], False
        for source in (self.source, *self._former):
            try:
                for kek in source.keks():
                    if await ask(kek, kek.identify) == kek_id:
                        return kek
            except VaultUnusable as error:
                passing = passing or error.passing
                troubles.append(error.why)
        why = "; ".join([f"the vault's key {kek_id.hex()} is not here", *troubles])
        raise VaultUnusable(why, passing=passing)

    def _has(self, credential: str) -> bool:
        directory = self._environ.get("CREDENTIALS_DIRECTORY")
        return bool(directory) and Path(directory or "", credential).exists()

    def _of(self, secret: Secret) -> SecretSource:
        if secret.credential is not None:
            sealing = of_credential(secret.credential, (self._root, *STORES))
        else:
            sealing = Sealing("plain", secret.where)
        return SecretSource(secret, self._outside, sealing, self._random)

    def _hsm(self, words: Pkcs11) -> HsmSource:
        known = self._hsms.get(words)
        if known is None:
            known = HsmSource(HsmKek(words.module, words.token, words.key, self._pin(words.pin), self._random))
            self._hsms[words] = known
        return known

    def _pin(self, pin: Secret) -> Callable[[], str]:
        def reveal() -> str:
            try:
                return self._outside(pin)
            except SecretUnavailable as error:
                raise VaultUnusable(f"the PIN cannot be had from {error}") from None

        return reveal
