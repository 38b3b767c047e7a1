"""A backup is made while the daemon works, and put back: proven, and with what was posted since in doubt."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
from audited_store import damage, deed
from backed_store import backed_up, decoded, filled, key_pair, lived, place, statements
from control_office import Office
from control_office import ask as ask_office
from control_socket import ACME, run_ctl, served
from told import graded
from world import VirtualClock

from daemon.backup.copying import Stopped, Watch, copy
from daemon.backup.refusing import BackupRefused
from daemon.control import protocol as p
from daemon.control.exits import Exit
from daemon.recovery import Wanted, restore, verify
from daemon.store.database import open_store
from daemon.store.errors import StoreRefused


def hurried() -> None:
    """Nobody has to be left time."""


def restored(root: Path, capsys: pytest.CaptureFixture[str], **how: Any) -> tuple[int, list[dict[str, Any]], str]:
    """(exit code, rows, the standard error)"""
    wanted = Wanted(file=root.parent / "b.backup", **how)
    code = restore(root, {}, wanted, as_json=True)
    said = capsys.readouterr()
    return code, [decoded(line.encode()) for line in said.out.splitlines()], said.err


def sizes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in folder.iterdir()}


async def test_a_check_says_what_it_holds_and_touches_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = await lived(tmp_path)
    before = {path.name: path.read_bytes() for path in (root / "state").iterdir()}
    code, rows, _ = await trio.to_thread.run_sync(lambda: restored(root, capsys, check=True))
    assert code == Exit.OK
    file = rows[0]
    assert (file["statements"], file["tenants"], file["commits_behind"]) == (3, ["acme"], 3)
    assert "3 commits that this lacks" in file["against"]
    assert {row["step"] for row in rows if row["kind"] == "verified"} >= {"database", "audit", "conservation"}
    after = {path.name: path.read_bytes() for path in (root / "state").iterdir()}
    assert {name: after[name] for name in before} == before
    assert {name for name in after if name not in before} <= {"lmsyncd.db-wal", "lmsyncd.db-shm"}, "readers make those"


async def test_newer_data_is_only_given_up_when_somebody_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    private, public = key_pair(tmp_path)
    root = await lived(tmp_path, public)
    store = root / "state/lmsyncd.db"

    code, _, said = await trio.to_thread.run_sync(lambda: restored(root, capsys))
    assert code == Exit.FAILURE
    assert "x25519" in said
    code, _, said = await trio.to_thread.run_sync(lambda: restored(root, capsys, identity=private))
    assert code == Exit.FAILURE
    assert "--accept-loss" in said
    assert statements(store) == 4
    code, _, said = await trio.to_thread.run_sync(lambda: restored(root, capsys, identity=private, accept_loss=True))
    assert code == Exit.OK
    assert "what stood there before" in said
    assert statements(store) == 3
    [former] = [path for path in (root / "state").iterdir() if ".before-" in path.name and path.name.endswith("Z")]
    assert statements(former) == 4
    assert store.stat().st_mode & 0o777 == 0o600
    async with open_store(store, VirtualClock(), inline=True) as opened:
        losses = await opened.lrs_reader.run(lambda raw: raw.execute("SELECT kind, missing FROM losses").fetchall())
        assert losses == [("behind", 3)]
        later = await opened.audit.intend("acme", deed())
        await opened.audit.conclude("acme", later, "done")
    code = await trio.to_thread.run_sync(lambda: verify(root, {}, None, as_json=True))
    said = capsys.readouterr().out
    assert code == Exit.OK, said
    assert "was lost and accepted, as it says" in said, "rows that were written since are missing, and that is no news"


async def test_on_another_machine_all_that_may_have_been_posted_since_is_in_doubt(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No mark tells how far the store had come: as if everything since the backup were missing."""
    root = await lived(tmp_path)
    key = (root / "state/lmsyncd.db.vault").read_bytes()
    shutil.rmtree(root / "state")
    code, _, said = await trio.to_thread.run_sync(lambda: restored(root, capsys))
    assert (code, "the vault's key" in said) == (Exit.FAILURE, True)
    (tmp_path / "vault.key").write_bytes(key)
    code, rows, _ = await trio.to_thread.run_sync(lambda: restored(root, capsys, identity=tmp_path / "vault.key"))
    assert code == Exit.OK
    assert "will be looked for" in rows[0]["against"]
    with closing(sqlite3.connect(root / "state/lmsyncd.db")) as raw:
        assert raw.execute("SELECT kind, missing FROM losses").fetchall() == [("behind", -1)]
    async with open_store(root / "state/lmsyncd.db", VirtualClock(), inline=True) as store:
        assert (await store.audit.head()).seq > 0


