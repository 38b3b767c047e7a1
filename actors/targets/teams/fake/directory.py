"""People and groups of the directory, listed: everybody by pages, or those whom a filter names, up to fifteen values.

Everybody at the sandbox's domains exists without anybody having made them; shown in lists are those who were met
(looked up, added, changed). How many there are is said accordingly: more than anybody would want to read.
"""

import base64
import re

from actors.domain.flow import Request
from actors.targets.teams.fake.calls import Call
from actors.targets.teams.fake.changes import base_of
from actors.targets.teams.fake.people import SHOWN, Somebody
from actors.targets.teams.fake.places import GUID
from actors.targets.teams.fake.replies import Fields, Refusal
from actors.targets.teams.fake.space import Space
from actors.targets.teams.fake.teams import Team, Teams, group_fields
from actors.targets.teams.fake.terms import Terms

VALUES_MAX = 15
ROWS = 100
ROWS_MAX = 999
EVERYBODY = 1_000_000
"""How many people there are where every address is somebody's."""
_IN = re.compile(r"(\w{1,40}) in \(('(?:[^']|'')*'(?:,'(?:[^']|'')*')*)\)")
_IS = re.compile(r"(\w{1,40}) eq '((?:[^']|'')*)'")
_VALUE = re.compile(r"'((?:[^']|'')*)'")
_TEAMS_ONLY = re.compile(r" and resourceProvisioningOptions/Any\(x:x eq 'Team'\)", re.IGNORECASE)


def named_by(question: str) -> tuple[str, list[str]]:
    """The field and the values of a filter. Raises Refusal."""
    text = _TEAMS_ONLY.sub("", question)
    if found := _IN.fullmatch(text):
        values = [each.replace("''", "'") for each in _VALUE.findall(found[2])]
        if len(values) > VALUES_MAX:
            raise Refusal(400, "Request_UnsupportedQuery", "Too many child clauses specified in search filter.")
        return found[1], values
    if found := _IS.fullmatch(text):
        return found[1], [found[2].replace("''", "'")]
    raise Refusal(400, "Request_UnsupportedQuery", "The filter is not one the sandbox understands.")


def people(space: Space, terms: Terms, call: Call, request: Request) -> Fields:
    """Raises Refusal."""
    question = call.query.get("$filter", "")
    if question:
        field, values = named_by(question)
        found = [somebody for value in dict.fromkeys(values) if (somebody := _person(space, field, value)) is not None]
        return {"value": [_selected(each, call) for each in found]}
    start, rows = _page_of(call)
    everybody = space.people.everybody()
    page = everybody[start : start + rows]
    answer: Fields = {"value": [_selected(each, call) for each in page]}
    if call.query.get("$count") == "true" and request.headers.get("consistencylevel") == "eventual":
        answer = {"@odata.count": EVERYBODY if terms.open_directory else len(everybody)} | answer
    if start + rows < len(everybody):
        select = call.query.get("$select", "")
        skip = base64.urlsafe_b64encode(f"{start + rows}.{rows}.{select}".encode()).decode().rstrip("=")
        answer["@odata.nextLink"] = f"{base_of(request)}users?$skiptoken={skip}"
    return answer


def _person(space: Space, field: str, value: str) -> Somebody | None:
    """Raises Refusal."""
    wanted = value.casefold()
    match field:
        case "id":
            if not GUID.fullmatch(value):
                raise Refusal(400, "Request_BadRequest", f"Invalid object identifier '{value[:100]}'.")
            return space.people.known(wanted)
        case "mail" | "userPrincipalName":
            found = space.people.find(wanted)
            if found is None:
                return None
            return found if wanted == (found.mail if field == "mail" else found.sign_in) else None
        case _:
            raise Refusal(400, "Request_UnsupportedQuery", "The filter is not one the sandbox understands.")


def groups(teams: Teams, call: Call, now_s: float) -> Fields:
    """Raises Refusal."""
    field, values = named_by(call.query.get("$filter", ""))
    found: dict[str, Team] = {}
    for value in values:
        match field:
            case "id":
                team = teams.group(value, now_s)
                found |= {team.id: team} if team is not None else {}
            case "displayName":
                found |= {each.id: each for each in teams.named(value, now_s)}
            case _:
                raise Refusal(400, "Request_UnsupportedQuery", "The filter is not one the sandbox understands.")
    return {"value": [_of_group(each, call) for each in found.values()]}


def group(teams: Teams, call: Call, now_s: float) -> Fields:
    """Raises Refusal."""
    team = teams.group(call.destination, now_s)
    if team is None:
        raise Refusal(404, "Request_ResourceNotFound", f"Resource '{call.destination}' does not exist.")
    return _of_group(team, call)


def _of_group(team: Team, call: Call) -> Fields:
    return selected(call, group_fields(team))


def selected(call: Call, fields: Fields) -> Fields:
    names = [name for name in call.query.get("$select", "").split(",") if name] or list(fields)
    return {name: fields[name] for name in names if name in fields}


def _selected(somebody: Somebody, call: Call) -> Fields:
    select = call.query.get("$select", "") or _selecting(call)
    fields = somebody.fields()
    names = [name for name in select.split(",") if name] or SHOWN
    return {name: fields[name] for name in names if name in fields}


def _page_of(call: Call) -> tuple[int, int]:
    """Where a page begins, and how long it is. Raises Refusal."""
    try:
        if token := call.query.get("$skiptoken"):
            start, rows, _ = _unpacked(token)
            return int(start), int(rows)
        rows = call.query.get("$top", str(ROWS))
        if 1 <= int(rows) <= ROWS_MAX:
            return 0, int(rows)
    except ValueError:
        raise Refusal(400, "Request_BadRequest", "The token is not valid.") from None
    raise Refusal(400, "Request_BadRequest", f"$top is between 1 and {ROWS_MAX}.")


def _selecting(call: Call) -> str:
    """What was asked for with the first page. Raises Refusal."""
    token = call.query.get("$skiptoken")
    return _unpacked(token)[2] if token else ""


def _unpacked(token: str) -> list[str]:
    try:
        parts = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode().split(".")
        start, rows, select = parts
    except ValueError:
        raise Refusal(400, "Request_BadRequest", "The token is not valid.") from None
    return [start, rows, select]
