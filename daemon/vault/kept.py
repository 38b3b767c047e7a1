"""Values that lie sealed in other tables than the vault's own, and the way back."""

import msgspec

from actors.ports import StoreUnavailable, Witness
from daemon.vault.envelope import VaultUnusable
from daemon.vault.strongroom import Strongroom


class Kept(msgspec.Struct, frozen=True):
    """Implements both ways of ``ports.listening.Seal``."""

    strongroom: Strongroom
    witness: Witness

    async def seal(self, tenant: str, kind: str, name: str, value: bytes) -> bytes:
        """Raises StoreUnavailable, also where the vault cannot be used: whoever told it tells it again."""
        vault = self.strongroom.vault
        try:
            await vault.ready_for(tenant)
            return vault.seal(tenant, kind, name, value)
        except VaultUnusable as error:
            raise StoreUnavailable(f"the vault cannot be used: {error.why}") from None

    async def unseal(self, tenant: str, kind: str, name: str, sealed: bytes) -> bytes:
        """Raises StoreUnavailable while the vault cannot be used; what it cannot open any more is empty."""
        vault = self.strongroom.vault
        try:
            await vault.ready_for(tenant)
        except VaultUnusable as error:
            raise StoreUnavailable(f"the vault cannot be used: {error.why}") from None
        try:
            return vault.open(tenant, kind, name, sealed)
        except VaultUnusable as error:
            self.witness.trouble("vault.unreadable", None, tenant=tenant, of=kind, detail=error.why)
            return b""
