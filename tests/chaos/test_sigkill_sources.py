"""A real daemon reads an imitated Canvas while its school changes over HTTP, and is killed at moments nobody chose.
The sandbox's journal is the judge: each change once.

``LMSYNCD_SEED`` repeats the choices.
"""

import os
import random
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
from seeds import campaign_seed

from actors.targets.slack.settings import LIMITS_PER_S
from daemon.demo.scene import Scene, write
from daemon.demo.stage import Stage, asking, free_port
from daemon.store.rows import unpack_change

KILLS = int(os.environ.get("LMSYNCD_SOURCE_KILLS", "25"))
REST_S_MAX = 120.0
LIFE_S_MAX = 1.5
FIRST = "CS101: first paper"
# The judge's own client is cancelled in the middle of an answer when a life has lasted long enough.
pytestmark = pytest.mark.filterwarnings("ignore:Exception ignored in. <async_generator object ByteStream.__aiter__")
TENANT = """\
timezone = "Europe/Berlin"
locale = "en-GB"

[sources.lms]
kind = "canvas"
base_url = "{sandbox}/canvas"
token = {{ file = "../secrets/canvas" }}
every = "1s"
every_max = "1s"

[targets.slack]
kind = "slack"
api_url = "{sandbox}/slack/api/"
token = {{ file = "../secrets/slack" }}
settle = "200ms"
late_landing = "2s"
limits = {{ {limits} }}

[[routes]]
name = "news"
when = ["enrolled", "unenrolled", "graded", "submitted"]
to = "slack"
audience = {{ channel = "C0GENERAL1" }}
"""


async def test_a_few_kills_while_a_source_is_read(tmp_path: Path) -> None:
    await campaign(tmp_path, 3)


@pytest.mark.campaign
async def test_what_happens_at_a_school_is_told_once_through_sigkill(tmp_path: Path) -> None:
    await campaign(tmp_path, KILLS)


class School:
    """The school of the sandbox, changed over HTTP; what each change is to come to."""

    def __init__(self, sandbox: str, dice: random.Random) -> None:
        self._url = f"{sandbox}/sandbox/school"
        self._dice = dice
        self._came = 0
        self.wanted: Counter[str] = Counter()
        """Posts by the newcomer they are about."""

    async def changes(self, client: httpx.AsyncClient) -> None:
        """Somebody comes, and hands in, is graded, or both."""
        self._came += 1
        name = f"Newcomer {self._came:03d}"
        happenings: list[dict[str, object]] = [
            {"do": "add_person", "given": "Newcomer", "family": f"{self._came:03d}"},
            {"do": "enrol", "person": name, "course": "CS101"},
        ]
        if self._dice.random() < 0.5:
            happenings.append({"do": "submit", "person": name, "work": FIRST})
        if self._dice.random() < 0.5:
            happenings.append({"do": "grade", "person": name, "work": FIRST, "points": self._dice.randint(1, 100)})
        answer = await client.post(self._url, json=happenings)
        answer.raise_for_status()
        self.wanted[name] = len(happenings) - 1


async def campaign(tmp_path: Path, kills: int) -> None:
    """Kill it so often while the school changes, let it rest, and count."""
    seed = campaign_seed()
    print(f"LMSYNCD_SEED={seed} LMSYNCD_SOURCE_KILLS={kills}")
    dice = random.Random(seed)
    scene = furnished(tmp_path / "scene")
    stage = Stage(scene, limits=False)
    school = School(scene.sandbox, dice)
    try:
        await stage.open()
        await first_reading(stage)
        async with asking(20) as client:
            for _ in range(kills):
                for _ in range(dice.randint(1, 3)):
                    await school.changes(client)
                with trio.move_on_after(LIFE_S_MAX):
                    if dice.random() < 0.7:
                        await stage.until_effects(await stage.count() + dice.randint(1, 3))
                    else:
                        await trio.sleep(dice.uniform(0.0, LIFE_S_MAX))
                await stage.kill_and_restart()
        await stage.ready()
        with trio.move_on_after(REST_S_MAX):
            while school.wanted - await posts(stage):
                await trio.sleep(0.5)
        await stage.quiet()
        told = await posts(stage)
    finally:
        with trio.CancelScope(shield=True):
            await stage.close()
    print(f"{kills} kills, {len(school.wanted)} newcomers, {told.total()} posts")
    assert told == school.wanted


async def posts(stage: Stage) -> Counter[str]:
    """By the newcomer each is about, as the journal has them; the store only says whom a post is about. How things
    stood at first is told to nobody."""
    effects = await stage.journal()
    rows = asked(stage.scene, "SELECT lower(hex(id)), change FROM deliveries")
    about = {name: unpack_change(change).learner.name for name, change in rows}
    return Counter(about[effect.delivery_id] for effect in effects)


async def first_reading(stage: Stage) -> None:
    """How things stand is known."""
    with trio.fail_after(60):
        while not asked(stage.scene, "SELECT 1 FROM sources WHERE first_us IS NOT NULL"):
            await trio.sleep(0.1)


def asked(scene: Scene, sql: str) -> list[tuple[Any, ...]]:
    """What the database says, seen by somebody else than the daemon."""
    raw = sqlite3.connect(f"file:{scene.root / 'state' / 'lmsyncd.db'}?mode=ro", uri=True, timeout=10)
    try:
        return raw.execute(sql).fetchall()
    finally:
        raw.close()


def furnished(root: Path) -> Scene:
    """A daemon whose only tenant has a Canvas."""
    root.mkdir(parents=True)
    scene = Scene(root=root, gateway_port=free_port(), sandbox_port=free_port(), fast=True)
    write(scene)
    secret = root / "secrets" / "canvas"
    secret.touch(mode=0o600)
    secret.write_text("canvas-sandbox\n", encoding="utf-8")
    limits = ", ".join(f"{name} = 100000" for name in LIMITS_PER_S)
    path = root / "tenants.d" / "campus.toml"
    path.write_text(TENANT.format(sandbox=scene.sandbox, limits=limits), encoding="utf-8")
    return scene
