"""Dead and parked deliveries, narrowed down and taken in chunks, and what a replay must know of each. No verb.

ALL means those that were there when the command began. A chunk is one transaction, so that the daemon goes on working
beside it.
"""

from collections import deque
from collections.abc import Sequence

import msgspec

from actors.domain.alarms import AlarmCard
from actors.domain.conflicts.cards import ReviewCard
from actors.domain.outbox import Delivery, Place, State
from actors.domain.rosters.order import RosterOrder
from actors.domain.verdicts import Cause, Refused, Whose
from config.durations import seconds
from daemon.control.exits import Exit
from daemon.control.office import Asking
from daemon.control.protocol import ALL, DlqList, DlqPlan, Letters, Refusal
from daemon.control.verbs import finding
from daemon.store.asking import Kept
from daemon.store.interventions import NEVER_PLACED
from daemon.store.judging import Replay

CHUNK = 200
STUCK = (State.DEAD.value, State.PARKED.value)


class Sieve(msgspec.Struct, frozen=True, kw_only=True):
    """Which dead letters are meant."""

    lane: str = ""
    cause: Cause | None = None
    whose: Whose | None = None
    since_us: int = 0

    def passes(self, lane: str, cause: Cause | None, done_us: int | None) -> bool:
        return (
            self.lane in ("", lane)
            and self.cause in (None, cause)
            and (self.whose is None or (cause is not None and cause.whose is self.whose))
            and (done_us is None or done_us >= self.since_us)
        )

    @property
    def narrows(self) -> bool:
        return self != Sieve()


def sieve(request: DlqList | DlqPlan | Letters, now_us: int) -> Sieve:
    """As the request wants it. Raises Refusal."""
    return Sieve(
        lane=request.lane,
        cause=_cause(request.cause),
        whose=_whose(request.whose),
        since_us=0 if request.since_s is None else now_us - round(request.since_s * 1e6),
    )


class Pile:
    """Dead and parked deliveries: those named, or those of some lanes up to a place in the outbox."""

    def __init__(
        self, asking: Asking, sieve: Sieve, *, lanes: Sequence[str] = (), named: Sequence[Kept] = (), newest: int
    ) -> None:
        self._stuck = asking.office.store.queries.stuck
        self._sieve = sieve
        self._lanes = deque(lanes)
        self._named = deque(named)
        self._newest = newest
        self._after = 0

    async def take(self) -> list[Kept]:
        """The next ones, oldest first; empty at the end."""
        if self._named:
            return [self._named.popleft() for _ in range(min(CHUNK, len(self._named)))]
        while self._lanes:
            chunk = await self._stuck(self._lanes[0], CHUNK, after_seq=self._after, up_to_seq=self._newest)
            if not chunk:
                self._lanes.popleft()
                self._after = 0
                continue
            self._after = chunk[-1].delivery.seq
            if fitting := [one for one in chunk if passes(self._sieve, one)]:
                return fitting
        return []


def passes(sieve: Sieve, kept: Kept) -> bool:
    return sieve.passes(kept.delivery.lane, kept.cause, kept.done_us)


async def wanted(request: DlqPlan | Letters, asking: Asking) -> Pile:
    """What was asked for: by id, or all of it. Raises Refusal."""
    if request.everything == bool(request.deliveries):
        raise Refusal(Exit.USAGE, f"name the deliveries, or {ALL} for all of them", where=request.verb)
    narrow = sieve(request, asking.now_us)
    lanes = sorted(await finding.lanes_with(asking, request.lane, STUCK))
    newest = await asking.office.store.queries.newest_seq()
    if request.everything:
        return Pile(asking, narrow, lanes=lanes, newest=newest)
    named = [await finding.delivery(asking, text) for text in dict.fromkeys(request.deliveries)]
    fitting = {one.delivery.seq: one for one in named if passes(narrow, one)}
    return Pile(asking, narrow, named=[one for _, one in sorted(fitting.items())], newest=newest)


def replay_of(asking: Asking, kept: Kept, *, named: bool) -> Replay:
    """A delivery with what the configuration says of it now."""
    told = kept.delivery
    tenant = asking.office.configuration().tenants.get(told.tenant)
    if tenant is None or told.target not in tenant.targets:
        return Replay(id=told.id, orphan=True, named=named)
    return Replay(id=told.id, place=_place(asking, told), named=named, horizon_us=horizon_us(asking, told.tenant))


def horizon_us(asking: Asking, tenant: str) -> int:
    """What happened before this is not posted any more: the ledger may have forgotten that it was. Nothing is too old
    for a store that is younger than the horizon."""
    period_s = seconds(asking.tenant(tenant).retention.effect_horizon)
    before_us = asking.now_us - round(period_s * 1e6)
    return before_us if asking.office.store.born_us < before_us else 0


def _place(asking: Asking, told: Delivery) -> Place | Refused | None:
    """Where it goes now, for those that never had a place: by its route as it stands now, else by the audience it was
    planned for."""
    if not told.destination.startswith(NEVER_PLACED) or isinstance(told.change, RosterOrder | ReviewCard | AlarmCard):
        return None
    routes = asking.office.configuration().tenants[told.tenant].routes
    audience = next(
        (route.audience for route in routes if route.name == told.route and route.to == told.target), told.audience
    )
    return asking.office.targets(told.tenant)[told.target].place(audience, told.change)


def _cause(name: str) -> Cause | None:
    try:
        return Cause(name) if name else None
    except ValueError:
        known = ", ".join(cause.value for cause in Cause)
        raise Refusal(Exit.USAGE, f"{name!r} is no cause", advice=f"the causes are {known}") from None


def _whose(name: str) -> Whose | None:
    try:
        return Whose(name) if name else None
    except ValueError:
        known = ", ".join(whose.value for whose in Whose)
        raise Refusal(Exit.USAGE, f"{name!r} is nobody", advice=f"a root cause is {known}") from None
