"""How much of a vendor's published limits a volume of events needs: which limit is nearest, and who waits how long.

Every request draws a token from each of its buckets. What is wanted of a bucket in its busiest hour is compared with
what it gives in an hour, and what is wanted in a day with what it gives in a day: a bucket that is short by the day
never catches up. Buckets of which there is one a place (``channel:…``) are one family, of which the busiest is told.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import msgspec

from actors.domain.outbox import Rate

Loads = Mapping[tuple[str, ...], float]
"""Requests by the buckets that they draw from."""
HOUR_S = 3_600.0
DAY_S = 86_400.0
PLACES = ("channel", "team")


class Quota(msgspec.Struct, frozen=True):
    """A bucket as the vendor publishes it. ``methods``: those that draw from it, as its documentation calls them."""

    tier: str
    methods: tuple[str, ...]


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """One limit. ``percent``: how much of it the busiest hour needs; ``wait_s``: how long whoever comes last in that
    hour waits; ``never``: it is short by the day. ``of``: how many buckets of the family there are, ``all_day`` what
    all of them together give in that day; ``takes_s``: the least time in which that passes, sent at once."""

    bucket: str
    per_day: float
    busiest_hour: float
    gives_hour: float
    percent: float
    wait_s: float
    never: bool
    of: int = 1
    all_day: float = 0.0
    takes_s: float = 0.0


def needs(day: Loads, hour: Loads, rate: Callable[[str], Rate]) -> list[Need]:
    """Nearest to its limit first. ``hour``: of the busiest one."""
    by_day, by_hour = _wanted(day), _wanted(hour)
    families: dict[str, list[Need]] = {}
    for bucket in sorted({*by_day, *by_hour}):
        terms = rate(bucket)
        gives = terms.per_s * HOUR_S
        wanted = by_hour[bucket]
        over = wanted - max(1.0, terms.burst) - gives
        kind, colon, _ = bucket.partition(":")
        family = kind if colon and kind in PLACES else bucket
        families.setdefault(family, []).append(
            Need(
                bucket=bucket,
                per_day=by_day[bucket],
                busiest_hour=wanted,
                gives_hour=gives,
                percent=100.0 * wanted / gives,
                wait_s=max(0.0, over / terms.per_s),
                never=by_day[bucket] > terms.per_s * DAY_S,
                takes_s=max(0.0, (by_day[bucket] - max(1.0, terms.burst)) / terms.per_s),
            )
        )
    found = [
        msgspec.structs.replace(
            max(family, key=lambda need: need.percent), of=len(family), all_day=sum(need.per_day for need in family)
        )
        for family in families.values()
    ]
    return sorted(found, key=lambda need: (-need.percent, need.bucket))


def scaled(loads: Loads, by: float) -> Loads:
    return {draws: n * by for draws, n in loads.items()}


def together(several: Sequence[Loads]) -> Loads:
    """All of them at once."""
    found: Counter[tuple[str, ...]] = Counter()
    for loads in several:
        for draws, n in loads.items():
            found[draws] += n  # type: ignore[assignment]  # a Counter counts fractions as well
    return found


def _wanted(loads: Loads) -> Counter[str]:
    wanted: Counter[str] = Counter()
    for draws, n in loads.items():
        for bucket in dict.fromkeys(draws):
            wanted[bucket] += n  # type: ignore[assignment]  # as above
    return wanted
