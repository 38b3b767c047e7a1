"""``dlq replay --plan``: exactly what somebody was shown, in one transaction; or nothing, and exit code 4."""

from daemon.control.exits import Exit
from daemon.control.office import Asking
from daemon.control.protocol import DlqReplay, Done, Refusal
from daemon.control.verbs import replaying, settling, unrouted
from daemon.store.plans import Moved

MOVED_SHOWN = 5


async def replay(request: DlqReplay, asking: Asking) -> Done:
    if request.deliveries or request.everything or request.unrouted or request.accept_double:
        raise Refusal(Exit.USAGE, "a plan says all there is to say: give nothing beside it", where=request.verb)
    plan = await asking.office.store.queries.plan(request.plan, now_us=asking.now_us)
    if plan is None:
        raise Refusal(
            Exit.STALE, f"no plan {request.plan[:32]!r} is kept", advice="plans are kept for a week: make it anew"
        )
    again = unrouted.again if plan.scope.tenant else replaying.again
    try:
        results = await again(plan, asking, dry_run=request.dry_run)
    except Moved as moved:
        told = moved.told[:MOVED_SHOWN]
        more = f"; and {len(moved.told) - len(told)} more" if len(moved.told) > len(told) else ""
        raise Refusal(
            Exit.STALE,
            f"the plan is stale, nothing was changed: {'; '.join(told)}{more}",
            where=request.plan,
            advice="make it anew with lmsyncctl dlq plan",
        ) from None
    changed = await settling.tell(results, asking, dry_run=request.dry_run)
    return settling.concluded(changed, len(plan.steps), "replayed as planned", dry_run=request.dry_run)
