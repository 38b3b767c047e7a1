"""Real processes, real sockets, real disk, SIGKILL at moments nobody chose; the vendor's journal is the judge.

``LMSYNCD_KILLS`` and ``LMSYNCD_SEED`` make the campaign longer or repeat its choices.
"""

import os
import random
import time
from collections import Counter
from pathlib import Path

import pytest
import trio
from ordeal import Ordeal
from seeds import campaign_seed
from semester import EFFECTS_A_TERM

KILLS = int(os.environ.get("LMSYNCD_KILLS", "200"))
EFFECTS_A_LIFE = 12
LIFE_S_MAX = 1.5
# The judge's own client is cancelled in the middle of an answer when a life has lasted long enough.
pytestmark = pytest.mark.filterwarnings("ignore:Exception ignored in. <async_generator object ByteStream.__aiter__")
MOMENTS = {"answered": 4, "effects": 4, "starting": 1}


async def test_a_few_kills(tmp_path: Path) -> None:
    await campaign(tmp_path, 5)


@pytest.mark.campaign
async def test_nothing_is_lost_and_nothing_doubled_by_sigkill(tmp_path: Path) -> None:
    await campaign(tmp_path, KILLS)


async def campaign(tmp_path: Path, kills: int) -> None:
    """Kill it so often, let it rest, and ask both oracles."""
    seed = campaign_seed()
    dice = random.Random(seed)
    ordeal = Ordeal(tmp_path / "scene", dice, max(1, kills * EFFECTS_A_LIFE // EFFECTS_A_TERM))
    print(f"LMSYNCD_SEED={seed} LMSYNCD_KILLS={kills}: {ordeal.semester.statements} statements")
    chosen: Counter[str] = Counter()
    began_s = time.monotonic()
    try:
        await ordeal.open()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ordeal.feed.run)
            for death in range(1, kills + 1):
                ordeal.feed.let(death / kills)
                [moment] = dice.choices(list(MOMENTS), list(MOMENTS.values()))
                chosen[moment] += 1
                with trio.move_on_after(LIFE_S_MAX):
                    await until(moment, ordeal, dice)
                await ordeal.stage.kill_and_restart()
        killed_s = time.monotonic() - began_s
        verdict = await ordeal.rest()
    finally:
        await ordeal.close()
    print(f"{kills} kills in {killed_s:.0f} s, {dict(chosen)}, all in {time.monotonic() - began_s:.0f} s: {verdict}")
    assert verdict.faults == []
    assert verdict.acknowledged == ordeal.semester.statements, "a batch sent again became other statements"


async def until(moment: str, ordeal: Ordeal, dice: random.Random) -> None:
    """The moment of death: just acknowledged, just done by the vendor, or while it starts."""
    match moment:
        case "answered":
            await ordeal.feed.answered(dice.randint(1, 2))
        case "effects":
            seen = await ordeal.stage.count()
            await ordeal.stage.until_effects(seen + dice.randint(1, EFFECTS_A_LIFE))
        case _:
            await trio.sleep(dice.uniform(0.0, 1.0))
