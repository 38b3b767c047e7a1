"""Who really is in which channel, user group and team, and everybody's every step in and out: seen at the vendors
themselves, behind whatever they show, with who took it (we, or somebody by hand).

A person has the account that their first address named, whatever becomes of addresses later.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Literal
from unittest import mock

import msgspec

from actors.domain.rosters.model import PlaceKind
from actors.domain.school import Pupil
from actors.targets.slack.fake import FakeSlack
from actors.targets.slack.fake.rooms import Group, Rooms
from actors.targets.teams.fake import FakeTeams
from actors.targets.teams.fake.teams import Team, Teams

VENDORS: dict[PlaceKind, str] = {"channel": "slack", "usergroup": "slack", "team": "teams"}
What = Literal["in", "out", "owner", "plain"]


class Step(msgspec.Struct, frozen=True):
    """Somebody came into a place, went out of it, or became its owner or a plain member."""

    at_s: float
    place: str
    who: str
    what: What
    by_hand: bool


class Hall:
    """Of one tenant."""

    def __init__(self, slack: FakeSlack, teams: FakeTeams, now_s: Callable[[], float]) -> None:
        self.slack = slack
        self.teams = teams
        self.steps: list[Step] = []
        self.on_step: Callable[[Step], None] = lambda step: None
        self._now_s = now_s
        self._by_hand = False
        self._accounts: dict[tuple[str, int], str] = {}
        self._pupils: dict[str, int] = {}
        self._seen: dict[str, set[str]] = {}

    # ── people ───────────────────────────────────────────────────────────────────────────────────────

    def enter(self, pupil: Pupil) -> None:
        """Somebody who has an account with each vendor."""
        self._known("slack", pupil.id, self.slack.space.person(pupil.email))
        self._known("teams", pupil.id, self.teams.people.hire(pupil.email).id)

    def _known(self, vendor: str, pupil: int, account: str) -> None:
        self._accounts[vendor, pupil] = account
        self._pupils[account] = pupil

    def account(self, kind: PlaceKind, pupil: int) -> str:
        return self._accounts.get((VENDORS[kind], pupil), "")

    def pupil(self, account: str) -> int:
        """Whose account it is; 0: nobody's whom the school knows."""
        return self._pupils.get(account, 0)

    def everybody(self, vendor: str) -> list[str]:
        """The accounts of all whom the school knows."""
        return [account for (name, _), account in self._accounts.items() if name == vendor]

    def is_active(self, kind: PlaceKind, account: str) -> bool:
        """Whether the vendor would let them in somewhere."""
        if VENDORS[kind] == "slack":
            person = self.slack.space.somebody(account)
            return not person.deleted and not person.guest
        somebody = self.teams.people.known(account)
        return somebody is not None and somebody.enabled and account not in self.teams.teams.barred

    # ── places ───────────────────────────────────────────────────────────────────────────────────────

    def inside(self, kind: PlaceKind, place: str) -> set[str]:
        match kind:
            case "channel":
                return self.slack.space.rooms.inside(place)
            case "usergroup":
                group = self.slack.space.rooms.groups.get(place)
                return set() if group is None or group.disabled_s else set(group.users)
            case "team":
                team = self._team(place)
                return set() if team is None else set(team.members)

    def owners(self, place: str) -> set[str]:
        team = self._team(place)
        return set() if team is None else {user for user, each in team.members.items() if each.owner}

    def closed(self, kind: PlaceKind, place: str) -> str:
        """Why nobody can be let in there; empty: they can."""
        match kind:
            case "channel":
                found = dict(self.slack.space.places()).get(place)
                if found is None or found.deleted:
                    return "gone"
                return "archived" if found.archived else "" if found.member else "the app was put out"
            case "usergroup":
                return "" if place in self.slack.space.rooms.groups else "gone"
            case "team":
                team = self._team(place)
                return "gone" if team is None or team.deleted else "by a rule" if team.dynamic else ""

    def _team(self, place: str) -> Team | None:
        return self.teams.teams.group(place, self._now_s() + 1e6) if place else None

    # ── what happens ─────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def by_hand(self) -> Iterator[None]:
        """What happens meanwhile was done by somebody else."""
        self._by_hand = True
        try:
            yield
        finally:
            self._by_hand = False

    def _step(self, place: str, people: Iterable[str], what: What) -> None:
        for who in people:
            step = Step(self._now_s(), place, who, what, self._by_hand)
            self.steps.append(step)
            self.on_step(step)

    def _group(self, group: Group) -> None:
        """One that is disabled has nobody in it; whoever is let in with it again is seen once that has changed."""
        before, now = self._seen.get(group.id, set()), set() if group.disabled_s else set(group.users)
        self._step(group.id, sorted(now - before), "in")
        self._step(group.id, sorted(before - now), "out")
        self._seen[group.id] = now

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Every step is seen."""
        put, take, replace, switch = Rooms.put, Rooms.take, Rooms.replace, Rooms.switch
        moved, deliver = Teams._moved, self._step

        def comes(rooms: Rooms, channel: str, *args: Any, **more: Any) -> list[str]:
            fresh = put(rooms, channel, *args, **more)
            deliver(channel, fresh, "in")
            return fresh

        def goes(rooms: Rooms, channel: str, *args: Any) -> list[str]:
            gone = take(rooms, channel, *args)
            deliver(channel, gone, "out")
            return gone

        def replaces(rooms: Rooms, group: Group, *args: Any) -> bool:
            changed = replace(rooms, group, *args)
            self._group(group)
            return changed

        def switches(rooms: Rooms, group: Group, *args: Any, on: bool) -> bool:
            changed = switch(rooms, group, *args, on=on)
            if not on or self._by_hand:
                self._group(group)
            return changed

        def moves(teams: Teams, team: Team, user: str, role: str, *, came: bool) -> None:
            moved(teams, team, user, role, came=came)
            what: What = ("in" if came else "out") if role == "members" else "owner" if came else "plain"
            if what != "plain" or user in team.members:
                deliver(team.id, [user], what)

        with ExitStack() as stack:
            for owner, name, eyes in (
                (Rooms, "put", comes),
                (Rooms, "take", goes),
                (Rooms, "replace", replaces),
                (Rooms, "switch", switches),
                (Teams, "_moved", moves),
            ):
                stack.enter_context(mock.patch.object(owner, name, eyes))
            yield
