"""A change and the tenant's rules: who is told, where. The first route that matches a destination wins it."""

from collections.abc import Callable, Sequence

from actors.domain.changes import AnyChange
from actors.domain.outbox import Place
from actors.domain.verdicts import Refused
from config.model import Audience, Route

Placing = Callable[[str, Audience, AnyChange], Place | Refused]
"""``placing(target, audience, change)``: where at that target, or why nowhere."""


def matches(route: Route, change: AnyChange) -> bool:
    """Whether the route asks for this kind of change."""
    return any(word in change.words for word in route.when)


def destinations(
    change: AnyChange, routes: Sequence[Route], placing: Placing
) -> list[tuple[Route, str, Refused | None]]:
    """(route, destination, refusal) for each post to make. A refused placement keeps a destination of its own
    (``?`` and the route's name): it becomes a visible dead letter, not a silence."""
    chosen: list[tuple[Route, str, Refused | None]] = []
    taken: set[tuple[str, str]] = set()
    for route in routes:
        if not matches(route, change):
            continue
        placed = placing(route.to, route.audience, change)
        refusal = placed if isinstance(placed, Refused) else None
        destination = f"?{route.name}" if isinstance(placed, Refused) else placed.destination
        if (route.to, destination) not in taken:
            taken.add((route.to, destination))
            chosen.append((route, destination, refusal))
    return chosen


def too_old(happened_us: int, now_us: int, horizon_us: int) -> bool:
    """Whether a change happened so long ago that the ledger may have forgotten its effect: it is posted no more."""
    return now_us - happened_us > horizon_us
