"""Rows about rosters. ``views`` re-exports them."""

from daemon.control.view import View


class RosterPlanRow(View, frozen=True, kw_only=True, tag="roster_plan"):
    """A plan. ``state``: shown, parked (it waits for a person; ``why``), accepted, applied, rejected or lapsed.
    ``scope``: a course, or RULE|UNIT of what was parked; empty: everything."""

    tenant: str
    hash: str
    state: str
    scope: str = ""
    cause: str = ""
    by: str = ""
    made_us: int
    done_us: int | None = None
    adds: int = 0
    removes: int = 0
    why: str = ""


class RosterChangeRow(View, frozen=True, kw_only=True, tag="roster_change"):
    """What a plan would do to one place. ``note``: what stands in the way, what waits for a person, or who would leave
    if all were known."""

    roster: str
    lane: str
    unit: str
    label: str
    place: str = ""
    name: str = ""
    create: bool = False
    inside: int = 0
    in_step: int = 0
    adds: int = 0
    promotes: int = 0
    demotes: int = 0
    removes: int = 0
    unmatched: int = 0
    refused: int = 0
    asked: int = 0
    note: str = ""


class RosterMoveRow(View, frozen=True, kw_only=True, tag="roster_move"):
    """What a plan would do with one person. ``does``: add, promote, demote, remove; or unmatched, refused, asked."""

    roster: str
    label: str
    does: str
    name: str = ""
    email: str = ""
    account: str = ""
    owner: bool = False
    why: str = ""


class RosterRow(View, frozen=True, kw_only=True, tag="roster"):
    """How a unit's place stands. ``people`` are enrolled: the sum of those in step and so on; ``strangers`` are none of
    them. ``note``: why nothing is done there."""

    tenant: str
    roster: str
    unit: str
    label: str
    lane: str
    place_kind: str
    place: str = ""
    people: int = 0
    in_step: int = 0
    pending: int = 0
    unmatched: int = 0
    refused: int = 0
    excluded: int = 0
    asked: int = 0
    strangers: int = 0
    read_us: int | None = None
    note: str = ""


class StandingRow(View, frozen=True, kw_only=True, tag="standing"):
    """How one person stands in one place. ``person``: the identity ledger's number, ``user`` the source's id,
    ``account`` the vendor's."""

    tenant: str
    roster: str
    label: str
    place: str = ""
    name: str = ""
    email: str = ""
    person: int = 0
    user: str = ""
    account: str = ""
    owner: bool = False
    standing: str
    detail: str = ""


class DriftRow(View, frozen=True, kw_only=True, tag="drift"):
    """How a rule stood at a time."""

    tenant: str
    roster: str
    at_us: int
    people: int = 0
    in_step: int = 0
    pending: int = 0
    unmatched: int = 0
    refused: int = 0
    excluded: int = 0
    asked: int = 0
    strangers: int = 0


class RuleRow(View, frozen=True, kw_only=True, tag="roster_rule"):
    """What a rule is doing. ``state``: idle, planning, hindered (``detail``), or gone: nobody keeps it. While it plans,
    ``doing`` says with what it is busy, and how far that is: ``done`` of ``of`` (0: not known) in ``unit``."""

    tenant: str
    roster: str
    lane: str
    state: str
    detail: str = ""
    doing: str = ""
    done: int = 0
    of: int = 0
    unit: str = ""
    places: int = 0
    last_us: int | None = None
    next_us: int | None = None
