"""The world's clock and dice, as the ports want them."""

import random
import secrets
import time
from collections.abc import Callable

FOLLOWED_PER_S = 0.05
"""How fast a wall clock that was set is followed: three minutes an hour."""


def _wall_us() -> int:
    return time.time_ns() // 1000


def _steady_us() -> int:
    """Time since the machine was started, sleep included: nobody can set it."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000


class SystemClock:
    """Wall time as it was when the process began, carried on by a clock that nobody can set.

    Whether an effect may still land, and what of ours a vendor has seen since we sent it, are questions of elapsed
    time: a wall clock that is set by an hour in between must not answer them. What it was set by is followed
    gradually, never backwards; a restart takes it at once.
    """

    def __init__(self, wall_us: Callable[[], int] = _wall_us, steady_us: Callable[[], int] = _steady_us) -> None:
        self._wall_us = wall_us
        self._steady_us = steady_us
        self._now_us = wall_us()
        self._read_us = steady_us()

    def now_us(self) -> int:
        steady_us = self._steady_us()
        elapsed_us = max(0, steady_us - self._read_us)
        followed_us = int(elapsed_us * FOLLOWED_PER_S)
        if followed_us == 0:
            return self._now_us + elapsed_us  # read again too soon to follow anything
        behind_us = self._wall_us() - (self._now_us + elapsed_us)
        self._now_us += elapsed_us + max(-followed_us, min(followed_us, behind_us))
        self._read_us = steady_us
        return self._now_us


class SystemDice:
    """Chance for jitter; tokens from the system's own source of secrets."""

    def random(self) -> float:
        return random.random()  # noqa: S311  # jitter, not a secret

    def token(self) -> str:
        return secrets.token_hex(16)
