"""Which Teams apps people have: installed by the app for them, found, and taken away."""

import base64
import re

from actors.domain.flow import Request, decode_object
from actors.targets.teams.fake.calls import Call
from actors.targets.teams.fake.places import GUID
from actors.targets.teams.fake.replies import Fields, Refusal
from actors.targets.teams.fake.space import Space

NEEDS_APP = "The Teams app is not installed for the recipient."
BODY_BYTES_MAX = 4 * 1024 * 1024
_BIND = re.compile(r".*/appCatalogs/teamsApps(?:/|\(')([0-9A-Za-z-]{1,100})(?:'\))?", re.ASCII)
_FILTER = re.compile(r"teamsApp/(?:id|externalId) eq '([0-9A-Za-z-]{1,100})'", re.ASCII)


def user_of(space: Space, named: str) -> str:
    """The id of whom an address or an id names. Raises Refusal."""
    person = space.person(named)
    if person is None and (not GUID.fullmatch(named) or space.people.is_gone(named)):
        raise Refusal(404, "NotFound", "The user does not exist.")
    return str(person["id"]) if person is not None else named.lower()


def perform(space: Space, call: Call, request: Request) -> tuple[int, Fields | None]:
    """Raises Refusal."""
    user = user_of(space, call.destination)
    apps = space.installed.setdefault(user, {})
    match call.operation:
        case "installedApps.post":
            _, given = body_of(request)
            found = _BIND.fullmatch(str(given.get("teamsApp@odata.bind")))
            if found is None:
                raise Refusal(400, "BadRequest", "The body names an app of the catalogue: teamsApp@odata.bind.")
            if "404" in found[1]:
                raise Refusal(404, "NotFound", "No app with this id in the catalogue.")
            if found[1] in apps:
                raise Refusal(409, "Conflict", "The app is installed for this user already.")
            apps[found[1]] = install_id(user, found[1])
            return 201, None
        case "installedApps.list":
            question = call.query.get("$filter", "")
            asked = _FILTER.fullmatch(question)
            if question and asked is None:
                raise Refusal(400, "BadRequest", "The filter is not one the sandbox understands.")
            expanded = "teamsApp" in call.query.get("$expand", "")
            return 200, {
                "value": [_shown(app, name, expanded) for app, name in apps.items() if not asked or asked[1] == app]
            }
        case _:
            app = next((app for app, name in apps.items() if name == call.name), None)
            if app is None:
                raise Refusal(404, "NotFound", "No such installation.")
            if call.operation == "installedApps.delete":
                del apps[app]
                return 204, None
            return 200, {"id": f"19:{user}_{app}@unq.gbl.spaces", "chatType": "oneOnOne"}


def install_id(user: str, app: str) -> str:
    return base64.urlsafe_b64encode(f"{user}##{app}".encode()).decode().rstrip("=")


def _shown(app: str, name: str, expanded: bool) -> Fields:
    more: Fields = {"id": app, "externalId": app, "displayName": "lmsyncd", "distributionMethod": "organization"}
    return {"id": name} | ({"teamsApp": more} if expanded else {})


def body_of(request: Request) -> tuple[str, Fields]:
    if len(request.body) > BODY_BYTES_MAX:
        raise Refusal(413, "RequestEntityTooLarge", "The request is larger than 4 MB.")
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise Refusal(415, "UnsupportedMediaType", "The content type is application/json.")
    fields = decode_object(request.body)
    if fields is None:
        raise Refusal(400, "BadRequest", "Unable to read JSON request payload.")
    return request.body.decode(), fields
