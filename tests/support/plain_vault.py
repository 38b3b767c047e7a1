"""A vault that hides nothing, but opens only what was sealed for the same place; and one whose key is away."""

import msgspec

from daemon.vault.envelope import VaultUnusable


class PlainVault:
    """``away``: why nothing can be sealed or opened. What was sealed with another ``key`` cannot be opened."""

    def __init__(self) -> None:
        self.away = ""
        self.key = 1
        self.sealings = 0

    def seal(self, tenant: str, kind: str, name: str, value: bytes, version: int = 0) -> bytes:
        self._possible()
        self.sealings += 1
        return msgspec.json.encode([self.key, [tenant, kind, name, version], value])

    def open(self, tenant: str, kind: str, name: str, sealed: bytes, version: int = 0) -> bytes:
        self._possible()
        key, place, value = msgspec.json.decode(sealed, type=tuple[int, list[str | int], bytes])
        if key != self.key:
            raise VaultUnusable("it was sealed with a key that is not here")
        if place != [tenant, kind, name, version]:
            raise VaultUnusable("it does not open: it was changed, or belongs to another place")
        return value

    async def ready_for(self, tenant: str) -> None:
        self._possible()

    def _possible(self) -> None:
        if self.away:
            raise VaultUnusable(self.away, passing=True)
