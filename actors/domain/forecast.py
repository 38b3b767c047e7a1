"""How long a backlog takes at the least, and how many calls it costs: arithmetic on the vendor's published limits.

Every request draws a token from each of its buckets (its channel's, its method's, the app's). A bucket of which ``n``
tokens are wanted gives its burst at once and the rest as they refill; the one that takes longest decides. That is what
the limits allow, not a promise: answers take time, and a lane may be paused, throttled or out meanwhile.
"""

from collections.abc import Callable, Mapping

import msgspec

from actors.domain.outbox import Rate


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """``requests`` is exact, ``least_s`` the shortest time in which they may all have been sent, from full buckets;
    ``bound_by`` the bucket that takes so long, empty where none makes anybody wait."""

    requests: int
    least_s: float
    bound_by: str = ""


def forecast(loads: Mapping[tuple[str, ...], float], rate: Callable[[str], Rate]) -> Forecast:
    """``loads``: how many requests draw from which buckets. Raises ValueError for a number below 0, and for a bucket
    that never refills."""
    wanted: dict[str, float] = {}
    for draws, number in loads.items():
        if number < 0:
            raise ValueError(f"{number} requests cannot be")
        for bucket in dict.fromkeys(draws):  # named twice, it is drawn from once: as when it is sent
            wanted[bucket] = wanted.get(bucket, 0) + number
    slowest = Forecast(requests=round(sum(loads.values())), least_s=0.0)
    for bucket, number in sorted(wanted.items()):
        least_s = _least_s(number, rate(bucket))
        if least_s > slowest.least_s:
            slowest = msgspec.structs.replace(slowest, least_s=least_s, bound_by=bucket)
    return slowest


def _least_s(number: float, rate: Rate) -> float:
    if not rate.per_s > 0:
        raise ValueError("a limit needs a positive rate")
    return max(0.0, (number - max(1.0, rate.burst)) / rate.per_s)
