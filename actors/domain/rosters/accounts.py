"""How each person of a unit stands: everybody who is enrolled is in exactly one state (pure)."""

from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from actors.domain.rosters.difference import Accounts, Difference, who
from actors.domain.rosters.model import RULED, Desired, Standing


class Account(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of the report. ``person`` 0 and ``user`` empty: a stranger, known by the vendor's ``id`` only."""

    standing: Standing
    person: int = 0
    user: str = ""
    name: str = ""
    email: str = ""
    id: str = ""
    owner: bool = False
    detail: str = ""


ENROLLED: tuple[Standing, ...] = ("in_step", "pending", "unmatched", "refused", "excluded", "asked")
"""What adds up to the number of people enrolled; strangers come on top."""


def accounts(desired: Desired, told: Difference, known: Accounts, waits: str = "") -> Iterator[Account]:
    """Of everybody who is enrolled in the unit, once, and of strangers. ``waits``: why what is to be done is not under
    way (the brake, a place that cannot be made); empty: it is. Whom the vendor took the first time is in it, until a
    reading says otherwise."""
    odd = {each.id: each for each in told.odd}
    unmatched = {who(each.seat): each for each in told.unmatched}
    refused = {each.id: each for each in told.refused}
    coming = {each.id for each in told.joins} | {
        each.id for each in told.kept if each.id in told.late and each.tries > 1
    }
    inside = {each.id for each in told.kept if each.inside}
    waived = {each.id for each in told.waived}
    clashing = {each.person for each in told.odd if each.odd == "clash"}
    for seat in desired.seats:
        found = known.get(who(seat))
        id_ = found if isinstance(found, str) else ""
        standing: Standing
        if seat.by == (RULED,):  # they come on top: nobody enrolled them
            detail = "was never enrolled: a person said that they belong in"
            yield Account(standing="stranger", id=id_, owner=seat.owner, detail=detail)
            continue
        if missing := unmatched.get(who(seat)):
            standing, detail = "unmatched", missing.why
        elif seat.person in clashing and seat.person:
            standing, detail = "asked", next(each.detail for each in told.odd if each.person == seat.person)
        elif not id_:
            standing, detail = "pending", "looked for at the vendor"
        elif id_ in refused:
            standing, detail = "refused", refused[id_].why
        elif id_ in waived:
            standing, detail = "excluded", "waived: a person said that they need not be in it"
        elif id_ in odd and odd[id_].odd == "missing":
            standing, detail = "asked", odd[id_].detail
        elif id_ in coming:
            standing, detail = "pending", waits or "is put in"
        elif id_ in inside:
            standing, detail = "in_step", ""
        else:
            standing, detail = "pending", waits or told.why
        yield Account(
            standing=standing,
            person=seat.person,
            user=seat.user,
            name=seat.name,
            email=seat.email,
            id=id_,
            owner=seat.owner,
            detail=detail,
        )
    leaving = {each.person: each for each in told.leaves if each.person}
    held_in = {each.seat.person: each.why for each in told.held_in if each.seat.person}
    without = {out.person for out in desired.excluded if out.person}
    for out in desired.excluded:
        leaves = bool(out.person) and out.person in leaving
        detail = out.detail if not leaves else f"{out.detail}; {waits or 'is taken out'}"
        if out.person in held_in:
            detail = f"{detail}; {held_in[out.person]}"
        yield Account(
            standing="pending" if leaves else "excluded",
            person=out.person,
            user=out.user,
            name=out.name,
            email=out.email,
            detail=f"{out.rule}: {detail}",
        )
    for each in told.held_in:
        told_of = each.seat
        if told_of.person not in without:
            yield Account(standing="stranger", id=each.id, name=told_of.name, email=told_of.email, detail=each.why)
    for member in told.strangers:
        asked = odd.get(member.id)
        detail = asked.detail if asked is not None else "was never enrolled"
        yield Account(standing="stranger", id=member.id, name=member.name, email=member.email, detail=detail)


def counted(all_: Iterable[Account]) -> Counter[Standing]:
    return Counter(each.standing for each in all_)
