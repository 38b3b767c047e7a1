"""A disk that takes nothing more: the LMS is told to come again, what was acknowledged is kept, and when there is room
again everything goes on by itself."""

import resource
from pathlib import Path

import httpx
import trio
from rehearsal import PATIENCE_S, lmsyncctl, picked, post, rehearsal

from daemon.demo.stage import POLL_S, Stage

DELIVERED = ("--json", "queue", "list", "--lane", "campus/slack", "--state", "delivered")


def full(stage: Stage, limit: int = 0) -> None:
    """No regular file of the daemon's may grow or be written beyond ``limit`` bytes. SQLite sees EFBIG."""
    _, hard = resource.prlimit(stage.daemon.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(stage.daemon.pid, resource.RLIMIT_FSIZE, (limit, hard))


async def page(stage: Stage, name: str) -> httpx.Response:
    async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
        return await client.get(f"http://127.0.0.1:{stage.scene.gateway_port}/{name}")


async def until_attempted(stage: Stage, times: int) -> None:
    """Wait until so many attempts have had the vendor's yes, whether it could be recorded or not."""
    counted = f'lmsyncd_attempts_total{{lane="campus/slack",verdict="delivered"}} {times}\n'
    with trio.fail_after(PATIENCE_S):
        while counted not in (await page(stage, "metrics")).text:
            await trio.sleep(POLL_S)


async def until_recorded(stage: Stage, deliveries: int) -> None:
    """Wait until the outbox says of so many that they are delivered."""
    with trio.fail_after(PATIENCE_S):
        while (await lmsyncctl(stage.scene, *DELIVERED)).stdout.count(b'"state":"delivered"') != deliveries:
            await trio.sleep(POLL_S)


async def test_a_full_disk_is_503_with_retry_after_and_passes(tmp_path: Path) -> None:
    async with rehearsal(tmp_path) as stage:
        first, second, third, refused = picked(*["completed"] * 4)
        pid = stage.daemon.pid
        assert (await post(stage.scene, [first])).status_code == 200
        await until_attempted(stage, 1)
        # The vendor answers late, so that the disk is full when the receipts are to be recorded.
        slow = {"kind": "slow", "vendor": "slack", "operation": "chat.postMessage", "value": "1", "times": 2}
        await stage.faults([slow])
        assert (await post(stage.scene, [second, third])).status_code == 200
        await stage.until_effects(3)
        full(stage)
        for _ in range(3):
            answer = await post(stage.scene, [refused])
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) > 0
            assert answer.headers["content-type"] == "application/problem+json"
        await until_attempted(stage, 3)
        assert (await page(stage, "readyz")).status_code == 503
        assert (await page(stage, "healthz")).status_code == 200
        full(stage, resource.RLIM_INFINITY)
        await stage.ready()
        assert (await post(stage.scene, [refused])).status_code == 200
        await until_recorded(stage, 4)
        ids = [effect.delivery_id for effect in await stage.journal()]
        assert len(ids) == len(set(ids)) == 4
        assert stage.daemon.alive
        assert stage.daemon.pid == pid
