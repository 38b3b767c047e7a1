"""How often a child may be restarted, and how long to wait before each time. Pure: time and chance are handed in.

The *budget* bounds restarts in a sliding window, so that a fault that restarts cannot cure is passed upwards. The
*backoff* spaces them out, so that a broken child costs little while it is broken, and a thousand children that broke
together do not come back together.
"""

from collections import deque

import msgspec

STREAK_MAX = 64
"""Doubling goes no further than this: beyond it every sane backoff has long reached its ceiling."""


class Budget(msgspec.Struct, frozen=True):
    """At most ``restarts_max`` restarts within any ``period_s`` seconds."""

    restarts_max: int = 5
    period_s: float = 60.0

    def __post_init__(self) -> None:
        if self.restarts_max < 0 or not self.period_s > 0:
            raise ValueError("a budget is restarts_max >= 0 within period_s > 0")


class Spending:
    """What has been spent of a budget. Holds at most ``restarts_max`` instants."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self._spent: deque[float] = deque()

    def spend(self, now_s: float) -> bool:
        """Take one restart at ``now_s`` (never earlier than the last). False, and nothing taken, where the budget
        has none left: ``restarts_max`` were taken less than ``period_s`` ago."""
        while self._spent and now_s - self._spent[0] >= self.budget.period_s:
            self._spent.popleft()
        if len(self._spent) >= self.budget.restarts_max:
            return False
        self._spent.append(now_s)
        return True


class Backoff(msgspec.Struct, frozen=True, kw_only=True):
    """The delay before a restart: ``first_s``, multiplied by ``factor`` for each crash in a row, at most ``max_s``.

    Of each delay the share ``jitter`` (0 to 1) is left to chance, always downwards. A child that ran for
    ``healthy_s`` before it crashed begins again at ``first_s``.
    """

    first_s: float = 0.2
    factor: float = 2.0
    max_s: float = 30.0
    jitter: float = 0.5
    healthy_s: float = 60.0

    def __post_init__(self) -> None:
        if not (0 <= self.first_s <= self.max_s and self.factor >= 1 and 0 <= self.jitter <= 1 and self.healthy_s >= 0):
            raise ValueError("a backoff needs 0 <= first_s <= max_s, factor >= 1, 0 <= jitter <= 1 and healthy_s >= 0")

    def delay_s(self, streak: int, chance: float) -> float:
        """Before the restart that follows ``streak`` earlier crashes in a row; ``chance`` is in [0, 1)."""
        try:
            steep_s = self.first_s * self.factor ** min(streak, STREAK_MAX)
        except OverflowError:
            steep_s = self.max_s
        return min(self.max_s, steep_s) * (1.0 - self.jitter * chance)

    def streak_after(self, streak: int, ran_s: float) -> int:
        """Crashes in a row that still count, for a child that ran ``ran_s`` seconds before this one."""
        return 0 if ran_s >= self.healthy_s else streak
