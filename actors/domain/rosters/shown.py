"""A plan as people see it: place by place, who would be put in or taken out, and why (pure)."""

from collections.abc import Iterable, Mapping

import msgspec

from actors.domain.rosters.difference import Difference
from actors.domain.rosters.holding import Judged, Settled

SHOWN_MAX = 200
"""Of each list of a place: the others are counted."""


class PersonShown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``id`` is the vendor's, empty where there is none; ``why`` in words."""

    id: str = ""
    person: int = 0
    name: str = ""
    email: str = ""
    owner: bool = False
    why: str = ""


class PlaceShown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What would become of one place. The lists hold ``SHOWN_MAX`` at most; ``adds`` … ``unmatched_n`` are the numbers.
    ``held``: why the taking out waits for a person, ``parked`` the hash of just that; ``spared``: so many would leave
    if what is known were all there is (``why`` it may not be); ``problem``: why nothing can be done."""

    roster: str
    lane: str
    kind: str
    unit: str
    course: str = ""
    label: str = ""
    place: str = ""
    name: str = ""
    create: bool = False
    inside: int = 0
    in_step: int = 0
    adds: int = 0
    promotes: int = 0
    demotes: int = 0
    removes: int = 0
    unmatched_n: int = 0
    refused_n: int = 0
    asked_n: int = 0
    spared: int = 0
    why: str = ""
    held: str = ""
    parked: str = ""
    problem: str = ""
    joining: tuple[PersonShown, ...] = ()
    promoted: tuple[PersonShown, ...] = ()
    demoted: tuple[PersonShown, ...] = ()
    leaving: tuple[PersonShown, ...] = ()
    unmatched: tuple[PersonShown, ...] = ()
    refused: tuple[PersonShown, ...] = ()
    asked: tuple[PersonShown, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Nothing would be done, and nothing stands in the way."""
        done = self.create or self.adds or self.promotes or self.demotes or self.removes
        return not (done or self.spared or self.problem or self.asked_n or self.unmatched_n or self.refused_n)


def shown(judged: Judged) -> tuple[PlaceShown, ...]:
    """By roster and unit."""
    return tuple(_place(each) for each in sorted(judged.places, key=lambda each: each.whole.place.unit.label))


def _place(settled: Settled) -> PlaceShown:
    plan, told = settled.whole, settled.whole.difference
    unit, does = plan.place.unit, not settled.whole.problem
    return PlaceShown(
        roster=unit.rule,
        lane=plan.place.lane,
        kind=plan.place.kind,
        unit=unit.key,
        course=unit.course,
        label=unit.label,
        place=plan.place.id,
        name=unit.name,
        create=plan.create and does,
        inside=told.inside,
        in_step=told.in_step,
        adds=len(told.joins) if does else 0,
        promotes=len(told.promotes) if does else 0,
        demotes=len(told.demotes) if does else 0,
        removes=len(told.leaves) if does else 0,
        unmatched_n=len(told.unmatched),
        refused_n=len(told.refused) + len(told.held_in),
        asked_n=len(told.odd),
        spared=told.spared,
        why=told.why,
        held=settled.held,
        parked=settled.parked,
        problem=plan.problem,
        joining=_some(
            PersonShown(
                id=each.id,
                person=each.seat.person,
                name=each.seat.name,
                email=each.seat.email,
                owner=each.seat.owner,
                why="was taken out at the platform" if each.again else "is enrolled",
            )
            for each in told.joins
        ),
        promoted=_some(
            PersonShown(id=each.id, person=each.seat.person, name=each.seat.name, email=each.seat.email, owner=True)
            for each in told.promotes
        ),
        demoted=_some(PersonShown(id=each.id, name=each.name, email=each.email) for each in told.demotes),
        leaving=_some(
            PersonShown(
                id="" if each.erased else each.member.id,
                person=each.person,
                name=each.member.name,
                email=each.member.email,
                owner=each.member.owner,
                why=each.why,
            )
            for each in told.leaves
        ),
        unmatched=_some(
            PersonShown(person=each.seat.person, name=each.seat.name, email=each.seat.email, why=each.why)
            for each in told.unmatched
        ),
        refused=_some(
            PersonShown(id=each.id, person=each.seat.person, name=each.seat.name, email=each.seat.email, why=each.why)
            for each in (*told.refused, *told.held_in)
        ),
        asked=_some(
            PersonShown(id=each.id, person=each.person, name=each.name, email=each.email, why=each.detail)
            for each in told.odd
        ),
    )


def _some(people: Iterable[PersonShown]) -> tuple[PersonShown, ...]:
    return tuple(each for each, _ in zip(people, range(SHOWN_MAX), strict=False))


def with_names(told: Difference, known: Mapping[str, tuple[str, str]], called: Mapping[int, str]) -> Difference:
    """With what those are called who would leave, are strangers or are asked about: ``known`` (name, address) by the
    vendor's id, ``called`` by person."""
    leaves = []
    for leave in told.leaves:
        if leave.erased:
            leaves.append(leave)
            continue
        name, email = known.get(leave.member.id, ("", ""))
        name = leave.member.name or called.get(leave.person, "") or name
        member = msgspec.structs.replace(leave.member, name=name, email=leave.member.email or email)
        leaves.append(msgspec.structs.replace(leave, member=member))
    strangers = []
    for member in told.strangers:
        name, email = known.get(member.id, ("", ""))
        strangers.append(msgspec.structs.replace(member, name=member.name or name, email=member.email or email))
    odd = []
    for each in told.odd:
        name, email = known.get(each.id, ("", ""))
        odd.append(msgspec.structs.replace(each, name=each.name or name, email=each.email or email))
    return msgspec.structs.replace(told, leaves=tuple(leaves), strangers=tuple(strangers), odd=tuple(odd))
