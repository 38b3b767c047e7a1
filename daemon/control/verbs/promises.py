"""``sla``: whether routes keep their promise, and what made late deliveries late.

Counted are deliveries that arrived, by the hour in which they did; a dead letter has not arrived and counts nowhere.
"""

from actors.domain.sla import Promise, quantile_us
from config.durations import seconds
from config.model import Route
from daemon.control.exits import Exit
from daemon.control.office import Asking, Office, done
from daemon.control.protocol import Done, Refusal, Sla
from daemon.control.times import span
from daemon.control.views import LateRow, SlaRow
from daemon.control.words import stage_in_words
from daemon.store.promises import Goal

DAY_US = 86_400_000_000


async def sla(request: Sla, asking: Asking) -> Done:
    """Exit code 2 if a route's error budget is spent."""
    since_us = asking.now_us - round(request.since_s * 1e6)
    chosen = _routes(request.what, asking)
    red = []
    for tenant, route in chosen:
        row = await _row(tenant, route, since_us, asking)
        if row.red:
            red.append(f"{tenant}/{route.name}")
        if not request.late:
            await asking.emit(row)
    if not chosen:
        return done("no route is configured", Exit.NOTHING)
    shown = await _late(request, chosen, since_us, asking) if request.late else 0
    note = f"in the last {span(request.since_s)}"
    if red:
        return done(f"{note} the error budget is spent of {', '.join(red)}", Exit.DEGRADED)
    if request.late and not shown:
        return done(f"nothing was late {note}", Exit.NOTHING)
    return done(f"{note}; no error budget is spent")


def _routes(what: str, asking: Asking) -> list[tuple[str, Route]]:
    """As asked for, by tenant and in their order. Raises Refusal."""
    name, _, wanted = what.partition("/")
    tenants = [asking.tenant(name)] if name else list(asking.office.configuration().tenants.values())
    found = [
        (tenant.name, route)
        for tenant in sorted(tenants, key=lambda each: each.name)
        for route in tenant.routes
        if wanted in ("", route.name)
    ]
    if wanted and not found:
        known = ", ".join(route.name for tenant in tenants for route in tenant.routes) or "none"
        raise Refusal(Exit.NOTHING, f"{name} has no route {wanted!r}", advice=f"its routes are: {known}")
    return found


async def _row(tenant: str, route: Route, since_us: int, asking: Asking) -> SlaRow:
    counted = await asking.office.store.queries.durations(tenant, route.name, since_us)
    promise = Promise(n=counted.n, late=counted.late, goal=route.sla_goal)
    promised = route.sla is not None
    return SlaRow(
        tenant=tenant,
        route=route.name,
        target=route.to,
        n=counted.n,
        p50_us=quantile_us(counted.counted, 0.50),
        p95_us=quantile_us(counted.counted, 0.95),
        p99_us=quantile_us(counted.counted, 0.99),
        sla_us=round(seconds(route.sla) * 1e6) if route.sla is not None else None,
        late=counted.late,
        kept=promise.kept if promised else None,
        goal=promise.goal if promised else None,
        allowed=promise.allowed if promised else None,
        red=promised and promise.red,
    )


async def _late(request: Sla, chosen: list[tuple[str, Route]], since_us: int, asking: Asking) -> int:
    """Newest first, route by route."""
    shown = 0
    for tenant, route in chosen:
        if shown >= request.limit:
            break
        for one in await asking.office.store.queries.late(tenant, route.name, since_us, request.limit - shown):
            shown += 1
            await asking.emit(
                LateRow(
                    id=one.id,
                    tenant=one.tenant,
                    route=one.route,
                    done_us=one.done_us,
                    took_us=one.took_us,
                    sla_us=one.sla_us,
                    stage=one.stage,
                    explanation=stage_in_words(one.stage),
                    stages=one.stages,
                )
            )
    return shown


async def red_routes(office: Office, now_us: int) -> list[tuple[Goal, Promise]]:
    """Routes whose error budget of the last 24 hours is spent."""
    goals = [
        Goal(tenant=name, route=route.name, percent=route.sla_goal)
        for name, tenant in sorted(office.configuration().tenants.items())
        for route in tenant.routes
        if route.sla is not None
    ]
    return await office.store.queries.red(goals, now_us - DAY_US)
