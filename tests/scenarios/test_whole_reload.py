"""New words for a running daemon: all of them or none, and traffic goes on meanwhile."""

import os
import signal
from pathlib import Path

from rehearsal import lmsyncctl, picked, post, rehearsal, replace, until_logged

from daemon.demo.stage import Stage

OLD = 'when = ["completed"]\nto = "slack"\naudience = { course_channel = true }'
BAD_CONFIGURATION = 78


def channel(name: str) -> str:
    return f'when = ["completed"]\nto = "slack"\naudience = {{ channel = "{name}" }}'


async def told(stage: Stage, line: bytes) -> str:
    """Where the statement's one effect went."""
    before = {effect.delivery_id for effect in await stage.journal()}
    assert (await post(stage.scene, [line])).status_code == 200
    await stage.until_effects(len(before) + 1)
    [new] = [effect for effect in await stage.journal() if effect.delivery_id not in before]
    return new.destination


async def test_a_broken_file_changes_nothing_and_a_mended_one_applies(tmp_path: Path) -> None:
    async with rehearsal(tmp_path) as stage:
        tenant = stage.scene.root / "tenants.d" / "campus.toml"
        lines = picked(*["completed"] * 3)
        home = await told(stage, lines[0])
        fine = tenant.read_text()
        replace(tenant, OLD, channel("C0RELOADED1") + "\nnonsense = 1")
        refused = await lmsyncctl(stage.scene, "--json", "reload")
        assert refused.returncode == BAD_CONFIGURATION
        assert str(tenant).encode() in refused.stdout
        assert b"nonsense" in refused.stdout
        assert (await told(stage, lines[1])).startswith("C0COURSE")
        assert home.startswith("C0COURSE")
        tenant.write_text(fine.replace(OLD, channel("C0RELOADED1")))
        applied = await lmsyncctl(stage.scene, "reload")
        assert applied.returncode == 0
        assert b"campus" in applied.stdout
        assert await told(stage, lines[2]) == "C0RELOADED1"


async def test_sighup_is_the_same(tmp_path: Path) -> None:
    async with rehearsal(tmp_path) as stage:
        tenant = stage.scene.root / "tenants.d" / "campus.toml"
        lines = picked(*["completed"] * 2)
        fine = tenant.read_text()
        tenant.write_text("routes = 7\n")
        os.kill(stage.daemon.pid, signal.SIGHUP)
        await until_logged(stage, "config.refused")
        assert (await told(stage, lines[0])).startswith("C0COURSE")
        tenant.write_text(fine.replace(OLD, channel("C0SIGHUP001")))
        os.kill(stage.daemon.pid, signal.SIGHUP)
        await until_logged(stage, "config.reloaded")
        assert await told(stage, lines[1]) == "C0SIGHUP001"


async def test_a_second_tenant_comes_and_goes_without_a_restart(tmp_path: Path) -> None:
    async with rehearsal(tmp_path) as stage:
        pid = stage.daemon.pid
        other = stage.scene.root / "tenants.d" / "other.toml"
        other.write_text((stage.scene.root / "tenants.d" / "campus.toml").read_text())
        assert (await lmsyncctl(stage.scene, "reload")).returncode == 0
        assert b"other" in (await lmsyncctl(stage.scene, "tenants")).stdout
        other.unlink()
        assert (await lmsyncctl(stage.scene, "reload")).returncode == 0
        assert b"other" not in (await lmsyncctl(stage.scene, "tenants")).stdout
        assert (await told(stage, *picked("completed"))).startswith("C0COURSE")
        assert stage.daemon.alive
        assert stage.daemon.pid == pid
