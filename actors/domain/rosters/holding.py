"""What of a run goes, and what waits for a person (pure).

Only taking out waits: whoever belongs in is put in all the same, so that a course whose roster looks odd still takes in
those who come new. What waits has a hash over just that, which stays the same while other things change; a person's
word on it counts for that very plan, and for no other.
"""

from collections.abc import Collection, Sequence

import msgspec

from actors.domain.rosters.brake import Toll, held, held_together
from actors.domain.rosters.difference import Difference
from actors.domain.rosters.plan import PlacePlan, planned
from config.rosters import Roster


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """``whole`` is the place's plan, ``now`` what of its difference goes; ``held``: why the rest waits, and ``parked``
    its hash (``total``: that of all places together); empty: nothing waits. ``let``: the hash by which a person let it
    go; empty: it needed nobody's word."""

    whole: PlacePlan
    now: Difference
    held: str = ""
    parked: str = ""
    total: bool = False
    let: str = ""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """``hash`` is over all that would be done. ``together``: why all places wait, with ``parked``, that plan's hash."""

    places: tuple[Settled, ...] = ()
    hash: str = ""
    together: str = ""
    parked: str = ""
    leaving: int = 0
    inside: int = 0

    @property
    def is_held(self) -> bool:
        return any(each.held for each in self.places)


def judge(
    tenant: str,
    rule: Roster,
    plans: Sequence[PlacePlan],
    *,
    elsewhere: int = 0,
    go: Collection[str] = (),
    all_go: bool = False,
) -> Judged:
    """``elsewhere``: how many people are in the rule's places that this run is not about. ``go``: hashes of what a
    person let go; ``all_go``: a person let all of it go."""
    if all_go:
        everything = tuple(Settled(whole=each, now=each.difference) for each in plans)
        return Judged(places=everything, hash=planned(tenant, rule, plans).hash)
    waits = {each.place.unit.key: _taking_out(each) for each in plans}
    own = {key: planned(tenant, rule, [each]).hash for key, each in waits.items()}
    asked = [each for each in plans if own[each.place.unit.key] not in go and not each.problem]
    tolls = [each.toll for each in asked]
    if elsewhere:
        tolls.append(Toll(unit="", leaving=0, inside=elsewhere, seats=elsewhere))
    parked = planned(tenant, rule, [waits[each.place.unit.key] for each in asked]).hash
    together = "" if parked in go else held_together(rule.brake, tolls)
    settled: list[Settled] = []
    for each in plans:
        key = each.place.unit.key
        let = own[key] if own[key] in go else parked if parked in go else ""
        why = "" if let or each.problem else held(rule.brake, each.toll)
        total = bool(together and each.difference.counted and not (let or why or each.problem))
        why = together if total else why
        now = _putting_in(each.difference) if why else each.difference
        hash_ = (parked if total else own[key]) if why else ""
        let = let if each.difference.counted else ""
        settled.append(Settled(whole=each, now=now, held=why, parked=hash_, total=total, let=let))
    return Judged(
        places=tuple(settled),
        hash=planned(tenant, rule, plans).hash,
        together=together,
        parked=parked if together else "",
        leaving=sum(toll.leaving for toll in tolls),
        inside=sum(toll.inside for toll in tolls),
    )


def _taking_out(each: PlacePlan) -> PlacePlan:
    told = each.difference
    part = Difference(leaves=told.counted, inside=told.inside, in_step=told.in_step)
    return msgspec.structs.replace(each, difference=part, create=False)


def _putting_in(told: Difference) -> Difference:
    """And who was erased is taken out: that was a person's word."""
    return msgspec.structs.replace(told, leaves=tuple(each for each in told.leaves if each.erased))
