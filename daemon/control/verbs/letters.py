"""``dlq list``, ``show``, ``discard`` and ``annotate``: dead letters, and parked deliveries whose outcome nobody knows.

``replaying`` plans and replays them; ``unrouted`` has the statements that no route took.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence

from actors.domain.verdicts import Cause, Whose
from config.numbers import number_of
from daemon.control.exits import Exit
from daemon.control.office import Asking, done
from daemon.control.protocol import DlqAnnotate, DlqDiscard, DlqList, DlqShow, Done, Refusal
from daemon.control.verbs import finding, piles, settling
from daemon.control.verbs.piles import STUCK, Pile
from daemon.control.verbs.tale import delivery_story
from daemon.control.views import CauseRow
from daemon.control.words import advice
from daemon.store.asking import Kept
from daemon.store.interventions import Intervened

COUNTED_MAX = 200_000
COUNTED_CHUNK = 5_000


async def listing(request: DlqList, asking: Asking) -> Done:
    if request.summary:
        return await _summary(request, asking)
    sieve = piles.sieve(request, asking.now_us)
    counted = await finding.lanes_with(asking, request.lane, STUCK)
    pile = Pile(asking, sieve, lanes=sorted(counted), newest=await asking.office.store.queries.newest_seq())
    shown = 0
    while shown < request.limit and (chunk := await pile.take()):
        for kept in chunk[: request.limit - shown]:
            await asking.emit(finding.row(kept))
            shown += 1
    if not shown:
        return done("no dead letters" + (" match" if sieve.narrows else ""), Exit.NOTHING)
    return done(f"{shown} of {number_of(sum(counted.values()), 'dead and parked deliveries')} shown")


async def _summary(request: DlqList, asking: Asking) -> Done:
    """How many by root cause, ours first: what only we can mend should not be looked for by others."""
    sieve = piles.sieve(request, asking.now_us)
    lanes: defaultdict[Cause, Counter[str]] = defaultdict(Counter)
    since: dict[Cause, tuple[int, int]] = {}
    looked = 0
    for lane in sorted(await finding.lanes_with(asking, request.lane, STUCK)):
        after = 0
        while looked < COUNTED_MAX and (
            chunk := await asking.office.store.queries.stuck_causes(lane, COUNTED_CHUNK, after_seq=after)
        ):
            looked += len(chunk)
            after = chunk[-1][0]
            for _, name, done_us in chunk:
                cause = Cause(name)
                if sieve.passes(lane, cause, done_us):
                    lanes[cause][lane] += 1
                    oldest, newest = since.get(cause, (done_us, done_us))
                    since[cause] = min(oldest, done_us), max(newest, done_us)
    order = list(Whose)
    for cause in sorted(lanes, key=lambda each: (order.index(each.whose), -lanes[each].total())):
        await asking.emit(
            CauseRow(
                whose=cause.whose.value,
                cause=cause.value,
                n=lanes[cause].total(),
                more=looked >= COUNTED_MAX,
                lanes=dict(lanes[cause]),
                oldest_us=since[cause][0],
                newest_us=since[cause][1],
                advice=advice(cause),
            )
        )
    total = sum(counted.total() for counted in lanes.values())
    if not total:
        return done("no dead letters" + (" match" if sieve.narrows else ""), Exit.NOTHING)
    by_whose = Counter({whose: sum(lanes[c].total() for c in lanes if c.whose is whose) for whose in Whose})
    said = ", ".join(f"{n:,} {whose.value}" for whose, n in by_whose.items() if n)
    return done(f"{number_of(total, 'dead and parked deliveries')}: {said}")


async def show(request: DlqShow, asking: Asking) -> Done:
    kept = await finding.delivery(asking, request.delivery)
    state = kept.delivery.state
    if state.value not in STUCK:
        raise Refusal(
            Exit.NOTHING, f"{kept.delivery.id} is {state.value}: no dead letter", advice="lmsyncctl queue show shows it"
        )
    await asking.emit(await delivery_story(kept, asking))
    return done()


async def discard(request: DlqDiscard, asking: Asking) -> Done:
    """They stay on record as cancelled; the effect will not be made."""

    async def change(chunk: Sequence[Kept]) -> list[Intervened]:
        ids = [one.delivery.id for one in chunk]
        queries = asking.office.store.queries
        return await queries.discard(ids, by=asking.peer.name, now_us=asking.now_us, dry_run=request.dry_run)

    return await settling.each(request, asking, change, "discarded")


async def annotate(request: DlqAnnotate, asking: Asking) -> Done:
    """What people found out, kept with the delivery: also one that is no dead letter any more."""
    kept = await finding.delivery(asking, request.delivery)
    result = await asking.office.store.queries.annotate(
        kept.delivery.id, request.text, by=asking.peer.name, now_us=asking.now_us, dry_run=request.dry_run
    )
    await asking.emit(settling.row(result, request.dry_run))
    return done("it would be noted" if request.dry_run else "noted; why and dlq show tell it")
