"""How long operators wait: for ``why`` of a large outbox and of a small one, for ``stats``, for a frame of ``top``."""

from pathlib import Path

import trio

from daemon.control import protocol as p
from daemon.demo.scene import Scene
from daemon.demo.stage import Stage
from tests.benchmarks import load

SOME = 10_000
ASKED = 60
PASSES = 3
"""Of which the best counts: whatever else the machine does is not what is measured."""


async def rows(scene: Scene, many: Path, n: int, smaller: Scene) -> list[tuple[str, str, str, float | None, str]]:
    """Rows of the table. ``many`` is the scene's store, of ``n`` deliveries; ``smaller`` has none yet."""
    store = smaller.root / "state" / "lmsyncd.db"
    load.backlog(store, SOME)
    load.pause(store)
    of_some, *_ = await _asked_ms(smaller, store)
    of_many, stats, top = await _asked_ms(scene, many)
    why = f"why, of {n:,} / {SOME:,} deliveries"
    return [
        (why, f"{of_many:.1f} ms", f"{of_some:.1f} ms", of_many / of_some, "<= 2"),
        (f"stats of 30 days / a frame of top, {n:,} deliveries", f"{stats:.0f} / {top:.0f} ms", "", None, ""),
    ]


async def _asked_ms(scene: Scene, store: Path) -> list[float]:
    """How long ``why``, ``stats`` and ``top`` take, as operators ask for them."""
    asks: tuple[list[p.Ask], ...] = (
        [p.Why(what=each) for each in load.some_ids(store, ASKED)],
        [p.Stats(by="day", since_s=30 * 86_400.0)] * 5,
        [p.Top()] * 5,
    )
    stage = Stage(scene, limits=False)
    try:
        await load.started_in_s(stage.daemon, f"http://127.0.0.1:{scene.gateway_port}/readyz")
        took = [
            [await trio.to_thread.run_sync(load.answers_ms, scene.socket, each) for each in asks] for _ in range(PASSES)
        ]
        return [min(each) for each in zip(*took, strict=True)]
    finally:
        with trio.CancelScope(shield=True):
            await stage.close()
