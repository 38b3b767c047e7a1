"""Teams and who is in them: made, shown, changed. What was changed shows up in lists a little later, and a new team is
known to the directory before Teams knows it.

Every well-formed team exists, as elsewhere in the sandbox, without a member; those that are made have a name.
"""

import base64
import uuid

import msgspec

from actors.targets.teams.fake.places import GUID
from actors.targets.teams.fake.replies import IDS, Fields, Refusal, iso
from actors.targets.teams.fake.terms import Terms

TEAMS_MAX = 100_000
MOVES_MAX = 500_000
"""Changes of members that delta tells of; the oldest are forgotten."""


class Membership(msgspec.Struct):
    """Somebody in a team. ``from_s``: since when lists show it; ``gone_s``: until when they show one that has ended."""

    id: str
    user: str
    owner: bool
    from_s: float
    gone_s: float | None = None


class Team(msgspec.Struct, kw_only=True):
    """``known_s``: since when Teams knows it; ``listed_s``: since when the directory shows its group."""

    id: str
    name: str
    description: str = ""
    visibility: str = "Private"
    created_s: float = 0.0
    known_s: float = 0.0
    listed_s: float = 0.0
    deleted: bool = False
    dynamic: bool = False
    """Whether a rule of the directory says who is in it, and nobody else."""
    archived: bool = False
    members: dict[str, Membership] = {}
    leaving: dict[str, Membership] = {}

    @property
    def owners(self) -> int:
        return sum(each.owner for each in self.members.values())


class Move(msgspec.Struct, frozen=True):
    """A change of a group's members. ``role``: members or owners."""

    serial: int
    team: str
    user: str
    role: str
    came: bool


