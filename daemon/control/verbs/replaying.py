"""``dlq plan`` and ``dlq replay``: what would be done with dead letters, and doing it as they stand now."""

from collections.abc import Sequence

from daemon.control.office import Asking
from daemon.control.protocol import DlqPlan, DlqReplay, Done
from daemon.control.verbs import piles, planning, settling
from daemon.control.words import change_in_words
from daemon.store.asking import Kept
from daemon.store.interventions import Intervened
from daemon.store.judging import Judged, Replay
from daemon.store.plans import STEPS_MAX, Plan, Scope

LEFT_MAX = 50_000
"""How many more than a plan takes are counted."""


async def plan(request: DlqPlan, asking: Asking) -> Done:
    """Changes nothing; what is shown is kept for a week by its hash."""
    pile = await piles.wanted(request, asking)
    judged: list[Judged] = []
    left = 0
    while left < LEFT_MAX and (chunk := await pile.take()):
        fitting = chunk[: STEPS_MAX - len(judged)]
        left += len(chunk) - len(fitting)
        judged += await _judge(request, fitting, asking)
    scope = Scope(
        accept_double=request.accept_double,
        named=not request.everything,
        ids=tuple(one.id for one in judged),
    )
    return await planning.conclude(scope, judged, left, asking)


async def _judge(request: DlqPlan, chunk: Sequence[Kept], asking: Asking) -> list[Judged]:
    wanted = [piles.replay_of(asking, one, named=not request.everything) for one in chunk]
    judged = await asking.office.store.queries.judged(wanted, accept_double=request.accept_double)
    for kept, one in zip(chunk, judged, strict=True):
        change = kept.delivery.change
        await asking.emit(planning.planned_row(one, change=change.kind, about=change_in_words(change)))
    return judged


async def replay(request: DlqReplay, asking: Asking) -> Done:
    """Those that wait again are sent in their line's order; parked ones are looked for at the vendor first."""

    async def change(chunk: Sequence[Kept]) -> list[Intervened]:
        return await asking.office.store.queries.replay(
            [piles.replay_of(asking, one, named=not request.everything) for one in chunk],
            by=asking.peer.name,
            now_us=asking.now_us,
            accept_double=request.accept_double,
            dry_run=request.dry_run,
        )

    return await settling.each(request, asking, change, "replayed")


async def again(plan: Plan, asking: Asking, *, dry_run: bool) -> list[Intervened]:
    """All of the plan in one transaction. Raises Moved."""
    queries = asking.office.store.queries
    wanted: list[Replay] = []
    for start in range(0, len(plan.scope.ids), piles.CHUNK):
        ids = plan.scope.ids[start : start + piles.CHUNK]
        found = {one.delivery.id: one for one in await queries.deliveries(ids)}
        for one in ids:
            kept = found.get(one)
            gone = Replay(id=one, named=plan.scope.named)
            wanted.append(gone if kept is None else piles.replay_of(asking, kept, named=plan.scope.named))
    return await queries.replay_plan(plan, wanted, by=asking.peer.name, now_us=asking.now_us, dry_run=dry_run)
