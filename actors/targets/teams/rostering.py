"""Rosters in Teams: who belongs in a team is made its member or owner.

``rostering_people`` finds out who is who, ``rostering_places`` which teams there are and who is in them,
``rostering_deeds`` changes it. Here is what is ordered in which portions: two hundred are added with one request, and
owners with them; removing and changing roles is a request each, twenty to an order, so that the smaller of Graph's
permissions is enough for it.
"""

from collections.abc import Collection, Sequence
from math import ceil
from typing import Literal

from actors.domain.flow import Flow
from actors.domain.rosters.model import Actual, Member, PlaceKind
from actors.domain.rosters.order import Deed, RosterOrder, order
from actors.domain.verdicts import Confirmation, Verdict
from actors.ports.rostering import Account, Failure, Found, Gone, LookedUp, Page, Slip, Wanted
from actors.targets.teams import rostering_people
from actors.targets.teams.calling import Caller
from actors.targets.teams.rostering_deeds import ADDED_MAX, BORN_S, CHANGED_MAX, Deeds
from actors.targets.teams.rostering_people import AT_ONCE, PAGE_ROWS, People
from actors.targets.teams.rostering_places import FINDS_MAX, PLACES_MAX, Places
from actors.targets.teams.settings import TEAM_ID, TeamsSettings

NAME_CHARS_MAX = rostering_people.VALUE_CHARS_MAX
"""Longer names are allowed and cannot be looked for."""
NAMELESS = "Team"
VISIBLE_S = 900.0
MEMBERS_MAX = 25_000


class TeamsRostering:
    """Implements ``ports.Rostering`` for one directory."""

    kinds: frozenset[PlaceKind] = frozenset({"team"})
    visible_s = VISIBLE_S
    born_s = BORN_S
    members_max = MEMBERS_MAX
    names_members = True
    lookups_max = AT_ONCE
    finds_max = FINDS_MAX
    hides_closing: frozenset[PlaceKind] = frozenset({"team"})

    def __init__(self, settings: TeamsSettings, caller: Caller) -> None:
        self._keeper = settings.team_owner
        self._people = People(caller)
        self._places = Places(caller, settings.team_owner)
        self._deeds = Deeds(settings, caller)
        self.kept: Collection[str] = self._places.kept
        """Teams whose members were read or changed: those that are kept in step, as far as this process knows."""

    # ── looking ──────────────────────────────────────────────────────────────────────────────────────

    def name(self, kind: PlaceKind, text: str) -> str:
        return " ".join(text.split())[:NAME_CHARS_MAX].strip() or NAMELESS

    def is_id(self, kind: PlaceKind, text: str) -> bool:
        return TEAM_ID.fullmatch(text) is not None

    def lists_all(self, unknown: int, everybody: int) -> bool:
        """A directory whose size nobody knows is begun to be read: its first page tells how large it is."""
        return ceil((everybody or unknown) / PAGE_ROWS) < ceil(unknown / AT_ONCE)

    def people(self, after: str) -> Flow[Page | Failure]:
        return self._people.page(after)

    def look_up(self, emails: Sequence[str]) -> Flow[LookedUp | Failure]:
        return self._people.look_up(emails)

    def who(self, ids: Sequence[str]) -> Flow[dict[str, Account] | Failure]:
        return self._people.who(ids)

    def find(self, kind: PlaceKind, texts: Sequence[str]) -> Flow[dict[str, tuple[Found, ...]] | Failure]:
        return self._places.find(texts)

    def members(self, kind: PlaceKind, places: Sequence[str]) -> Flow[dict[str, Actual | Gone] | Failure]:
        return self._places.members(places)

    def places_max(self, kind: PlaceKind) -> int:
        return PLACES_MAX

    def closing(self, kind: PlaceKind, places: Sequence[str], calls_max: int) -> Flow[dict[str, bool] | Failure]:
        return self._places.archived(places, calls_max)

    # ── changing ─────────────────────────────────────────────────────────────────────────────────────

    def orders(
        self, wanted: Wanted, *, plan: str, first_n: int, roster: str, unit: str, at: str
    ) -> tuple[RosterOrder, ...]:
        made: list[RosterOrder] = []

        def put(
            deed: Deed,
            *,
            members: tuple[str, ...] = (),
            owners: tuple[str, ...] = (),
            memberships: tuple[str, ...] = (),
        ) -> None:
            told = (wanted.name, wanted.topic) if deed == "create" else ("", "")
            made.append(
                order(
                    plan=plan,
                    n=first_n + len(made),
                    roster=roster,
                    unit=unit,
                    at=at,
                    place_kind=wanted.kind,
                    deed=deed,
                    place=wanted.place,
                    name=told[0],
                    topic=told[1],
                    private=wanted.private,
                    members=members,
                    owners=owners,
                    memberships=memberships,
                )
            )

        if not wanted.place:
            if wanted.add_owners or self._keeper:  # Teams makes none that is nobody's
                put("create", owners=wanted.add_owners[:1])
            return tuple(made)
        owners = frozenset(wanted.add_owners)
        joining = [each for each in dict.fromkeys(wanted.add) if each not in owners]
        joining += dict.fromkeys(wanted.add_owners)
        for start in range(0, len(joining), ADDED_MAX):
            portion = joining[start : start + ADDED_MAX]
            put(
                "add",
                members=tuple(each for each in portion if each not in owners),
                owners=tuple(each for each in portion if each in owners),
            )
        changes: tuple[tuple[Literal["promote", "demote", "remove"], tuple[Member, ...]], ...] = (
            ("promote", wanted.promote),
            ("demote", wanted.demote),
            ("remove", wanted.remove),
        )
        for deed, members in changes:
            for start in range(0, len(members), CHANGED_MAX):
                portion_ = members[start : start + CHANGED_MAX]
                put(
                    deed,
                    members=tuple(each.id for each in portion_),
                    memberships=tuple(each.membership for each in portion_),
                )
        return tuple(made)

    def perform(self, order: RosterOrder, slip: Slip) -> Flow[Verdict]:
        if order.place:
            self._places.keep(order.place)
        return self._deeds.perform(order, slip)

    def seen(self, order: RosterOrder, slip: Slip) -> Flow[Confirmation]:
        return self._deeds.seen(order, slip)
