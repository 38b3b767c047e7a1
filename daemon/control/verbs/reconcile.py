"""``reconcile``: what would change in rosters and why, doing just that, and how everybody stands."""

from collections.abc import Iterator
from contextlib import suppress

from actors.domain.progress import Progress
from actors.domain.rosters.shown import PersonShown, PlaceShown
from actors.kernel import ActorDied, DeadlineExceeded
from actors.messages import HowInStep, ReconcilerMessage, RosterApply, RosterPlan, RosterPlanned, RosterRun, RuleView
from actors.ports.rosters import PlanRow
from actors.roles.planrows import places_of
from config.model import Tenant
from config.numbers import number_of
from daemon.control.exits import Exit
from daemon.control.office import Asking, done
from daemon.control.protocol import (
    Done,
    ReconcileAccept,
    ReconcileApply,
    ReconcilePlan,
    ReconcileRun,
    ReconcileShow,
    ReconcileStatus,
    Refusal,
)
from daemon.control.reconcile_asks import LONG_S
from daemon.control.reconciled import (
    RosterChangeRow,
    RosterMoveRow,
    RosterPlanRow,
    RuleRow,
)
from daemon.control.verbs.accounts import in_doubt, states_of
from daemon.control.watching import GONE as ASKER_GONE
from daemon.control.watching import attended

PATIENCE_S = LONG_S - 60.0
"""Less than a verb may take at all."""
PAGE = 500
DAY_US = 86_400_000_000
PARKED_SHOWN = 50
GONE = "its target keeps no such places, or its actor does not stand"


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
        return RosterApply(
            course=row.scope,
            hash=row.hash,
            accept=accept,
            by=asking.peer.name,
            progress=progress,
            reply=reply,  # type: ignore[arg-type]  # a Reply
        )

    progress = Progress()
    told = await _ask(tenant, question, progress, asking)
    if not told.done:
        code = Exit.AGAIN if told.again else Exit.STALE
        raise Refusal(code, told.why, advice=f"lmsyncctl reconcile plan {tenant.name} {row.scope}".rstrip())
    if told.left:
        return done(f"ordered, in {number_of(told.ordered, 'orders')}; {told.why}", Exit.STALE)
    return done(f"ordered, in {number_of(told.ordered, 'orders')}: lmsyncctl reconcile report shows what came of it")


async def run(request: ReconcileRun, asking: Asking) -> Done:
    tenant = asking.tenant(request.tenant)
    if request.dry_run:
        return await _told(await _planned(tenant, request.course, asking), asking)

    def question(reply: object) -> ReconcilerMessage:
        by = asking.peer.name
        return RosterRun(course=request.course, by=by, progress=progress, reply=reply)  # type: ignore[arg-type]  # a Reply

    progress = Progress()
    told = await _ask(tenant, question, progress, asking)
    if told.plan is None:
        raise Refusal(Exit.AGAIN if told.again else Exit.NOTHING, told.why)
    with suppress(*ASKER_GONE):  # it was done all the same, and that is what stands in the audit
        await _emit(told.plan, asking)
    if told.left:
        return done(f"ordered, in {number_of(told.ordered, 'orders')}; {told.why}", Exit.STALE)
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
            states = await states_of(tenant, rule, asking)
            spared = in_doubt(await asking.office.store.rosters.doubts(tenant.name, rule.source))
            hindered |= view is None or view.state == "hindered"
            await asking.emit(
                RuleRow(
                    tenant=tenant.name,
                    roster=rule.name,
                    lane=f"{tenant.name}/{rule.to}",
                    state=view.state if view else "gone",
                    detail=(view.detail or spared) if view else GONE,
                    doing=view.doing if view else "",
                    done=view.done if view else 0,
                    of=view.of if view else 0,
                    unit=view.unit if view else "",
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


# ── asking a reconciler ──────────────────────────────────────────────────────────────────────────────


async def _planned(tenant: Tenant, course: str, asking: Asking) -> RosterPlanned:
    def question(reply: object) -> ReconcilerMessage:
        return RosterPlan(course=course, progress=progress, reply=reply)  # type: ignore[arg-type]  # a Reply

    progress = Progress()
    return await _ask(tenant, question, progress, asking)


async def _ask(tenant: Tenant, question: object, progress: Progress, asking: Asking) -> RosterPlanned:
    """The asker is told how far it is."""
    reconciler = asking.office.switchboard.reconcilers.get(tenant.name)
    if reconciler is None:
        raise Refusal(Exit.NOTHING, f"{tenant.name} has no rosters", advice="[[rosters]] in its configuration")

    async def asked() -> RosterPlanned:
        return await reconciler.ask(question, deadline_s=PATIENCE_S)  # type: ignore[arg-type]  # a question

    try:
        return await attended(asked, progress, asking)
    except DeadlineExceeded:
        advice = "one course at a time is sooner; what was learnt so far is remembered"
        if progress.is_bound:
            advice = "it goes on by itself: lmsyncctl reconcile status"
        raise Refusal(Exit.AGAIN, "that many places take longer to read", advice=advice) from None
    except ActorDied as error:
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
