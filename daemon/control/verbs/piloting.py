"""``pilot``: try routes on some people, see how that goes, and tell everybody or nobody."""

from actors.domain.persons import identified
from actors.domain.piloting import Cohort, PilotState, in_words, names_of, shrinks
from actors.domain.trial import EXAMPLES_MAX, Judgement, Measured, judged, measured
from config.model import Tenant
from config.numbers import number_of
from daemon.control.exits import Exit
from daemon.control.office import Asking, done
from daemon.control.piloted import ExampleView, PilotRow
from daemon.control.protocol import Done, PilotCreate, PilotPromote, PilotStatus, PilotStop, Refusal
from daemon.control.verbs.projecting import HOUR_US, Projected, projected
from daemon.control.verbs.restating import Restated, restated
from daemon.control.views import ChangedRow
from daemon.store.pilots import Pilot

DAY_US = 24 * HOUR_US
MONTH_DAYS = 30.44
NOT_NAMED = "no route names it: pilot = {!r} in a route does"


async def create(request: PilotCreate, asking: Asking) -> Done:
    """A running pilot grows; nobody is taken out of it."""
    tenant = asking.tenant(request.tenant)
    people = [_names(text) for text in request.persons]
    before = await asking.office.store.pilots.one(tenant.name, request.name)
    listed = await asking.office.store.pilots.unlisted(before, people)
    listed += 0 if before is None else before.cohort.listed
    cohort = Cohort(
        percent=request.percent,
        org_units=tuple(dict.fromkeys(request.org_units)),
        courses=tuple(dict.fromkeys(request.courses)),
        listed=listed,
    )
    if before is None and cohort == Cohort():
        raise Refusal(Exit.USAGE, "nobody would be in it", advice="give --percent, --org-unit, --course or --person")
    if before is not None and before.state == "everyone":
        raise Refusal(
            Exit.USAGE,
            f"the pilot {request.name} has ended: everybody is told",
            advice="give the new one another name, or stop this one with --nobody first",
        )
    if before is not None and (lost := shrinks(before.cohort, cohort)):
        raise Refusal(
            Exit.USAGE,
            f"who is in a pilot stays in, and this would take out: {lost}",
            advice="name all of the cohort again and more; for a smaller one create a pilot of another name",
        )
    if not request.dry_run:
        await asking.office.store.pilots.put(
            tenant.name,
            request.name,
            cohort,
            people,
            salt=asking.office.dice.token(),
            by=asking.peer.name,
            now_us=asking.now_us,
        )
    was = "none" if before is None else f"{before.state}: {in_words(before.cohort)}"
    await asking.emit(_changed(request.name, was, f"running: {in_words(cohort)}", dry_run=request.dry_run))
    return done("" if _routes(tenant, request.name) else NOT_NAMED.format(request.name))


async def status(request: PilotStatus, asking: Asking) -> Done:
    """Exit code 2 if the verdict of one that runs is red."""
    tenants = (
        [asking.tenant(request.tenant)] if request.tenant else list(asking.office.configuration().tenants.values())
    )
    shown, red = 0, []
    for tenant in sorted(tenants, key=lambda each: each.name):
        for pilot in await asking.office.store.pilots.all(tenant.name):
            if request.name in ("", pilot.name):
                row = await _row(pilot, tenant, asking)
                red += [f"{tenant.name}/{pilot.name}"] if row.verdict == "red" else []
                await asking.emit(row)
                shown += 1
        made = {pilot.name for pilot in await asking.office.store.pilots.all(tenant.name)}
        for name in sorted({route.pilot for route in tenant.routes if route.pilot} - made):
            if request.name in ("", name):
                await asking.emit(_missing(tenant, name))
                shown += 1
    if not shown:
        return done("there is no such pilot" if request.name else "there is no pilot", Exit.NOTHING)
    return done(f"red: {', '.join(red)}", Exit.DEGRADED) if red else done()


async def promote(request: PilotPromote, asking: Asking) -> Done:
    """Judged anew. What was rehearsed is not sent afterwards."""
    tenant, pilot = await _running(request.tenant, request.name, asking)
    row = await _row(pilot, tenant, asking)
    if row.verdict == "red" and not request.accept_red:
        raise Refusal(
            Exit.STALE,
            f"the verdict is red: {'; '.join(row.against)}",
            advice=f"lmsyncctl pilot status {tenant.name} {pilot.name}; --accept-red REASON promotes it all the same",
        )
    reason = f"promoted although red: {request.accept_red}" if row.verdict == "red" else f"promoted, {row.verdict}"
    return await _end(pilot, "everyone", reason, asking, dry_run=request.dry_run)


async def stop(request: PilotStop, asking: Asking) -> Done:
    """Towards nobody the rest is called off by the daemon, should this be broken off."""
    tenant = asking.tenant(request.tenant)
    pilot = await asking.office.store.pilots.one(tenant.name, request.name)
    if pilot is None:
        raise _unknown(request.name, tenant.name)
    reason = f"stopped: {request.why}" if request.why else "stopped"
    return await _end(pilot, request.to, reason, asking, dry_run=request.dry_run)