async def test_a_store_in_use_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = await lived(tmp_path)
    async with open_store(root / "state/lmsyncd.db", VirtualClock(), inline=True):
        code, _, said = await trio.to_thread.run_sync(lambda: restored(root, capsys, accept_loss=True))
        assert code == Exit.FAILURE
        assert "another lmsyncd" in said
        code, _, _ = await trio.to_thread.run_sync(lambda: restored(root, capsys, check=True))
        assert code == Exit.OK
    assert not [name for name in sizes(root / "state") if "restoring" in name]


async def test_a_backup_of_what_does_not_add_up_is_not_put_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = place(tmp_path)
    (root / "state").mkdir()
    path = root / "state/lmsyncd.db"
    async with open_store(path, VirtualClock(), inline=True) as store:
        await filled(Office(store, {"acme": ACME}))
    damage(path, "DELETE FROM outcomes WHERE seq = (SELECT min(seq) FROM statements)")
    async with open_store(path, VirtualClock(), inline=True) as store:
        await backed_up(Office(store, {"acme": ACME}), tmp_path / "b.backup")
    code, rows, said = await trio.to_thread.run_sync(lambda: restored(root, capsys, accept_loss=True))
    assert code == Exit.FAILURE
    assert "was passed over" in said
    assert [row["step"] for row in rows if row["kind"] == "wrong"] == ["conservation"]


async def test_it_can_be_decrypted_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = await lived(tmp_path)
    plain = tmp_path / "plain.db"
    code, _, _ = await trio.to_thread.run_sync(lambda: restored(root, capsys, unpack=plain))
    assert (code, statements(plain)) == (Exit.OK, 3)
    assert await trio.to_thread.run_sync(lambda: verify(root, {}, plain, as_json=True)) == Exit.OK
    assert await trio.to_thread.run_sync(lambda: verify(root, {}, tmp_path / "b.backup", as_json=True)) == Exit.FAILURE
    assert "encrypted" in capsys.readouterr().err
    itself = Wanted(file=plain, unpack=plain)
    assert await trio.to_thread.run_sync(lambda: restore(root, {}, itself, as_json=True)) == Exit.FAILURE
    assert statements(plain) == 3


