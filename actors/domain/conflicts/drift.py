"""What people changed at the platform, or what is not done there without a person's word: each with its fixes (pure).

Subjects name the member by the vendor's id, so that the same is asked once however often it is found.
"""

import msgspec

from actors.domain.conflicts.fixes import Admit, ByRole, LetOwn, LetStay, NoOwner, PutBack, StayOut, TakeOut, unit_scope
from actors.domain.conflicts.model import Blast, Conflict, ConflictKind, Side, Suggestion

ONE = Blast(people=1, places=1)
IN = Blast(people=1, places=1, adds=1)
OUT = Blast(people=1, places=1, removes=1)


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """A unit's place, as it is called. ``source``: whose enrolments it goes by; ``plan``: the correlation id of the
    work that found it; ``at_us``: when that looked."""

    rule: str
    unit: str
    lane: str
    source: str
    place: str = ""
    label: str = ""
    plan: str = ""
    at_us: int = 0

    @property
    def scope(self) -> str:
        return unit_scope(self.rule, self.unit)

    @property
    def called(self) -> str:
        return self.label or self.place or self.unit


class Whom(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody there: ``id`` is the vendor's; ``person`` the ledger's number, 0 where nobody knows who it is."""

    id: str
    person: int = 0
    name: str = ""
    email: str = ""

    @property
    def called(self) -> str:
        name = self.name or self.email or self.id
        return f"{name} ({self.email})" if self.email and self.email != name else name


def stranger(where: Where, whom: Whom, *, maybe: str = "") -> Conflict:
    """In the place, and never enrolled. ``maybe``: who that could be after all."""
    known = f"person {whom.person} of the ledger" if whom.person else "nobody whom a source knows"
    stays = Suggestion(
        fix=LetStay(rule=where.rule, unit=where.unit, place=where.place, member=whom.id),
        confidence=40 if whom.person else 60,
        why=f"somebody at the platform put them in; they are {known}",
        blast=ONE,
        undoes="they are asked about again",
    )
    goes = Suggestion(
        fix=TakeOut(rule=where.rule, unit=where.unit, place=where.place, member=whom.id),
        confidence=20 if maybe else 60 if whom.person else 40,
        why="nobody enrolled them" + (f"; but {maybe}" if maybe else ""),
        blast=OUT,
        undo=Admit(rule=where.rule, unit=where.unit, place=where.place, member=whom.id),
        undoes="they are put in again; what they missed meanwhile is the platform's affair",
    )
    says = f"is in it; {maybe}" if maybe else "is in it"
    return _drift("stranger", where, whom, f"{says}, and was never enrolled", "a member", "no enrolment", stays, goes)


def missing(where: Where, whom: Whom, left_us: int) -> Conflict:
    """Belongs in, was in it, and was taken out at the platform (or left)."""
    back = Suggestion(
        fix=PutBack(rule=where.rule, unit=where.unit, place=where.place, member=whom.id),
        confidence=70,
        why="they are enrolled",
        blast=IN,
        undoes="nothing by itself: decide otherwise where they are to stay out",
    )
    out = _stays_out(where, whom, 30, "somebody meant them to be out, or they left by themselves")
    fixes = (back, out) if out is not None else (back,)
    text = "belongs in it, and was taken out at the platform, or left"
    return _drift("missing", where, whom, text, "no member", "enrolled", *fixes, happened_us=left_us)


def refused(where: Where, whom: Whom, why: str, refused_us: int) -> Conflict:
    """Belongs in, and the vendor does not let them in."""
    again = Suggestion(
        fix=PutBack(rule=where.rule, unit=where.unit, place=where.place, member=whom.id),
        confidence=50,
        why="what the platform objected to may have been mended there",
        blast=IN,
        undoes="nothing: it only tries again",
    )
    out = _stays_out(where, whom, 40, "the platform does not take them: they are accounted for as left out")
    fixes = (again, out) if out is not None else (again,)
    return _drift("refused", where, whom, f"is not let in: {why}", why, "enrolled", *fixes, happened_us=refused_us)


def owner_added(where: Where, whom: Whom) -> Conflict:
    """An owner by somebody's hand, whom their role in the course makes none."""
    owns = Suggestion(
        fix=LetOwn(rule=where.rule, unit=where.unit, place=where.place, member=whom.id),
        confidence=50,
        why="somebody at the platform gave it to them on purpose",
        blast=ONE,
        undo=ByRole(rule=where.rule, unit=where.unit, place=where.place, member=whom.id),
        undoes="they are asked about again",
    )
    none = Suggestion(
        fix=NoOwner(rule=where.rule, unit=where.unit, place=where.place, member=whom.id),
        confidence=50,
        why="their role in the course makes them no owner",
        blast=Blast(people=1, places=1, note="they stay a member"),
        undo=LetOwn(rule=where.rule, unit=where.unit, place=where.place, member=whom.id),
        undoes="they are made an owner again",
    )
    text = "was made an owner at the platform"
    return _drift("owner_added", where, whom, text, "an owner", "a member", owns, none)


def last_owner(where: Where, whom: Whom, why: str, others: tuple[Whom, ...] = (), *, seated: bool = False) -> Conflict:
    """The only owner is to leave (``seated``: is to be a member only): the place would have none. ``others``: members
    who may own it instead."""
    make = LetOwn if seated else LetStay
    stays = Suggestion(
        fix=make(rule=where.rule, unit=where.unit, place=where.place, member=whom.id),
        confidence=50,
        why="a place without an owner can be looked after by nobody",
        blast=ONE,
        undo=ByRole(rule=where.rule, unit=where.unit, place=where.place, member=whom.id) if seated else None,
        undoes="they are asked about again",
    )
    what_then = "is a member" if seated else "leaves"
    instead = [
        Suggestion(
            fix=LetOwn(rule=where.rule, unit=where.unit, place=where.place, member=other.id),
            confidence=40,
            why=f"{other.called} owns it instead, and {whom.called} {what_then}",
            blast=Blast(people=2, places=1, removes=0 if seated else 1),
            undo=ByRole(rule=where.rule, unit=where.unit, place=where.place, member=other.id),
            undoes="whether they own it goes by their role again; who left is not put in",
        )
        for other in others[:3]
    ]
    text = f"is its last owner, and is to {'be a member only' if seated else 'leave'}: {why}"
    return _drift("last_owner", where, whom, text, "the only owner", why, *instead, stays)


def _stays_out(where: Where, whom: Whom, confidence: int, why: str) -> Suggestion | None:
    """Only of somebody whom the ledger knows: enrolments are theirs."""
    if not whom.person:
        return None
    return Suggestion(
        fix=StayOut(rule=where.rule, unit=where.unit, person=whom.person),
        confidence=confidence,
        why=why,
        blast=ONE,
        undoes="they have their seat again",
    )


def _drift(
    kind: ConflictKind,
    where: Where,
    whom: Whom,
    detail: str,
    there: str,
    here: str,
    *fixes: Suggestion,
    happened_us: int = 0,
) -> Conflict:
    return Conflict(
        kind=kind,
        subject=f"{kind}|{where.scope}|{where.place}|{whom.id}",
        scope=where.scope,
        about=f"{whom.called} in {where.called}",
        detail=detail,
        sides=(
            Side(who=where.lane, value=there, record=whom.id, since_us=happened_us or where.at_us, detail=where.called),
            Side(who=where.source, value=here, record=f"person/{whom.person}" if whom.person else ""),
        ),
        fixes=tuple(sorted(fixes, key=lambda each: -each.confidence)),
        rule=where.rule,
        unit=where.unit,
        lane=where.lane,
        place=where.place,
        person=whom.person,
        happened_us=happened_us,
        correlation_ids=(where.plan,) if where.plan else (),
    )
