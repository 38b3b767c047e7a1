"""What is ordered of a vendor about one place: it goes through the outbox like any other change (pure).

An order tells what is to be so, not what to do, so that repeating it does no harm: who is in already, or is gone
already, is no failure. Whom alone the vendor refuses stands in the receipt.
"""

from typing import Literal

import msgspec

from actors.domain.changes import Change, Course
from actors.domain.people import Learner
from actors.domain.rosters.model import PlaceKind

Deed = Literal["create", "add", "remove", "promote", "demote", "replace", "enable", "disable"]
"""``create`` the place (a team with its ``owners``); ``add`` members; ``remove`` them; ``promote`` members to owners,
``demote`` owners to members; ``replace`` all members by these, where the vendor takes them as a whole, ``enable`` and
``disable`` what cannot be empty."""
NOBODY = Learner(key="")


class RosterOrder(Change, frozen=True, kw_only=True, omit_defaults=True, tag="roster"):
    """One call's worth for one place. ``place`` is the vendor's id of it (empty with ``create``), ``unit`` ours.
    ``members`` and ``owners`` are the vendor's ids of people; ``memberships`` goes with ``members`` where the vendor
    names those. ``cause``: what it follows from, in words."""

    plan: str
    n: int
    roster: str
    unit: str
    place_kind: PlaceKind
    deed: Deed
    place: str = ""
    name: str = ""
    topic: str = ""
    private: bool = True
    members: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    memberships: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    """Who was in it when this was decided, where all are replaced: whoever is neither of these nor of ``members`` came
    afterwards."""
    cause: str = ""
    aspect = "roster"

    @property
    def entity(self) -> str:
        return f"{self.aspect}|{self.plan}|{self.n}"

    @property
    def value(self) -> str:
        return self.deed

    @property
    def destination(self) -> str:
        """One line a place, so that orders of it keep their order: adding before removing."""
        return f"roster:{self.roster}|{self.unit}"


def order(
    *,
    plan: str,
    n: int,
    roster: str,
    unit: str,
    at: str,
    place_kind: PlaceKind,
    deed: Deed,
    course: Course | None = None,
    place: str = "",
    name: str = "",
    topic: str = "",
    private: bool = True,
    members: tuple[str, ...] = (),
    owners: tuple[str, ...] = (),
    memberships: tuple[str, ...] = (),
    inside: tuple[str, ...] = (),
) -> RosterOrder:
    """An order of nobody in particular, decided ``at`` (RFC 3339)."""
    return RosterOrder(
        learner=NOBODY,
        at=at,
        course=course,
        plan=plan,
        n=n,
        roster=roster,
        unit=unit,
        place_kind=place_kind,
        deed=deed,
        place=place,
        name=name,
        topic=topic,
        private=private,
        members=members,
        owners=owners,
        memberships=memberships,
        inside=inside,
    )


REFUSED = "refused"
"""Key of the receipt: JSON object, vendor's id of a person → the vendor's error and what it means."""
PLACE = "place"
"""Key of the receipt of ``create``: the vendor's id of what was made or found."""


def refusals(receipt: dict[str, str] | None) -> dict[str, str]:
    """Whom the vendor did not take, and why; by vendor's id."""
    text = (receipt or {}).get(REFUSED, "")
    return msgspec.json.decode(text, type=dict[str, str]) if text else {}
