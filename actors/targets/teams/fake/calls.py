"""Which operation of Graph a request is, at what destination, and by what limits it is held."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote

import msgspec

from actors.domain.flow import Request
from actors.targets.teams.fake.kinds import BATCH


class Call(msgspec.Struct, frozen=True):
    """A request understood: which operation, at what destination, by what limits it is held."""

    operation: str
    destination: str = ""
    query: Mapping[str, str] = {}
    limits: tuple[tuple[str, str], ...] = ()
    reads: bool = False
    name: str = ""
    """What of the destination is meant, where something is."""


def call_of(request: Request, mount: str) -> Call | None:
    """None for what the sandbox does not have."""
    path, _, query_text = request.url.removeprefix(mount).partition("?")
    steps = [unquote(step) for step in path.rstrip("/").split("/")]
    try:
        query = dict(parse_qsl(query_text, max_num_fields=20))
    except ValueError:
        return None  # more than anything of ours has
    match request.method, *steps:
        case "POST", "teams", team, "channels", channel, "messages":
            where = f"{team.lower()}/{channel}"
            limits = (("team", team.lower()), ("channel", where), ("post", ""))
            return Call("channelMessages.post", where, query, limits)
        case "GET", "teams", team, "channels", channel, "messages", *rest if rest in ([], ["delta"]):
            where, name = f"{team.lower()}/{channel}", "delta" if rest else "list"
            limits = (("team", team.lower()), ("channel", where), ("read", ""))
            return Call(f"channelMessages.{name}", where, query, limits, reads=True)
        case "POST", "users", user, "teamwork", "sendActivityNotification":
            return Call("sendActivityNotification", user, query, (("activity", ""),))
        case "GET", "users":
            return Call("users.list", "", query, (("lookup", ""),))
        case "GET", "users", user if user != "delta":
            return Call("users.get", user, query, (("lookup", ""),))
        case "GET", "users", "delta":
            return Call("users.delta", "", query, (("lookup", ""),))
        case "POST", "$batch":
            return Call(BATCH)
        case "POST", "me", "revokeSignInSessions":
            return Call("me.revokeSignInSessions", "", query, (("other", ""),))
        case "GET", "me":
            return Call("me.get", "", query)
        case _:
            return (
                _of_teams(request.method, steps, query)
                or _of_members(request.method, steps, query)
                or _of_watching(request.method, steps, query)
            )


def _of_teams(method: str, steps: list[str], query: Mapping[str, str]) -> Call | None:
    """Teams and channels themselves, and the apps that people have there."""
    match method, *steps:
        case "GET", "teams", team:
            return Call("teams.get", team.lower(), query, (("team", team.lower()), ("other", "")))
        case "GET", "teams", team, "channels":
            return Call("channels.list", team.lower(), query, (("team", team.lower()), ("other", "")))
        case "GET", "teams", team, "channels", channel:
            where = f"{team.lower()}/{channel}"
            return Call("channels.get", where, query, (("team", team.lower()), ("other", "")))
        case "POST" | "GET", "users", user, "teamwork", "installedApps":
            return Call(f"installedApps.{'post' if method == 'POST' else 'list'}", user, query, (("other", ""),))
        case "DELETE", "users", user, "teamwork", "installedApps", name:
            return Call("installedApps.delete", user, query, (("other", ""),), name=name)
        case "GET", "users", user, "teamwork", "installedApps", name, "chat":
            return Call("installedApps.chat", user, query, (("other", ""),), name=name)
        case _:
            return None


def _of_members(method: str, steps: list[str], query: Mapping[str, str]) -> Call | None:
    """Teams that are made, who is in them, and the groups behind them."""
    match method, *steps:
        case "POST", "teams":
            return Call("teams.post", "", query, (("create", ""),))
        case "GET", "teams", team, "members":
            return Call("members.list", team.lower(), query, (("team", team.lower()), ("members", "")))
        case "POST", "teams", team, "members", *rest if rest in ([], ["add"], ["remove"]):
            operation = f"members.{rest[0] if rest else 'post'}"
            return Call(operation, team.lower(), query, (("team", team.lower()), ("other", "")))
        case "GET" | "PATCH" | "DELETE", "teams", team, "members", name:
            limits = (("team", team.lower()), ("members" if method == "GET" else "other", ""))
            return Call(f"members.{method.lower()}", team.lower(), query, limits, name=name)
        case "GET", "groups":
            return Call("groups.list", "", query, (("lookup", ""),))
        case "GET", "groups", "delta":
            return Call("groups.delta", "", query, (("lookup", ""),))
        case "GET", "groups", team:
            return Call("groups.get", team.lower(), query, (("lookup", ""),))
        case _:
            return None


def _of_watching(method: str, steps: list[str], query: Mapping[str, str]) -> Call | None:
    """Subscriptions to changes."""
    match method, *steps:
        case "POST" | "GET", "subscriptions":
            return Call(f"subscriptions.{'post' if method == 'POST' else 'list'}", "", query, (("other", ""),))
        case "GET" | "PATCH" | "DELETE", "subscriptions", name:
            return Call(f"subscriptions.{method.lower()}", name, query, (("other", ""),))
        case "POST", "subscriptions", name, "reauthorize":
            return Call("subscriptions.reauthorize", name, query, (("other", ""),))
        case _:
            return None
