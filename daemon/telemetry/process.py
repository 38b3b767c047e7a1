"""What the process costs, as Linux tells it: read when somebody looks, so that nobody pays for it otherwise."""

import os
import resource
import time
from pathlib import Path

from daemon.telemetry.metrics import Metrics

_SELF = Path("/proc/self")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def follow(metrics: Metrics) -> None:
    """From now on the metrics of the process say how it stands."""
    began_s = time.monotonic()
    metrics.process_cpu.follow(_cpu)
    metrics.process_memory.follow(lambda: [((), float(memory_bytes()))])
    metrics.process_descriptors.follow(lambda: [((), float(descriptors()))])
    metrics.process_descriptors_max.follow(lambda: [((), float(resource.getrlimit(resource.RLIMIT_NOFILE)[0]))])
    metrics.process_threads.follow(lambda: [((), float(_entries("task")))])
    metrics.process_uptime.follow(lambda: [((), time.monotonic() - began_s)])


def cpu_s() -> tuple[float, float]:
    """(user, system) seconds of processor time so far."""
    used = os.times()
    return used.user, used.system


def memory_bytes() -> int:
    """Physical memory held; 0 where Linux does not tell."""
    try:
        return int((_SELF / "statm").read_text().split()[1]) * _PAGE_BYTES
    except (OSError, IndexError, ValueError):
        return 0


def descriptors() -> int:
    """How many are open; the one that is needed to look is not counted."""
    return max(0, _entries("fd") - 1)


def _cpu() -> list[tuple[tuple[str, ...], float]]:
    user_s, system_s = cpu_s()
    return [(("user",), user_s), (("system",), system_s)]


def _entries(name: str) -> int:
    try:
        return len(os.listdir(_SELF / name))
    except OSError:
        return 0
