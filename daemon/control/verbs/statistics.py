"""``stats``: what became of deliveries, how fast, and at what cost; of whole hours, from the store's own counts."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from actors.domain.sla import Promise, quantile_us
from config.model import Tenant
from daemon.control.exits import Exit
from daemon.control.eye_asks import Stats
from daemon.control.eyed import FigureRow
from daemon.control.office import Asking, Office, done
from daemon.control.protocol import Done, Refusal
from daemon.control.times import span
from daemon.control.verbs.remembering import in_short
from daemon.store.figures import FAULTS, Figure, Span
from daemon.store.propagation import HOUR_US

HOURS_MAX = 31 * 24
DAYS_MAX = 800
EARLIER = "(before it was counted by target)"


async def stats(request: Stats, asking: Asking) -> Done:
    """Group by group, then the whole, of each tenant."""
    office, now_us = asking.office, asking.now_us
    tenants = office.configuration().tenants
    chosen = [asking.tenant(request.tenant)] if request.tenant else [tenants[name] for name in sorted(tenants)]
    since_us = now_us - round(request.since_s * 1e6)
    if request.by == "hour" and request.since_s > HOURS_MAX * 3600:
        raise Refusal(Exit.USAGE, "hour by hour at most 31 days are shown", advice="--by day")
    any_shown = False
    for tenant in chosen:
        rows = await grouped(office, tenant, request.by, since_us, now_us)
        whole = await total(office, tenant, since_us, now_us)
        if not (whole.made or whole.delivered or whole.attempts or whole.ended):
            continue
        any_shown = True
        for row in rows:
            await asking.emit(row)
        await asking.emit(replace(whole, by="method") if request.by == "method" else whole)  # below the same headings
    note = f"in the last {span(request.since_s)}, by whole hours"
    remembered = in_short(office, [tenant.name for tenant in chosen])
    if not any_shown:
        return done(f"nothing was delivered {note}", Exit.NOTHING)
    return done("; ".join(filter(None, (note, remembered))))


async def total(office: Office, tenant: Tenant, since_us: int, now_us: int) -> FigureRow:
    one = await office.store.figures.figures(tenant.name, [(since_us // HOUR_US, now_us // HOUR_US + 1)])
    return row_of(tenant, whole_of(one[0]), by="", group="all", from_us=since_us, until_us=now_us, total=True)


async def grouped(office: Office, tenant: Tenant, by: str, since_us: int, now_us: int) -> list[FigureRow]:
    """``by``: hour, day, route, target or method. Hours and days without anything are in it too."""
    figures, whole = office.store.figures, [(since_us // HOUR_US, now_us // HOUR_US + 1)]
    match by:
        case "hour" | "day":
            starts = moments(tenant.timezone, by, since_us, now_us)
            spans = spans_of(starts, since_us, now_us)
            found = await figures.figures(tenant.name, [each for _, each in spans])
            return [
                row_of(
                    tenant,
                    whole_of(some),
                    by=by,
                    group=label,
                    from_us=each[0] * HOUR_US,
                    until_us=each[1] * HOUR_US,
                )
                for (label, each), some in zip(spans, found, strict=True)
            ]
        case "route":
            [some] = await figures.figures(tenant.name, whole, "route")
        case "target":
            [some] = await figures.figures(tenant.name, whole, "target")
        case _:
            [some] = await figures.figures(tenant.name, whole)
            calls = whole_of(some).calls
            return [
                FigureRow(tenant=tenant.name, group=name, by=by, from_us=since_us, until_us=now_us, calls={name: n})
                for name, n in sorted(calls.items(), key=lambda each: (-each[1], each[0]))
            ]
    return [row_of(tenant, one, by=by, group=one.key or EARLIER, from_us=since_us, until_us=now_us) for one in some]


def moments(timezone: str, by: str, since_us: int, now_us: int) -> list[datetime]:
    """When each hour or day of the tenant's zone began, the one that ``since_us`` lies in included."""
    zone = ZoneInfo(timezone)
    first = datetime.fromtimestamp(since_us / 1e6, zone)
    last = datetime.fromtimestamp(now_us / 1e6, zone)
    if by == "hour":
        hours = range(since_us // HOUR_US, now_us // HOUR_US + 1)
        return [datetime.fromtimestamp(hour * 3600, zone) for hour in hours][-HOURS_MAX:]
    day = first.replace(hour=0, minute=0, second=0, microsecond=0)
    found: list[datetime] = []
    while day <= last and len(found) < DAYS_MAX:
        found.append(day)
        day = (day + timedelta(days=1)).replace(hour=0)
    return found


def spans_of(starts: Sequence[datetime], since_us: int, now_us: int) -> list[tuple[str, Span]]:
    """(what it is called, hours). In zones of half an hour a day begins with the hour in which its midnight lies."""
    edges = [int(each.timestamp()) // 3600 for each in starts] + [now_us // HOUR_US + 1]
    edges[0] = max(edges[0], since_us // HOUR_US)
    hourly = len(starts) > 1 and starts[1] - starts[0] < timedelta(hours=2)
    form = "%Y-%m-%d %H:00" if hourly or (len(starts) == 1 and starts[0].hour) else "%Y-%m-%d"
    return [(each.strftime(form), (edges[no], edges[no + 1])) for no, each in enumerate(starts)]


def whole_of(some: Iterable[Figure]) -> Figure:
    """All of a span as one; it has one group at most."""
    return next(iter(some), Figure())


def row_of(
    tenant: Tenant, one: Figure, *, by: str, group: str, from_us: int, until_us: int, total: bool = False
) -> FigureRow:
    route = next((each for each in tenant.routes if by == "route" and each.name == group), None)
    posts = sum(one.lasted.values())
    promise = Promise(n=posts, late=one.late, goal=route.sla_goal) if route is not None and route.sla else None
    return FigureRow(
        tenant=tenant.name,
        group=group,
        by=by,
        total=total,
        from_us=from_us,
        until_us=until_us,
        made=one.states.get("made", 0),
        delivered=one.states.get("delivered", 0),
        posts=posts,
        ended={state: n for state, n in sorted(one.states.items()) if state not in ("made", "delivered")},
        attempts=sum(n for verdict, n in one.sends.items() if verdict != "not_sent"),
        errors={verdict: n for verdict, n in sorted(one.sends.items()) if verdict in FAULTS},
        probes=sum(one.probes.values()),
        calls=dict(sorted(one.calls.items())),
        p50_us=quantile_us(one.lasted, 0.50),
        p95_us=quantile_us(one.lasted, 0.95),
        p99_us=quantile_us(one.lasted, 0.99),
        send_p50_us=quantile_us(one.took, 0.50),
        send_p95_us=quantile_us(one.took, 0.95),
        late=one.late,
        kept=promise.kept if promise else None,
        goal=promise.goal if promise else None,
    )
