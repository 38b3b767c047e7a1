"""What operators put in by ``lmsyncctl secret set``: the first place where ``{ credential = NAME }`` is looked for.

A name without a tenant is every tenant's, one with a tenant is that tenant's alone and comes first. In memory are the
sealed values; each is opened when it is asked for and not kept.
"""

from collections.abc import Sequence

import trio

from config.secrets import SecretUnavailable
from daemon.store.vault import StoredSecret
from daemon.vault.envelope import VaultUnusable
from daemon.vault.vault import Vault

KIND = "secret"
SECRETS_MAX = 1_000
"""Of one tenant, and of the host."""

Who = tuple[str, str]
"""(tenant, name); no tenant: every tenant may refer to it."""


class SecretRefused(Exception):
    """Nothing was changed, and why."""


class Secrets:
    """``refresh`` at the start."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._stored: dict[Who, StoredSecret] = {}
        self._alone = trio.Lock()

    def __repr__(self) -> str:
        return f"Secrets({len(self._stored)})"

    def stored(self) -> dict[Who, StoredSecret]:
        """All of them, sealed."""
        return self._stored

    async def refresh(self) -> None:
        """Look at what is stored. Raises StoreUnavailable."""
        async with self._alone:
            await self._look()

    async def _look(self) -> None:
        self._stored = {(each.tenant, each.name): each for each in await self._vault.store.secrets()}

    def look_up(self, tenant: str, name: str) -> str | None:
        """What was put in for the tenant, else for all. Raises SecretUnavailable where it does not open: what lies
        elsewhere under the same name is not what was meant then."""
        found = self._stored.get((tenant, name)) or self._stored.get(("", name))
        if found is None:
            return None
        try:
            return self.open(found).decode()
        except VaultUnusable as error:
            raise SecretUnavailable(f"credential {name!r}, put into the vault", error.why) from None

    def open(self, stored: StoredSecret) -> bytes:
        """Raises VaultUnusable."""
        return self._vault.open(stored.tenant, KIND, stored.name, stored.sealed, stored.version)

    async def put(self, tenant: str, name: str, value: str, by: str) -> StoredSecret:
        """In force when this returns. Raises SecretRefused, VaultUnusable and StoreUnavailable."""
        async with self._alone:
            before = self._stored.get((tenant, name))
            if before is None and sum(each == tenant for each, _ in self._stored) >= SECRETS_MAX:
                raise SecretRefused(f"there are {SECRETS_MAX:,} secrets already, which is as many as there may be")
            await self._vault.ready_for(tenant)
            version = 1 if before is None else before.version + 1
            new = StoredSecret(
                tenant=tenant,
                name=name,
                version=version,
                sealed=self._vault.seal(tenant, KIND, name, value.encode(), version),
                set_us=self._vault.clock.now_us(),
                set_by=by,
            )
            if not await self._vault.store.put(new):
                await self._look()
                raise SecretRefused("it is not as it was a moment ago; nothing was changed")
            self._stored = {**self._stored, (tenant, name): new}
        return new

    async def remove(self, which: Sequence[Who]) -> int:
        """Raises StoreUnavailable."""
        async with self._alone:
            n = await self._vault.store.remove(which)
            await self._look()
        return n
