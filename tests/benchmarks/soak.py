"""A daemon under a steady load for as long as one likes: does anything grow that should not?

``python -m tests.benchmarks.soak SECONDS [PER_S]``, at least a minute. First what is bounded is filled to its bounds:
some ten thousand people, each with a change of their own, as fast as they are taken. Then statements come at an even
rate, are routed and delivered to the sandbox, and memory, descriptors, threads and tasks of the event loop are looked
at; of that time the first third is not judged. At last what comes and goes comes and goes, in rounds (``wear``):
whoever leaves must leave nothing. Exit code 1 if anything has grown.
"""

import math
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import httpx
import trio

from daemon.demo.scene import Scene, write
from daemon.demo.stage import Stage, asking, free_port
from tests.benchmarks import wear
from tests.benchmarks.load import crowd, paced
from tests.benchmarks.wear import Held, held

LOOK_S = 10.0
FILLED = 20_000
"""Statements of as many people: more than any cache of ours remembers (``keys``: 16,384), and a database of more pages
than the writer keeps."""
SLOPE_MIB_PER_H_MAX = 1.0
"""What is more than this, and more than chance, is growth."""
OTHER_GROWTH_MAX = 2.0


class Sample(NamedTuple):
    """At one moment."""

    at_s: float
    held: Held


class Slope(NamedTuple):
    """Of the straight line that fits best; ``err``: its standard error."""

    per_h: float
    err: float


def slope(samples: Sequence[Sample]) -> Slope:
    """Of memory, in MiB an hour."""
    xs = [each.at_s / 3600 for each in samples]
    ys = [each.held.memory_mib for each in samples]
    x_mean, y_mean = statistics.fmean(xs), statistics.fmean(ys)
    spread = sum((x - x_mean) ** 2 for x in xs)
    per_h = sum((x - x_mean) * (y - y_mean) for x, y in zip(xs, ys, strict=True)) / spread
    left = sum((y - y_mean - per_h * (x - x_mean)) ** 2 for x, y in zip(xs, ys, strict=True))
    return Slope(per_h, math.sqrt(left / max(1, len(xs) - 2) / spread))


def grown(samples: Sequence[Sample], per_s: float) -> list[str]:
    """What has, in words; the figures are printed."""
    third = max(2, len(samples) // 3)
    middle, last = samples[third : 2 * third], samples[2 * third :]
    said = []
    for name in Held._fields:
        before, after = (statistics.median(getattr(each.held, name) for each in part) for part in (middle, last))
        print(f"{name:12} middle third {before:8.1f}, last third {after:8.1f}")
        if name != "memory_mib" and after > before + OTHER_GROWTH_MAX:
            said.append(f"{name}: {before:.1f} → {after:.1f}")
    found = slope([*middle, *last])
    each_10_000 = 10_000 / (per_s * 3600)
    print(f"memory grows by {found.per_h:+.2f} ± {2 * found.err:.2f} MiB an hour,", end=" ")
    print(f"{found.per_h * each_10_000:+.3f} ± {2 * found.err * each_10_000:.3f} MiB each 10,000 effects")
    if found.per_h - 2 * found.err > SLOPE_MIB_PER_H_MAX:
        said.append(f"memory: {found.per_h:.2f} MiB an hour, more than {SLOPE_MIB_PER_H_MAX:g} and no chance")
    return said


async def fill(stage: Stage) -> None:
    """All that is bounded, to its bounds."""
    began_s = time.monotonic()
    await crowd(stage.scene, FILLED)
    await stage.until_effects(FILLED, limit_s=600)
    found = await stage.count()
    if found < FILLED:
        raise RuntimeError(f"only {found:,} of {FILLED:,} effects")
    print(f"filled by {found:,} effects in {time.monotonic() - began_s:.0f} s", flush=True)


async def steady(stage: Stage, http: httpx.AsyncClient, seconds: float, per_s: int) -> list[Sample]:
    samples: list[Sample] = []
    before, began_s = await stage.count(), time.monotonic()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(paced, stage.scene, seconds, per_s)
        while time.monotonic() - began_s < seconds:
            await trio.sleep(LOOK_S)
            samples.append(Sample(time.monotonic() - began_s, await held(stage, http)))
            print(f"{samples[-1].at_s:7.0f} s ", *(f"{value:.1f}" for value in samples[-1].held), flush=True)
    print(f"{await stage.count() - before:,} effects at the vendors in {seconds:.0f} s, {per_s} statements a second")
    return samples


async def soak(folder: Path, seconds: float, per_s: int) -> list[str]:
    scene = Scene(root=folder / "scene", gateway_port=free_port(), sandbox_port=free_port(), fast=True)
    scene.root.mkdir()
    write(scene)
    stage = Stage(scene, limits=False)
    try:
        await stage.open()
        async with asking(20) as http:
            print("memory MiB, descriptors, threads, tasks")
            await fill(stage)
            said = grown(await steady(stage, http, seconds, per_s), per_s)
            return [*said, *await wear.worn(stage, http)]
    finally:
        with trio.CancelScope(shield=True):
            await stage.close()


def main() -> int:
    seconds, per_s = float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 20
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        said = trio.run(soak, Path(name), seconds, per_s)
    for each in said:
        print(f"grown: {each}", file=sys.stderr)
    print("nothing has grown" if not said else "something has grown")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
