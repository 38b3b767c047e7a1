"""A conflict: what each side says since when, what may be done about it, how surely, how far it reaches and how it is
undone (pure).
"""

from typing import Literal

import msgspec

from actors.domain.conflicts.fixes import AnyFix

ConflictKind = Literal[
    "email_differs",
    "name_differs",
    "role_differs",
    "dates_differ",
    "status_differs",
    "stranger",
    "missing",
    "owner_added",
    "last_owner",
    "linked_twice",
    "name_ambiguous",
    "name_taken",
    "place_gone",
    "place_archived",
    "place_full",
    "near_miss",
    "identity_clash",
    "account_shared",
    "refused",
    "brake",
    "brake_total",
    "emptied",
]
"""By classes: what sources say differently (``fields``); what people changed at the platform (``drift``); places
(``places``); who is who (``people``); plans that stop (``brakes``)."""

ConflictState = Literal["open", "approved", "rejected", "settled", "undone"]
"""Waits for a person; a fix of it is in force; nothing is done about it while it stays as it is; it is not so any more;
its fix was taken back."""

Outdated = Literal["sides", "decided"]
"""The sides say something else than what was shown; somebody decided otherwise since."""

TEXT_CHARS_MAX = 500


class Side(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one party says. ``who``: a source, a lane, a rule, a person; ``record``: where (``enrolment/4711``, an id at
    the vendor); ``since_us``: since when (0: nobody knows)."""

    who: str
    value: str
    record: str = ""
    since_us: int = 0
    detail: str = ""


class Blast(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far a fix reaches: so many people and places, of whom so many are added and removed at the platform, at
    most. ``note``: what else, in words."""

    people: int = 0
    places: int = 0
    adds: int = 0
    removes: int = 0
    note: str = ""


class Suggestion(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A fix, and what speaks for it. ``confidence`` in percent. ``undo``: what takes its place where it is undone;
    None: the ruling alone is taken back. ``undoes``: what undoing brings back, in words; empty: everything."""

    fix: AnyFix
    confidence: int
    why: str
    blast: Blast = Blast()
    undo: AnyFix | None = None
    undoes: str = ""


class Conflict(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is asked. ``subject`` is one thing for good, and asked about once at a time; ``scope`` is the work in which
    it is found (``fixes.unit_scope``, ``fixes.person_scope``). ``about`` is for people: the place, the person.
    ``happened_us``: when what is asked about happened, as far as that is known; what was decided before that is not
    about it. ``correlation_ids``: of the work that found it, the deliveries or statements that led to it."""

    kind: ConflictKind
    subject: str
    scope: str
    about: str
    detail: str
    sides: tuple[Side, ...]
    fixes: tuple[Suggestion, ...]
    rule: str = ""
    unit: str = ""
    lane: str = ""
    place: str = ""
    person: int = 0
    happened_us: int = 0
    correlation_ids: tuple[str, ...] = ()

    @property
    def claims(self) -> tuple[tuple[str, str, str], ...]:
        """What the sides say: while that stays the same, it is the same question."""
        return tuple((side.who, side.record, side.value) for side in self.sides)


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a conflict's history. ``who`` empty: we ourselves; ``by_way``: ``control``, ``page``, ``card``.
    ``refused``: what somebody pressed was not done, ``detail`` says why (an ``Outdated``, or in words)."""

    at_us: int
    what: Literal["raised", "again", "changed", "approved", "rejected", "settled", "undone", "refused"]
    who: str = ""
    by_way: str = ""
    detail: str = ""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A conflict as it is kept. ``mark``: a digest of its claims; ``decisions``: how often it was decided or taken
    back; ``choice``: which fix was approved."""

    no: int
    tenant: str
    conflict: Conflict
    mark: str
    state: ConflictState
    raised_us: int
    seen_us: int
    times: int
    history: tuple[Event, ...] = ()
    decided_us: int | None = None
    decided_by: str = ""
    choice: int | None = None
    decisions: int = 0

    @property
    def shown(self) -> str:
        """What whoever decides is shown of it: a decision says what it was made on."""
        return f"{self.mark}-{self.decisions}"

    def outdated(self, shown: str) -> Outdated | None:
        """Whether it is another question by now than the one that was shown (a ``shown`` or a ``mark`` alone)."""
        mark, _, decisions = shown.partition("-")
        if mark and mark != self.mark:
            return "sides"
        return "decided" if decisions and int(decisions) != self.decisions else None


class Ruling(msgspec.Struct, frozen=True, kw_only=True):
    """A decision in force. ``conflict``: of which it came, 0 where it undoes another one."""

    no: int
    fix: AnyFix
    by: str
    at_us: int
    conflict: int = 0
