import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from daemon.telemetry import Metrics, watch_loop
from daemon.telemetry.metrics import LAG_EVERY_S, LAG_SAMPLES


async def test_a_held_up_loop_shows_until_it_is_half_a_minute_ago(mock_clock: MockClock) -> None:
    metrics = Metrics()

    async def pass_s(seconds: float) -> None:
        mock_clock.jump(seconds)
        await wait_all_tasks_blocked()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch_loop, metrics)
        await wait_all_tasks_blocked()
        await pass_s(LAG_EVERY_S)
        assert metrics.loop_lag.value() == 0.0
        await pass_s(LAG_EVERY_S + 3.0)
        assert metrics.loop_lag.value() == 3.0
        for _ in range(LAG_SAMPLES - 1):
            await pass_s(LAG_EVERY_S)
        assert metrics.loop_lag.value() == 3.0
        await pass_s(LAG_EVERY_S)
        assert metrics.loop_lag.value() == 0.0
        nursery.cancel_scope.cancel()
