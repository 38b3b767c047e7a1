"""What a roster is about: places, seats, members, and how each person stands in each place (pure).

A *unit* is what one place is for: a course, a section, an organisational unit or a cohort, as a rule says. A *seat* is
a person's right to be in it, a *member* whoever the vendor says is in it. Persons are the ledger's numbers; a person
has one seat in a unit, however many enrolments give it.
"""

from typing import Literal

import msgspec

PlaceKind = Literal["channel", "usergroup", "team"]
Rule = Literal[
    "exclude",
    "role",
    "suspended",
    "completed",
    "invited",
    "not_begun",
    "over",
    "ended",
    "no_name",
    "decision",
]
"""Why somebody who is enrolled has no seat. ``no_name``: what the place is called after is not told of them;
``decision``: a person said so."""
TAKEN_OUT: frozenset[Rule] = frozenset({"suspended", "completed", "over", "ended"})
"""Who had a right to be in and has none any more: they are taken out, whoever put them in."""

RULED = "ruling"
"""A seat is given by this where no enrolment gives it: a person said so."""


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """``key`` stays while names change (``course:42``, ``course:42|section:7``, ``user.org_unit:north``; ``all`` where
    the rule names one place). ``course`` is the source's id of the course, empty where the place is of several;
    ``name`` is the place's name as the rule makes it now, ``topic`` likewise; ``label`` is for people."""

    rule: str
    key: str
    course: str = ""
    name: str = ""
    topic: str = ""
    label: str = ""


class Seat(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person's right to be in. ``by``: the ids of the enrolments that give it; ``user`` the source's id of one."""

    person: int
    user: str
    name: str = ""
    email: str = ""
    owner: bool = False
    by: tuple[str, ...] = ()


class Excluded(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody who is enrolled and has no seat: by which ``rule``, and in words. ``until``: when that changes by itself
    (RFC 3339), empty: it does not."""

    person: int
    user: str
    rule: "Rule"
    detail: str = ""
    name: str = ""
    email: str = ""
    until: str = ""


class Desired(msgspec.Struct, frozen=True, kw_only=True):
    """Who should be in a unit's place. ``sure`` False: what the source told is not believed to be all (its reading was
    cut off, its brake is on, a record is in quarantine): nobody is removed by it, and ``why`` says so."""

    unit: Unit
    seats: tuple[Seat, ...] = ()
    excluded: tuple[Excluded, ...] = ()
    sure: bool = True
    why: str = ""
    over: bool = False
    """Its course is over, or not open: the place is left as it is."""


class Member(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who the vendor says is in a place. ``id`` is the vendor's id of the person; ``membership`` that of the
    membership, where the vendor has one and needs it to end it. ``bot``: no person (also we ourselves): left alone."""

    id: str
    owner: bool = False
    membership: str = ""
    name: str = ""
    email: str = ""
    bot: bool = False


class Actual(msgspec.Struct, frozen=True, kw_only=True):
    """A place as read at ``read_us``. ``whole`` False: not to its end, so absence from it says nothing."""

    place: str
    members: tuple[Member, ...] = ()
    whole: bool = True
    read_us: int = 0


Standing = Literal["in_step", "pending", "unmatched", "refused", "excluded", "stranger", "asked"]
"""How a person stands in a place: is in it as they should; will be (or is leaving) by what is under way; cannot be
found at the vendor; is not let in by the vendor; is left out by rule; is in it and was never enrolled; waits for a
person's decision."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A unit's place at the vendor, as remembered. ``id`` empty: there is none yet. ``made``: by us."""

    no: int
    unit: Unit
    lane: str
    kind: PlaceKind
    id: str = ""
    made: bool = False
    made_us: int = 0
    read_us: int = 0
    closed: str = ""
    """Why nothing can be done there (archived, deleted, name taken, not found); empty: it can."""


class Kept(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is remembered of somebody in a place: the vendor's ``id`` of them, and what we know of it.

    ``person`` 0: nobody knows who that is. ``inside``: was in it when it was last read, or was put there since.
    ``put_us``: when we last put them in (0: we never did), ``tries`` how often since they were last seen in it;
    ``ours``: they hold or held a seat, so that without one they are to leave. ``accepted``: a person said that they may
    stay without a seat. ``left_us``: when we saw that somebody had taken them out (0: nobody did). ``granted``: we made
    them an owner."""

    id: str
    person: int = 0
    owner: bool = False
    membership: str = ""
    inside: bool = False
    put_us: int = 0
    tries: int = 0
    ours: bool = False
    accepted: bool = False
    granted: bool = False
    left_us: int = 0
    refused: str = ""
    """Why the vendor does not let them in; empty: it does."""
    refused_us: int = 0
    erased: bool = False
    """They were erased: nobody knows who it is any more, and they are taken out, whoever put them in."""
