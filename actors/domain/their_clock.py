"""The vendor's clock beside ours, by the ``Date`` of its answers.

A probe asks for what was posted since we sent it, and a post carries the vendor's time. Where the two clocks differ by
more than a little, our time would make the probe look past the post.
"""

from email.utils import parsedate_to_datetime

import msgspec

from actors.domain.flow import Response

ALIKE_US = 5_000_000
"""Up to here they agree: a Date has no fractions, and the answer was on its way."""


class TheirClock(msgspec.Struct):
    """``ahead_us``: how far ours is ahead of the vendor's; None while it has not answered yet."""

    ahead_us: int | None = None

    def known(self) -> bool:
        return self.ahead_us is not None

    def hear(self, response: Response, now_us: int) -> None:
        """Any answer will do. One that tells no time leaves what is known; if nothing is, the clocks are alike."""
        told_us = _date_us(response.headers.get("date", ""))
        if told_us is not None:
            ahead_us = now_us - told_us
            self.ahead_us = ahead_us if abs(ahead_us) > ALIKE_US else 0
        elif self.ahead_us is None:
            self.ahead_us = 0

    def of(self, our_us: int | None) -> int | None:
        """What the vendor's clock showed when ours showed that."""
        return None if our_us is None else our_us - (self.ahead_us or 0)


def _date_us(header: str) -> int | None:
    try:
        return int(parsedate_to_datetime(header).timestamp() * 1e6)
    except (ValueError, TypeError, OverflowError):
        return None
