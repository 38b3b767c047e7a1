"""``make chaos``: a real daemon at work for SECONDS, and everything that can be done to it, chosen by SEED.

Prints what was done how often and what came of it; exit code 1, the seed and the command to repeat if a promise broke.
"""

import random
import shutil
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import httpx
import trio
from faults import ACT_S_MAX, ACTS, RESTORED, Broken, Stageplay
from ordeal import Ordeal, Verdict
from rich.console import Console
from rich.table import Table
from small_disk import SmallDisk, small_disk

from daemon.demo.stage import StageFailed
from daemon.serve import leaves

TERMS_A_MINUTE = 2
PAUSE_S_MAX = 1.0
UP_S_MAX = 60.0


class Tally:
    """What was done and what came of it."""

    def __init__(self) -> None:
        self.done: Counter[tuple[str, str]] = Counter()
        self.broken: list[str] = []


async def chaos(play: Stageplay, seconds: float, tally: Tally) -> Verdict:
    """Acts in a random order for so long, while the semester is told at an even pace; then rest and judge."""
    ordeal = play.ordeal
    began_s = trio.current_time()
    possible = {name: act for name, act in ACTS.items() if act[2] <= seconds}
    once = [*possible, *(name for name in possible if name == RESTORED)]  # what comes from a copy needs the copy first
    play.dice.shuffle(once)
    await ordeal.open()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ordeal.feed.run)
        while (passed_s := trio.current_time() - began_s) < seconds:
            ordeal.feed.let(passed_s / seconds)
            [name] = (
                [once.pop()] if once else play.dice.choices(list(possible), [each[1] for each in possible.values()])
            )
            await perform(play, name, tally)
            with trio.fail_after(UP_S_MAX):
                await ordeal.stage.ready()
            await trio.sleep(play.dice.uniform(0.0, PAUSE_S_MAX))
        ordeal.feed.let(1.0)
    return await ordeal.rest()


async def perform(play: Stageplay, name: str, tally: Tally) -> None:
    """One act; a broken promise is noted, and the play goes on."""
    act, *_ = ACTS[name]
    began_s = time.monotonic()
    try:
        with trio.fail_after(ACT_S_MAX):
            said = await act(play)
    except Broken as broken:
        said = "BROKEN"
        tally.broken.append(f"{name}: {broken}")
        if not play.daemon.alive:
            play.daemon.start()
    tally.done[name, said] += 1
    print(f"{name}: {said} ({time.monotonic() - began_s:.1f} s)", flush=True)


async def main(seconds: float, seed: int, workshop: Path, disk: SmallDisk) -> int:
    dice = random.Random(seed)
    tally = Tally()
    ordeal = Ordeal(workshop / "scene", dice, max(1, round(seconds / 60 * TERMS_A_MINUTE)), store=disk.home)
    print(f"seed {seed}, {seconds:g} s, {ordeal.semester.statements} statements, the store on {disk}", flush=True)
    play = Stageplay(ordeal, disk, dice, workshop)
    try:
        verdict = await chaos(play, seconds, tally)
    except* (StageFailed, trio.TooSlowError, RuntimeError, OSError, sqlite3.Error, httpx.HTTPError) as group:
        tally.broken += [f"{type(each).__name__}: {each}" for each in leaves(group)]
        verdict = None
    finally:
        if ordeal.stage.daemon.alive:
            disk.free(ordeal.stage.daemon.pid)
        await ordeal.close()
    report(tally, verdict)
    broken = tally.broken + (verdict.faults if verdict is not None else [])
    for each in broken:
        print(f"BROKEN: {each}")
    if broken:
        kept = tempfile.mkdtemp(prefix="lmsyncd-chaos-broken-")
        shutil.copytree(workshop, kept, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.sock", "ballast"))
        print(f"what is left of it: {kept}")
        print(f"again: make chaos SECONDS={seconds:g} SEED={seed}")
    return 1 if broken else 0


def report(tally: Tally, verdict: Verdict | None) -> None:
    table = Table(title="What was done, and what came of it")
    for heading in ("fault", "outcome"):
        table.add_column(heading)
    table.add_column("times", justify="right")
    for (name, said), times in sorted(tally.done.items()):
        table.add_row(name, said, str(times), style="red" if said == "BROKEN" else None)
    console = Console(width=110)
    console.print(table)
    if verdict is None:
        return
    balance = verdict.balance
    table = Table(title="By the statements that were acknowledged, and by the vendors' journals")
    headings = ("acknowledged", "stored", "effects expected", "seen", "lost", "doubled", "left to a person for a while")
    numbers = (
        verdict.acknowledged,
        verdict.stored,
        balance.expected,
        balance.seen,
        len(balance.lost),
        len(balance.doubled),
        verdict.left,
    )
    for heading in headings:
        table.add_column(heading, justify="right")
    table.add_row(*(str(number) for number in numbers), style="red" if verdict.faults else "green")
    console.print(table)


if __name__ == "__main__":
    given_s = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    given_seed = int(sys.argv[2]) if len(sys.argv) > 2 and sys.argv[2] else random.SystemRandom().randrange(10**6)
    with tempfile.TemporaryDirectory(prefix="lmsyncd-chaos-") as made, small_disk(Path(made) / "disk") as small:
        code = trio.run(main, given_s, given_seed, Path(made), small)
    sys.exit(code)