async def _end(pilot: Pilot, to: PilotState, reason: str, asking: Asking, *, dry_run: bool) -> Done:
    called_off = 0
    if not dry_run:
        pilots = asking.office.store.pilots
        called_off = await pilots.end(pilot, to, by=asking.peer.name, reason=reason, now_us=asking.now_us)
        for lane in {f"{pilot.tenant}/{target}" for target in asking.tenant(pilot.tenant).targets}:
            asking.office.switchboard.ready(lane)
    await asking.emit(_changed(pilot.name, pilot.state, f"{to}: {reason}", dry_run=dry_run))
    if dry_run:
        return done("nothing was done")
    if to == "everyone":
        return done("everybody is told from now on; what was rehearsed is not sent afterwards")
    return done(f"nobody is told any more; {number_of(called_off, 'deliveries', 'was', 'were')} called off")


async def _running(tenant_name: str, name: str, asking: Asking) -> tuple[Tenant, Pilot]:
    tenant = asking.tenant(tenant_name)
    pilot = await asking.office.store.pilots.one(tenant.name, name)
    if pilot is None:
        raise _unknown(name, tenant.name)
    if pilot.state != "running":
        raise Refusal(Exit.USAGE, f"the pilot {name} has ended: {pilot.state} ({pilot.reason})")
    return tenant, pilot


async def _row(pilot: Pilot, tenant: Tenant, asking: Asking) -> PilotRow:
    seen = await asking.office.store.pilots.seen(pilot.no)
    found = measured(seen)
    window_us = max(found.until_us - found.from_us, HOUR_US)
    full = projected(seen, tenant, asking.office.targets(tenant.name), window_us=window_us)
    busiest = (f"{full.needs[0].lane} {full.needs[0].bucket}", full.needs[0].percent) if full.needs else ("", 0.0)
    again = await restated(pilot, tenant, asking) if pilot.state == "running" else Restated()
    verdict = None
    if pilot.state == "running":
        verdict = judged(found, tenant.pilot, busiest, (again.changed, again.looked_at))
    return _shown(pilot, tenant, found, full, verdict, again, per_day=found.events * DAY_US / window_us)


def _shown(
    pilot: Pilot,
    tenant: Tenant,
    found: Measured,
    full: Projected,
    verdict: Judgement | None,
    again: Restated,
    *,
    per_day: float,
) -> PilotRow:
    lacking = verdict.lacking if verdict else ()
    if not _routes(tenant, pilot.name):
        lacking = (*lacking, NOT_NAMED.format(pilot.name))
    return PilotRow(
        tenant=tenant.name,
        name=pilot.name,
        state=pilot.state,
        cohort=in_words(pilot.cohort),
        created_us=pilot.created_us,
        changed_us=pilot.changed_us,
        changed_by=pilot.changed_by,
        reason=pilot.reason,
        routes=_routes(tenant, pilot.name),
        verdict=verdict.colour if verdict else "",
        reasons=verdict.reasons if verdict else (),
        against=verdict.against if verdict else (),
        lacking=lacking,
        people=found.people,
        outsiders=found.outsiders,
        sent=found.sent,
        waiting=found.waiting,
        wrong=found.wrong,
        mismatched=found.mismatched,
        doubles=found.doubles,
        rehearsed=found.rehearsed,
        unsayable=found.unsayable,
        compared=found.compared,
        astray=found.astray,
        also_told=found.also_told,
        others=found.others,
        restated_of=again.looked_at,
        restated=again.changed,
        examples=tuple(
            ExampleView(id=each.id, what=each.what) for each in (*found.examples, *again.examples)[:EXAMPLES_MAX]
        ),
        p50_us=found.quantile_us(0.50),
        p95_us=found.quantile_us(0.95),
        p99_us=found.quantile_us(0.99),
        kept=round(100.0 * (found.promised - found.late) / found.promised, 2) if found.promised else None,
        calls_each=round(found.calls_each, 3),
        bytes_each=round(found.bytes_each),
        full_events_per_day=round(per_day, 1),
        full_calls_per_day=round(full.calls, 1),
        full_bytes_per_month=round(per_day * found.bytes_each * MONTH_DAYS),
        needs=full.needs,
    )


def _missing(tenant: Tenant, name: str) -> PilotRow:
    return PilotRow(
        tenant=tenant.name,
        name=name,
        state="nobody",
        cohort="nobody",
        created_us=0,
        changed_us=0,
        changed_by="",
        reason="not created yet: its routes tell nobody",
        routes=_routes(tenant, name),
    )


def _routes(tenant: Tenant, name: str) -> tuple[str, ...]:
    return tuple(route.name for route in tenant.routes if route.pilot == name)


def _names(text: str) -> tuple[str, ...]:
    """As a learner is named in what is routed. Raises Refusal."""
    try:
        found = names_of(identified(text))
    except ValueError as error:
        raise Refusal(Exit.USAGE, str(error), where="--person") from None
    if not found:
        raise Refusal(Exit.USAGE, f"nobody can be known by {text!r}", where="--person")
    return found


def _changed(name: str, before: str, after: str, *, dry_run: bool) -> ChangedRow:
    return ChangedRow(what=f"pilot {name}", before=before, after=after, done=not dry_run, dry_run=dry_run)


def _unknown(name: str, tenant: str) -> Refusal:
    return Refusal(Exit.NOTHING, f"{tenant} has no pilot {name!r}", advice=f"lmsyncctl pilot status {tenant}")
