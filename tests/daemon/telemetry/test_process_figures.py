import os
from pathlib import Path

from daemon.telemetry import process
from daemon.telemetry.metrics import Metrics


def test_the_process_is_told_as_linux_tells_it(tmp_path: Path) -> None:
    metrics = Metrics()
    process.follow(metrics)
    before = metrics.process_descriptors.value()
    with (tmp_path / "open").open("wb"):
        assert metrics.process_descriptors.value() == (before or 0) + 1
    assert (metrics.process_memory.value() or 0) > 10_000_000
    user_s, system_s = process.cpu_s()
    assert (metrics.process_cpu.value("user") or 0) >= user_s > 0
    assert (metrics.process_cpu.value("system") or 0) >= system_s
    assert (metrics.process_threads.value() or 0) >= 1
    assert metrics.process_descriptors_max.value() == float(os.sysconf("SC_OPEN_MAX"))
    assert metrics.process_uptime.value() is not None
