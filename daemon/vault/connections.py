"""The tokens of connections, sealed: what custodians keep, as the vault and the store keep it together.

A value is sealed for its tenant, its connection, its speaker and its version: a row that was moved, or that holds an
older row's bytes, opens nothing.
"""

from collections.abc import Callable
from typing import Protocol

import msgspec

from actors.domain.tokens import Holding, Tokens
from actors.ports.tokens import Kept, TokensUnusable
from daemon.store.connections import SqlConnections
from daemon.vault.envelope import VaultUnusable

KIND = "connection"
_decode = msgspec.json.Decoder(Tokens).decode


class Sealing(Protocol):
    """The vault, as far as it is used here."""

    def seal(self, tenant: str, kind: str, name: str, value: bytes, version: int = 0) -> bytes: ...

    def open(self, tenant: str, kind: str, name: str, sealed: bytes, version: int = 0) -> bytes: ...

    async def ready_for(self, tenant: str) -> None: ...


class SealedConnections:
    """Implements ``ports.tokens.Connections``."""

    def __init__(self, rows: SqlConnections, vault: Sealing, known: Callable[[str], None] = lambda value: None) -> None:
        """``known`` hears every token, so that it can be scrubbed from what is told."""
        self._rows = rows
        self._vault = vault
        self._known = known

    async def of(self, tenant: str, name: str) -> dict[str, Kept]:
        return await self._rows.of(tenant, name)

    def open(self, tenant: str, name: str, speaker: str, kept: Kept) -> Tokens:
        if kept.sealed is None:
            return Tokens()
        try:
            value = self._vault.open(tenant, KIND, f"{name}/{speaker}", kept.sealed, kept.holding.version)
            return self._told(_decode(value))
        except VaultUnusable as error:
            raise TokensUnusable(error.why) from None
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise TokensUnusable("what was sealed is no pair of tokens") from None

    async def ready(self, tenant: str) -> None:
        try:
            await self._vault.ready_for(tenant)
        except VaultUnusable as error:
            raise TokensUnusable(error.why) from None

    async def put(self, tenant: str, name: str, speaker: str, holding: Holding, tokens: Tokens) -> Kept | None:
        sealed: bytes | None = None
        self._told(tokens)
        if tokens != Tokens():
            try:
                await self._vault.ready_for(tenant)
                value = msgspec.json.encode(tokens)
                sealed = self._vault.seal(tenant, KIND, f"{name}/{speaker}", value, holding.version)
            except VaultUnusable as error:
                raise TokensUnusable(error.why) from None
        kept = Kept(holding, sealed)
        return kept if await self._rows.put(tenant, name, speaker, kept) else None

    def _told(self, tokens: Tokens) -> Tokens:
        for each in (tokens.access, tokens.refresh):
            self._known(each)
        return tokens

    async def departed(self, tenant: str, email: str) -> bool:
        return await self._rows.departed(tenant, email)
