"""Keeping below a vendor's published limits: token buckets by name, and the ``Retry-After`` header.

A bucket is one number, the time at which it would be full again (``full_s``); everything else follows from it. Two
things differ from the textbook. A bucket starts as if it had just been emptied, because nobody knows what the
process before us sent a moment ago. And a bucket that allows no burst refills from the *answer*, not from the
request: a slow request followed by a quick one would otherwise reach the vendor closer together than its limit.
"""

import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime

from actors.domain.outbox import Rate

RETRY_AFTER_S_MAX = 6 * 3600.0
_HEADER_CHARS_MAX = 64
_SWEPT_PER_STEP = 4


class Bucket:
    """One limit. ``slack_s`` is how much earlier than full a token is there: the room a burst gives."""

    __slots__ = ("flying", "full_s", "interval_s", "single", "slack_s")

    def __init__(self, rate: Rate, emptied_s: float) -> None:
        if not rate.per_s > 0:
            raise ValueError("a limit needs a positive rate")
        self.interval_s = 1.0 / rate.per_s
        self.single = rate.burst <= 1.0
        self.slack_s = 0.0 if self.single else (rate.burst - 1.0) * self.interval_s
        self.full_s = emptied_s + self.slack_s + self.interval_s
        self.flying = 0

    def ready_at(self, now_s: float) -> float:
        if self.single and self.flying:
            return now_s + self.interval_s  # at the soonest: if the answer came right now
        return self.full_s - self.slack_s

    def take(self, now_s: float) -> None:
        self.full_s = max(self.full_s, now_s) + self.interval_s
        self.flying += 1

    def settle(self, now_s: float) -> None:
        self.flying = max(0, self.flying - 1)
        if self.single:
            self.full_s = max(self.full_s, now_s + self.interval_s)

    def hold(self, until_s: float) -> None:
        """The vendor named a time: no token before it."""
        self.full_s = max(self.full_s, until_s + self.slack_s)

    def headroom(self, now_s: float) -> float:
        """The share of a full bucket that is there; below 0, how many of them are waited for."""
        return 1.0 - max(0.0, self.full_s - now_s) / (self.slack_s + self.interval_s)

    def forgettable(self, now_s: float) -> bool:
        return not self.flying and self.full_s <= now_s


class Limiter:
    """The buckets of one lane. ``now_s`` is any clock that never goes back, the same for every call.

    ``rate_of`` gives a bucket's terms by name. Full buckets are forgotten, so memory follows the requests of the
    last refill, not the number of channels ever seen: a bucket met again is rebuilt from the limiter's birth,
    which by then makes it full too.
    """

    def __init__(self, rate_of: Callable[[str], Rate], now_s: float) -> None:
        self._rate_of = rate_of
        self._born_s = now_s
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def ready_at(self, draws: Sequence[str], now_s: float) -> float:
        """The soonest time (never before ``now_s``) at which all of these may have a token; ask again then."""
        ready_s = now_s
        for name in draws:
            ready_s = max(ready_s, self._peek(name).ready_at(now_s))
        return ready_s

    def wait_s(self, draws: Sequence[str], now_s: float) -> float:
        """How long to wait before asking again; 0 means all have a token now."""
        return self.ready_at(draws, now_s) - now_s

    def handful_at(self, draws: Sequence[str], now_s: float) -> float:
        """When whoever has to wait anyway would find not one token but as many as a bucket holds, so that what waits
        goes together."""
        at_s = now_s
        for name in draws:
            bucket = self._peek(name)
            if (ready_s := bucket.ready_at(now_s)) > now_s:
                at_s = max(at_s, bucket.full_s if bucket.slack_s >= bucket.interval_s else ready_s)
        return at_s

    def handfuls(self, draws: Sequence[str], now_s: float) -> dict[str, float]:
        """Of those that hold several and have none just now: when they hold all of them."""
        found = {}
        for name in draws:
            bucket = self._peek(name)
            if bucket.slack_s >= bucket.interval_s and bucket.ready_at(now_s) > now_s:
                found[name] = bucket.full_s
        return found

    def hold(self, draws: Sequence[str], until_s: float) -> None:
        """The vendor named a time for what these stand for."""
        for name in draws:
            self._buckets[name] = bucket = self._peek(name)
            bucket.hold(until_s)

    def release(self, now_s: float) -> None:
        """Forget the times that the vendor named: nobody waits longer than for the next token."""
        for bucket in self._buckets.values():
            bucket.full_s = min(bucket.full_s, now_s + bucket.slack_s + bucket.interval_s)

    def take(self, draws: Sequence[str], now_s: float) -> None:
        """Draw a token from each, just before sending. Raises ValueError unless ``wait_s`` is 0 at ``now_s``."""
        if self.ready_at(draws, now_s) > now_s:
            raise ValueError("a token was taken before it was there")
        for name in dict.fromkeys(draws):
            bucket = self._peek(name)
            bucket.take(now_s)
            self._buckets[name] = bucket
            self._buckets.move_to_end(name)
        self._forget(now_s)

    def settle(self, draws: Sequence[str], now_s: float) -> None:
        """The answer came, or is not waited for any more. Once for each ``take``, whatever the outcome."""
        for name in dict.fromkeys(draws):
            bucket = self._buckets.get(name)
            if bucket is not None:
                bucket.settle(now_s)
        self._forget(now_s)

    def headrooms(self, now_s: float) -> dict[str, float]:
        """What each limit in use still allows (``Bucket.headroom``); of a kind that has many (``channel:…``), the
        tightest. What is full is left out."""
        found: dict[str, float] = {}
        for name, bucket in self._buckets.items():
            kind = name.partition(":")[0]
            found[kind] = min(found.get(kind, 1.0), bucket.headroom(now_s))
        return found

    def _peek(self, name: str) -> Bucket:
        return self._buckets.get(name) or Bucket(self._rate_of(name), self._born_s)

    def _forget(self, now_s: float) -> None:
        """Look at a few of the least recently used; those not full yet go to the end of the queue."""
        for _ in range(min(_SWEPT_PER_STEP, len(self._buckets))):
            name, bucket = next(iter(self._buckets.items()))
            if bucket.forgettable(now_s):
                del self._buckets[name]
            else:
                self._buckets.move_to_end(name)


def retry_after_s(header: str | None, now_us: int) -> float | None:
    """Seconds to wait by a ``Retry-After`` header: a number of seconds or an HTTP date, kept within 0 and six
    hours. None where there is no header or no sense in it."""
    text = (header or "").strip()
    if not text or len(text) > _HEADER_CHARS_MAX:
        return None
    try:
        wait_s = float(text) if text[0] in "0123456789." else _date_s(text) - now_us / 1e6
    except (ValueError, TypeError, OverflowError):
        return None
    if not math.isfinite(wait_s):
        return None
    return min(max(wait_s, 0.0), RETRY_AFTER_S_MAX)


def _date_s(text: str) -> float:
    date = parsedate_to_datetime(text)
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
