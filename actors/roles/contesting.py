"""What a run found that a person has to decide, as questions with their fixes (pure): drift at the platform, places
that cannot be used, persons who may be somebody else, and what the brake holds.
"""

from collections.abc import Mapping, Sequence
from typing import assert_never

import msgspec

from actors.domain.conflicts import brakes, drift, people, places
from actors.domain.conflicts.drift import Where, Whom
from actors.domain.conflicts.model import Conflict
from actors.domain.rosters.difference import Difference, Oddity, Refusal
from actors.domain.rosters.holding import Judged, Settled
from actors.domain.rosters.model import Kept, Place
from actors.domain.rosters.plan import samples
from actors.roles.placing import NO_PLACE, Sought
from config.rosters import Roster

OTHERS_MAX = 3
CREATING = "create: "
"""How it begins why a place is stuck that could not be made."""


class Contest(msgspec.Struct, frozen=True, kw_only=True):
    """One unit's: its place as it is known now, what was found where it was looked for, why it is ``stuck``. ``full``:
    how many its place takes, where more belong in; 0: there is room."""

    place: Place
    settled: Settled
    sought: Sought | None = None
    stuck: str = ""
    full: int = 0
    over: bool = False
    """Its course is: that its place is archived then is nobody's question."""


def where_of(rule: Roster, place: Place, correlation_id: str, now_us: int) -> Where:
    return Where(
        rule=rule.name,
        unit=place.unit.key,
        lane=place.lane,
        source=rule.source,
        place=place.id,
        label=place.unit.label or place.unit.name,
        plan=correlation_id,
        at_us=now_us,
    )


def contested(rule: Roster, each: Contest, correlation_id: str, now_us: int) -> list[Conflict]:
    """All that is to be asked about one unit."""
    where = where_of(rule, each.place, correlation_id, now_us)
    told = each.settled.whole.difference
    found = list(_of_place(where, each, told))
    kept = {one.id: one for one in told.kept}
    found += [_odd(where, odd, told, kept) for odd in told.odd]
    for refusal in told.refused:
        refused_us = kept[refusal.id].refused_us if refusal.id in kept else now_us
        found.append(drift.refused(where, _seated(refusal), refusal.why, refused_us))
    found += [
        people.near_miss(where, _seated(one), [Whom(id=id_, email=email) for id_, email in one.near])
        for one in told.unmatched
        if one.near and one.seat.person
    ]
    if each.settled.held and not each.settled.total:
        make = brakes.brake if each.settled.whole.toll.seats else brakes.emptied
        leaving = len(told.counted)
        shown = samples(told)
        why, hash_ = each.settled.held, each.settled.parked
        found.append(make(where, hash_, why, leaving=leaving, inside=told.inside, samples=shown))
    return found


def contested_together(rule: Roster, lane: str, judged: Judged, correlation_id: str, now_us: int) -> list[Conflict]:
    """What is to be asked about all of a rule's places."""
    if not judged.together:
        return []
    where = Where(rule=rule.name, unit="", lane=lane, source=rule.source, plan=correlation_id, at_us=now_us)
    parts = [each for each in judged.places if each.total]
    names = [name for each in parts for name in samples(each.whole.difference)][: OTHERS_MAX * 2]
    return [
        brakes.brake_total(
            where,
            judged.parked,
            judged.together,
            leaving=sum(len(each.whole.difference.counted) for each in parts),
            inside=judged.inside,
            places=len(parts),
            samples=names,
        )
    ]


def _of_place(where: Where, each: Contest, told: Difference) -> Sequence[Conflict]:
    seats = each.settled.whole.toll.seats
    sought, place = each.sought, each.place
    if sought is not None and sought.problem == NO_PLACE:
        return []
    if sought is not None and sought.problem:
        name = place.unit.name
        if sought.twin:
            twin = msgspec.structs.replace(where, place=sought.id)
            label = f"{sought.twin} of the roster {sought.twin_rule}" if sought.twin_rule else sought.twin
            return [places.linked_twice(twin, sought.twin, label, sought.twin_rule)]
        if sought.others:
            return [places.name_ambiguous(where, name, sought.others)]
        if sought.archived:
            return [places.place_archived(msgspec.structs.replace(where, place=sought.id), name, seats)]
        return [places.place_gone(where, sought.problem, seats)]
    if place.closed:
        archived = place.closed.startswith("archived")
        if archived and each.over:
            return []
        gone = places.place_archived if archived else places.place_gone
        return [gone(where, place.unit.name if archived else place.closed, seats)]
    if each.stuck.startswith(CREATING):
        return [places.name_taken(where, place.unit.name, each.stuck.removeprefix(CREATING))]
    if each.full and seats > each.full:
        return [places.place_full(where, seats, each.full)]
    return []


def _odd(where: Where, odd: Oddity, told: Difference, kept: Mapping[str, Kept]) -> Conflict:
    whom = Whom(id=odd.id, person=odd.person, name=odd.name, email=odd.email)
    match odd.odd:
        case "stranger":
            maybe = "somebody who belongs in cannot be found, and may be them" if told.unmatched or told.sought else ""
            return drift.stranger(where, whom, maybe=maybe)
        case "missing":
            return drift.missing(where, whom, kept[odd.id].left_us if odd.id in kept else 0)
        case "owner_by_hand":
            return drift.owner_added(where, whom)
        case "last_owner":
            return drift.last_owner(where, whom, odd.detail, _others(told, odd.id), seated=odd.seated)
        case "clash":
            account = Whom(id=odd.id, email=odd.email)
            first = Whom(id=odd.id, person=odd.also)
            return people.account_shared(where, account, first, whom)
        case _ as never:
            assert_never(never)


def _others(told: Difference, last: str) -> tuple[Whom, ...]:
    """Members who could own it instead."""
    leaving = {each.member.id for each in told.leaves} | {last}
    staying = [each for each in told.kept if each.inside and each.ours and each.id not in leaving]
    return tuple(Whom(id=each.id, person=each.person) for each in staying[:OTHERS_MAX])


def _seated(refusal: Refusal) -> Whom:
    seat = refusal.seat
    return Whom(id=refusal.id, person=seat.person, name=seat.name, email=seat.email)
