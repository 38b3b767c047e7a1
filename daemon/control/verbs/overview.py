"""``status``, ``health`` and ``tenants``: is it well, and if not, what is not?

Degraded (exit code 2) means that something which should go on does not: a lane is suspended, its vendor is out or has
asked to wait for more than a minute, a courier does not answer, an actor is down, the store refuses to write, a key of
the vault cannot be used, a secret that is referred to was never put in, an account must be connected again or lacks a
permission, open deliveries belong to a lane that is no longer configured, or a route's error budget is spent (``sla``).
Not degraded: a paused lane (somebody wanted it), permissions that nobody needs, questions that wait for a decision
(``conflict``), and dead or parked letters (they are shown and wait for a person, and the lane goes on without them).
"""

from collections.abc import Iterator

from actors.domain.sla import Promise
from actors.kernel import NoSuchActor, Registry, TreeEntry
from config.numbers import agreeing, number_of
from daemon.control.exits import Exit
from daemon.control.office import Asking, done
from daemon.control.overviews import AskedView
from daemon.control.protocol import AskHealth, Done
from daemon.control.verbs.lanes import Lane, all_lanes
from daemon.control.verbs.promises import red_routes
from daemon.control.views import CheckRow, LaneRow, Overall, TenantRow
from daemon.store.asking import UNROUTED_COUNT_MAX
from daemon.store.promises import Goal

DOWN = frozenset({"backing_off", "failed", "stopped"})
TROUBLES_MAX = 20


async def status(asking: Asking) -> Done:
    office, now_us = asking.office, asking.now_us
    configuration = office.configuration()
    lanes = await all_lanes(office)
    entries = list(_entries(office.registry))
    down = [why for _, why in troubled(office.registry)]
    wrong = [reason for lane in lanes for reason in lane.degraded(now_us)]
    store_error = office.store.writer.last_error or ""
    reds = await red_routes(office, now_us)
    standings = office.desk.everywhere()
    closed = office.strongroom.trouble()
    degraded = [
        *([f"the store does not write: {store_error}"] if store_error else []),
        *([f"vault: {closed}"] if closed else []),
        *_awaited(asking),
        *down,
        *wrong,
        *(standing.dying for standing in standings if standing.dying),
        *(red_in_words(goal, promise) for goal, promise in reds),
    ]
    rows = [_lane_row(lane, asking, now_us) for lane in lanes]
    await asking.emit(
        Overall(
            version=office.version,
            now_us=now_us,
            started_us=office.started_us,
            tenants=len(configuration.tenants),
            actors=sum(entry.kind == "actor" for entry in entries),
            troubled=tuple(down[:TROUBLES_MAX]),
            commits=office.store.writer.commits,
            store_error=store_error,
            delivered=sum(row.delivered for row in rows),
            unrouted=sum([await office.store.queries.unrouted(name) for name in configuration.tenants]),
            degraded=tuple(degraded),
            overtrusted=tuple(each.overtrusted for each in standings if each.overtrusted)[:TROUBLES_MAX],
            asked=await _asked(asking),
            vault=office.strongroom.keks.source.sealing.kind,
            red=tuple(f"{goal.tenant}/{goal.route}" for goal, _ in reds),
        )
    )
    for row in rows:
        await asking.emit(row)
    return done(code=Exit.DEGRADED if degraded else Exit.OK)


async def health(request: AskHealth, asking: Asking) -> Done:
    checks = await asking.office.health(request.level)
    for check in checks:
        await asking.emit(CheckRow(name=check.name, ok=check.ok, detail=check.detail))
    failed = sum(not check.ok for check in checks)
    if failed:
        return done(f"{failed} of {number_of(len(checks), 'checks')} failed", Exit.DEGRADED)
    return done(f"{request.level}: all is well")


async def tenants(asking: Asking) -> Done:
    office = asking.office
    configured = office.configuration().tenants
    states = _tenant_states(asking)
    for name, tenant in sorted(configured.items()):
        unrouted = await office.store.queries.unrouted(name)
        await asking.emit(
            TenantRow(
                name=name,
                state=states.get(name, "not started"),
                timezone=tenant.timezone,
                locale=tenant.locale,
                sources={source: connection.kind for source, connection in tenant.sources.items()},
                targets={target: connection.kind for target, connection in tenant.targets.items()},
                routes=len(tenant.routes),
                rosters=len(tenant.rosters),
                people=len(tenant.people),
                unrouted=unrouted,
                unrouted_more=unrouted >= UNROUTED_COUNT_MAX,
            )
        )
    return done() if configured else done("no tenant is configured", Exit.NOTHING)


def _lane_row(lane: Lane, asking: Asking, now_us: int) -> LaneRow:
    view = lane.view
    done_now = lane.depths.get("delivered", 0)
    return LaneRow(
        lane=lane.name,
        configured=lane.configured,
        depths=lane.depths,
        oldest_us=lane.oldest_us,
        held=lane.held(now_us),
        paused_by=lane.hold.paused_by,
        paused_us=lane.hold.paused_us,
        suspended=lane.hold.suspended,
        suspended_us=lane.hold.suspended_us,
        throttled_until_us=lane.throttled_until_us(now_us),
        outage=lane.outage,
        outage_us=lane.hold.outage_us,
        answering=view is not None,
        in_flight=view.in_flight if view else 0,
        window=view.window if view else 0,
        window_max=view.window_max if view else 0,
        delivered=max(0, done_now - asking.delivered_before.get(lane.name, 0)),  # retention takes rows away
        degraded=bool(lane.degraded(now_us)),
    )


async def _asked(asking: Asking) -> tuple[AskedView, ...]:
    """By tenant, those first whose oldest question waits longest."""
    waiting = await asking.office.store.conflicts.waiting()
    configured = asking.office.configuration().tenants
    told = [AskedView(tenant=each, n=n, oldest_us=us) for each, (n, us) in waiting.items() if each in configured]
    return tuple(sorted(told, key=lambda each: each.oldest_us)[:TROUBLES_MAX])


def _awaited(asking: Asking) -> list[str]:
    lacks = asking.office.strongroom.awaited.now()
    more = len(lacks) - TROUBLES_MAX
    return [
        *map(str, lacks[:TROUBLES_MAX]),
        *([f"{more} more {agreeing(more, 'waits', 'wait')} for secrets"] if more > 0 else []),
    ]


def red_in_words(goal: Goal, promise: Promise) -> str:
    """Of a route whose error budget is spent."""
    return (
        f"{goal.tenant}/{goal.route} does not keep its promise: {promise.late:,} of {promise.n:,} were late in the "
        f"last 24 hours, {goal.percent:g} % must be in time (lmsyncctl sla --late)"
    )


def troubled(registry: Registry) -> list[tuple[str, str]]:
    """Actors and supervisors that are not up: (path, why)."""
    return [(entry.path, _trouble(entry)) for entry in _entries(registry) if entry.state in DOWN]


def _entries(registry: Registry) -> Iterator[TreeEntry]:
    try:
        root = registry.tree()
    except NoSuchActor:
        return
    todo = [root]
    while todo:
        entry = todo.pop()
        yield entry
        todo.extend(reversed(entry.children))


def _tenant_states(asking: Asking) -> dict[str, str]:
    try:
        return {child.name: child.state for child in asking.office.registry.tree().children}
    except NoSuchActor:
        return {}


def _trouble(entry: TreeEntry) -> str:
    why = f": {entry.last_error.type}: {entry.last_error.detail}" if entry.last_error else ""
    return f"{entry.path} is {entry.state.replace('_', ' ')}{why}"
