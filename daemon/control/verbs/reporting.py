"""``report``: a tenant's month for whoever answers for it; figures only, nobody's name."""

from collections import Counter

from actors.domain.outbox import OPEN_STATES
from actors.domain.sla import Promise
from actors.domain.verdicts import Cause
from config.durations import seconds
from config.model import Tenant
from daemon.control.eye_asks import Report
from daemon.control.eyed import DisagreementView, PromiseView, ReportRow, WaitingCauseView
from daemon.control.office import Asking, done
from daemon.control.protocol import Done
from daemon.control.reconciled import DriftRow
from daemon.control.verbs import statistics
from daemon.control.words import advice

LETTERS_MAX = 50_000
CHUNK = 5_000
DRIFT_MAX = 400


async def report(request: Report, asking: Asking) -> Done:
    office, now_us, tenant = asking.office, asking.now_us, asking.tenant(request.tenant)
    since_us = now_us - round(request.since_s * 1e6)
    routes = await statistics.grouped(office, tenant, "route", since_us, now_us)
    letters, more = await _letters(tenant, asking)
    depths = Counter[str]()
    lanes = set()
    for lane, state, n in await office.store.queries.depths():
        if lane.partition("/")[0] == tenant.name:
            lanes.add(lane)
            depths[state] += n
    oldest = await office.store.queries.oldest_open(sorted(lanes))
    await asking.emit(
        ReportRow(
            tenant=tenant.name,
            timezone=tenant.timezone,
            locale=tenant.locale,
            version=office.version,
            now_us=now_us,
            since_us=since_us,
            whole=await statistics.total(office, tenant, since_us, now_us),
            days=tuple(await statistics.grouped(office, tenant, "day", since_us, now_us)),
            routes=tuple(routes),
            targets=tuple(await statistics.grouped(office, tenant, "target", since_us, now_us)),
            promises=tuple(await _promises(tenant, since_us, asking)),
            drift=tuple(await _drift(tenant, since_us, asking)),
            conflicts=tuple(
                DisagreementView(what=what, n=n, oldest_us=oldest_us)
                for what, n, oldest_us in await office.store.figures.conflicts(tenant.name)
            ),
            letters=tuple(letters),
            letters_more=more,
            waiting=sum(depths[state.value] for state in OPEN_STATES),
            oldest_us=min(oldest.values(), default=None),
        )
    )
    return done()


async def _promises(tenant: Tenant, since_us: int, asking: Asking) -> list[PromiseView]:
    found = []
    for route in tenant.routes:
        if route.sla is None:
            continue
        counted = await asking.office.store.queries.durations(tenant.name, route.name, since_us)
        promise = Promise(n=counted.n, late=counted.late, goal=route.sla_goal)
        found.append(
            PromiseView(
                route=route.name,
                sla_us=round(seconds(route.sla) * 1e6),
                goal=promise.goal,
                n=promise.n,
                late=promise.late,
                kept=promise.kept,
                red=promise.red,
            )
        )
    return found


async def _drift(tenant: Tenant, since_us: int, asking: Asking) -> list[DriftRow]:
    rows = []
    for rule in tenant.rosters:
        for each in (await asking.office.store.rosters.drift(tenant.name, rule.name, since_us))[-DRIFT_MAX:]:
            fields = {name: getattr(each, name) for name in each.__struct_fields__ if name != "rule"}
            rows.append(DriftRow(tenant=tenant.name, roster=rule.name, **fields))
    return rows


async def _letters(tenant: Tenant, asking: Asking) -> tuple[list[WaitingCauseView], bool]:
    """Dead letters by root cause, most of them first; and whether there are more than were counted."""
    counted: Counter[Cause] = Counter()
    oldest: dict[Cause, int] = {}
    queries = asking.office.store.queries
    for lane in sorted({lane for lane, _, _ in await queries.depths() if lane.partition("/")[0] == tenant.name}):
        after = 0
        while counted.total() < LETTERS_MAX and (chunk := await queries.stuck_causes(lane, CHUNK, after_seq=after)):
            after = chunk[-1][0]
            for _, name, done_us in chunk:
                cause = Cause(name)
                counted[cause] += 1
                oldest[cause] = min(oldest.get(cause, done_us), done_us)
    rows = [
        WaitingCauseView(cause=cause.value, whose=cause.whose.value, n=n, oldest_us=oldest[cause], advice=advice(cause))
        for cause, n in counted.most_common()
    ]
    return rows, counted.total() >= LETTERS_MAX
