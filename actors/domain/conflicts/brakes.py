"""Plans that take out so many that a person is asked first (pure)."""

from collections.abc import Sequence

from actors.domain.conflicts.drift import Where
from actors.domain.conflicts.fixes import HoldBack, LetGo, unit_scope
from actors.domain.conflicts.model import Blast, Conflict, ConflictKind, Side, Suggestion


def brake(where: Where, plan: str, why: str, *, leaving: int, inside: int, samples: Sequence[str]) -> Conflict:
    """Of one place. ``plan`` is the hash of what would be done; ``samples``: some of those who would be taken out."""
    return _brake("brake", where, plan, why, leaving, inside, 1, samples, 40)


def emptied(where: Where, plan: str, why: str, *, leaving: int, inside: int, samples: Sequence[str]) -> Conflict:
    """Nobody would be left in it: most often a roster that was lost on its way, and seldom a course without people."""
    return _brake("emptied", where, plan, why, leaving, inside, 1, samples, 10)


def brake_total(
    where: Where, plan: str, why: str, *, leaving: int, inside: int, places: int, samples: Sequence[str]
) -> Conflict:
    """Of all of a rule's places together (``where.unit`` is empty)."""
    return _brake("brake_total", where, plan, why, leaving, inside, places, samples, 30)


def _brake(
    kind: ConflictKind,
    where: Where,
    plan: str,
    why: str,
    leaving: int,
    inside: int,
    places: int,
    samples: Sequence[str],
    confidence: int,
) -> Conflict:
    names = ", ".join(samples)
    fixes = (
        Suggestion(
            fix=HoldBack(rule=where.rule, unit=where.unit, plan=plan),
            confidence=100 - confidence,
            why=f"{where.source} may have told a part only: nobody is taken out until it tells something else",
            blast=Blast(places=places),
            undoes="it is asked again",
        ),
        Suggestion(
            fix=LetGo(rule=where.rule, unit=where.unit, plan=plan),
            confidence=confidence,
            why="they left in truth",
            blast=Blast(people=leaving, places=places, removes=leaving, note=names),
            undoes="nothing by itself: who was taken out is put in again when the source enrols them",
        ),
    )
    return Conflict(
        kind=kind,
        subject=f"{kind}|{unit_scope(where.rule, where.unit)}",
        scope=unit_scope(where.rule, where.unit),
        about=where.label or (where.unit and where.called) or f"the roster {where.rule}",
        detail=f"{why}: {names}" if names else why,
        sides=(
            Side(who=where.source, value=plan, record=f"plan/{plan}", detail=why),
            Side(who=where.lane, value="people are in it", record=where.place, detail=f"{inside} are in it"),
        ),
        fixes=fixes,
        rule=where.rule,
        unit=where.unit,
        lane=where.lane,
        place=where.place,
        correlation_ids=(where.plan,) if where.plan else (),
    )
