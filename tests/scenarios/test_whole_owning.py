"""Data that goes with its owner, by real processes: from one tenant to another, and a person gone from the disk."""

import shutil
from pathlib import Path
from typing import Any

import msgspec
import trio
from rehearsal import lmsyncctl, post, rehearsal, until_logged

from daemon.demo.moodle import sample
from daemon.demo.scene import Scene
from daemon.demo.stage import Stage

ADA = ("Ada Okafor", "u000@example.edu")
NAMESAKE = ("--learner", "mailto:u030@example.edu")
LEARNER = ("--learner", f"mailto:{ADA[1]}")


def with_a_twin(root: Path) -> None:
    """A second tenant, configured alike."""
    shutil.copy(root / "tenants.d" / "campus.toml", root / "tenants.d" / "twin.toml")


def taken(path: Path) -> list[dict[str, Any]]:
    """Statements as they are known everywhere: without the time they were stored here."""
    found = [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]
    assert found[-1]["lmsyncd"]["is"] == "end"
    return [{name: value for name, value in one.items() if name != "stored"} for one in found if "lmsyncd" not in one]


async def ctl(scene: Scene, *words: str, code: int = 0) -> str:
    done = await lmsyncctl(scene, *words)
    assert done.returncode == code, done.stderr.decode()
    return done.stdout.decode()


async def quiet(stage: Stage) -> int:
    """Wait until nothing is on its way; how many posts there are."""
    before = -1
    while (now := await stage.count()) != before:
        before = now
        await trio.sleep(1)
    return now


async def test_from_one_tenant_to_another_and_back_nothing_is_lost_and_nobody_is_told(tmp_path: Path) -> None:
    async with rehearsal(tmp_path, change=with_a_twin) as stage:
        scene = stage.scene
        assert (await post(scene, sample()[:120])).status_code == 200
        posts = await quiet(stage)
        assert posts
        packed, twin = str(tmp_path / "campus.zst"), tmp_path / "twin.jsonl"
        await ctl(scene, "export", "campus", "xapi", "--out", packed, "--compress", "zstd")
        await ctl(scene, "export", "campus", "xapi", "--out", str(tmp_path / "campus.jsonl"))
        said = await ctl(scene, "import", "twin/campus", packed)
        assert said == "120 new, 0 known already, 0 refused\n"
        await stage.kill_and_restart()
        await stage.ready()
        said = await ctl(scene, "import", "twin/campus", packed)
        assert said == "0 new, 120 known already, 0 refused\n"
        await ctl(scene, "export", "twin", "xapi", "--out", str(twin))
        assert taken(twin) == taken(tmp_path / "campus.jsonl")
        assert (await post(scene, sample()[:120], endpoint=scene.endpoint.replace("campus", "twin"))).status_code == 200
        assert await quiet(stage) == posts, "nobody is told what an import told first"


def known(scene: Scene) -> set[str]:
    """What of her is in the daemon's files."""
    raws = [path.read_bytes() for path in (scene.root / "state").iterdir() if path.is_file()]
    assert len(raws) >= 3, "the database, its log and its mark at least"
    return {each for each in ADA if any(each.encode() in raw for raw in raws)}


async def test_a_person_is_gone_from_the_disk(tmp_path: Path) -> None:
    async with rehearsal(tmp_path) as stage:
        scene = stage.scene
        for start in range(0, 375, 125):
            assert (await post(scene, sample()[start : start + 125])).status_code == 200
        await quiet(stage)
        assert known(scene) == set(ADA)
        planned = await lmsyncctl(scene, "--json", "erase", "campus", *LEARNER)
        plan, _ = [msgspec.json.decode(line) for line in planned.stdout.splitlines()]
        assert plan["counts"]["statements"] > 0
        stale = await lmsyncctl(scene, "erase", "campus", *LEARNER, "--plan", "0123456789abcdef")
        assert stale.returncode == 4
        erased = await lmsyncctl(scene, "--json", "erase", "campus", *LEARNER, "--plan", plan["hash"])
        assert erased.returncode == 0, erased.stderr
        assert known(scene) == {ADA[0]}, "another of the same name keeps it"
        await ctl(scene, "erase", "campus", *NAMESAKE, "--yes")
        assert known(scene) == set()
        await until_logged(stage, "erasure.ended", 2)
        assert await ctl(scene, "export", "campus", "xapi", *LEARNER, "--out", str(tmp_path / "hers")) != ""
        assert taken(tmp_path / "hers") == []
        await stage.kill_and_restart()
        await stage.ready()
        assert known(scene) == set()
        for start in range(0, 375, 125):
            assert (await post(scene, sample()[start : start + 125])).status_code == 200
        assert known(scene) == set(), "what is sent again is known, and stays away"
        assert "statements" in await ctl(scene, "erase", "--list")
