"""``limits = { … }`` of a connector: how fast it may ask. The defaults are what its vendor publishes."""

import math
from collections.abc import Mapping

from actors.domain.outbox import Rate


def check_limits(limits: Mapping[str, float], published: Mapping[str, float], what: str = "requests") -> None:
    """``limits`` by name, in ``what`` a second. Raises ValueError for a name that is not published, and for what is no
    number of them."""
    for name, per_s in limits.items():
        if name not in published:
            raise ValueError(f"limits: unknown {name!r}, one of {', '.join(published)}")
        if not (math.isfinite(per_s) and per_s > 0.0):
            raise ValueError(f"limits: {name} is a number of {what} a second, above 0")


def terms(limits: Mapping[str, float], published: Mapping[str, float], name: str, burst_max: float = math.inf) -> Rate:
    """The bucket of one limit. After a pause as many may come at once as in one second, at least one and at most
    ``burst_max``."""
    per_s = limits.get(name, published[name])
    return Rate(per_s=per_s, burst=min(burst_max, max(1.0, per_s)))