class Teams:
    """All of a directory's."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._teams: dict[str, Team] = {}
        self._named: dict[str, dict[str, Team]] = {}
        """By name, casefolded; by id."""
        self.moves: list[Move] = []
        self.serial = 0
        self.barred: set[str] = set()
        """Whom Teams lets in nowhere."""
        self._count = 0

    # ── teams ────────────────────────────────────────────────────────────────────────────────────────

    def make(self, name: str, description: str, visibility: str, owner: str, now_s: float) -> Team:
        """Raises Refusal."""
        if len(self._teams) >= TEAMS_MAX:
            raise Refusal(507, "InsufficientStorage", "The sandbox has as many teams as it can.")
        team = Team(
            id=self._id(now_s),
            name=name,
            description=description,
            visibility=visibility,
            created_s=now_s,
            known_s=now_s + self._terms.teams_late_s,
            listed_s=now_s + self._terms.groups_late_s,
        )
        self._teams[team.id] = team
        self._named.setdefault(name.casefold(), {})[team.id] = team
        self.add(team, owner, owner=True, now_s=now_s)
        return team

    def _id(self, now_s: float) -> str:
        """One without 404, which would not exist."""
        while True:
            self._count += 1
            name = str(uuid.uuid5(IDS, f"team {self._count} {now_s}"))
            if "404" not in name:
                return name

    def there(self, named: str, now_s: float) -> Team:
        """As Teams knows it. Raises Refusal."""
        team = self.group(named, now_s)
        if team is None or now_s < team.known_s:
            raise Refusal(404, "NotFound", "No team found with Group Id " + named)
        return team

    def group(self, named: str, now_s: float) -> Team | None:
        """As the directory knows it. Raises Refusal for what is no id."""
        if not GUID.fullmatch(named):
            raise Refusal(400, "BadRequest", "teamId needs to be a valid GUID.")
        name = named.lower()
        team = self._teams.get(name)
        if team is None and "404" not in name:
            if len(self._teams) >= TEAMS_MAX:
                return Team(id=name, name=f"Team {name[:8]}", visibility="Public")
            team = self._teams[name] = Team(id=name, name=f"Team {name[:8]}", visibility="Public")
        return None if team is None or team.deleted or now_s < team.listed_s else team

    def named(self, name: str, now_s: float) -> list[Team]:
        found = self._named.get(name.casefold(), {}).values()
        return [each for each in found if not each.deleted and now_s >= each.listed_s]

    def all(self) -> list[Team]:
        """Those that were made, and are not deleted."""
        return [each for each in self._teams.values() if not each.deleted]

    def rename(self, team: Team, name: str) -> None:
        self._named.get(team.name.casefold(), {}).pop(team.id, None)
        team.name = name
        self._named.setdefault(name.casefold(), {})[team.id] = team

    # ── members ──────────────────────────────────────────────────────────────────────────────────────

    def listed(self, team: Team, now_s: float) -> list[Membership]:
        """Who is shown to be in it."""
        team.leaving = {user: each for user, each in team.leaving.items() if now_s < (each.gone_s or 0.0)}
        staying = [each for each in team.members.values() if each.from_s <= now_s]
        return staying + [each for user, each in team.leaving.items() if user not in team.members]

    def add(self, team: Team, user: str, *, owner: bool, now_s: float) -> Membership:
        """Who is in it already stays as they are. Raises Refusal."""
        if user in self.barred:
            raise Refusal(403, "Forbidden", "The user cannot be added to the team by policy.")
        there = team.members.get(user)
        if there is not None:
            return there
        if len(team.members) >= self._terms.team_members_max:
            raise Refusal(403, "Forbidden", "The team has as many members as it may.")
        if owner and team.owners >= self._terms.team_owners_max:
            raise Refusal(403, "Forbidden", "The team has as many owners as it may.")
        self._count += 1
        name = base64.urlsafe_b64encode(f"{team.id}##{user}##{self._count}".encode()).decode().rstrip("=")
        late_s = 0.0 if team.created_s == now_s else self._terms.members_late_s
        made = team.members[user] = Membership(name, user, owner, now_s + late_s)
        team.leaving.pop(user, None)
        self._moved(team, user, "members", came=True)
        if owner:
            self._moved(team, user, "owners", came=True)
        return made

    def remove(self, team: Team, membership: Membership, now_s: float) -> None:
        """Raises Refusal."""
        if membership.owner and team.owners == 1:
            raise Refusal(400, "BadRequest", "The team must have at least one owner.")
        del team.members[membership.user]
        shown = membership.from_s <= now_s and self._terms.members_late_s > 0.0
        if shown:
            membership.gone_s = now_s + self._terms.members_late_s
            team.leaving[membership.user] = membership
        self._moved(team, membership.user, "members", came=False)
        if membership.owner:
            self._moved(team, membership.user, "owners", came=False)

    def make_owner(self, team: Team, membership: Membership, owner: bool) -> None:
        """Raises Refusal."""
        if membership.owner and not owner and team.owners == 1:
            raise Refusal(400, "BadRequest", "The team must have at least one owner.")
        if owner and not membership.owner and team.owners >= self._terms.team_owners_max:
            raise Refusal(403, "Forbidden", "The team has as many owners as it may.")
        if membership.owner != owner:
            membership.owner = owner
            self._moved(team, membership.user, "owners", came=owner)

    def membership(self, team: Team, name: str) -> Membership:
        """Raises Refusal."""
        found = next((each for each in team.members.values() if each.id == name), None)
        if found is None:
            raise Refusal(404, "NotFound", "No member with this id in the team.")
        return found

    def member(self, team: Team, user: str) -> Membership:
        """Raises Refusal."""
        found = team.members.get(user)
        if found is None:
            raise Refusal(404, "NotFound", "The user is no member.")
        return found

    def _moved(self, team: Team, user: str, role: str, *, came: bool) -> None:
        self.serial += 1
        self.moves.append(Move(self.serial, team.id, user, role, came))
        if len(self.moves) > MOVES_MAX:
            del self.moves[: MOVES_MAX // 2]


def team_fields(team: Team) -> Fields:
    return {
        "id": team.id,
        "displayName": team.name,
        "description": team.description or None,
        "visibility": team.visibility,
        "isArchived": team.archived,
    }


def group_fields(team: Team) -> Fields:
    return {
        "id": team.id,
        "displayName": team.name,
        "description": team.description or None,
        "visibility": team.visibility,
        "createdDateTime": iso(team.created_s)[:19] + "Z",
        "resourceProvisioningOptions": ["Team"],
        "groupTypes": ["Unified", "DynamicMembership"] if team.dynamic else ["Unified"],
    }
