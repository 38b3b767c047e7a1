"""Stores as a crash leaves them: the files as they are at an instant, and the end of the log taken away."""

import shutil
from pathlib import Path

from world import VirtualClock

from actors.ports import NewStatement, Provenance
from daemon.store.database import Store, open_store

FROM = Provenance(tenant="acme", source="campus", correlation_id="c1", traceparent="00-1", version="1.0.3")
FILES = ("s.db", "s.db-wal", "s.db.mark")


class Heard:
    """What the store had to say."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def __call__(self, name: str, error: BaseException | None = None, /, **fields: object) -> None:
        self.said.append(name)


async def append(store: Store, *numbers: int) -> None:
    for number in numbers:
        one = NewStatement(
            id=f"00000000-0000-4000-8000-{number:012d}", body=b"{}", digest=b"x", timestamp="", given_id=True
        )
        await store.statements.append([one], FROM)


def caught(source: Path, into: Path) -> Path:
    """The files as a crash at this instant leaves them; the database's path."""
    into.mkdir()
    for name in FILES:
        if (source / name).exists():
            shutil.copy(source / name, into / name)
    return into / "s.db"


def torn(path: Path, frames: int) -> None:
    """Take the log's last frames away: a header of 24 bytes and a page each."""
    log = path.with_name(path.name + "-wal")
    with log.open("r+b") as file:
        file.truncate(log.stat().st_size - frames * (24 + 4096))


async def crashed(tmp_path: Path, numbers: int = 10, unmarked: int = 0) -> Path:
    """A store with so many statements that was killed; the newest ``unmarked`` of them were not marked yet."""
    home = tmp_path / "home"
    home.mkdir()
    async with open_store(home / "s.db", VirtualClock(), inline=True) as store:
        await append(store, *range(numbers))
        await store.keeper.keep()
        await append(store, *range(numbers, numbers + unmarked))
        return caught(home, tmp_path / "crashed")


async def opens(path: Path) -> list[str]:
    heard = Heard()
    async with open_store(path, VirtualClock(), inline=True, trouble=heard):
        pass
    return heard.said
