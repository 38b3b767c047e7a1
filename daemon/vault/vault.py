"""Data keys in memory: what seals and opens, for everybody who keeps secrets at rest.

``seal`` and ``open`` compute and touch nothing else, so they may be called anywhere, also within a transaction. A data
key is unwrapped once, at the start or when its key-encryption key comes back, and made when a tenant first needs one
(``ready_for``). Keys that cannot be unwrapped close only what was sealed with them.
"""

import os
from collections.abc import Sequence

import trio

from actors.ports import Clock
from daemon.store.vault import SqlVault, WrappedKey
from daemon.vault.envelope import KEY_BYTES, KEY_ID_BYTES, DataKey, Random, VaultUnusable, key_id_of, unwrap
from daemon.vault.keks import ask
from daemon.vault.opening import InUse, Keks

ELSEWHERE = "it does not open: it was changed, or belongs to another place"


class Vault:
    """``load`` first, then use it. One per process and store."""

    def __init__(self, store: SqlVault, keks: Keks, clock: Clock, random: Random = os.urandom) -> None:
        self.store = store
        self.keks = keks
        self.clock = clock
        self._random = random
        self._open: dict[bytes, DataKey] = {}
        self._closed: dict[bytes, VaultUnusable] = {}
        self._in_use: dict[str, bytes] = {}
        self._failures = 0
        """How often the key-encryption key did not answer somebody who needed a data key; ``_failed``: why not."""
        self._failed = ""
        self.changing = trio.Lock()
        """Held while keys are made or wrapped: none is wrapped with a key that is just being given up."""

    def __repr__(self) -> str:
        return f"Vault({len(self._open)} keys)"

    # ── values ───────────────────────────────────────────────────────────────────────────────────────

    def seal(self, tenant: str, kind: str, name: str, value: bytes, version: int = 0) -> bytes:
        """The value, readable only here and only at this place. Raises VaultUnusable, also where the tenant has no key
        yet (``ready_for``)."""
        key_id = self._in_use.get(tenant)
        if key_id is None:
            raise VaultUnusable(f"{tenant or 'the host'} has no data key yet")
        return self._key(key_id).seal(kind, name, version, value)

    def open(self, tenant: str, kind: str, name: str, sealed: bytes, version: int = 0) -> bytes:
        """What was sealed for this place. Raises VaultUnusable for anything else."""
        key = self._key(key_id_of(sealed))
        if key.tenant != tenant:
            raise VaultUnusable(ELSEWHERE)
        return key.open(kind, name, version, sealed)

    def current(self, tenant: str, sealed: bytes) -> bool:
        """Whether this is sealed with the tenant's key in use. Raises VaultUnusable for what was not sealed here."""
        return key_id_of(sealed) == self._in_use.get(tenant)

    def closed(self) -> dict[bytes, VaultUnusable]:
        """Data keys that cannot be used now, and why."""
        return dict(self._closed)

    def _key(self, key_id: bytes) -> DataKey:
        key = self._open.get(key_id)
        if key is not None:
            return key
        closed = self._closed.get(key_id)
        if closed is None:
            raise VaultUnusable(f"it was sealed with data key {key_id.hex()}, which is not there")
        raise VaultUnusable(closed.why, passing=closed.passing)

    # ── data keys ────────────────────────────────────────────────────────────────────────────────────

    async def ready_for(self, tenant: str) -> None:
        """See to it that something can be sealed for the tenant. Raises VaultUnusable and StoreUnavailable."""
        if self._in_use.get(tenant) in self._open:
            return
        failures = self._failures
        async with self.changing:
            if self._in_use.get(tenant) in self._open:
                return
            if self._failures != failures:  # whoever waits is told what the one before heard just now
                raise VaultUnusable(self._failed, passing=True)
            try:
                await self._make_ready(tenant)
            except VaultUnusable as error:
                if error.passing:
                    self._failures, self._failed = self._failures + 1, error.why
                raise

    async def _make_ready(self, tenant: str) -> None:
        if tenant not in self._in_use:
            key = self.fresh_key(tenant)
            if await self.store.add_key(await self.wrapped(key, await self.keks.in_use())):
                self.use(key)
                return
        if self._in_use.get(tenant) not in self._open:
            await self.load_held()
        self._key(self._in_use[tenant])

    async def load(self) -> None:
        """Unwrap what is stored and not open yet. What cannot be unwrapped stays closed, and says why. Raises
        StoreUnavailable."""
        async with self.changing:
            await self.load_held()

    async def load_held(self) -> None:
        """``load``, for who holds ``changing``."""
        stored = await self.store.keys()
        for each in stored:
            if each.retired_us is None:
                self._in_use[each.tenant] = each.id
        shut = [each for each in stored if each.id not in self._open]
        for kek_id in dict.fromkeys(each.kek for each in shut):
            await self._unwrap(kek_id, [each for each in shut if each.kek == kek_id])

    async def _unwrap(self, kek_id: bytes, stored: Sequence[WrappedKey]) -> None:
        try:
            kek = await self.keks.by_id(kek_id)
            secrets = await ask(kek, lambda: kek.recall([each.hint for each in stored]))
        except VaultUnusable as error:
            self._closed.update((each.id, error) for each in stored)
            return
        for each, secret in zip(stored, secrets, strict=True):
            try:
                if secret is None:
                    raise VaultUnusable("the data key does not open: it was changed")  # noqa: TRY301  # as below
                key = unwrap(secret, kek_id, each.id, each.tenant, each.wrapped)
            except VaultUnusable as error:
                self._closed[each.id] = error
                continue
            self._take(DataKey(each.id, each.tenant, key, self._random))

    def fresh_key(self, tenant: str) -> DataKey:
        """A new data key, which nobody uses yet."""
        return DataKey(self._random(KEY_ID_BYTES), tenant, self._random(KEY_BYTES), self._random)

    def held(self, key_id: bytes) -> DataKey | None:
        """A data key that can be used now."""
        return self._open.get(key_id)

    async def wrapped(self, key: DataKey, under: InUse) -> WrappedKey:
        """A data key as it is stored. Raises VaultUnusable."""
        hint, secret = await ask(under.kek, under.kek.fresh)
        now_us = self.clock.now_us()
        return WrappedKey(
            id=key.id,
            tenant=key.tenant,
            kek=under.id,
            hint=hint,
            wrapped=key.wrapped(secret, under.id),
            made_us=now_us,
            wrapped_us=now_us,
        )

    def use(self, key: DataKey) -> None:
        """From now on the tenant's values are sealed with this one, which is on disk."""
        self._take(key)
        self._in_use[key.tenant] = key.id

    def forget(self, tenant: str) -> None:
        """Its keys are gone from the disk: they are gone here too."""
        self._in_use.pop(tenant, None)
        for key_id in [key_id for key_id, key in self._open.items() if key.tenant == tenant]:
            del self._open[key_id]

    def drop(self, key_ids: Sequence[bytes]) -> None:
        """Retired keys that nothing is sealed with any more: nobody misses those that cannot be used."""
        for key_id in key_ids:
            self._closed.pop(key_id, None)

    def _take(self, key: DataKey) -> None:
        self._open[key.id] = key
        self._closed.pop(key.id, None)
