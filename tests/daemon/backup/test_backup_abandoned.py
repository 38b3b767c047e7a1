"""A backup that nobody waits for any more is none that another one could stumble over."""

import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.lowlevel
from backed_store import backed_up
from control_office import Office
from control_office import ask as ask_office
from control_socket import ACME
from world import VirtualClock

from daemon.backup.copying import Watch, copy
from daemon.control import protocol as p
from daemon.control.verbs import backing
from daemon.store.database import open_store


async def test_whoever_comes_while_a_copy_for_nobody_ends_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, over = threading.Event(), threading.Event()

    def slow(source: Path, into: Path, now_us: int, watch: Watch) -> Any:
        begun.set()
        over.wait()
        return copy(source, into, now_us, watch)

    async with open_store(tmp_path / "lmsyncd.db", VirtualClock(), inline=True) as store:
        office = Office(store, {"acme": ACME})
        with monkeypatch.context() as patched:
            patched.setattr("daemon.control.verbs.backing.copy", slow)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(ask_office, office, p.Backup())
                await trio.to_thread.run_sync(begun.wait)
                nursery.cancel_scope.cancel()
        with pytest.raises(p.Refusal, match="being made already"):
            await ask_office(office, p.Backup())
        over.set()
        with trio.fail_after(30):
            while store.path in backing._copying:
                await trio.lowlevel.checkpoint()
        await backed_up(office, tmp_path / "b.backup")


async def test_a_copy_that_nobody_waits_for_leaves_no_file_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asked goes away in the very last moment: the copy is made, and not handed over yet."""
    made, over = threading.Event(), threading.Event()
    discard = backing.discard

    def slow(path: Path) -> None:
        made.set()
        over.wait()
        discard(path)

    async with open_store(tmp_path / "lmsyncd.db", VirtualClock(), inline=True) as store:
        office = Office(store, {"acme": ACME})
        monkeypatch.setattr(backing, "discard", slow)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask_office, office, p.Backup())
            await trio.to_thread.run_sync(made.wait)
            assert [name for name in opened() if "backup-copy" in name]
            nursery.cancel_scope.cancel()
        over.set()
        with trio.fail_after(30):
            while store.path in backing._copying:
                await trio.lowlevel.checkpoint()
        assert [name for name in opened() if "backup-copy" in name] == []


def opened() -> list[str]:
    """What this process has open."""
    names = []
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            names.append(str(entry.readlink()))
    return names
