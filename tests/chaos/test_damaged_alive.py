"""Damage met while it runs: the daemon ends, once, with a line that says what, where and what to do; and it does not
start again on such a file. An older copy in its place is refused by the real command, and accepted on request.
"""

import shutil
import sqlite3
import sys
from pathlib import Path

import httpx
import trio
from rehearsal import PATIENCE_S, picked, post, rehearsal

from daemon.demo.stage import POLL_S, Stage

PAGE = 4096


def database(stage: Stage) -> Path:
    return stage.scene.root / "state" / "lmsyncd.db"


def ruin(path: Path) -> None:
    """Everything but the first page, after the log has been taken over into the file."""
    raw = sqlite3.connect(path, timeout=20)
    assert raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    raw.close()
    with path.open("r+b") as file:
        file.seek(PAGE)
        file.write(b"\xff" * (path.stat().st_size - PAGE))


async def until_ended(stage: Stage) -> int:
    with trio.fail_after(PATIENCE_S):
        while stage.daemon.alive:
            await trio.sleep(POLL_S)
    return await stage.daemon.end()


async def command(stage: Stage, *words: str) -> tuple[int, str]:
    line = [sys.executable, "-m", "daemon.cli.lmsyncd", *words, "--config", str(stage.scene.root)]
    done = await trio.run_process(line, capture_stdout=True, capture_stderr=True, check=False)
    return done.returncode, (done.stdout + done.stderr).decode()


async def test_damage_ends_the_daemon_with_a_line_and_it_does_not_start_again(tmp_path: Path) -> None:
    async with rehearsal(tmp_path) as stage:
        first, *more = picked(*["completed"] * 6)
        assert (await post(stage.scene, [first])).status_code == 200
        await stage.until_effects(1)
        await trio.to_thread.run_sync(ruin, database(stage))
        for line in more:
            try:
                assert (await post(stage.scene, [line])).status_code in {200, 503}
            except httpx.TransportError:
                break  # it has ended
        assert await until_ended(stage) == 1
        said = [line for line in stage.daemon.log.read_text().splitlines() if not line.startswith("{")]
        assert len(said) == 1
        assert said[0].startswith(f"lmsyncd: {database(stage)}: the database file is damaged")
        assert "docs/recovery.md" in said[0]
        found = database(stage).read_bytes()
        for _ in range(2):
            code, told = await command(stage, "run")
            assert code == 1
            assert told.count("\n") == 1
            assert "is damaged" in told
        assert database(stage).read_bytes() == found


async def test_an_older_copy_is_refused_and_accepted_by_the_command(tmp_path: Path) -> None:
    async with rehearsal(tmp_path) as stage:
        path = database(stage)
        first, second = picked("completed", "completed")
        assert (await post(stage.scene, [first])).status_code == 200
        await stage.until_effects(1)
        await stage.daemon.end()
        shutil.copy(path, tmp_path / "backup")
        stage.daemon.start()
        await stage.ready()
        assert (await post(stage.scene, [second])).status_code == 200
        await stage.until_effects(2)
        await stage.daemon.end()
        shutil.copy(tmp_path / "backup", path)
        for words in (("run",), ("migrate",)):
            code, told = await command(stage, *words)
            assert code == 1
            assert "missing, made after" in told
            assert "--accept-loss" in told
        code, told = await command(stage, "migrate", "--accept-loss")
        assert code == 0
        assert "accepted the loss" in told
        stage.daemon.start()
        await stage.ready()
        assert '"store.loss_accepted"' in stage.daemon.log.read_text()
        assert (await post(stage.scene, [first, second])).status_code == 200
        await stage.quiet()
        ids = [effect.delivery_id for effect in await stage.journal()]
        assert len(ids) == len(set(ids)) == 2, "what was posted is found, not posted again"
