"""``reconcile``: what would change in rosters and why, doing just that, and how everybody stands."""

from collections.abc import AsyncIterator, Iterator

from actors.domain.rosters.desired import Desiring
from actors.domain.rosters.shown import PersonShown, PlaceShown
from actors.kernel import ActorDied, DeadlineExceeded
from actors.messages import HowInStep, ReconcilerMessage, RosterApply, RosterPlan, RosterPlanned, RosterRun, RuleView
from actors.ports.rosters import PlaceState, PlanRow
from actors.roles.planrows import places_of
from config.model import Tenant
from config.numbers import number_of
from config.rosters import Roster
from daemon.control.exits import Exit
from daemon.control.office import Asking, done
from daemon.control.protocol import (
    Done,
    ReconcileAccept,
    ReconcileApply,
    ReconcilePlan,
    ReconcileReport,
    ReconcileRun,
    ReconcileShow,
    ReconcileStatus,
    Refusal,
)
from daemon.control.reconciled import (
    DriftRow,
    RosterChangeRow,
    RosterMoveRow,
    RosterPlanRow,
    RosterRow,
    RuleRow,
    StandingRow,
)
from daemon.store.reckoning import who_of

PATIENCE_S = 3_600.0
"""A plan of a large institution reads every place that it has."""
PAGE = 500
DAY_US = 86_400_000_000
PARKED_SHOWN = 50


async def plan(request: ReconcilePlan, asking: Asking) -> Done:
    tenant = asking.tenant(request.tenant)
    told = await _planned(tenant, request.course, asking)
    return await _told(told, asking)


async def show(request: ReconcileShow, asking: Asking) -> Done:
    _, row = await _found(request.hash, asking)
    await _emit(row, asking)
    return done(_advice(row))


async def apply(request: ReconcileApply | ReconcileAccept, asking: Asking) -> Done:
    """A plan that the brake parked is let go; another one is made again, and done if it is the same."""
    tenant, row = await _found(request.hash, asking)
    accept = isinstance(request, ReconcileAccept)
    if row.state == "parked":
        return await _let_go(row, asking, accept=accept, dry_run=request.dry_run)
    if row.state != "shown":
        advice = f"lmsyncctl reconcile plan {tenant.name}"
        raise Refusal(Exit.STALE, f"the plan {row.hash} is {row.state}", advice=advice)
    if request.dry_run:
        await _emit(row, asking)
        return done("it would be made again, and done if it is the same")

    def question(reply: object) -> ReconcilerMessage:
        by = asking.peer.name
        return RosterApply(course=row.scope, hash=row.hash, accept=accept, by=by, reply=reply)  # type: ignore[arg-type]

    told = await _ask(tenant, question, asking)
    if not told.done:
        code = Exit.AGAIN if told.again else Exit.STALE
        raise Refusal(code, told.why, advice=f"lmsyncctl reconcile plan {tenant.name} {row.scope}".rstrip())
    return done(f"ordered, in {number_of(told.ordered, 'orders')}: lmsyncctl reconcile report shows what came of it")


async def run(request: ReconcileRun, asking: Asking) -> Done:
    tenant = asking.tenant(request.tenant)
    if request.dry_run:
        return await _told(await _planned(tenant, request.course, asking), asking)

    def question(reply: object) -> ReconcilerMessage:
        return RosterRun(course=request.course, by=asking.peer.name, reply=reply)  # type: ignore[arg-type]  # a Reply

    told = await _ask(tenant, question, asking)
    if told.plan is None:
        raise Refusal(Exit.AGAIN if told.again else Exit.NOTHING, told.why)
    await _emit(told.plan, asking)
    if told.plan.why:
        return done(f"some of it waits for a person: {told.plan.why}", Exit.STALE)
    return done(f"ordered, in {number_of(told.ordered, 'orders')}" if told.ordered else "nothing was to be done")


async def status(request: ReconcileStatus, asking: Asking) -> Done:
    configured = asking.office.configuration().tenants
    tenants = [asking.tenant(request.tenant)] if request.tenant else list(configured.values())
    shown, parked, hindered = 0, 0, False
    for tenant in sorted(tenants, key=lambda each: each.name):
        views = await _views(tenant, asking)
        for rule in tenant.rosters:
            shown += 1
            view = views.get(rule.name)
            states = await _states(tenant, rule, asking)
            hindered |= view is None or view.state == "hindered"
            await asking.emit(
                RuleRow(
                    tenant=tenant.name,
                    roster=rule.name,
                    lane=f"{tenant.name}/{rule.to}",
                    state=view.state if view else "gone",
                    detail=view.detail if view else "its target keeps no such places, or its actor does not stand",
                    places=sum(bool(key) for key in states),
                    last_us=view.last_us if view else None,
                    next_us=view.next_us if view else None,
                )
            )
        for row in await asking.office.store.rosters.plans(tenant.name, PAGE):
            if row.state == "parked" and parked < PARKED_SHOWN:
                parked += 1
                await asking.emit(_row(row))
    if not shown:
        return done("no roster is configured", Exit.NOTHING)
    note = "lmsyncctl reconcile show HASH has what waits; conflict list has it with its facts" if parked else ""
    return done(note, Exit.DEGRADED if hindered or parked else Exit.OK)


