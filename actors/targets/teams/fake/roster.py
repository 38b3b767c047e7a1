"""What is asked and ordered about teams and their members, as Graph takes it: pages of up to 999, two hundred added
with one request and an answer for each, memberships by ids of their own.
"""

import base64
import re

import msgspec

from actors.domain.flow import Request
from actors.ports import Effect
from actors.targets.teams.fake.apps import body_of
from actors.targets.teams.fake.calls import Call
from actors.targets.teams.fake.changes import base_of
from actors.targets.teams.fake.grants import Token
from actors.targets.teams.fake.places import GUID
from actors.targets.teams.fake.replies import Fields, Refusal
from actors.targets.teams.fake.space import Space
from actors.targets.teams.fake.teams import Membership, Team, Teams

ADDED_MAX = 200
REMOVED_MAX = 20
ROWS = 100
ROWS_MAX = 999
NAME_CHARS_MAX = 256
KIND = "#microsoft.graph.aadUserConversationMember"
RESULT = "#microsoft.graph.aadUserConversationMemberResult"
OWNERS = "TeamMember.ReadWrite.All"
_USER = re.compile(r".*/users(?:/|\(')([^/')]{1,320})(?:'\))?", re.ASCII)
_OF_USER = re.compile(r"\(?microsoft\.graph\.aadUserConversationMember/userId eq '([^']{1,100})'\)?", re.ASCII)


class Roster:
    """Answers calls; raises ``Refusal``. ``spoilt``: the code that the next ``members/add`` has for the first of its
    people."""

    def __init__(self, space: Space, teams: Teams) -> None:
        self._space = space
        self._teams = teams
        self.spoilt = ""

    def perform(self, call: Call, request: Request, token: Token, effect: Effect) -> tuple[int, Fields | None, str]:
        """Status, body, and where what was made is."""
        now_s = effect.time
        if call.operation == "teams.post":
            team = self._make(request, now_s)
            self._done(effect, team, team.id)
            return 202, None, f"/teams('{team.id}')/operations('{team.id}')"
        team = self._teams.there(call.destination, now_s)
        if team.dynamic and request.method != "GET":
            raise Refusal(403, "Forbidden", "The members of a group with a membership rule cannot be changed.")
        match call.operation:
            case "members.list":
                return 200, self._page(team, call, request, now_s), ""
            case "members.get":
                return 200, self._shown(self._teams.membership(team, call.name)), ""
            case "members.add":
                status, fields = self._add(team, request, token, effect)
                return status, fields, ""
            case "members.remove":
                status, fields = self._remove(team, request, effect)
                return status, fields, ""
            case "members.post":
                _, given = body_of(request)
                user, owner = self._named(given)
                _demand(token, owner)
                made = self._teams.add(team, user, owner=owner, now_s=now_s)
                self._done(effect, team, user)
                return 201, self._shown(made), ""
            case "members.patch":
                return 200, self._patch(team, call, request, token, effect), ""
            case _:
                there = self._teams.membership(team, call.name)
                _demand(token, there.owner)
                self._teams.remove(team, there, now_s)
                self._done(effect, team, there.user)
                return 204, None, ""

    # ── teams ────────────────────────────────────────────────────────────────────────────────────────

    def _make(self, request: Request, now_s: float) -> Team:
        _, given = body_of(request)
        name, members = given.get("displayName"), given.get("members")
        if "/teamsTemplates" not in str(given.get("template@odata.bind")):
            raise Refusal(400, "BadRequest", "The team's template is missing: template@odata.bind.")
        if not isinstance(name, str) or not 0 < len(name) <= NAME_CHARS_MAX:
            raise Refusal(400, "BadRequest", "The team's displayName is missing or too long.")
        if not isinstance(members, list) or len(members) != 1 or not isinstance(members[0], dict):
            raise Refusal(400, "BadRequest", "A team is created by an app with exactly one owner in members.")
        user, owner = self._named(members[0])
        if not owner:
            raise Refusal(400, "BadRequest", "A team is created by an app with exactly one owner in members.")
        visibility = str(given.get("visibility", "Private"))
        if visibility not in ("Private", "Public", "HiddenMembership"):
            raise Refusal(400, "BadRequest", "The visibility is Private or Public.")
        return self._teams.make(name, str(given.get("description") or ""), visibility, user, now_s)

    # ── members ──────────────────────────────────────────────────────────────────────────────────────

    def _page(self, team: Team, call: Call, request: Request, now_s: float) -> Fields:
        start, rows = _page_of(call)
        found = self._teams.listed(team, now_s)
        if question := call.query.get("$filter", ""):
            wanted = [_OF_USER.fullmatch(each.strip()) for each in question.strip("()").split(" or ")]
            users = {each[1].lower() for each in wanted if each is not None}
            if not all(wanted):
                raise Refusal(400, "BadRequest", "The filter is not one the sandbox understands.")
            found = [each for each in found if each.user in users]
        page = found[start : start + rows]
        answer: Fields = {"@odata.count": len(page), "value": [self._shown(each) for each in page]}
        if start + rows < len(found):
            skip = base64.urlsafe_b64encode(f"{start + rows}.{rows}".encode()).decode().rstrip("=")
            answer["@odata.nextLink"] = f"{base_of(request)}teams/{team.id}/members?$skiptoken={skip}"
        return answer

    def _shown(self, membership: Membership) -> Fields:
        somebody = self._space.people.known(membership.user)
        return {
            "@odata.type": KIND,
            "id": membership.id,
            "roles": ["owner"] if membership.owner else [],
            "displayName": somebody.name if somebody is not None else f"Person {membership.user[:8]}",
            "userId": membership.user,
            "email": somebody.mail if somebody is not None else None,
            "tenantId": None,
            "visibleHistoryStartDateTime": "0001-01-01T00:00:00Z",
        }

    def _add(self, team: Team, request: Request, token: Token, effect: Effect) -> tuple[int, Fields]:
        values = _values(request, ADDED_MAX)
        results: list[Fields] = []
        changed = 0
        for each in values:
            bound = _USER.fullmatch(str(each.get("user@odata.bind")))
            told = bound[1] if bound is not None else None
            try:
                self._spoil()
                told, owner = self._named(each)
                _demand(token, owner)
                before = len(team.members)
                self._teams.add(team, told, owner=owner, now_s=effect.time)
                changed += len(team.members) - before
                error = None
            except Refusal as refusal:
                error = {"code": refusal.code, "message": str(refusal)}
            results.append({"@odata.type": RESULT, "userId": told, "error": error})
        if changed:
            self._done(effect, team, str(changed))
        failed = any(each["error"] is not None for each in results)
        return 207 if failed else 200, {"value": results}

    def _spoil(self) -> None:
        """Raises Refusal, once."""
        code, self.spoilt = self.spoilt, ""
        if code:
            raise Refusal(400, code, "As the sandbox was told to say.")

    def _remove(self, team: Team, request: Request, effect: Effect) -> tuple[int, Fields]:
        results: list[Fields] = []
        for each in _values(request, REMOVED_MAX):
            user, error = "", None
            try:
                user, _ = self._named(each)
                self._teams.remove(team, self._teams.member(team, user), effect.time)
                self._done(effect, team, user)
            except Refusal as refusal:
                error = {"code": refusal.code, "message": str(refusal)}
            results.append({"@odata.type": RESULT, "userId": user, "error": error})
        return 207 if any(each["error"] is not None for each in results) else 200, {"value": results}

    def _patch(self, team: Team, call: Call, request: Request, token: Token, effect: Effect) -> Fields:
        there = self._teams.membership(team, call.name)
        _demand(token, owner=True)
        _, given = body_of(request)
        self._teams.make_owner(team, there, _owner(given))
        self._done(effect, team, there.user)
        return self._shown(there)

    def _named(self, given: Fields) -> tuple[str, bool]:
        """Who, and whether as an owner. Raises Refusal."""
        bound = _USER.fullmatch(str(given.get("user@odata.bind")))
        if bound is None or not str(given.get("@odata.type", "")).endswith("aadUserConversationMember"):
            raise Refusal(400, "BadRequest", "A member has an @odata.type and names somebody: user@odata.bind.")
        user, owner = bound[1].replace("''", "'"), _owner(given)
        person = self._space.person(user)
        if person is not None:
            return str(person["id"]), owner
        if not GUID.fullmatch(user) or self._space.people.is_gone(user):
            raise Refusal(404, "NotFound", "The user does not exist.")
        return user.lower(), owner

    def _done(self, effect: Effect, team: Team, what: str) -> None:
        self._space.enter(msgspec.structs.replace(effect, destination=team.id, id=what))


