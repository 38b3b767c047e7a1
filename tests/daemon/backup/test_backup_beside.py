"""Something else may follow the write-ahead log beside us, as Litestream does: what it relies on, and the way back."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import trio
from backed_store import decoded, filled, place
from control_office import Office
from control_socket import ACME
from told import graded
from world import VirtualClock

from daemon.control.exits import Exit
from daemon.recovery import Wanted, restore
from daemon.store.database import open_store


def generation(path: Path) -> bytes:
    """What the log's header says: another one where the log was begun anew."""
    return path.with_name(path.name + "-wal").read_bytes()[16:24]


def replicated(path: Path, into: Path) -> Path:
    """The file and its log as they are, as a replica is made of them."""
    into.mkdir()
    for suffix in ("", "-wal"):
        (into / f"r.db{suffix}").write_bytes(path.with_name(path.name + suffix).read_bytes())
    return into / "r.db"


async def test_whoever_holds_a_reader_keeps_the_log_from_being_begun_anew(tmp_path: Path) -> None:
    """And may keep tables of their own; the daemon goes on meanwhile, and writes the log back when they let go."""
    path = tmp_path / "s.db"
    async with open_store(path, VirtualClock(), inline=True) as store:
        desk = await filled(Office(store, {"acme": ACME}))
        await store.writer.apart(lambda raw: raw.execute("PRAGMA wal_autocheckpoint = 20").fetchall())
        with closing(sqlite3.connect(path, isolation_level=None)) as beside:
            beside.execute("CREATE TABLE _replica (id INTEGER PRIMARY KEY, seq INTEGER)")
            beside.execute("BEGIN")
            beside.execute("SELECT count(*) FROM _replica").fetchone()
            before = generation(path)
            await desk.tell(*(graded(f"first-{n}", 50) for n in range(30)))
            for n in range(15):
                await desk.tell(graded(f"held-{n}", 50))
            assert generation(path) == before
            beside.execute("ROLLBACK")
            for n in range(5):
                await desk.tell(graded(f"after-{n}", 50))
            assert generation(path) != before
    async with open_store(path, VirtualClock(), inline=True) as store:
        assert len(await store.statements.after("acme", 0, 1_000)) == 53


async def test_a_replica_of_file_and_log_is_put_back_like_a_backup(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = place(tmp_path)
    (root / "state").mkdir()
    path = root / "state/lmsyncd.db"
    async with open_store(path, VirtualClock(), inline=True) as store:
        desk = await filled(Office(store, {"acme": ACME}))
        replica = await trio.to_thread.run_sync(replicated, path, tmp_path / "replica")
        await desk.tell(graded("later", 90))
        await store.keeper.keep()

    def ended(**how: bool) -> int:
        return restore(root, {}, Wanted(file=replica, **how), as_json=True)  # type: ignore[arg-type]  # flags

    assert await trio.to_thread.run_sync(lambda: ended(check=True)) == Exit.OK
    told = decoded(capsys.readouterr().out.splitlines()[0].encode())
    assert (told["statements"], told["sealed_for"], told["commits_behind"]) == (3, [], 1)
    assert await trio.to_thread.run_sync(ended) == Exit.FAILURE
    assert "--accept-loss" in capsys.readouterr().err
    assert await trio.to_thread.run_sync(lambda: ended(accept_loss=True)) == Exit.OK
    async with open_store(path, VirtualClock(), inline=True) as store:
        assert len(await store.statements.after("acme", 0, 1_000)) == 3
        losses = await store.lrs_reader.run(lambda raw: raw.execute("SELECT kind FROM losses").fetchall())
        assert losses == [("behind",)]