async def report(request: ReconcileReport, asking: Asking) -> Done:
    """Everybody who is enrolled is in one state; that they all are is counted beside it, from the source's records."""
    tenant = asking.tenant(request.tenant)
    accounted = enrolled = shown = 0
    for rule in tenant.rosters:
        states = await _states(tenant, rule, asking)
        people = await _enrolled(tenant, rule, asking)
        counts = await asking.office.store.rosters.counts(tenant.name)
        for key, state in sorted(states.items(), key=lambda each: each[1].place.unit.label):
            if not _is_asked(request.course, state):
                continue
            row = _roster(tenant.name, rule, state, counts.get(state.place.no, {}))
            shown, accounted, enrolled = shown + 1, accounted + row.people, enrolled + people.get(key, 0)
            await asking.emit(row)
            if not request.summary:
                async for standing in _standings(tenant.name, rule, state, asking):
                    await asking.emit(standing)
        if request.drift_days is not None:
            since_us = asking.now_us - request.drift_days * DAY_US
            for each in await asking.office.store.rosters.drift(tenant.name, rule.name, since_us):
                fields = {name: getattr(each, name) for name in each.__struct_fields__ if name != "rule"}
                await asking.emit(DriftRow(tenant=tenant.name, roster=rule.name, **fields))
    if not shown:
        return done("there is no roster, or nothing was compared yet", Exit.NOTHING)
    said = f"{accounted:,} of {enrolled:,} people enrolled are accounted for"
    return done(said, Exit.OK if accounted == enrolled else Exit.DEGRADED)


# ── asking a reconciler ──────────────────────────────────────────────────────────────────────────────


async def _planned(tenant: Tenant, course: str, asking: Asking) -> RosterPlanned:
    def question(reply: object) -> ReconcilerMessage:
        return RosterPlan(course=course, reply=reply)  # type: ignore[arg-type]  # a Reply

    return await _ask(tenant, question, asking)


async def _ask(tenant: Tenant, question: object, asking: Asking) -> RosterPlanned:
    reconciler = asking.office.switchboard.reconcilers.get(tenant.name)
    if reconciler is None:
        raise Refusal(Exit.NOTHING, f"{tenant.name} has no rosters", advice="[[rosters]] in its configuration")
    try:
        return await reconciler.ask(question, deadline_s=PATIENCE_S)  # type: ignore[arg-type]  # a question
    except (ActorDied, DeadlineExceeded) as error:
        raise Refusal(Exit.AGAIN, f"its reconciler does not answer: {error}", advice="lmsyncctl actor tree") from None


async def _views(tenant: Tenant, asking: Asking) -> dict[str, RuleView]:
    reconciler = asking.office.switchboard.reconcilers.get(tenant.name)
    if reconciler is None:
        return {}
    try:
        told: tuple[RuleView, ...] = await reconciler.ask(HowInStep)
    except (ActorDied, DeadlineExceeded):
        return {}
    return {each.rule: each for each in told}


async def _told(told: RosterPlanned, asking: Asking) -> Done:
    if told.plan is None:
        raise Refusal(Exit.AGAIN if told.again else Exit.NOTHING, told.why)
    await _emit(told.plan, asking)
    return done(_advice(told.plan)) if told.plan.hash else done(told.why)


def _advice(row: PlanRow) -> str:
    if row.state not in ("shown", "parked"):
        return f"it is {row.state}"
    accept = " --accept" if row.why else ""
    held = f"some of it waits for a person: {row.why}; " if row.why else ""
    return f"{held}lmsyncctl reconcile apply {row.hash}{accept} does it"


async def _found(hash_: str, asking: Asking) -> tuple[Tenant, PlanRow]:
    """The plan, whosever it is."""
    found = []
    for tenant in asking.office.configuration().tenants.values():
        row = await asking.office.store.rosters.plan(tenant.name, hash_)
        if row is not None:
            found.append((tenant, row))
    if len(found) != 1:
        what = f"{hash_} is the beginning of several plans" if found else f"there is no plan {hash_}"
        raise Refusal(Exit.NOTHING, what, advice="lmsyncctl reconcile plan TENANT makes one")
    return found[0]


async def _let_go(row: PlanRow, asking: Asking, *, accept: bool, dry_run: bool) -> Done:
    if not accept:
        raise Refusal(Exit.STALE, f"the plan waits for a person: {row.why}", advice="--accept, as an approver")
    if dry_run:
        await _emit(row, asking)
        return done(f"{number_of(row.removes, 'people')} would be taken out")
    rosters, by = asking.office.store.rosters, asking.peer.name
    if not await rosters.judge_plan(row.tenant, row.hash, "accepted", by, asking.now_us):
        raise Refusal(Exit.STALE, f"the plan {row.hash} does not wait any more")
    asking.office.switchboard.reconcile(row.tenant)
    return done("it goes, if it is still the same: lmsyncctl reconcile status")


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────────


