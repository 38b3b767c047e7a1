"""Times in the daemon's own words: UTC, to the second. The client shows the rows' numbers in local time."""

from datetime import UTC, datetime

END_S = 253_402_128_000.0
"""9999-12-30: beyond it not every time zone has dates. What is later is shown as that."""


def dated(at_us: int) -> datetime:
    """In UTC; never an error, whatever the number."""
    return datetime.fromtimestamp(min(max(at_us / 1e6, 0.0), END_S), UTC)


def moment(at_us: int) -> str:
    """``2026-09-21 08:00:00 UTC``."""
    return dated(at_us).strftime("%Y-%m-%d %H:%M:%S UTC")


def span(seconds: float) -> str:
    """``45 s``, ``1 min 45 s``, ``12 min``, ``3 h 5 min``, ``2 d 4 h``; what is negative counts as nothing."""
    whole = max(0, round(seconds))
    if whole < 100:
        return f"{whole} s"
    minutes, hours, days = whole // 60, whole // 3600, whole // 86_400
    if minutes < 10 and whole % 60:
        return f"{minutes} min {whole % 60} s"
    if minutes < 100:
        return f"{minutes} min"
    if hours < 48:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{days} d {hours % 24} h" if hours % 24 else f"{days} d"
