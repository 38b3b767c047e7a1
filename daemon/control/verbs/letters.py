"""``dlq``: dead letters, and parked deliveries whose outcome nobody could find out.

Both changes take ids or ALL. ALL means those that were there when the command began, and goes through them in chunks,
each its own transaction, so that the daemon goes on working beside it.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from actors.domain.outbox import Delivery, Place, State
from actors.domain.verdicts import Cause, Refused
from daemon.control.exits import Exit
from daemon.control.office import Asking, done
from daemon.control.protocol import ALL, DlqDiscard, DlqList, DlqReplay, DlqShow, Done, Letters, Refusal
from daemon.control.verbs import finding
from daemon.control.verbs.tale import delivery_story
from daemon.control.views import ChangedRow
from daemon.store.asking import Kept
from daemon.store.interventions import NEVER_PLACED, Intervened, Replay

CHUNK = 200
Change = Callable[[Sequence[Kept]], Awaitable[list[Intervened]]]
STUCK = (State.DEAD.value, State.PARKED.value)


async def listing(request: DlqList, asking: Asking) -> Done:
    cause = _cause(request.cause)
    counted = await finding.lanes_with(asking, request.lane, STUCK)
    pile = Pile(asking, cause, lanes=sorted(counted), newest=await asking.office.store.queries.newest_seq())
    shown = 0
    while shown < request.limit and (chunk := await pile.take()):
        for kept in chunk[: request.limit - shown]:
            await asking.emit(finding.row(kept))
            shown += 1
    if not shown:
        return done("no dead letters" + (" match" if request.cause or request.lane else ""), Exit.NOTHING)
    return done(f"{shown} of {sum(counted.values()):,} dead and parked deliveries shown")


async def show(request: DlqShow, asking: Asking) -> Done:
    kept = await finding.delivery(asking, request.delivery)
    state = kept.delivery.state
    if state.value not in STUCK:
        raise Refusal(
            Exit.NOTHING, f"{kept.delivery.id} is {state.value}: no dead letter", advice="lmsyncctl queue show shows it"
        )
    await asking.emit(await delivery_story(kept, asking))
    return done()


async def replay(request: DlqReplay, asking: Asking) -> Done:
    """Those that wait again are sent in their line's order; parked ones are looked for at the vendor first."""

    async def change(chunk: Sequence[Kept]) -> list[Intervened]:
        kept = [one for one in chunk if _stands(asking, one.delivery)]
        wanted = [Replay(id=one.delivery.id, place=_place(asking, one.delivery)) for one in kept]
        made = await asking.office.store.queries.replay(
            wanted,
            by=asking.peer.name,
            now_us=asking.now_us,
            accept_double=request.accept_double,
            dry_run=request.dry_run,
        )
        orphans = [_orphan(one.delivery) for one in chunk if not _stands(asking, one.delivery)]
        return [*made, *orphans]

    return await _each(request, asking, change, "replayed")


async def discard(request: DlqDiscard, asking: Asking) -> Done:
    """They stay on record as cancelled; the effect will not be made."""

    async def change(chunk: Sequence[Kept]) -> list[Intervened]:
        ids = [one.delivery.id for one in chunk]
        queries = asking.office.store.queries
        return await queries.discard(ids, by=asking.peer.name, now_us=asking.now_us, dry_run=request.dry_run)

    return await _each(request, asking, change, "discarded")


async def _each(request: Letters, asking: Asking, change: Change, word: str) -> Done:
    """Apply the change to what was asked for, tell row by row, wake the couriers."""
    if request.everything == bool(request.deliveries):
        raise Refusal(Exit.USAGE, f"name the deliveries, or {ALL} for all of them", where=request.verb)
    changed = looked = 0
    pile = await _wanted(request, asking)
    while chunk := await pile.take():
        touched = set()
        for result in await change(chunk):
            looked += 1
            changed += result.done
            if result.done:
                touched.add(result.lane)
            await asking.emit(_row(result, request.dry_run))
        if not request.dry_run:
            for lane in touched:
                asking.office.switchboard.ready(lane)
    would = "would be " if request.dry_run else ""
    if changed:
        return done(f"{changed} of {looked} {would}{word}")
    return done(f"nothing {would or 'was '}{word}", Exit.NOTHING)


class Pile:
    """Dead and parked deliveries, taken in chunks: those named, or those of some lanes up to a place in the outbox."""

    def __init__(
        self, asking: Asking, cause: Cause | None, *, lanes: Sequence[str] = (), named: Sequence[Kept] = (), newest: int
    ) -> None:
        self._stuck = asking.office.store.queries.stuck
        self._cause = cause
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
            if fitting := [one for one in chunk if self._cause in (None, one.cause)]:
                return fitting
        return []


async def _wanted(request: Letters, asking: Asking) -> Pile:
    cause = _cause(request.cause)
    lanes = sorted(await finding.lanes_with(asking, request.lane, STUCK))
    newest = await asking.office.store.queries.newest_seq()
    if request.everything:
        return Pile(asking, cause, lanes=lanes, newest=newest)
    named = [await finding.delivery(asking, text) for text in dict.fromkeys(request.deliveries)]
    fitting = {
        one.delivery.seq: one for one in named if request.lane in ("", one.delivery.lane) and cause in (None, one.cause)
    }
    return Pile(asking, cause, named=[one for _, one in sorted(fitting.items())], newest=newest)


def _stands(asking: Asking, told: Delivery) -> bool:
    """Whether its lane is configured still."""
    tenant = asking.office.configuration().tenants.get(told.tenant)
    return tenant is not None and told.target in tenant.targets


def _place(asking: Asking, told: Delivery) -> Place | Refused | None:
    """Where it goes now, for those that never had a place: by its route as it stands now, else by the audience it was
    planned for."""
    if not told.destination.startswith(NEVER_PLACED):
        return None
    routes = asking.office.configuration().tenants[told.tenant].routes
    audience = next(
        (route.audience for route in routes if route.name == told.route and route.to == told.target), told.audience
    )
    return asking.office.targets(told.tenant)[told.target].place(audience, told.change)


def _orphan(told: Delivery) -> Intervened:
    note = f"{told.lane} is not configured any more: nobody would carry it; discard it, or configure the target again"
    return Intervened(
        id=told.id, lane=told.lane, before=told.state.value, after=told.state.value, done=False, note=note
    )


def _row(result: Intervened, dry_run: bool) -> ChangedRow:
    return ChangedRow(
        what=result.id,
        lane=result.lane,
        before=result.before,
        after=result.after,
        done=result.done and not dry_run,
        dry_run=dry_run,
        note=result.note,
        made=result.made,
    )


def _cause(name: str) -> Cause | None:
    try:
        return Cause(name) if name else None
    except ValueError:
        known = ", ".join(cause.value for cause in Cause)
        raise Refusal(Exit.USAGE, f"{name!r} is no cause", advice=f"the causes are {known}") from None
