"""Every credential there is, in memory: the tenant files' and the store's, with how often each was used.

Doors are asked at each request. They are made anew when the configuration is read again (``configure``) and when a
verb has changed what is stored (``refresh``), so a revoked one is refused at the very next request. Uses are counted
in memory and written once a minute and at the end; a crash loses at most that minute of them.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

import trio

from actors.ports import Clock, StoreUnavailable
from actors.sources.xapi.settings import Credential, XapiSettings
from config.model import Tenant
from daemon.gateway.credentials import Account, Door, FileLock, doors
from daemon.gateway.ports import Trouble
from daemon.gateway.seal import Seal, SealFile, SealUnusable
from daemon.store.credentials import SqlCredentials, StoredCredential, Use, Who

FLUSH_S = 60.0
LAST_FLUSH_S = 5.0
State = Literal["active", "expired", "revoked", "hidden", "unplaced", "sealed"]
"""``hidden``: the tenant file has one of this name. ``unplaced``: its tenant or source is not configured. ``sealed``:
its hash was made with another key than the one beside the database, so that it opens nothing until it is rotated."""


class Keyring:
    """``doors``, ``seal`` and ``used`` are the gateway's; the rest is for the composition root and the verbs."""

    def __init__(self, store: SqlCredentials, file: SealFile, clock: Clock, trouble: Trouble) -> None:
        self.store = store
        self._file = file
        self._clock = clock
        self._trouble = trouble
        self._tenants: Mapping[str, Tenant] = {}
        self._stored: list[StoredCredential] = []
        self._fresh: dict[Who, Use] = {}
        self._doors: Mapping[str, Door] = {}
        self.trouble_with_key = ""

    def _load(self) -> None:
        """What cannot be read is said, and the stored credentials open nothing."""
        try:
            self._file.load()
            self.trouble_with_key = ""
        except SealUnusable as error:
            self.trouble_with_key = str(error)
            self._trouble("credentials.key_unusable", None, detail=str(error))

    # ── what is asked at each request ────────────────────────────────────────────────────────────────

    def doors(self) -> Mapping[str, Door]:
        """Who may come in at the gateway, by tenant."""
        return self._doors

    def seal(self) -> Seal:
        return self._file.seal

    def used(self, account: Account, by_former: bool) -> None:
        """This client was let in."""
        now_us = self._clock.now_us()
        who = (account.tenant, account.name)
        once = Use(n=1, used_us=now_us, former_used_us=now_us if by_former else None)
        known = self._fresh.get(who)
        self._fresh[who] = once if known is None else known.plus(once)

    # ── what changes it ──────────────────────────────────────────────────────────────────────────────

    def configure(self, tenants: Iterable[Tenant]) -> None:
        """This configuration is in force. The key is looked for again too: somebody may have put it back."""
        self._load()
        self._tenants = {tenant.name: tenant for tenant in tenants}
        self._doors = doors(self._tenants.values(), self._stored)

    async def refresh(self) -> None:
        """Look at what is stored. Raises StoreUnavailable."""
        self._stored = await self.store.all()
        self._doors = doors(self._tenants.values(), self._stored)

    async def keep_key(self) -> Seal:
        """The key, in its file: before the first hash made with it is stored. Raises SealUnusable."""
        await trio.to_thread.run_sync(self._file.keep)
        return self._file.seal

    # ── how often each is used ───────────────────────────────────────────────────────────────────────

    async def run(self) -> None:
        """Write uses down now and then, and once more at the end."""
        try:
            while True:
                await trio.sleep(FLUSH_S)
                await self.flush()
        finally:
            with trio.move_on_after(LAST_FLUSH_S, shield=True):
                await self.flush()

    async def flush(self) -> None:
        """What the store does not take now is written the next time."""
        fresh, self._fresh = self._fresh, {}
        if not fresh:
            return
        try:
            await self.store.count(fresh)
        except StoreUnavailable:
            for who, use in fresh.items():
                self._fresh[who] = use.plus(self._fresh.get(who, Use()))

    async def uses(self) -> dict[Who, Use]:
        """Those not written yet included."""
        found = await self.store.uses()
        for who, use in self._fresh.items():
            found[who] = found.get(who, Use()).plus(use)
        return found

    # ── what there is, for people ────────────────────────────────────────────────────────────────────

    def in_files(self) -> dict[Who, tuple[str, Credential]]:
        """By (tenant, name): the source, and what the tenant file says."""
        return {
            (tenant.name, credential.key): (name, credential)
            for tenant in self._tenants.values()
            for name, source in tenant.sources.items()
            if isinstance(source.settings, XapiSettings)
            for credential in source.settings.credentials
        }

    def stored(self) -> dict[Who, StoredCredential]:
        return {(each.tenant, each.name): each for each in self._stored}

    def state(self, stored: StoredCredential) -> State:
        """Why it opens, or does not."""
        door = self._doors.get(stored.tenant)
        if stored.revoked_us is not None:
            return "revoked"
        if stored.dead(self._clock.now_us()):
            return "expired"
        account = None if door is None else door.accounts.get(stored.name)
        if account is None:
            return "unplaced"
        if isinstance(account.lock, FileLock):
            return "hidden"
        return "active" if stored.seal == self._file.seal.id else "sealed"
