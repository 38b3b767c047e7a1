"""A store with a vault in a folder, opened as often as a test likes; keys are where the test puts them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from world import Notes, VirtualClock

from config.secrets import SecretReader
from config.vaulting import VaultWords
from daemon.store.database import Store, open_store
from daemon.vault.strongroom import Strongroom

NO_WORDS = VaultWords()


class Ahead(VirtualClock):
    """Wall time that a test may put forward."""

    ahead_us = 0

    def now_us(self) -> int:
        return super().now_us() + self.ahead_us


class Place:
    """One life of the process, as far as the vault goes."""

    def __init__(self, store: Store, room: Strongroom, reader: SecretReader, notes: Notes, clock: Ahead) -> None:
        self.store = store
        self.room = room
        self.vault = room.vault
        self.secrets = room.secrets
        self.reader = reader
        self.notes = notes
        self.clock = clock


@asynccontextmanager
async def opened(
    folder: Path, words: VaultWords = NO_WORDS, environ: Mapping[str, str] | None = None
) -> AsyncIterator[Place]:
    clock, notes, reader = Ahead(), Notes(), SecretReader(environ or {})
    async with open_store(folder / "v.db", clock, inline=True) as store:
        room = Strongroom(folder, store, reader, environ or {}, clock, notes)
        await room.begin(words)
        yield Place(store, room, reader, notes, clock)
