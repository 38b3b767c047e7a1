"""How often a client may come: a token bucket for each credential that has a rate, full when it is first seen.

Asked only after a secret was found to be right, so nobody can use up somebody else's tokens. Full buckets are
forgotten; a rate that is changed begins with a full one.
"""

import math
from collections import OrderedDict

from actors.domain.outbox import Rate
from actors.domain.throttle import Bucket

_SWEPT_PER_STEP = 4


class Turnstile:
    """``now_s`` is any clock that never goes back, the same for every call. ``clients_max``: no more are remembered,
    the one that was longest not seen is forgotten; None: as many as have a rate."""

    def __init__(self, clients_max: int | None = None) -> None:
        self._clients_max = clients_max
        self._buckets: OrderedDict[tuple[str, str], tuple[Rate, Bucket]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def wait_s(self, tenant: str, name: str, rate: Rate, now_s: float) -> float:
        """0: come in, and a token is taken. Else how long until there is one again."""
        known = self._buckets.get((tenant, name))
        bucket = known[1] if known is not None and known[0] == rate else Bucket(rate, -math.inf)
        wait_s = bucket.ready_at(now_s) - now_s
        if wait_s > 0:
            return wait_s
        bucket.take(now_s)
        bucket.settle(now_s)
        self._buckets[tenant, name] = (rate, bucket)
        self._buckets.move_to_end((tenant, name))
        self._forget(now_s)
        if self._clients_max is not None and len(self._buckets) > self._clients_max:
            self._buckets.popitem(last=False)
        return 0.0

    def _forget(self, now_s: float) -> None:
        for _ in range(min(_SWEPT_PER_STEP, len(self._buckets))):
            who, (_, bucket) = next(iter(self._buckets.items()))
            if not bucket.forgettable(now_s):
                break
            del self._buckets[who]
