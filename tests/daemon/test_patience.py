"""A start that takes long is waited for by systemd: it is told so again and again while the store is looked through,
opened and migrated, also where nothing else gets its turn."""

import socket
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Queue

import pytest
import trio_asyncio

from daemon.clock import SystemClock
from daemon.patience import STOP_S_MAX, Patience, patient
from daemon.store import database
from daemon.store import migrate as migrating
from daemon.store.admission import Admitted
from daemon.store.database import open_store, upgrade
from daemon.store.migrate import Migration, available

HEARD_S_MAX = 60.0


class Rounds(threading.Event):
    """Time between two rounds passes when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self._passed: Queue[bool] = Queue()
        self._waiting = threading.Semaphore(0)

    def wait(self, timeout: float | None = None) -> bool:
        self._waiting.release()
        return self._passed.get()

    def set(self) -> None:
        self._passed.put(True)

    def passes(self) -> None:
        """Returns when the round that follows is over."""
        assert self._waiting.acquire(timeout=HEARD_S_MAX)
        self._passed.put(False)
        assert self._waiting.acquire(timeout=HEARD_S_MAX)
        self._waiting.release()


class Heard:
    """A witness."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, object]]] = []

    def event(self, name: str, /, **fields: object) -> None:
        self.events.append((name, fields))

    def trouble(self, name: str, error: BaseException | None = None, /, **fields: object) -> None:
        raise AssertionError(name, fields) from error


class Manager:
    """systemd's end, and what a round tells it."""

    def __init__(self, address: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(address))
        self.socket.settimeout(HEARD_S_MAX)
        self.rounds = Rounds()

    def told(self) -> str:
        """The next word, which gives the start more time."""
        fields = dict(line.split("=", 1) for line in self.socket.recv(65536).decode().split("\n"))
        assert fields["EXTEND_TIMEOUT_USEC"] == "120000000"
        return fields["STATUS"]

    def told_in_rounds(self, n: int) -> set[str]:
        """What is told while so much time passes, without how long it takes."""
        said = set()
        for _ in range(n):
            self.rounds.passes()
            said.add(self.told().partition(", for ")[0])
        return said


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    listening = Manager(tmp_path / "notify")
    with listening.socket:
        yield listening


async def test_a_long_start_is_told_of_at_every_step(
    tmp_path: Path, manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of the slow things goes on for as long as systemd has to be told three times."""
    path, heard, during = tmp_path / "s.db", Heard(), {}
    upgrade(path, 1)
    ours = available()
    last = len(ours) + 2
    slow = [Migration(last - 1, "slow", "SELECT 'slow';", "x"), Migration(last, "quick", "SELECT 'quick';", "y")]
    admit, split = database.admit, migrating.split

    def admitted(*words: object) -> Admitted:
        assert manager.told() == database.ADMITTING
        during["whole"] = manager.told_in_rounds(3)
        return admit(*words)

    def statements(script: str) -> list[str]:
        if "slow" in script:
            assert manager.told().startswith("opening the store")
            assert manager.told() == f"migrating the store, {last - 1:04} of {last:04}"
            during["migration"] = manager.told_in_rounds(3)
        return split(script)

    monkeypatch.setattr(database, "admit", admitted)
    monkeypatch.setattr(migrating, "available", lambda: ours + slow)
    monkeypatch.setattr(migrating, "split", statements)
    with patient(str(manager.socket.getsockname()), heard, manager.rounds) as patience:
        async with trio_asyncio.open_loop(), open_store(path, SystemClock(), told=patience):
            patience.rest()
    assert during == {
        "whole": {database.ADMITTING},
        "migration": {f"migrating the store, {last - 1:04} of {last:04}"},
    }
    assert [(name, fields["migration"]) for name, fields in heard.events] == [
        ("store.migrating", f"{last - 1:04}_slow"),
        ("store.migrated", f"{last - 1:04}_slow"),
        ("store.migrating", f"{last:04}_quick"),
        ("store.migrated", f"{last:04}_quick"),
    ]


def test_who_rests_is_not_told_of_and_a_stop_only_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s, rounds = 0.0, Rounds()
    said: list[tuple[str, float]] = []
    monkeypatch.setattr("daemon.patience.time.monotonic", lambda: now_s)
    with Patience(lambda what, for_s: said.append((what, for_s)), over=rounds) as patience:
        patience.step("starting")
        now_s = 2 * STOP_S_MAX
        rounds.passes()
        patience.rest()
        rounds.passes()
        patience.stop("finishing")
        now_s += STOP_S_MAX - 1
        rounds.passes()
        now_s += 1
        rounds.passes()
    starting = [("starting", 0.0), ("starting", 2 * STOP_S_MAX)]
    assert said == [*starting, ("finishing", 0.0), ("finishing", STOP_S_MAX - 1)]


def test_indexes_are_sorted_on_disk_and_a_new_store_tells_of_no_migration(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = sqlite3.connect(":memory:", isolation_level=None)
    raw.execute("PRAGMA temp_store = MEMORY")
    where: list[object] = []
    split = migrating.split

    def statements(script: str) -> list[str]:
        where.append(raw.execute("PRAGMA temp_store").fetchone())
        return split(script)

    monkeypatch.setattr(migrating, "split", statements)
    heard = Heard()
    migrating.migrate(raw, 1, Patience(lambda what, for_s: None, witness=heard))
    assert set(where) == {(1,)}
    assert raw.execute("PRAGMA temp_store").fetchone() == (2,)
    assert heard.events == []
    raw.close()
