"""What a plan shows, and keeping it by its hash. No verb of its own."""

from daemon.control.exits import Exit
from daemon.control.office import Asking, done
from daemon.control.protocol import Done
from daemon.control.verbs.draining import draining
from daemon.control.views import PlannedRow, PlanRow
from daemon.store import plans
from daemon.store.judging import Does, Judged
from daemon.store.plans import KEPT_US, Plan, Scope

POSTS = frozenset({Does.SEND, Does.PLACE, Does.OBSOLETE})


def planned_row(one: Judged, *, change: str, about: str) -> PlannedRow:
    return PlannedRow(
        id=one.id,
        lane=one.lane,
        destination=one.destination,
        state=one.state,
        attempts=one.attempts,
        change=change,
        about=about,
        does=one.does.value,
        goes=one.goes,
        note=one.note,
    )


async def conclude(scope: Scope, judged: list[Judged], left: int, asking: Asking) -> Done:
    """The plan as a whole, kept by its hash."""
    if not judged:
        return done("nothing matches", Exit.NOTHING)
    made = Plan(scope=scope, steps=tuple(plans.step(one) for one in judged))
    counts: dict[str, int] = {}
    loads: dict[str, dict[str, int]] = {}
    for one in judged:
        counts[one.does.value] = counts.get(one.does.value, 0) + 1
        if one.goes and one.does in POSTS:
            load = loads.setdefault(one.lane, {})
            load[one.destination] = load.get(one.destination, 0) + 1
    took = {lane: (await draining(asking, lane, load)).whole for lane, load in sorted(loads.items())}
    slowest = max(took, key=lambda lane: took[lane].least_s, default="")
    now_us = asking.now_us
    digest = await asking.office.store.queries.keep_plan(made, by=asking.peer.name, now_us=now_us)
    goes = sum(one.goes for one in judged)
    await asking.emit(
        PlanRow(
            hash=digest,
            until_us=now_us + KEPT_US,
            counts=counts,
            goes=goes,
            calls=sum(one.requests for one in took.values()),
            seconds=took[slowest].least_s if slowest else 0.0,
            limited_by=took[slowest].bound_by if slowest else "",
            left=left,
        )
    )
    if not goes:
        return done("a replay would do nothing", Exit.NOTHING)
    return done(f"lmsyncctl dlq replay --plan {digest} does exactly that, or nothing if anything has moved")
