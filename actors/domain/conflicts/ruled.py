"""What decisions in force mean for whoever plans one unit of a roster (pure).

``ruled`` reads the rulings, ``heeded`` lays them over what is desired and what is remembered: the difference between
the two then needs to know nothing of decisions. A ruling that counts once is spent when something happened after it.
"""

from collections.abc import Iterable, Mapping
from typing import assert_never

import msgspec

from actors.domain.conflicts.fixes import (
    Admit,
    Believe,
    ByRole,
    Contact,
    HoldBack,
    LetGo,
    LetOwn,
    LetStay,
    LookAgain,
    MakeAnew,
    NoOwner,
    NoPlace,
    OnePerson,
    PutBack,
    StayOut,
    TakeOut,
    TwoPersons,
    UsePlace,
)
from actors.domain.conflicts.model import Ruling
from actors.domain.rosters.difference import Accounts, who
from actors.domain.rosters.model import RULED as RULED
from actors.domain.rosters.model import Desired, Excluded, Kept, Seat


class Ruled(msgspec.Struct, frozen=True, kw_only=True):
    """Of one unit; members by the vendor's id. ``stay`` without a seat, ``leave``, are ``admitted`` without one, are
    put ``back`` (by when that was decided); ``out``: persons without a seat, by who said so; ``own`` and ``plain``: are
    owners, or are not, whatever their role is. ``place`` is where the unit has its place, None: nobody said;
    ``again_us``: what was found closed or refused before this is tried anew. ``go``, ``hold``: hashes of plans."""

    stay: frozenset[str] = frozenset()
    leave: frozenset[str] = frozenset()
    admitted: frozenset[str] = frozenset()
    back: Mapping[str, int] = {}
    out: Mapping[int, str] = {}
    own: frozenset[str] = frozenset()
    plain: frozenset[str] = frozenset()
    place: UsePlace | MakeAnew | NoPlace | None = None
    place_us: int = 0
    again_us: int = 0
    go: frozenset[str] = frozenset()
    hold: frozenset[str] = frozenset()

    @property
    def is_nothing(self) -> bool:
        return self == NOTHING


NOTHING = Ruled()


def ruled(rulings: Iterable[Ruling], place: str = "") -> Ruled:
    """What these mean for the unit whose place is ``place`` now: decisions about members of a former one are none."""
    stay, leave, admitted, own, plain = set[str](), set[str](), set[str](), set[str](), set[str]()
    go, hold = set[str](), set[str]()
    back: dict[str, int] = {}
    out: dict[int, str] = {}
    chosen: UsePlace | MakeAnew | NoPlace | None = None
    place_us = again_us = 0
    for each in rulings:
        match each.fix:
            case LetStay(member=member, place=where):
                stay |= _here(member, where, place)
            case TakeOut(member=member, place=where):
                leave |= _here(member, where, place)
            case Admit(member=member, place=where):
                admitted |= _here(member, where, place)
            case PutBack(member=member, place=where):
                back |= dict.fromkeys(_here(member, where, place), each.at_us)
            case LetOwn(member=member, place=where):
                own |= _here(member, where, place)
            case NoOwner(member=member, place=where):
                plain |= _here(member, where, place)
            case StayOut(person=person):
                out[person] = each.by
            case UsePlace() | MakeAnew() | NoPlace():
                chosen, place_us = each.fix, each.at_us
            case LookAgain():
                again_us = each.at_us
            case LetGo(plan=plan):
                go.add(plan)
            case HoldBack(plan=plan):
                hold.add(plan)
            case ByRole() | Believe() | Contact() | OnePerson() | TwoPersons():
                pass  # nothing that the difference of a place goes by
            case _ as never:
                assert_never(never)
    return Ruled(
        stay=frozenset(stay),
        leave=frozenset(leave),
        admitted=frozenset(admitted),
        back=back,
        out=out,
        own=frozenset(own),
        plain=frozenset(plain),
        place=chosen,
        place_us=place_us,
        again_us=again_us,
        go=frozenset(go),
        hold=frozenset(hold),
    )


def _here(member: str, where: str, place: str) -> set[str]:
    return {member} if where == place else set()


def heeded(
    desired: Desired, kept: Iterable[Kept], accounts: Accounts, told: Ruled
) -> tuple[Desired, list[Kept], Accounts]:
    """The same, as people decided. ``kept`` is what is remembered once the place has been read, if it was read now."""
    if told.is_nothing:  # most often, and of large places
        return desired, [_undecided(each, told) if each.accepted else each for each in kept], accounts
    known = {each.id: _undecided(each, told) if each.accepted else each for each in kept}
    desired = _seated(desired, accounts, told)
    by_id = {id_: seat for seat in desired.seats if isinstance(id_ := accounts.get(who(seat)), str)}
    given: list[Seat] = []
    more: dict[int | str, str] = {}
    for id_ in sorted(told.admitted - by_id.keys()):
        seat = Seat(person=0, user=f"member:{id_}", owner=id_ in told.own, by=(RULED,))
        given.append(seat)
        more[who(seat)] = id_
    if given:
        desired = msgspec.structs.replace(desired, seats=(*desired.seats, *given))
    touched = told.stay | told.leave | told.back.keys() | told.plain | ({*known} if told.again_us else set())
    for id_ in sorted(touched & known.keys()):
        known[id_] = _member(known[id_], by_id.get(id_), told)
    return desired, list(known.values()), {**accounts, **more} if more else accounts


def _seated(desired: Desired, accounts: Accounts, told: Ruled) -> Desired:
    """Seats that were taken, and who owns."""
    seats, excluded = [], list(desired.excluded)
    for seat in desired.seats:
        if seat.person in told.out and seat.person:
            excluded.append(
                Excluded(
                    person=seat.person,
                    user=seat.user,
                    rule="decision",
                    detail=f"{told.out[seat.person]} decided that they stay out",
                    name=seat.name,
                    email=seat.email,
                )
            )
            continue
        id_ = accounts.get(who(seat))
        if isinstance(id_, str) and (id_ in told.own or id_ in told.plain):
            seat = msgspec.structs.replace(seat, owner=id_ in told.own)
        seats.append(seat)
    return msgspec.structs.replace(desired, seats=tuple(seats), excluded=tuple(excluded))


def _undecided(kept: Kept, told: Ruled) -> Kept:
    """What is remembered of a decision that is not in force any more is forgotten."""
    return kept if kept.id in told.stay else msgspec.structs.replace(kept, accepted=False)


def _member(kept: Kept, seat: Seat | None, told: Ruled) -> Kept:
    """A seat goes before what was decided of somebody without one."""
    if kept.id in told.stay and kept.accepted is not (seat is None):
        kept = msgspec.structs.replace(kept, accepted=seat is None)
    if seat is None and kept.id in told.leave:
        kept = msgspec.structs.replace(kept, accepted=False, ours=True)
    if kept.id in told.plain and kept.owner:
        kept = msgspec.structs.replace(kept, granted=True)
    at_us = max(told.back.get(kept.id, 0), told.again_us)
    if at_us and kept.refused and kept.refused_us <= at_us:
        kept = msgspec.structs.replace(kept, refused="", refused_us=0, tries=0)
    if kept.id in told.back and not kept.inside and 0 < kept.left_us <= at_us:
        kept = msgspec.structs.replace(kept, left_us=0, tries=0, accepted=False)
    return kept
