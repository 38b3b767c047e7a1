"""The vendor's clock beside ours, by the ``Date`` of its answers.

A probe asks for what was posted since we sent it, and a post carries the vendor's time. Where the two clocks differ by
more than a little, our time would make the probe look past the post. Between answers the vendor's time is carried on by
a steady clock: ours may be set.
"""

from email.utils import parsedate_to_datetime

import msgspec

from actors.domain.flow import Response

ALIKE_US = 5_000_000
"""Up to here they agree: a Date has no fractions, and the answer was on its way."""


class TheirClock(msgspec.Struct):
    """``steady_us`` is any clock that nobody sets, the same for every call; ``now_us`` is our wall time then."""

    _began_us: int | None = None
    """What the vendor's clock showed when the steady one showed zero."""

    def known(self) -> bool:
        return self._began_us is not None

    def hear(self, answer: Response, now_us: int, steady_us: int) -> None:
        """Any answer that tells a time will do. Of one that does not, only that nothing is known: then the clocks are
        taken for alike, unless it is the error page of whatever stands before the vendor."""
        told_us = _date_us(answer.headers.get("date", ""))
        if told_us is not None and abs(now_us - told_us) > ALIKE_US:
            self._began_us = told_us - steady_us
        elif told_us is not None or (self._began_us is None and answer.status < 500):
            self._began_us = now_us - steady_us

    def now_us(self, steady_us: int) -> int | None:
        """What it shows now; None while it has not answered yet."""
        return None if self._began_us is None else self._began_us + steady_us

    def of(self, our_us: int | None, now_us: int, steady_us: int) -> int | None:
        """What it showed when ours showed ``our_us``, not long ago."""
        theirs_us = self.now_us(steady_us)
        return our_us if our_us is None or theirs_us is None else our_us + theirs_us - now_us


def _date_us(header: str) -> int | None:
    try:
        return int(parsedate_to_datetime(header).timestamp() * 1e6)
    except (ValueError, TypeError, OverflowError):
        return None
