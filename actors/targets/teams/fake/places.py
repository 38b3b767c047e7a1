"""Teams and channels: every well-formed one exists, until it is deleted; channels are renamed and archived."""

import re

from actors.targets.teams.fake.calls import Call
from actors.targets.teams.fake.replies import Fields, Refusal
from actors.targets.teams.fake.space import Place, Space

GUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", re.ASCII)
CHANNEL = re.compile(r"19:[A-Za-z0-9_.\-]{1,200}@thread\.(?:tacv2|skype)", re.ASCII)


def there(space: Space, destination: str) -> Place:
    """The channel TEAM/CHANNEL. Raises Refusal."""
    team, _, channel = destination.partition("/")
    _team(team)
    if not CHANNEL.fullmatch(channel):
        raise Refusal(400, "BadRequest", "The channel id is not valid.")
    place = space.places.get(destination)
    if "404" in destination or (place is not None and place.deleted):
        raise Refusal(404, "NotFound", "No team or channel with this id.")
    return place if place is not None else Place(channel.removeprefix("19:").partition("@")[0])


def open_to_posts(space: Space, destination: str) -> None:
    """Raises Refusal."""
    if there(space, destination).archived:
        raise Refusal(403, "Forbidden", "The channel is archived: nothing can be posted in it.")


def shown(space: Space, call: Call) -> Fields:
    """A channel, or the channels of a team that something has become of."""
    match call.operation:
        case "channels.get":
            return _selected(call, _channel(call.destination, there(space, call.destination)))
        case _:
            _team(call.destination)
            found = {name: each for name, each in space.places.items() if name.startswith(f"{call.destination}/")}
            return {"value": [_channel(name, each) for name, each in found.items() if not each.deleted]}


def _channel(destination: str, place: Place) -> Fields:
    team, _, channel = destination.partition("/")
    return {
        "id": channel,
        "displayName": place.name,
        "membershipType": "standard",
        "isArchived": place.archived,
        "webUrl": f"https://teams.microsoft.com/l/channel/{channel}?groupId={team}",
    }


def _team(team: str) -> None:
    if not GUID.fullmatch(team):
        raise Refusal(400, "BadRequest", "teamId needs to be a valid GUID.")
    if "404" in team:
        raise Refusal(404, "NotFound", "No team or channel with this id.")


def _selected(call: Call, fields: Fields) -> Fields:
    names = [name for name in call.query.get("$select", "").split(",") if name] or list(fields)
    return {name: fields[name] for name in names if name in fields}