def _owner(given: Fields) -> bool:
    """Raises Refusal."""
    roles = given.get("roles", [])
    if roles not in ([], ["owner"], ["guest"]):
        raise Refusal(400, "BadRequest", "The roles are none, or owner.")
    return roles == ["owner"]


def _demand(token: Token, owner: bool) -> None:
    """Raises Refusal: the smaller permission does not reach owners."""
    if owner and token.scopes is not None and OWNERS not in token.scopes:
        raise Refusal(403, "Forbidden", f"Missing role permissions on the request. API requires one of '{OWNERS}'.")


def _values(request: Request, most: int) -> list[Fields]:
    _, given = body_of(request)
    values = given.get("values")
    if not isinstance(values, list) or not values or not all(isinstance(each, dict) for each in values):
        raise Refusal(400, "BadRequest", "values is a list of members.")
    if len(values) > most:
        raise Refusal(400, "BadRequest", f"No more than {most} members at once.")
    return values


def _page_of(call: Call) -> tuple[int, int]:
    """Where a page begins, and how long it is. Raises Refusal."""
    try:
        if token := call.query.get("$skiptoken"):
            start, rows = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode().split(".")
            return int(start), int(rows)
        rows = call.query.get("$top", str(ROWS))
        if 1 <= int(rows) <= ROWS_MAX:
            return 0, int(rows)
    except ValueError:
        raise Refusal(400, "BadRequest", "The token is not valid.") from None
    raise Refusal(400, "BadRequest", f"$top is between 1 and {ROWS_MAX}.")
