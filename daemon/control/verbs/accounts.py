"""``reconcile report``: how everybody stands, and that all who are enrolled are accounted for."""

from collections.abc import AsyncIterator

from actors.domain.rosters.desired import Desiring
from actors.ports.rosters import PlaceState
from config.model import Tenant
from config.rosters import Roster
from daemon.control.exits import Exit
from daemon.control.office import Asking, done
from daemon.control.protocol import Done, ReconcileReport
from daemon.control.reconciled import DriftRow, RosterRow, StandingRow
from daemon.store.reckoning import who_of

PAGE = 500
DAY_US = 86_400_000_000


async def report(request: ReconcileReport, asking: Asking) -> Done:
    """Everybody who is enrolled is in one state; that they all are is counted beside it, from the source's records."""
    tenant = asking.tenant(request.tenant)
    accounted = enrolled = shown = 0
    for rule in tenant.rosters:
        states = await states_of(tenant, rule, asking)
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


async def states_of(tenant: Tenant, rule: Roster, asking: Asking) -> dict[str, PlaceState]:
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
