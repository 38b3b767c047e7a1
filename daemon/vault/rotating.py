"""Rotation of keys while everything goes on, and what is left to do of it after a crash.

Each step is one transaction and leaves everything readable: a rewrapped data key is the same key, and a data key that
was replaced opens what it sealed until the last of it is sealed anew. Nothing remembers that a rotation is under way;
what is still to be done is seen from what is stored, so it is gone on with after any death.
"""

import trio

from actors.domain.progress import Progress
from actors.ports import StoreUnavailable
from daemon.store.vault import SHELVES, WrappedKey
from daemon.vault.envelope import VaultUnusable
from daemon.vault.keks import kek_id_of
from daemon.vault.secrets import Secrets
from daemon.vault.vault import Vault

REWRAPPED_MAX = 100
"""Data keys in one transaction."""
ROUND_S = 60.0
"""Between two rounds of ``tend``."""
REST_US = 3_600 * 1_000_000
"""How long a retired key stays after everything was sealed anew: what was sealed just before may be on its way."""


class Rotation:
    """One at a time. ``tend`` finishes what was left, and tries keys that could not be had."""

    def __init__(self, vault: Vault, secrets: Secrets) -> None:
        self._vault = vault
        self._secrets = secrets
        self._alone = trio.Lock()

    async def rewrap(self, *, new_file_key: bool = True) -> tuple[int, int]:
        """Wrap every data key with the key-encryption key in use, after making a new one where that is the file beside
        the database: (rewrapped, left because they cannot be opened). Raises VaultUnusable and StoreUnavailable."""
        vault = self._vault
        async with self._alone, vault.changing:
            await vault.load_held()
            await self._prune()
            file = vault.keks.file
            if file is not None and new_file_key and file.load():
                file.renew()
            under = await vault.keks.in_use()
            n, left, batch = 0, 0, list[WrappedKey]()
            for each in await vault.store.keys():
                if each.kek == under.id:
                    continue
                key = vault.held(each.id)
                if key is None:
                    left += 1
                    continue
                batch.append(await vault.wrapped(key, under))
                if len(batch) >= REWRAPPED_MAX:
                    n, batch = n + await vault.store.rewrap(batch), []
            n += await vault.store.rewrap(batch) if batch else 0
            await self._prune()
        return n, left

    async def _prune(self) -> None:
        """Take keys out of the file beside the database that no data key is wrapped with."""
        file = self._vault.keks.file
        if file is None:
            return
        needed = {each.kek for each in await self._vault.store.keys()}
        keys = file.load()
        kept = keys[:1] + [key for key in keys[1:] if kek_id_of(key) in needed]
        if kept != keys:
            file.write(kept)

    async def renew(self, tenant: str, progress: Progress | None = None) -> tuple[int, int]:
        """A new data key for the tenant, and everything sealed with it: (resealed, left because it does not open).
        ``progress`` counts values on. Raises VaultUnusable and StoreUnavailable."""
        vault = self._vault
        async with self._alone:
            key = vault.fresh_key(tenant)
            async with vault.changing:
                await vault.store.replace_key(await vault.wrapped(key, await vault.keks.in_use()))
                vault.use(key)
            return await self._reseal(tenant, key.id, progress)

    async def _reseal(self, tenant: str, in_use: bytes, progress: Progress | None = None) -> tuple[int, int]:
        n, left = 0, 0
        for shelf in SHELVES:
            beyond = b""
            while True:
                done = await self._vault.store.reseal(shelf, tenant, in_use, beyond, self._anew)
                n, left, beyond = n + done.n, left + done.left, done.beyond
                if progress is not None:
                    progress.done += done.n
                if not beyond:
                    break
        await self._secrets.refresh()
        return n, left

    def _anew(self, tenant: str, kind: str, name: str, sealed: bytes, version: int) -> bytes | None:
        try:
            value = self._vault.open(tenant, kind, name, sealed, version)
            return self._vault.seal(tenant, kind, name, value, version)
        except VaultUnusable:
            return None  # what does not open stays as it is, and is counted

    # ── what is left to do ───────────────────────────────────────────────────────────────────────────

    async def tend(self, *, beginning: bool) -> None:
        """One round. At the beginning of a life nothing can be on its way: retired keys need no rest then."""
        vault = self._vault
        try:
            if not beginning and any(error.passing for error in vault.closed().values()):
                await vault.load()
            async with self._alone:
                stored = await vault.store.keys()
                retired = [each for each in stored if each.retired_us is not None]
                for tenant in {each.tenant for each in retired}:
                    in_use = next((e.id for e in stored if e.tenant == tenant and e.retired_us is None), None)
                    if in_use is not None and vault.held(in_use) is not None:
                        await self._reseal(tenant, in_use)
                now_us = vault.clock.now_us()
                rested = [e.id for e in retired if beginning or now_us - (e.retired_us or now_us) > REST_US]
                if rested:
                    vault.drop(await vault.store.let_go(rested))
        except StoreUnavailable:
            return  # the disk is busy or full: the next round finds the same
