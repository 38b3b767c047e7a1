"""Who is who, where that is not certain, with what can be decided about it (pure)."""

from collections.abc import Sequence
from difflib import SequenceMatcher

from actors.domain.conflicts.drift import Where, Whom
from actors.domain.conflicts.fixes import Contact, OnePerson, StayOut, TwoPersons, person_scope
from actors.domain.conflicts.model import Blast, Conflict, Side, Suggestion

NEAR_SHOWN = 3


def near_scope(lane: str) -> str:
    """Of a lane, and of no place: who looks alike shows when everybody is listed, and holds until they are found."""
    return f"near:{lane}"


def near_miss(where: Where, whom: Whom, near: Sequence[Whom], before: str = "") -> Conflict:
    """Enrolled, nobody at the platform has their address, and these look alike. ``before``: what the target was told
    to call them until now."""
    target = where.lane.partition("/")[2]
    fixes = [
        Suggestion(
            fix=Contact(person=whom.person, target=target, account=each.id),
            confidence=likeness(whom, each),
            why=f"{each.called} looks like {whom.called}",
            blast=Blast(people=1, adds=1, note="in every place that they belong to, and for posts to them"),
            undo=Contact(person=whom.person, target=target, account=before),
            undoes="they are looked for by their address again, and asked about where nobody has it",
        )
        for each in near[:NEAR_SHOWN]
    ]
    fixes.sort(key=lambda each: -each.confidence)
    sides = (
        Side(who=where.source, value=whom.called, record=f"person/{whom.person}"),
        *(Side(who=where.lane, value=each.called, record=each.id) for each in near[:NEAR_SHOWN]),
    )
    return Conflict(
        kind="near_miss",
        subject=f"near_miss|{where.lane}|{whom.person}",
        scope=near_scope(where.lane),
        about=f"{whom.called} at {where.lane}",
        detail="is enrolled, and nobody there has their address",
        sides=sides,
        fixes=tuple(fixes),
        rule=where.rule,
        unit=where.unit,
        lane=where.lane,
        person=whom.person,
        correlation_ids=(where.plan,) if where.plan else (),
    )


def account_shared(where: Where, account: Whom, first: Whom, second: Whom) -> Conflict:
    """Two who belong in are one account there; who the account is called of the two stays."""
    pair = sorted((first, second), key=lambda each: -likeness(each, account))
    fixes = tuple(
        Suggestion(
            fix=StayOut(rule=where.rule, unit=where.unit, person=other.person),
            confidence=60 - 20 * n,
            why=f"the account is {one.called}'s: {other.called} has no seat of their own",
            blast=Blast(people=1, places=1),
            undoes="both have a seat again, and it is asked anew",
        )
        for n, (one, other) in enumerate((pair, pair[::-1]))
    )
    sides = tuple(Side(who=where.source, value=each.called, record=f"person/{each.person}") for each in (first, second))
    return Conflict(
        kind="account_shared",
        subject=f"account_shared|{where.scope}|{account.id}",
        scope=where.scope,
        about=f"{first.called} and {second.called} in {where.called}",
        detail=f"are both {account.called} there",
        sides=(*sides, Side(who=where.lane, value=account.called, record=account.id)),
        fixes=fixes,
        rule=where.rule,
        unit=where.unit,
        lane=where.lane,
        place=where.place,
        person=second.person,
        correlation_ids=(where.plan,) if where.plan else (),
    )


def identity_clash(
    one: tuple[int, int, str], other: tuple[int, int, str], common: str, against: str, since_us: int
) -> Conflict:
    """Two users who may be one person: (persona, person, how they are called) each; what they have in ``common``, and
    what is ``against`` it. The ledger keeps them apart until somebody says otherwise."""
    (a, person, here), (b, also, there) = one, other
    alike = SequenceMatcher(None, here.rpartition(" ")[2].casefold(), there.rpartition(" ")[2].casefold()).ratio()
    confidence = 30 + round(40 * alike)
    fixes = (
        Suggestion(
            fix=OnePerson(person=person, a=a, b=b),
            confidence=confidence,
            why=f"both have {common}",
            blast=Blast(people=2, note="their enrolments are one person's: one membership in each place"),
            undoes="they are two again, and it is asked again; what was counted of them as one stays so",
        ),
        Suggestion(
            fix=TwoPersons(person=person, a=a, b=b),
            confidence=100 - confidence,
            why=against,
            blast=Blast(people=2),
            undoes="it is asked again",
        ),
    )
    return Conflict(
        kind="identity_clash",
        subject=f"identity_clash|{a}|{b}|{common}",
        scope=person_scope(person),
        about=f"{here} and {there}",
        detail=f"have {common} in common; against it: {against}",
        sides=(
            Side(who="ledger", value=here, record=f"person/{person}", since_us=since_us, detail=common),
            Side(who="ledger", value=there, record=f"person/{also}", since_us=since_us, detail=common),
        ),
        fixes=tuple(sorted(fixes, key=lambda each: -each.confidence)),
        person=person,
        happened_us=since_us,
    )


def likeness(one: Whom, other: Whom) -> int:
    """How surely two are one, in percent, by name and by what stands before the @; never certain."""
    names = _ratio(_sorted(one.name), _sorted(other.name)) if one.name and other.name else 0.0
    mine, theirs = one.email.partition("@")[0], other.email.partition("@")[0]
    local = _ratio(mine, theirs) if mine and theirs else 0.0
    return min(95, round(100 * max(names * 0.9, local * 0.8, (names + local) / 2)))


def _sorted(name: str) -> str:
    """``Doe, Jane`` and ``Jane Doe`` are spelt alike."""
    return " ".join(sorted(name.casefold().replace(",", " ").split()))


def _ratio(one: str, other: str) -> float:
    return SequenceMatcher(None, one.casefold()[:200], other.casefold()[:200]).ratio()
