"""How stored rows grow from today on, when retention holds them level, when the disk is full. Pure; days as numbers.

A kind of rows comes at a steady rate and leaves after its period. What is there now came evenly since the oldest of it.
So its number grows by what comes, then (once the oldest has its time) by the difference of what comes and what leaves,
and from one period after today on not at all. That is piecewise linear, so nothing has to be simulated day by day.
"""

from collections.abc import Sequence

import msgspec

DAY_US = 86_400_000_000
HORIZON_DAYS = 36_500.0
LEVEL_SHARE = 0.05
"""What comes and what leaves are taken for the same if they differ by no more than this share."""


class Growth(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of a kind: so many, of ``bytes`` together, ``per_day`` more come. They leave after ``period_days`` (None:
    never); the oldest is ``age_days`` old. ``new_bytes``: what a new one takes, where that is known better than from
    those that are there."""

    rows: int
    bytes: float
    per_day: float
    age_days: float
    period_days: float | None
    new_bytes: float | None = None

    @property
    def row_bytes(self) -> float:
        if self.new_bytes is not None:
            return self.new_bytes
        return self.bytes / self.rows if self.rows else 0.0

    @property
    def bytes_per_day(self) -> float:
        """What comes."""
        return self.per_day * self.row_bytes

    def pieces(self) -> list[tuple[float, float]]:
        """(from which day on, bytes a day more or less), in order."""
        if self.period_days is None:
            return [(0.0, self.bytes_per_day)]
        begins = max(0.0, self.period_days - self.age_days)
        ends = max(self.period_days, begins)
        leaving = self.bytes / max(self.age_days, 1.0) if self.rows else 0.0
        return [(0.0, self.bytes_per_day), (begins, self.bytes_per_day - leaving), (ends, 0.0)]

    @property
    def slope_now(self) -> float:
        """Bytes a day, what leaves taken off."""
        return [slope for day, slope in self.pieces() if day <= 0][-1]

    def level(self) -> tuple[float, float] | None:
        """(after how many days, at how many bytes) it does not grow any more; None: never."""
        if not self.per_day:
            return 0.0, self.bytes
        if self.period_days is None:
            return None
        leaving = self.rows / max(self.age_days, 1.0)
        steady = abs(self.per_day - leaving) <= LEVEL_SHARE * self.per_day
        begins = max(0.0, self.period_days - self.age_days)
        return (begins if steady else self.period_days), self.per_day * self.period_days * self.row_bytes


def full_after_days(growths: Sequence[Growth], free_bytes: float) -> float | None:
    """When nothing is free any more, if what leaves makes room for what comes; None: not within a hundred years."""
    slopes = sorted(
        (day, slope - before)
        for growth in growths
        for (day, slope), before in zip(growth.pieces(), (0.0, *(each for _, each in growth.pieces())), strict=False)
    )
    at, slope, used = 0.0, 0.0, 0.0
    for day, change in (*slopes, (HORIZON_DAYS, 0.0)):
        until = min(day, HORIZON_DAYS)
        if slope > 0 and used + slope * (until - at) >= free_bytes:
            return at + max(0.0, free_bytes - used) / slope
        used += slope * (until - at)
        at, slope = until, slope + change
    return None
