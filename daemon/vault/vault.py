"""Data keys in memory: what seals and opens, for everybody who keeps secrets at rest.

``seal`` and ``open`` compute and touch nothing else, so they may be called anywhere, also within a transaction. A data
key is unwrapped once, at the start or when its key-encryption key comes back, and made when a tenant first needs one
(``ready_for``). Keys that cannot be unwrapped close only what was sealed with them.
"""

import os

import trio

from actors.ports import Clock
from daemon.store.vault import SqlVault, WrappedKey
from daemon.vault.envelope import KEY_BYTES, KEY_ID_BYTES, DataKey, Random, VaultUnusable, key_id_of, unwrap, wrap
from daemon.vault.keks import fresh, recall
from daemon.vault.opening import Keks


class Vault:
    """``load`` first, then use it. One per process and store."""

    def __init__(self, store: SqlVault, keks: Keks, clock: Clock, random: Random = os.urandom) -> None:
        self.store = store
        self.keks = keks
        self.clock = clock
        self.random = random
        self._open: dict[bytes, DataKey] = {}
        self._closed: dict[bytes, VaultUnusable] = {}
        self._in_use: dict[str, bytes] = {}
        self._making = trio.Lock()

    def __repr__(self) -> str:
        return f"Vault({len(self._open)} keys)"

    # ── values ───────────────────────────────────────────────────────────────────────────────────────

    def seal(self, tenant: str, kind: str, name: str, value: bytes, version: int = 0) -> bytes:
        """The value, readable only here and only at this place. Raises VaultUnusable, also where the tenant has no key
        yet (``ready_for``)."""
        return self._key(tenant).seal(kind, name, version, value)

    def open(self, tenant: str, kind: str, name: str, sealed: bytes, version: int = 0) -> bytes:
        """What was sealed for this place. Raises VaultUnusable for anything else."""
        key_id = key_id_of(sealed)
        key = self._open.get(key_id)
        if key is None:
            closed = self._closed.get(key_id)
            why = closed.why if closed is not None else f"it was sealed with key {key_id.hex()}, which is not there"
            raise VaultUnusable(why, passing=closed is not None and closed.passing)
        if key.tenant != tenant:
            raise VaultUnusable("it does not open: it was changed, or belongs to another place")
        return key.open(kind, name, version, sealed)

    def current(self, tenant: str, sealed: bytes) -> bool:
        """Whether this is sealed with the tenant's key in use. Raises VaultUnusable."""
        return key_id_of(sealed) == self._in_use.get(tenant)

    def _key(self, tenant: str) -> DataKey:
        key_id = self._in_use.get(tenant)
        if key_id is None:
            raise VaultUnusable(f"{tenant or 'the host'} has no data key yet")
        key = self._open.get(key_id)
        if key is None:
            closed = self._closed[key_id]
            raise VaultUnusable(closed.why, passing=closed.passing)
        return key

    # ── data keys ────────────────────────────────────────────────────────────────────────────────────

    async def ready_for(self, tenant: str) -> None:
        """See to it that something can be sealed for the tenant. Raises VaultUnusable and StoreUnavailable."""
        if self._in_use.get(tenant) in self._open:
            return
        async with self._making:
            known = self._in_use.get(tenant)
            if known in self._open:
                return
            if known is not None:
                await self.load()
                self._key(tenant)
                return
            await self._make(tenant)

    async def load(self) -> None:
        """Unwrap what is stored and not open yet. What cannot be unwrapped stays closed, and says why. Raises
        StoreUnavailable."""
        for each in await self.store.keys():
            if each.retired_us is None:
                self._in_use[each.tenant] = each.id
            if each.id not in self._open:
                await self._unwrap(each)

    async def _unwrap(self, stored: WrappedKey) -> None:
        try:
            kek = self.keks.by_id(stored.kek)
            secret = await recall(kek, stored.hint)
            key = unwrap(secret, stored.kek, stored.id, stored.tenant, stored.wrapped)
        except VaultUnusable as error:
            self._closed[stored.id] = error
            return
        self._open[stored.id] = DataKey(stored.id, stored.tenant, key, self.random)
        self._closed.pop(stored.id, None)

    async def _make(self, tenant: str) -> None:
        key = self.random(KEY_BYTES)
        stored = await self.wrapped(self.random(KEY_ID_BYTES), tenant, key)
        if await self.store.add_key(stored):
            self.use(stored, key)
        else:
            await self.load()
            self._key(tenant)

    async def wrapped(self, key_id: bytes, tenant: str, key: bytes) -> WrappedKey:
        """A data key as it is stored, under the key-encryption key in use. Raises VaultUnusable."""
        kek = await self.keks.in_use()
        hint, secret = await fresh(kek)
        now_us = self.clock.now_us()
        return WrappedKey(
            id=key_id,
            tenant=tenant,
            kek=kek.id,
            hint=hint,
            wrapped=wrap(secret, kek.id, key_id, tenant, key, self.random),
            made_us=now_us,
            wrapped_us=now_us,
        )

    def use(self, stored: WrappedKey, key: bytes) -> None:
        """From now on the tenant's values are sealed with this one, which is on disk."""
        self._open[stored.id] = DataKey(stored.id, stored.tenant, key, self.random)
        self._in_use[stored.tenant] = stored.id
