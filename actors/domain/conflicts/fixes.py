"""What can be decided about a conflict: typed patches, each on one topic, each saying what it makes true (pure).

A fix that is approved becomes a *ruling*: whoever plans reads the rulings in force and plans by them, so that nothing
is done beside the plan, and undoing is taking a ruling back. One ruling on a topic is in force: a later one replaces
it. Some fixes count once (``once``): what happens after they were decided is not decided by them.
"""

from typing import ClassVar, Literal

import msgspec

Field = Literal["email", "role", "name", "dates", "status"]


class Fix(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="fix"):
    """What every fix has. ``scope``: the work that reads it (``roster:RULE|UNIT``, ``person:NO``)."""

    once: ClassVar[bool] = False

    @property
    def name(self) -> str:
        return str(self.__struct_config__.tag)

    @property
    def scope(self) -> str:
        return ""

    @property
    def topic(self) -> str:
        return f"{self.name}|{self.scope}"


class OfUnit(Fix, frozen=True, kw_only=True, omit_defaults=True):
    """About a unit of a roster rule."""

    rule: str
    unit: str

    @property
    def scope(self) -> str:
        return unit_scope(self.rule, self.unit)


class OfMember(OfUnit, frozen=True, kw_only=True, omit_defaults=True):
    """About somebody in a unit's place, by the vendor's id of them (``member``)."""

    place: str
    member: str

    @property
    def topic(self) -> str:
        return f"member|{self.scope}|{self.place}|{self.member}"


class LetStay(OfMember, frozen=True, kw_only=True, omit_defaults=True, tag="let_stay"):
    """They may be in it without being enrolled."""


class TakeOut(OfMember, frozen=True, kw_only=True, omit_defaults=True, tag="take_out"):
    """They leave it, as nobody enrolled them."""


class Admit(OfMember, frozen=True, kw_only=True, omit_defaults=True, tag="admit"):
    """They belong in it without being enrolled: who was taken out is put in again."""


class PutBack(OfMember, frozen=True, kw_only=True, omit_defaults=True, tag="put_back"):
    """Who was taken out at the platform, or was refused by it, is put in once more."""

    once = True


class OfOwner(OfMember, frozen=True, kw_only=True, omit_defaults=True):
    """About whether somebody owns a place."""

    @property
    def topic(self) -> str:
        return f"owner|{self.scope}|{self.place}|{self.member}"


class LetOwn(OfOwner, frozen=True, kw_only=True, omit_defaults=True, tag="let_own"):
    """They own it, whatever their role in the course is."""


class NoOwner(OfOwner, frozen=True, kw_only=True, omit_defaults=True, tag="no_owner"):
    """They are a member and no owner, whatever their role in the course is."""


class ByRole(OfOwner, frozen=True, kw_only=True, omit_defaults=True, tag="by_role"):
    """Whether they own it goes by their role in the course, whatever was done at the platform."""


class StayOut(OfUnit, frozen=True, kw_only=True, omit_defaults=True, tag="stay_out"):
    """This person has no seat in it, though enrolled."""

    person: int

    @property
    def topic(self) -> str:
        return f"seat|{self.scope}|{self.person}"


class UsePlace(OfUnit, frozen=True, kw_only=True, omit_defaults=True, tag="use_place"):
    """This is its place, by the vendor's id."""

    place: str

    @property
    def topic(self) -> str:
        return f"place|{self.scope}"


class MakeAnew(OfUnit, frozen=True, kw_only=True, omit_defaults=True, tag="make_anew"):
    """Its place is forgotten and made anew, under ``made_as`` where that is given."""

    made_as: str = ""
    once = True

    @property
    def topic(self) -> str:
        return f"place|{self.scope}"


class NoPlace(OfUnit, frozen=True, kw_only=True, omit_defaults=True, tag="no_place"):
    """It has no place, and nobody is kept in step for it."""

    @property
    def topic(self) -> str:
        return f"place|{self.scope}"


class LookAgain(OfUnit, frozen=True, kw_only=True, omit_defaults=True, tag="look_again"):
    """Something was mended at the platform or by an operator: it is read anew, and who was refused is tried again."""

    once = True

    @property
    def topic(self) -> str:
        return f"again|{self.scope}"


class OfPlan(Fix, frozen=True, kw_only=True, omit_defaults=True):
    """About a plan that the brake holds; ``plan`` is its hash. ``unit`` empty: of all of the rule's places."""

    rule: str
    unit: str = ""
    plan: str

    @property
    def topic(self) -> str:
        return f"plan|{self.scope}"

    @property
    def scope(self) -> str:
        return unit_scope(self.rule, self.unit)


class LetGo(OfPlan, frozen=True, kw_only=True, omit_defaults=True, tag="let_go"):
    """This very plan is carried out, however much it removes."""


class HoldBack(OfPlan, frozen=True, kw_only=True, omit_defaults=True, tag="hold_back"):
    """This very plan is not carried out, and nobody is asked about it again: the roster is mended at its source."""


class OfPerson(Fix, frozen=True, kw_only=True, omit_defaults=True):
    """About a person, by the ledger's number."""

    person: int

    @property
    def scope(self) -> str:
        return person_scope(self.person)


class Believe(OfPerson, frozen=True, kw_only=True, omit_defaults=True, tag="believe"):
    """Of this person (in this course, as ``course`` names it over all sources) ``source`` is believed about ``field``.
    ``value``: what it said when that was decided."""

    field: Field
    source: str
    course: str = ""
    value: str = ""

    @property
    def topic(self) -> str:
        return f"field|{self.person}|{self.course}|{self.field}"


class Contact(OfPerson, frozen=True, kw_only=True, omit_defaults=True, tag="contact"):
    """A target calls them by this id of its own; an empty one: it is asked by their address."""

    target: str
    account: str

    @property
    def topic(self) -> str:
        return f"contact|{self.target}|{self.person}"


class OfPersonas(Fix, frozen=True, kw_only=True, omit_defaults=True):
    """About two users of the identity ledger (numbers of personas), of whom ``a`` is ``person``."""

    person: int
    a: int
    b: int

    @property
    def topic(self) -> str:
        return f"personas|{min(self.a, self.b)}|{max(self.a, self.b)}"

    @property
    def scope(self) -> str:
        return person_scope(self.person)


class OnePerson(OfPersonas, frozen=True, kw_only=True, omit_defaults=True, tag="one_person"):
    """These two are one person."""


class TwoPersons(OfPersonas, frozen=True, kw_only=True, omit_defaults=True, tag="two_persons"):
    """These two are not."""


AnyFix = (
    LetStay
    | TakeOut
    | Admit
    | PutBack
    | LetOwn
    | NoOwner
    | ByRole
    | StayOut
    | UsePlace
    | MakeAnew
    | NoPlace
    | LookAgain
    | LetGo
    | HoldBack
    | Believe
    | Contact
    | OnePerson
    | TwoPersons
)


def unit_scope(rule: str, unit: str) -> str:
    """The work of one unit of a roster rule; ``unit`` empty: of the rule as a whole."""
    return f"roster:{rule}|{unit}"


def person_scope(person: int) -> str:
    return f"person:{person}"
