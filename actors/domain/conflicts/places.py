"""What is wrong with a unit's place, with what can be decided about it (pure)."""

from collections.abc import Sequence

from actors.domain.conflicts.drift import Where
from actors.domain.conflicts.fixes import AnyFix, LookAgain, MakeAnew, NoPlace, UsePlace, unit_scope
from actors.domain.conflicts.model import Blast, Conflict, ConflictKind, Side, Suggestion

PLACES_SHOWN = 5


def linked_twice(where: Where, other_unit: str, other_label: str, other_rule: str = "") -> Conflict:
    """The place is that of another unit already: one of the two has it."""
    theirs = other_rule or where.rule
    fixes = (
        _anew(where, 50, f"it gets a place of its own, and {other_label} keeps this one"),
        _none(where, 30, f"{other_label} keeps it, and {where.called} is not kept in step"),
        Suggestion(
            fix=NoPlace(rule=theirs, unit=other_unit),
            confidence=20,
            why=f"{where.called} takes it over, and {other_label} is not kept in step any more",
            blast=Blast(places=2, note="who belongs to the other alone is asked about, and not taken out at once"),
            undoes="the other has it again",
        ),
    )
    sides = (
        Side(who=unit_scope(where.rule, where.unit), value=where.place, detail=where.called),
        Side(who=unit_scope(theirs, other_unit), value=where.place, detail=other_label),
    )
    return _place("linked_twice", where, f"the same place as {other_label}", sides, fixes)


def name_ambiguous(where: Where, name: str, places: Sequence[tuple[str, str]]) -> Conflict:
    """Several places have its name; (id, what is known of it) each."""
    found = places[:PLACES_SHOWN]
    uses = [_uses(where, place, 60 // len(found), what or "has that name") for place, what in found]
    anew = _anew(where, 20, "none of them is meant", made_as=f"{name}-2")
    sides = tuple(Side(who=where.lane, value=name, record=place, detail=what) for place, what in found)
    detail = f"{len(places)} places are called {name}"
    return _place("name_ambiguous", where, detail, sides, (*uses, anew, _none(where, 10, "it needs none")))


def name_taken(where: Where, name: str, why: str) -> Conflict:
    """It cannot be made: its name is taken by something that we cannot use, or see."""
    fixes = (
        _anew(where, 50, "it is made under another name", made_as=f"{name}-2"),
        _again(where, 40, "whoever has the name gave it up, or let us in"),
        _none(where, 10, "it needs no place"),
    )
    sides = (Side(who=where.lane, value=f"{name} is taken: {why}"), Side(who=where.source, value=f"wants {name}"))
    return _place("name_taken", where, f"{name} is taken: {why}", sides, fixes)


def place_gone(where: Where, why: str, seats: int) -> Conflict:
    """Its place was deleted, or we cannot see it any more."""
    fixes = (
        _anew(where, 50, "its people have no place now", adds=seats),
        _again(where, 30, "it is there again, or we were let in again"),
        _none(where, 20, "somebody deleted it on purpose"),
    )
    sides = (Side(who=where.lane, value=why, record=where.place), _needed(where, seats))
    return _place("place_gone", where, f"is gone: {why}", sides, fixes)


def place_archived(where: Where, name: str, seats: int) -> Conflict:
    """Somebody archived it; its course goes on."""
    fixes = (
        _again(where, 50, "somebody took it out of the archive: that is done at the platform"),
        _none(where, 30, "it was archived on purpose"),
        _anew(where, 20, "another one takes its place", made_as=f"{name}-2", adds=seats),
    )
    sides = (Side(who=where.lane, value="archived", record=where.place), _needed(where, seats))
    return _place("place_archived", where, "is archived", sides, fixes)


def place_full(where: Where, seats: int, members_max: int) -> Conflict:
    """More belong in it than it takes."""
    fixes = (
        _again(where, 50, "the rule was made narrower (match, into by section), or the platform takes more now"),
        _none(where, 30, "it is not kept in step: nobody is put in or taken out"),
    )
    sides = (Side(who=where.lane, value=f"takes {members_max}", record=where.place), _needed(where, seats))
    detail = f"{seats} belong in it, and it takes {members_max}"
    return _place("place_full", where, detail, sides, fixes)


def _needed(where: Where, seats: int) -> Side:
    """How many is no part of the question: it is the same one when somebody more enrols."""
    return Side(who=where.source, value="people belong in it", detail=f"{seats} belong in it")


def _uses(where: Where, place: str, confidence: int, why: str) -> Suggestion:
    undoes = "it is looked for by its name again, and asked about; who was put into this one stays there"
    return _suggested(UsePlace(rule=where.rule, unit=where.unit, place=place), confidence, f"{place}: {why}", undoes)


def _anew(where: Where, confidence: int, why: str, *, made_as: str = "", adds: int = 0) -> Suggestion:
    said = f"{why}; it is called {made_as}" if made_as else why
    return Suggestion(
        fix=MakeAnew(rule=where.rule, unit=where.unit, made_as=made_as),
        confidence=confidence,
        why=said,
        blast=Blast(people=adds, places=1, adds=adds),
        undoes="what was made stays; it is not deleted",
    )


def _again(where: Where, confidence: int, why: str) -> Suggestion:
    return _suggested(LookAgain(rule=where.rule, unit=where.unit), confidence, why, "nothing: it only looks")


def _none(where: Where, confidence: int, why: str) -> Suggestion:
    return _suggested(NoPlace(rule=where.rule, unit=where.unit), confidence, why, "it is kept in step again")


def _suggested(fix: AnyFix, confidence: int, why: str, undoes: str = "") -> Suggestion:
    return Suggestion(fix=fix, confidence=confidence, why=why, blast=Blast(places=1), undoes=undoes)


def _place(
    kind: ConflictKind,
    where: Where,
    detail: str,
    sides: tuple[Side, ...],
    fixes: Sequence[Suggestion],
) -> Conflict:
    return Conflict(
        kind=kind,
        subject=f"{kind}|{where.scope}",
        scope=where.scope,
        about=f"{where.called} at {where.lane}",
        detail=detail,
        sides=sides,
        fixes=tuple(sorted(fixes, key=lambda each: -each.confidence)),
        rule=where.rule,
        unit=where.unit,
        lane=where.lane,
        place=where.place,
        happened_us=where.at_us,
        correlation_ids=(where.plan,) if where.plan else (),
    )