async def test_the_command_writes_keeps_and_retires(tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    async with served(tmp_path) as office:
        await filled(office)
        for older in range(3):
            store = (await office.store.lrs_reader.run(_store_id))[0]
            (folder / f"lmsyncd-{store}-2026010{older + 1}T000000Z.backup").touch()
        ended = await run_ctl(tmp_path, "--json", "backup", str(folder), "--keep", "2")
        assert ended.returncode == Exit.OK, ended.stderr.decode()
        row = decoded(ended.stdout.splitlines()[0])
        assert sizes(folder)[Path(row["file"]).name] == row["file_bytes"]
        assert len(sizes(folder)) == 2
        assert "removed 2 older backups" in ended.stderr.decode()
        again = await run_ctl(tmp_path, "backup", row["file"])
        assert again.returncode == Exit.FAILURE
        assert "there already" in again.stderr.decode()
        wrong = await run_ctl(tmp_path, "backup", str(tmp_path / "x.backup"), "--to", str(tmp_path / "c.db.lock"))
        assert wrong.returncode == Exit.USAGE
        deeds, _ = await ask_office(office, p.AuditList(what="backup"))
        assert {deed.result for deed in deeds} >= {"done", "refused"}
        assert any("the vault's key" in deed.detail for deed in deeds)
    assert not [name for name in sizes(tmp_path) if "backup-copy" in name]


def _store_id(raw: sqlite3.Connection) -> tuple[str]:
    found: tuple[str] = raw.execute("SELECT value FROM facts WHERE name = 'store_id'").fetchone()
    return found


async def test_a_copy_is_one_state_however_much_is_written_meanwhile(tmp_path: Path) -> None:
    """Commits are made between its steps; none of them is in it, and it is not begun anew."""
    async with open_store(tmp_path / "c.db", VirtualClock(), inline=True) as store:
        desk = await filled(Office(store, {"acme": ACME}), 400)
        before = await store.statements.after("acme", 0, 10_000)
        steps = 0

        def write() -> None:
            nonlocal steps
            steps += 1
            trio.from_thread.run(desk.tell, graded(f"meanwhile-{steps}", 50))

        made = await trio.to_thread.run_sync(
            lambda: copy(tmp_path / "c.db", tmp_path / "copy.db", 5, Watch(), write, reserve=0)
        )
        assert steps > 1
        assert len(await store.statements.after("acme", 0, 10_000)) == len(before) + steps
    assert statements(tmp_path / "copy.db") == len(before)
    with closing(sqlite3.connect(tmp_path / "copy.db")) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert raw.execute("SELECT number FROM commits").fetchone() == (made.mark.number,)


async def test_a_copy_is_given_up_without_room_or_without_anybody_waiting(tmp_path: Path) -> None:
    async with open_store(tmp_path / "c.db", VirtualClock(), inline=True) as store:
        await filled(Office(store, {"acme": ACME}))
        with pytest.raises(BackupRefused, match="are needed"):
            copy(tmp_path / "c.db", tmp_path / "copy.db", 5, Watch(), hurried, reserve=1 << 60)
        watch = Watch()
        watch.stop = True
        with pytest.raises(Stopped):
            copy(tmp_path / "c.db", tmp_path / "copy.db", 5, watch, hurried, reserve=0)
    assert not [name for name in sizes(tmp_path) if name.startswith("copy.db")]


async def test_recipients_of_the_configuration_are_used(tmp_path: Path) -> None:
    private, public = key_pair(tmp_path, "p256")
    async with open_store(tmp_path / "c.db", VirtualClock(), inline=True) as store:
        office = Office(store, {"acme": ACME})
        words = msgspec.structs.replace(office.configuration().daemon.backup, recipients=(public,))
        office._daemon = msgspec.structs.replace(office.configuration().daemon, backup=words)
        rows, done = await ask_office(office, p.Backup(dry_run=True))
        assert rows[0].sealed_for[0].startswith("p256 ")
        assert "p256" in done.note
        office._daemon = msgspec.structs.replace(
            office._daemon, backup=msgspec.structs.replace(words, recipients=(private,))
        )
        with pytest.raises(p.Refusal, match="name the public one") as refused:
            await ask_office(office, p.Backup(dry_run=True))
        assert refused.value.code == Exit.BAD_CONFIGURATION


async def test_a_database_of_a_newer_version_is_not_put_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = place(tmp_path)
    (root / "state").mkdir()
    path = root / "state/lmsyncd.db"
    async with open_store(path, VirtualClock(), inline=True) as store:
        office = Office(store, {"acme": ACME})
        await filled(office)
        await store.writer.submit(lambda raw: raw.execute("INSERT INTO migrations VALUES (9999, 'later', 'x', 1)"))
        await backed_up(office, tmp_path / "b.backup")
    code, _, said = await trio.to_thread.run_sync(lambda: restored(root, capsys, accept_loss=True))
    assert code == Exit.FAILURE
    assert "schema version 9999" in said
    with pytest.raises(StoreRefused):
        async with open_store(path, VirtualClock(), inline=True):
            pass
    assert path.exists(), "what stood there stands there"


async def test_what_a_killed_daemon_left_of_a_copy_is_removed(tmp_path: Path) -> None:
    (tmp_path / "s.db.backup-copy").write_bytes(b"plain")
    (tmp_path / "s.db.backup-copy-wal").write_bytes(b"plain")
    (tmp_path / "s.db.restoring").write_bytes(b"plain")
    async with open_store(tmp_path / "s.db", VirtualClock(), inline=True):
        assert not [name for name in sizes(tmp_path) if "copy" in name or "restoring" in name]
