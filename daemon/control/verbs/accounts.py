"""``reconcile report``: how everybody stands, and that all who are enrolled are accounted for."""

from collections import Counter
from collections.abc import AsyncIterator, Container, Mapping, Sequence

import msgspec

from actors.domain.progress import Progress
from actors.domain.rosters.accounts import Account as Standing
from actors.domain.rosters.desired import Desiring
from actors.domain.rosters.model import Standing as How
from actors.ports.rosters import PlaceState
from actors.roles.drafting import ENROLLED
from config.model import Tenant
from config.numbers import number_of
from config.rosters import Roster
from daemon.control.exits import Exit
from daemon.control.office import Asking, done
from daemon.control.protocol import Done, ReconcileReport
from daemon.control.reconciled import DriftRow, RosterRow, StandingRow
from daemon.control.watching import attended
from daemon.store.reckoning import who_of

PAGE = 500
DAY_US = 86_400_000_000
NAMED_MAX = 20
"""So many courses are named to whoever asks for one that there is not."""
COUNTING = "counting how everybody stands"
LEFT = "is not enrolled any more: leaves once it is compared"


async def report(request: ReconcileReport, asking: Asking) -> Done:
    """Everybody who is enrolled is in one state; that they all are is counted beside it, from the source's records."""
    progress = Progress()
    return await attended(lambda: _report(request, progress, asking), progress, asking)


async def _report(request: ReconcileReport, progress: Progress, asking: Asking) -> Done:
    tenant = asking.tenant(request.tenant)
    accounted = enrolled = shown = 0
    there: dict[str, list[str]] = {}
    for rule in tenant.rosters:
        states = await states_of(tenant, rule, asking)
        progress.within = rule.name
        people = await _enrolled(tenant, rule, progress, asking)
        doubts = await asking.office.store.rosters.doubts(tenant.name, rule.source)
        there[rule.name] = sorted({each.place.unit.label for key, each in states.items() if key})
        for at, (key, state) in enumerate(sorted(states.items(), key=lambda each: each[1].place.unit.label)):
            progress.step(COUNTING, at, len(states), "places")
            if not _is_asked(request.course, state):
                continue
            who = people.get(key, frozenset())
            counts = Counter([each.standing async for each in _standings(state, who, asking)])
            row = _roster(tenant.name, rule, state, counts, doubts)
            shown, accounted, enrolled = shown + 1, accounted + row.people, enrolled + len(who)
            await asking.emit(row)
            if not request.summary:
                async for standing in _standings(state, who, asking):
                    await asking.emit(_standing(tenant.name, rule, state, standing))
        if request.drift_days is not None:
            since_us = asking.now_us - request.drift_days * DAY_US
            for each in await asking.office.store.rosters.drift(tenant.name, rule.name, since_us):
                fields = {name: getattr(each, name) for name in each.__struct_fields__ if name != "rule"}
                await asking.emit(DriftRow(tenant=tenant.name, roster=rule.name, **fields))
    if not shown:
        return done(_unknown(tenant.name, request.course, there), Exit.NOTHING)
    said = f"{accounted:,} of {enrolled:,} people enrolled are accounted for"
    return done(said, Exit.OK if accounted == enrolled else Exit.DEGRADED)


async def states_of(tenant: Tenant, rule: Roster, asking: Asking) -> dict[str, PlaceState]:
    lane = f"{tenant.name}/{rule.to}"
    return await asking.office.store.rosters.places(tenant.name, rule.name, lane, rule.into.kind)


def _is_asked(course: str, state: PlaceState) -> bool:
    unit = state.place.unit
    return not course or course in (unit.course, unit.label, unit.name, unit.key, unit.rule)


def _unknown(tenant: str, course: str, there: Mapping[str, Sequence[str]]) -> str:
    """Why there is nothing to show, and what there is."""
    if not any(there.values()):
        return "nothing was compared yet: lmsyncctl reconcile status" if there else f"{tenant} has no rosters"
    kept = []
    for rule, labels in there.items():
        more = f" and {len(labels) - NAMED_MAX:,} more" if len(labels) > NAMED_MAX else ""
        kept.append(f"{rule} has {', '.join(labels[:NAMED_MAX])}{more}" if labels else f"{rule} has none yet")
    return f"{tenant} keeps no roster {course}, and none of a course {course}: {'; '.join(kept)}"


def in_doubt(doubts: Mapping[str, str], course: str = "") -> str:
    """Why nobody is taken out of a course (empty: of some); empty: whoever left is."""
    if why := doubts.get("", "") or doubts.get(course, ""):
        return f"nobody is taken out: {why}"
    if course or not doubts:
        return ""
    return f"nobody is taken out of {number_of(len(doubts), 'courses')}: {next(iter(doubts.values()))}"


def _roster(tenant: str, rule: Roster, state: PlaceState, counts: Counter[How], doubts: Mapping[str, str]) -> RosterRow:
    place = state.place
    waits = f"waits for a person: plan {state.parked}" if state.parked else ""
    notes = (place.closed, state.stuck, state.partly, waits, in_doubt(doubts, place.unit.course))
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
        note="; ".join(each for each in notes if each),
    )


async def _standings(state: PlaceState, enrolled: Container[str], asking: Asking) -> AsyncIterator[Standing]:
    """As of the last comparison; those who are not ``enrolled`` (as ``who_of`` names them) any more are none of those
    who are."""
    after = ""
    while found := await asking.office.store.rosters.standings(state.place.no, after, PAGE):
        for each in found:
            if each.standing == "stranger" or who_of(each) in enrolled:
                yield each
            elif each.standing in ("in_step", "pending"):
                yield msgspec.structs.replace(each, standing="stranger", detail=LEFT)
        after = who_of(found[-1])


def _standing(tenant: str, rule: Roster, state: PlaceState, each: Standing) -> StandingRow:
    return StandingRow(
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


async def _enrolled(tenant: Tenant, rule: Roster, progress: Progress, asking: Asking) -> dict[str, frozenset[str]]:
    """Who is enrolled in each unit, by the source's records, as ``who_of`` names them."""
    desiring, n = Desiring(rule, tenant.timezone, asking.now_us), 0
    after: tuple[str, str, int] | None = ("", "", 0)
    while after is not None:
        progress.step(ENROLLED, n, unit="enrolments")
        some, after = await asking.office.store.rosters.enrolled(tenant.name, rule.source, None, after, PAGE)
        desiring.take(some)
        n += len(some)
    found = {}
    for unit in desiring.units():
        told = desiring.desired(unit.key)
        seats = (_who(each.person, each.user) for each in told.seats)
        found[unit.key] = frozenset((*seats, *(_who(each.person, each.user) for each in told.excluded)))
    return {**found, "": frozenset(_who(each.person, each.user) for each in desiring.unplaced())}


def _who(person: int, user: str) -> str:
    return who_of(Standing(standing="pending", person=person, user=user))
