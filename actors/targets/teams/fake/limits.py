"""Published limits: so many requests in any second. Asking again too early starts the wait anew."""

import math
from collections import deque

TOLERANCE_S = 0.06
"""Requests sent a second apart may arrive a little closer."""
WAIT_S = 1.0
KEYS_MAX = 100_000

PER_S = {
    "channel": 4,  # one app on one team or channel
    "post": 50,
    "read": 20,
    "activity": 5,
    "lookup": 175,  # 3,500 units in 10 s, 2 a user
}


class Limits:
    """Counts what was let through, by key."""

    def __init__(self) -> None:
        self._seen: dict[str, deque[float]] = {}
        self._closed_until_s: dict[str, float] = {}

    def wait_s(self, limit: str, key: str, now_s: float) -> int:
        """Seconds to wait; 0 means go."""
        name = f"{limit}:{key}"
        if now_s < self._closed_until_s.get(name, 0.0) - TOLERANCE_S:
            self._closed_until_s[name] = now_s + WAIT_S
            return math.ceil(WAIT_S)
        if len(self._seen) >= KEYS_MAX:
            self._forget(now_s)
        seen = self._seen.setdefault(name, deque())
        while seen and seen[0] <= now_s - 1.0 + TOLERANCE_S:
            seen.popleft()
        if len(seen) >= PER_S[limit]:
            self._closed_until_s[name] = now_s + WAIT_S
            return math.ceil(WAIT_S)
        seen.append(now_s)
        return 0

    def _forget(self, now_s: float) -> None:
        self._seen = {name: seen for name, seen in self._seen.items() if seen and seen[-1] > now_s - 1.0}
        self._closed_until_s = {name: at_s for name, at_s in self._closed_until_s.items() if at_s > now_s}
