"""A disk that fills up again and again: a real daemon whose state is on a small file system of its own.

The disk is filled to the last byte while statements are told, and freed, five times; in one of them the daemon is
killed while it is full. Whoever may not mount gets a limit on the size of the daemon's files instead, which SQLite
meets as EFBIG. ``LMSYNCD_FILLS`` sets the number of cycles.
"""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest
import trio
from rehearsal import PATIENCE_S, post, rehearsal
from small_disk import SmallDisk, small_disk

from daemon.demo.moodle import sample
from daemon.demo.oracle import Expected, compare, expect
from daemon.demo.scene import HALL, SLACK_CHANNELS, TEAMS_CHANNELS
from daemon.demo.stage import POLL_S, Stage

FILLS = int(os.environ.get("LMSYNCD_FILLS", "5"))
BATCH = 4


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk") as made:
        yield made


async def page(stage: Stage, name: str) -> int:
    async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
        return (await client.get(f"http://127.0.0.1:{stage.scene.gateway_port}/{name}")).status_code


async def taken(stage: Stage, batch: list[bytes], answers: Counter[int]) -> bool:
    """Whether it was taken all the same (the log had room left); else it was refused as it should be."""
    answer = await post(stage.scene, batch)
    answers[answer.status_code] += 1
    if answer.status_code == 200:
        return True
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["retry-after"]) > 0
    return False


async def until_taken(stage: Stage, batch: list[bytes], answers: Counter[int]) -> None:
    with trio.fail_after(PATIENCE_S):
        while (answer := await post(stage.scene, batch)).status_code != 200:
            answers[answer.status_code] += 1
            assert answer.status_code == 503, answer.text
            await trio.sleep(POLL_S)
    answers[200] += 1


@pytest.mark.campaign
async def test_a_disk_that_fills_again_and_again_costs_nothing(tmp_path: Path, disk: SmallDisk) -> None:
    print(f"{FILLS} cycles on {disk}")

    def place(root: Path) -> None:
        with (root / "lmsyncd.toml").open("a", encoding="utf-8") as file:
            file.write(f'\n[store]\npath = "{disk.home}/lmsyncd.db"\n')

    lines = sample()
    told: list[bytes] = []
    answers: Counter[int] = Counter()
    readiness: Counter[int] = Counter()
    async with rehearsal(tmp_path, change=place) as stage:
        slow = {"kind": "slow", "vendor": "slack", "operation": "chat.postMessage", "value": "0.3", "times": 0}
        await stage.faults([slow])

        def batch() -> list[bytes]:
            return [lines.pop(0) for _ in range(BATCH)]

        for cycle in range(FILLS):
            before = batch()
            await until_taken(stage, before, answers)
            told += before
            disk.fill(stage.daemon.pid)
            refused: list[list[bytes]] = []
            while len(refused) < 3:
                each = batch()
                if await taken(stage, each, answers):
                    told += each  # there was room left in the log
                else:
                    refused.append(each)
            assert await page(stage, "healthz") == 200
            readiness[await page(stage, "readyz")] += 1  # a commit as small as its probe's may find room in the log
            if cycle == FILLS // 2:
                await stage.daemon.end(signal.SIGKILL)
                stage.daemon.start()
            disk.free(stage.daemon.pid)
            await stage.ready()  # among others, the probe that the watchdog asks commits again
            for each in refused:
                await until_taken(stage, each, answers)
                told += each
        expected: Expected = Counter()
        for line in told:
            expected += expect(msgspec.json.decode(line), SLACK_CHANNELS, TEAMS_CHANNELS, HALL)
        await stage.until(lambda journal: not compare(expected, journal).lost, 60)
        await stage.quiet()
        balance = compare(expected, await stage.journal())
    print(
        f"answers {dict(answers)}, readyz while full {dict(readiness)}, {len(told)} statements, {balance.seen} effects"
    )
    assert balance.agrees, balance
    assert answers[503] >= 3 * FILLS
    assert readiness.keys() <= {200, 503}
