"""Real processes, real sockets, real disk, SIGKILL at moments nobody chose; the vendor's journal is the judge.

``LMSYNCD_KILLS`` and ``LMSYNCD_SEED`` make it longer or repeat its choices.
"""

import os
import random
from collections import Counter
from pathlib import Path

import msgspec
import trio

from daemon.demo.moodle import Moodle, batches, sample
from daemon.demo.oracle import Expected, compare, expect
from daemon.demo.scene import HALL, KEY, SECRET, SLACK_CHANNELS, TEAMS_CHANNELS, Scene, write
from daemon.demo.stage import Stage, free_port

KILLS = int(os.environ.get("LMSYNCD_KILLS", "20"))
SLOW_VENDOR = [
    {"kind": "slow", "vendor": "slack", "value": "0.05", "times": 0},
    {"kind": "slow", "vendor": "teams", "value": "0.05", "times": 0},
]


def expected_of(lines: list[bytes]) -> Expected:
    total: Expected = Counter()
    for line in lines:
        total += expect(msgspec.json.decode(line), SLACK_CHANNELS, TEAMS_CHANNELS, HALL)
    return total


async def test_nothing_is_lost_and_nothing_doubled_by_sigkill(tmp_path: Path) -> None:
    seed = int(os.environ.get("LMSYNCD_SEED", str(random.SystemRandom().randrange(10**6))))
    dice = random.Random(seed)
    print(f"seed {seed}, {KILLS} kills")
    scene = Scene(root=tmp_path / "scene", gateway_port=free_port(), sandbox_port=free_port(), fast=True)
    scene.root.mkdir()
    write(scene)
    stage = Stage(scene, limits=False)
    lines = sample()
    expected = expected_of(lines)
    moodle = Moodle(scene.endpoint, KEY, SECRET)
    everything = batches(lines, 5)
    deaths = sorted(dice.sample(range(expected.total() - 5), KILLS))
    try:
        await stage.open()
        await stage.faults(SLOW_VENDOR)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(feed, moodle, everything, dice)
            for effects in deaths:
                await stage.until_effects(effects)
                await stage.kill_and_restart()
        await stage.ready()
        await stage.until(lambda journal: not compare(expected, journal).lost, 120)
        await stage.quiet()
        balance = compare(expected, await stage.journal())
    finally:
        with trio.CancelScope(shield=True):
            await stage.close()
    assert balance.agrees, balance
    assert len(set(moodle.acknowledged)) == len(lines), "a batch sent again became other statements"


async def feed(moodle: Moodle, everything: list[bytes], dice: random.Random) -> None:
    """Each batch until it is answered, every third of them twice."""
    for batch in everything:
        await moodle.send(batch, times=2 if dice.random() < 0.3 else 1)
