"""Everything of the vault that one life of the process has: put together here, brought up and reconfigured here."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
import trio

from actors.ports import Clock, StoreUnavailable, Witness
from config.numbers import number_of
from config.secrets import SecretReader
from config.vaulting import VaultWords
from daemon.store.database import Store
from daemon.store.vault import StoredSecret
from daemon.vault.awaited import Awaited, Lack
from daemon.vault.envelope import VaultUnusable
from daemon.vault.keks import key_path
from daemon.vault.opening import Keks
from daemon.vault.rotating import ROUND_S, Rotation
from daemon.vault.sealing import Sealing
from daemon.vault.secrets import Secrets
from daemon.vault.vault import Vault

TOLD_MAX = 20
"""Lines at once about secrets that are awaited."""


class DataKeyState(msgspec.Struct, frozen=True, kw_only=True):
    """A data key at rest. ``kek`` and ``id`` in hexadecimal; ``trouble``: why it cannot be used now."""

    tenant: str
    id: str
    kek: str
    made_us: int
    wrapped_us: int
    retired_us: int | None
    values: int
    former: bool
    trouble: str


class VaultState(msgspec.Struct, frozen=True, kw_only=True):
    """``kek`` is the id of the key that wraps, empty where it cannot be had, and then ``trouble`` says why."""

    sealing: Sealing
    kek: str
    trouble: str
    keys: tuple[DataKeyState, ...]

    @property
    def closed(self) -> int:
        return sum(bool(key.trouble) for key in self.keys)

    @property
    def former(self) -> int:
        return sum(key.former for key in self.keys)


class Strongroom:
    """``begin`` once, then ``run`` as a task; ``configure`` when the configuration was read again."""

    def __init__(
        self, root: Path, store: Store, reader: SecretReader, environ: Mapping[str, str], clock: Clock, witness: Witness
    ) -> None:
        self.keks = Keks(root, key_path(store.path), reader.outside, environ)
        self.vault = Vault(store.vault, self.keks, clock)
        self.secrets = Secrets(self.vault)
        self.rotation = Rotation(self.vault, self.secrets)
        self.awaited = Awaited(self.secrets.stored, environ)
        self._reader = reader
        self._witness = witness
        self._said: frozenset[str] = frozenset()
        self._missed: frozenset[Lack] = frozenset()

    async def begin(self, words: VaultWords) -> None:
        """What is sealed can be opened from now on, as far as its keys can be had. Raises StoreUnavailable."""
        self.keks.configure(words)
        await self.vault.load()
        await self.secrets.refresh()
        self._reader.stored = self.secrets.look_up
        await self.rotation.tend(beginning=True)
        self._tell()

    async def configure(self, words: VaultWords) -> None:
        """These words are in force. Keys that could not be had are tried with them."""
        self.keks.configure(words)
        try:
            await self.unlock(forgive=False)
        except StoreUnavailable as error:  # tried again by `run` or `vault unlock`
            self._witness.trouble("vault.store_unavailable", error)

    async def unlock(self, *, forgive: bool = True) -> None:
        """Try again what is closed; ``forgive``: also with a PIN that was refused. Raises StoreUnavailable."""
        if forgive:
            self.keks.try_again()
        if self.vault.closed():
            await self.vault.load()
        self._tell()

    async def run(self) -> None:
        """Until cancelled: finishes what was left of a rotation, and says when keys go away or come back."""
        while True:
            await trio.sleep(ROUND_S)
            await self.rotation.tend(beginning=False)
            self._tell()

    async def put(self, tenant: str, name: str, value: str, by: str) -> StoredSecret:
        """See ``Secrets.put``; the value is scrubbed from logs before anything is done with it."""
        self._reader.remember(value)
        return await self.secrets.put(tenant, name, value, by)

    async def shred(self, tenant: str) -> dict[str, int]:
        """See ``SqlVault.shred``. Raises StoreUnavailable."""
        gone = await self.vault.store.shred(tenant)
        self.vault.forget(tenant)
        await self.secrets.refresh()
        return gone

    async def state(self) -> VaultState:
        """Raises StoreUnavailable."""
        kek, trouble = "", ""
        file = self.keks.file
        try:
            if file is None or file.load():
                kek = (await self.keks.in_use()).id.hex()
        except VaultUnusable as error:
            trouble = error.why
        closed = self.vault.closed()
        values = await self.vault.store.sealed_with()
        keys = tuple(
            DataKeyState(
                tenant=each.tenant,
                id=each.id.hex(),
                kek=each.kek.hex(),
                made_us=each.made_us,
                wrapped_us=each.wrapped_us,
                retired_us=each.retired_us,
                values=values.get(each.id, 0),
                former=bool(kek) and each.kek.hex() != kek,
                trouble=closed[each.id].why if each.id in closed else "",
            )
            for each in await self.vault.store.keys()
        )
        return VaultState(sealing=self.keks.source.sealing, kek=kek, trouble=trouble, keys=keys)

    def trouble(self) -> str:
        """What stands against opening what is sealed, in a line; empty: nothing does."""
        closed = self.vault.closed()
        if not closed:
            return ""
        first = next(iter(closed.values())).why
        return f"{number_of(len(closed), 'data keys')} cannot be used: {first}"

    def _tell(self) -> None:
        """What has changed since it was last said."""
        now = frozenset(error.why for error in self.vault.closed().values())
        for why in sorted(now - self._said):
            self._witness.trouble("vault.closed", None, detail=why)
        if self._said and not now:
            self._witness.event("vault.opened")
        self._said = now
        missed = self.awaited.now()
        fresh = [lack for lack in missed if lack not in self._missed]
        for lack in fresh[:TOLD_MAX]:
            self._witness.trouble("secret.awaited", None, tenant=lack.tenant, detail=str(lack))
        if len(fresh) > TOLD_MAX:
            self._witness.trouble("secret.awaited", None, detail=f"{len(fresh) - TOLD_MAX} more: lmsyncctl status")
        self._missed = frozenset(missed)
