"""What one run is about, and what it found: the forms of ``drafting``."""

from collections.abc import Mapping, Sequence

import msgspec

from actors.domain.rosters.difference import Accounts
from actors.domain.rosters.holding import Judged
from actors.domain.rosters.model import Desired, Kept, Place, Unit
from actors.domain.rosters.plan import PlacePlan
from actors.ports.rosters import READ, Marked, PlaceState, Reckoned
from actors.roles.placing import Sought


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """Of what: ``whole`` all places of the rule, or those of a ``course`` (its code, name or an id), else what is due.
    ``read``: their members are read anew; ``thrifty``: for next to no calls beside. ``dry``: nothing becomes due by it.
    ``accept``: the brake is off."""

    whole: bool = False
    course: str = ""
    read: bool = False
    thrifty: bool = False
    dry: bool = False
    accept: bool = False

    @property
    def is_asked(self) -> bool:
        return self.whole or bool(self.course)


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of one unit."""

    state: PlaceState
    place: Place
    desired: Desired
    accounts: Accounts
    before: dict[str, Kept]
    plan: PlacePlan
    sought: Sought | None = None
    made_as: str = ""
    """What it is called if it is made, by a person's word; empty: as the rule says."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A rule's run. ``parts`` by the unit's key, as ``judged.places`` in their order."""

    scope: Scope
    now_us: int
    parts: dict[str, Part]
    judged: Judged
    turns_us: int | None = None
    unplaced: Desired | None = None


def bound(state: PlaceState, id_: str) -> Reckoned:
    """It has this place from now on, of which nothing is known yet."""
    place = msgspec.structs.replace(state.place, id=id_, made=False, made_us=0, read_us=0, closed="")
    return Reckoned(place=place, marks=state.marks, anew=True, again=READ, again_us=0)


def courses_of(
    scope: Scope, states: Mapping[str, PlaceState], marked: Sequence[Marked], now_us: int
) -> Sequence[str] | None:
    """Whose enrolments are needed; None: everybody's."""
    if scope.is_asked:
        return None
    due = {each.place.unit.course for each in states.values() if (each.due and each.due_us <= now_us) or each.parked}
    courses = due | {each.course for each in marked}
    return None if "" in courses or any(not each.place.unit.course for each in states.values()) else sorted(courses)


def named_before(asked: str, states: Mapping[str, PlaceState]) -> set[str]:
    """Courses of places that were called so when they were looked at last: what they are called now is to be told."""
    units = (each.place.unit for each in states.values())
    return {each.course for each in units if asked and each.course and asked in (each.label, each.name, each.key)}


def touched(
    scope: Scope, units: Mapping[str, Unit], states: Mapping[str, PlaceState], marked: Sequence[Marked]
) -> list[Unit]:
    """What is due by this run: units of courses in which something changed, also those of which nothing is left."""
    everything = {**{key: each.place.unit for key, each in states.items()}, **units}
    if scope.whole:
        return list(everything.values())
    if scope.course:
        names = scope.course
        return [each for each in everything.values() if names in (each.course, each.label, each.name, each.key)]
    courses = {each.course for each in marked}
    if not courses:
        return []
    return [each for each in everything.values() if "" in courses or not each.course or each.course in courses]
