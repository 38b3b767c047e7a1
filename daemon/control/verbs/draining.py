"""How long a number of deliveries takes at a vendor's published limits, and how many requests. No verb of its own."""

from collections.abc import Mapping

import msgspec

from actors.domain.forecast import Forecast, forecast
from actors.ports import Target
from daemon.control.office import Asking
from daemon.control.views import DrainRow

WORST = 5
LEARNER = "learner:"
"""How connectors name a destination that is a person."""


class Draining(msgspec.Struct, frozen=True, kw_only=True):
    """A lane's deliveries at its vendor's limits. ``worst``: the destinations that take longest by themselves."""

    whole: Forecast
    worst: tuple[DrainRow, ...] = ()


async def draining(asking: Asking, lane: str, piles: Mapping[str, int]) -> Draining:
    """``piles``: how many deliveries by destination. The lane must be configured."""
    tenant, _, name = lane.partition("/")
    target = asking.office.targets(tenant)[name]
    emails = [place.removeprefix(LEARNER) for place in piles if place.startswith(LEARNER)]
    known = await asking.office.store.queries.addresses(lane, emails)
    whole: dict[tuple[str, ...], int] = {}
    alone: list[DrainRow] = []
    for destination, n in piles.items():
        own = _loads(target, destination, n, known=destination.removeprefix(LEARNER) in known)
        for draws, number in own.items():
            whole[draws] = whole.get(draws, 0) + number
        took = forecast(own, target.rate)
        alone.append(DrainRow(destination=destination, n=n, seconds=took.least_s))
    alone.sort(key=lambda row: (-row.seconds, -row.n, row.destination))
    return Draining(whole=forecast(whole, target.rate), worst=tuple(alone[:WORST]))


def _loads(target: Target, destination: str, n: int, *, known: bool) -> dict[tuple[str, ...], int]:
    """Requests by the buckets they draw from. A learner who has to be looked up is looked up once."""
    to_learner = destination.startswith(LEARNER)
    found: dict[tuple[str, ...], int] = {}
    first = 0 if known or not to_learner or not n else 1
    for times, is_known in ((first, False), (n - first, True)):
        for draws in target.costs(destination, to_learner=to_learner, known=is_known) if times else ():
            found[draws] = found.get(draws, 0) + times
    return found