async def _emit(row: PlanRow, asking: Asking) -> None:
    """What differs, place by place, and the plan itself at the end."""
    for place in places_of(row):
        if place.is_clean:
            continue
        await asking.emit(_change(place))
        for move in _moves(place):
            await asking.emit(move)
    await asking.emit(_row(row))


def _row(row: PlanRow) -> RosterPlanRow:
    return RosterPlanRow(
        tenant=row.tenant,
        hash=row.hash,
        state=row.state if row.hash else "empty",
        scope=row.scope,
        cause=row.cause,
        by=row.by,
        made_us=row.made_us,
        done_us=row.done_us,
        adds=row.adds,
        removes=row.removes,
        why=row.why,
    )


def _change(place: PlaceShown) -> RosterChangeRow:
    spared = f"{number_of(place.spared, 'people')} would leave, but {place.why}" if place.spared else ""
    held = f"{place.held} (plan {place.parked})" if place.held else ""
    return RosterChangeRow(
        roster=place.roster,
        lane=place.lane,
        unit=place.unit,
        label=place.label,
        place=place.place,
        name=place.name,
        create=place.create,
        inside=place.inside,
        in_step=place.in_step,
        adds=place.adds,
        promotes=place.promotes,
        demotes=place.demotes,
        removes=place.removes,
        unmatched=place.unmatched_n,
        refused=place.refused_n,
        asked=place.asked_n,
        note="; ".join(each for each in (place.problem, held, spared) if each),
    )


def _moves(place: PlaceShown) -> Iterator[RosterMoveRow]:
    lists: tuple[tuple[str, tuple[PersonShown, ...]], ...] = (
        ("add", place.joining),
        ("promote", place.promoted),
        ("demote", place.demoted),
        ("remove", place.leaving),
        ("unmatched", place.unmatched),
        ("refused", place.refused),
        ("asked", place.asked),
    )
    for does, people in lists:
        for each in people:
            yield RosterMoveRow(
                roster=place.roster,
                label=place.label,
                does=does,
                name=each.name,
                email=each.email,
                account=each.id,
                owner=each.owner,
                why=each.why,
            )


async def _states(tenant: Tenant, rule: Roster, asking: Asking) -> dict[str, PlaceState]:
    lane = f"{tenant.name}/{rule.to}"
    return await asking.office.store.rosters.places(tenant.name, rule.name, lane, rule.into.kind)


def _is_asked(course: str, state: PlaceState) -> bool:
    unit = state.place.unit
    return not course or course in (unit.course, unit.label, unit.name, unit.key)


def _roster(tenant: str, rule: Roster, state: PlaceState, counts: dict[str, int]) -> RosterRow:
    place = state.place
    waits = f"waits for a person: plan {state.parked}" if state.parked else ""
    return RosterRow(
        tenant=tenant,
        roster=rule.name,
        unit=place.unit.key,
        label=place.unit.label,
        lane=place.lane,
        place_kind=place.kind,
        place=place.id,
        people=sum(n for standing, n in counts.items() if standing != "stranger"),
        in_step=counts.get("in_step", 0),
        pending=counts.get("pending", 0),
        unmatched=counts.get("unmatched", 0),
        refused=counts.get("refused", 0),
        excluded=counts.get("excluded", 0),
        asked=counts.get("asked", 0),
        strangers=counts.get("stranger", 0),
        read_us=place.read_us or None,
        note="; ".join(each for each in (place.closed, state.stuck, state.partly, waits) if each),
    )


async def _standings(tenant: str, rule: Roster, state: PlaceState, asking: Asking) -> AsyncIterator[StandingRow]:
    after = ""
    while found := await asking.office.store.rosters.standings(state.place.no, after, PAGE):
        for each in found:
            yield StandingRow(
                tenant=tenant,
                roster=rule.name,
                label=state.place.unit.label,
                place=state.place.id,
                name=each.name,
                email=each.email,
                person=each.person,
                user=each.user,
                account=each.id,
                owner=each.owner,
                standing=each.standing,
                detail=each.detail,
            )
        after = who_of(found[-1])


async def _enrolled(tenant: Tenant, rule: Roster, asking: Asking) -> dict[str, int]:
    """How many people are enrolled in each unit, by the source's records."""
    desiring = Desiring(rule, tenant.timezone, asking.now_us)
    after: tuple[str, str, int] | None = ("", "", 0)
    while after is not None:
        some, after = await asking.office.store.rosters.enrolled(tenant.name, rule.source, None, after, PAGE)
        desiring.take(some)
    found = {unit.key: desiring.desired(unit.key) for unit in desiring.units()}
    counts = {key: len(each.seats) + len(each.excluded) for key, each in found.items()}
    return {**counts, "": len(desiring.unplaced())}
