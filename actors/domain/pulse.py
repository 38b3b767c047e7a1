"""How a lane feels its vendor: healthy, told to wait, or ill. Pure; the courier asks it how much it may try.

While the vendor is out the lane is on probation: one delivery at a time, ever more rarely; the queue waits and loses
no attempts. When an answer comes the window doubles with each, so recovery is no storm.

One destination that fails again and again is not an outage of the vendor: its own backoff holds it back, and the
others are tried all the same. Only when a second one fails too does everybody wait.
"""

from typing import assert_never

import msgspec

from actors.domain.throttle import retry_after_s
from actors.domain.verdicts import (
    Absent,
    Confirmation,
    Delivered,
    Doubtful,
    Faulted,
    Refused,
    Repeatable,
    Revoked,
    Throttled,
    Unavailable,
    Unprobeable,
    Verdict,
)

OUTAGE_AFTER = 3  # so many failures in a row are an outage, not an accident
PROBATION_BASE_S = 1.0
PROBATION_MAX_S = 15.0
"""A vendor that is back should not wait longer than this for us; one call in so many seconds hurts nobody."""
ILL_KEPT = 2  # destinations remembered: all that is asked is whether there are two


class Pulse(msgspec.Struct, kw_only=True):
    """One lane's. Times in microseconds since the epoch."""

    window_max: int
    window: int = 0
    down: int = 0
    """Answers in a row that were none: the vendor down, or an outcome left in doubt."""
    busy: int = 0
    """Times in a row that it wanted fewer requests and did not say when."""
    busy_until_us: int = 0
    ill: frozenset[str] = frozenset()
    """Destinations that these were about, as far as remembered."""
    not_before_us: int = 0
    throttled_until_us: int = 0
    outage: str = ""

    def __post_init__(self) -> None:
        self.window = self.window or self.window_max

    @property
    def on_probation(self) -> bool:
        return bool(self.outage)

    def in_a_row(self, answer: Verdict | Confirmation) -> int:
        """How many of its kind said *not now*, this one included, which was not felt yet."""
        return (self.busy if isinstance(answer, Throttled) else self.down) + 1

    def room(self, in_flight: int, now_us: int) -> int:
        """How many more deliveries may start now."""
        if now_us < self.resumes_us():
            return 0
        return max(0, self.window - in_flight)

    def resumes_us(self) -> int:
        """When it may start again after it was told, or decided, to wait."""
        return max(self.not_before_us if len(self.ill) > 1 else 0, self.throttled_until_us)

    def clock_stepped(self, step_us: int) -> None:
        """The wall clock was set: what was to come comes no later for it."""
        self.not_before_us += min(step_us, 0)
        self.throttled_until_us += min(step_us, 0)
        self.busy_until_us += min(step_us, 0)

    def feel(self, answer: Verdict | Confirmation, *, destination: str, now_us: int, wait_us: int, dice: float) -> None:
        """Take note of an answer. ``wait_us``: how long the vendor asked a throttled lane to wait."""
        match answer:
            case Throttled(whole_lane=whole_lane, retry_after=named):
                self._healthy()
                is_told = retry_after_s(named, now_us) is not None
                if not is_told and now_us >= self.busy_until_us:  # what was under way at once is one answer
                    self.busy += 1
                    self.busy_until_us = now_us + wait_us
                if whole_lane:
                    self.throttled_until_us = max(self.throttled_until_us, now_us + wait_us)
            case Unavailable(detail=detail) | Doubtful(detail=detail):
                self._ill(detail, destination, now_us, dice)
            case Delivered() | Absent() | Refused() | Faulted() | Revoked():
                self._healthy()
                self.busy = self.busy_until_us = 0
            case Repeatable() | Unprobeable():
                pass  # nobody looked: it tells nothing of the vendor
            case _ as never:
                assert_never(never)

    def _healthy(self) -> None:
        self.down = 0
        self.ill = frozenset()
        self.outage = ""
        self.not_before_us = 0
        self.window = min(self.window_max, self.window * 2)

    def _ill(self, detail: str, destination: str, now_us: int, dice: float) -> None:
        self.down += 1
        if len(self.ill) < ILL_KEPT:
            self.ill |= {destination}
        if self.down < OUTAGE_AFTER:
            return
        self.window = 1
        self.outage = detail
        ceiling_s = min(PROBATION_MAX_S, PROBATION_BASE_S * 2 ** min(self.down - OUTAGE_AFTER, 10))
        self.not_before_us = now_us + int(ceiling_s * (0.5 + dice / 2) * 1e6)
