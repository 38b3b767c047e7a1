"""``queue forecast`` and ``queue catchup``: how long a backlog takes, and how to make it shorter after an outage."""

from collections import Counter
from typing import assert_never

import trio

from actors.domain.forecast import Forecast
from actors.domain.outbox import OPEN_STATES, State
from actors.domain.progress import Progress
from config.numbers import agreeing, number_of
from daemon.control.exits import Exit
from daemon.control.office import Asking, done
from daemon.control.protocol import Done, QueueCatchup, QueueForecast, Refusal
from daemon.control.times import span
from daemon.control.verbs.draining import Draining, draining
from daemon.control.verbs.lanes import held_in_words, views
from daemon.control.views import CaughtUpRow, ForecastRow
from daemon.control.watching import attended
from daemon.store import backlog
from daemon.store.asking import LaneHold
from daemon.store.backlog import DESTINATIONS_MAX, Pile

ROWS_MAX = 500
"""So many destinations are told one by one."""
SINCE_EVER = 1 << 62


async def forecasts(request: QueueForecast, asking: Asking) -> Done:
    """What the limits allow at best: answers take time, and what holds a lane back comes on top."""
    depths: dict[str, Counter[str]] = {}
    for lane, state, n in await asking.office.store.queries.depths():
        depths.setdefault(lane, Counter())[state] = n
    if request.lane:
        asking.lane(request.lane)
        lanes = [request.lane]
    else:
        lanes = [lane for lane, counted in sorted(depths.items()) if _open(counted)]
    shown = 0
    for lane in lanes:
        counted = depths.get(lane, Counter())
        if _open(counted) or request.lane:
            await asking.emit(await _forecast(lane, counted, asking))
            shown += 1
    return done() if shown else done("nothing waits anywhere", Exit.NOTHING)


async def _forecast(lane: str, counted: Counter[str], asking: Asking) -> ForecastRow:
    tenant, _, target = lane.partition("/")
    configured = asking.office.configuration().tenants.get(tenant)
    stands = configured is not None and target in configured.targets
    piles, estimate = await _piles(lane, _open(counted), asking)
    took = Draining(whole=Forecast(requests=0, least_s=0.0))
    if stands:
        took = await draining(asking, lane, {pile.destination: pile.n for pile in piles})
    hold = (await asking.office.store.queries.holds()).get(lane, LaneHold())
    held = held_in_words(hold, (await views(asking.office, [lane])).get(lane), now_us=asking.now_us)
    return ForecastRow(
        lane=lane,
        n=_open(counted),
        calls=took.whole.requests,
        seconds=took.whole.least_s,
        limited_by=took.whole.bound_by,
        estimate=estimate,
        destinations=len(piles),
        later=counted[State.HELD.value],
        worst=took.worst,
        held=held if stands else (*held, "not configured any more: nobody carries it"),
    )


async def _piles(lane: str, total: int, asking: Asking) -> tuple[list[Pile], bool]:
    """By destination, and whether that is partly a guess."""
    found: list[Pile] = []
    every = False
    while len(found) < DESTINATIONS_MAX and not every:
        chunk = await asking.office.store.queries.piles(lane, found[-1].destination if found else "")
        found += chunk
        every = not chunk
    return backlog.complete(found[:DESTINATIONS_MAX], total, every=every)


def _open(counted: Counter[str]) -> int:
    return sum(counted[state.value] for state in OPEN_STATES)


# ── catching up ──────────────────────────────────────────────────────────────────────────────────────


async def catchup(request: QueueCatchup, asking: Asking) -> Done:
    """Works on a lane that stands still as well as on one that goes; what is in flight is left alone. It goes page by
    page: where the asker goes away what was done stays, and asked again it does the rest."""
    tenant, target = asking.lane(request.lane)
    if request.how == "digest" and asking.office.targets(tenant)[target].wants_statement:
        advice = "lmsyncctl queue forecast says how long it takes"
        raise Refusal(
            Exit.USAGE, f"{request.lane} takes messages one by one: there are no digests for it", advice=advice
        )
    older_us = 0 if request.older_than_s is None else round(request.older_than_s * 1e6)
    before_us = asking.now_us - older_us if older_us else SINCE_EVER
    progress = Progress()
    match request.how:
        case "all":
            return done("everything is sent as it stands: nothing has to be done for that")
        case "latest":
            changed = await attended(lambda: _latest(request, before_us, progress, asking), progress, asking)
            word = "replaced by newer ones"
        case "digest":
            changed = await attended(lambda: _digest(request, before_us, progress, asking), progress, asking)
            word = "folded into digests"
        case _ as never:
            assert_never(never)
    if not request.dry_run:
        asking.office.switchboard.ready(request.lane)
    older = f" of those older than {span(older_us / 1e6)}" if older_us else ""
    would = "would be" if request.dry_run else agreeing(changed, "was", "were")
    if not changed:
        return done(f"nothing{older} {'would be' if request.dry_run else 'was'} {word}", Exit.NOTHING)
    return done(f"{number_of(changed, 'deliveries')}{older} {would} {word}")


async def _latest(request: QueueCatchup, before_us: int, progress: Progress, asking: Asking) -> int:
    queries = asking.office.store.queries
    newest = await queries.newest_seq()
    counted: Counter[str] = Counter()
    after: int | None = 0
    while after is not None:
        replaced, after = await queries.latest(
            request.lane,
            after_seq=after,
            up_to_seq=newest,
            before_us=before_us,
            by=asking.peer.name,
            now_us=asking.now_us,
            dry_run=request.dry_run,
        )
        counted.update(one.destination for one in replaced)
        progress.step("looking for newer ones, found so far", counted.total(), unit="deliveries")
        await trio.lowlevel.checkpoint()
    for destination, n in counted.most_common(ROWS_MAX):
        row = CaughtUpRow(lane=request.lane, destination=destination, superseded=n, dry_run=request.dry_run)
        await asking.emit(row)
    return counted.total()


async def _digest(request: QueueCatchup, before_us: int, progress: Progress, asking: Asking) -> int:
    """One destination after the other, so that none is seen half folded; all of them due at one time."""
    queries, due_us = asking.office.store.queries, asking.now_us
    total = shown = 0
    destination = ""
    while chunk := await queries.piles(request.lane, destination):
        for pile in chunk:
            folded = 0
            while n := await queries.fold(
                request.lane,
                pile.destination,
                before_us=before_us,
                due_us=due_us,
                by=asking.peer.name,
                dry_run=request.dry_run,
            ):
                folded += n
                if request.dry_run:
                    break  # the same ones would be found again
            total += folded
            progress.step("folding, so far", total, unit="deliveries")
            if folded and shown < ROWS_MAX:
                shown += 1
                await asking.emit(
                    CaughtUpRow(lane=request.lane, destination=pile.destination, folded=folded, dry_run=request.dry_run)
                )
        destination = chunk[-1].destination
    return total
