"""A daemon under a steady load for as long as one likes: does anything grow that should not?

``python -m tests.benchmarks.soak SECONDS [PER_S]``: statements come at that rate, are routed and delivered to the
sandbox. Memory, descriptors, threads and tasks of the event loop are looked at each half minute. Exit code 1 if, from
the first third of the time to the last, memory has grown by more than a tenth, or anything else by more than two.
"""

import os
import re
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
from tests.benchmarks.load import paced, status_kib

LOOK_S = 30.0
MEMORY_GROWTH_MAX = 0.10
OTHER_GROWTH_MAX = 2.0
TASKS = re.compile(r"^lmsyncd_loop_tasks\S* (\S+)$", re.MULTILINE)


class Sample(NamedTuple):
    """At one moment."""

    at_s: float
    memory_mib: float
    descriptors: int
    threads: int
    tasks: float


async def sample(stage: Stage, began_s: float, http: httpx.AsyncClient) -> Sample:
    pid = stage.daemon.pid
    page = (await http.get(f"http://127.0.0.1:{stage.scene.gateway_port}/metrics")).text
    found = TASKS.search(page)
    return Sample(
        at_s=time.monotonic() - began_s,
        memory_mib=status_kib(pid, "VmRSS") / 1024,
        descriptors=len(os.listdir(f"/proc/{pid}/fd")),
        threads=len(os.listdir(f"/proc/{pid}/task")),
        tasks=float(found[1]) if found else 0.0,
    )


def grown(samples: Sequence[Sample]) -> list[str]:
    """What has, in words."""
    third = max(1, len(samples) // 3)
    first, last = samples[:third], samples[-third:]
    said = []
    for name in ("memory_mib", "descriptors", "threads", "tasks"):
        before, after = (statistics.median(getattr(each, name) for each in part) for part in (first, last))
        most = before * (1 + MEMORY_GROWTH_MAX) if name == "memory_mib" else before + OTHER_GROWTH_MAX
        print(f"{name:12} {before:8.1f} → {after:8.1f}")
        if after > most:
            said.append(f"{name}: {before:.1f} → {after:.1f}")
    return said


async def soak(folder: Path, seconds: float, per_s: int) -> list[str]:
    scene = Scene(
        root=folder / "scene", gateway_port=free_port(), sandbox_port=free_port(), fast=True, otlp_endpoint=""
    )
    scene.root.mkdir()
    write(scene)
    stage = Stage(scene, limits=False)
    samples: list[Sample] = []
    await stage.open()
    try:
        began_s = time.monotonic()
        async with trio.open_nursery() as nursery, asking(20) as http:
            nursery.start_soon(paced, scene, seconds, per_s)
            while time.monotonic() - began_s < seconds:
                await trio.sleep(LOOK_S)
                samples.append(await sample(stage, began_s, http))
                print(*(f"{value:.1f}" for value in samples[-1]), flush=True)
        print(f"{await stage.count():,} effects at the vendors")
    finally:
        with trio.CancelScope(shield=True):
            await stage.close()
    return grown(samples)


def main() -> int:
    seconds, per_s = float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 10
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        said = trio.run(soak, Path(name), seconds, per_s)
    for each in said:
        print(f"grown: {each}", file=sys.stderr)
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
