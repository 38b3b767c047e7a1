"""Published limits: so many requests in any second. Whoever was told to wait and asks early starts the wait anew."""

import math
from collections import deque

TOLERANCE_S = 0.06
"""Requests sent a second apart may arrive a little closer."""
WAIT_S = 1.0
KEYS_MAX = 100_000

PER_S = {
    "team": 4,  # one app on one team
    "channel": 4,  # or on one channel
    "post": 50,
    "read": 20,
    "activity": 5,
    "other": 30,
    "members": 60,  # reading members of any team
    "create": 10,
    "lookup": 175,  # 3,500 units in 10 s, 2 a user
}


class _Closed:
    """A limit that was exceeded: until when, and who was told so."""

    __slots__ = ("told", "until_s")

    def __init__(self, until_s: float) -> None:
        self.until_s = until_s
        self.told: set[str] = set()


class Limits:
    """Counts what was let through, by key."""

    def __init__(self) -> None:
        self._seen: dict[str, deque[float]] = {}
        self._closed: dict[str, _Closed] = {}

    def wait_s(self, limit: str, key: str, asker: str, now_s: float) -> int:
        """Seconds to wait; 0 means go. ``asker`` is the destination on whose behalf it is asked."""
        name = f"{limit}:{key}"
        closed = self._closed.get(name)
        if closed is not None and now_s < closed.until_s - TOLERANCE_S:
            return self._refuse(closed, asker, now_s)
        if len(self._seen) >= KEYS_MAX:
            self._forget(now_s)
        seen = self._seen.setdefault(name, deque())
        while seen and seen[0] <= now_s - 1.0 + TOLERANCE_S:
            seen.popleft()
        if len(seen) >= PER_S[limit]:
            closed = self._closed[name] = _Closed(now_s + WAIT_S)
            return self._refuse(closed, asker, now_s)
        seen.append(now_s)
        return 0

    @staticmethod
    def _refuse(closed: _Closed, asker: str, now_s: float) -> int:
        if asker in closed.told:
            closed.until_s = now_s + WAIT_S
        closed.told.add(asker)
        return max(1, math.ceil(closed.until_s - now_s))

    def _forget(self, now_s: float) -> None:
        self._seen = {name: seen for name, seen in self._seen.items() if seen and seen[-1] > now_s - 1.0}
        self._closed = {name: closed for name, closed in self._closed.items() if closed.until_s > now_s}
