"""The Web API methods that look for people and conversations."""

from actors.targets.slack.fake.arguments import Arguments, Refusal
from actors.targets.slack.fake.workspace import TEAM, Person, Place, Workspace

Fields = dict[str, object]
MPIM_MAX = 8
ADDRESSES = "users:read.email"
SHOWING = frozenset({"users.info", "users.list"})
"""Methods that show addresses to whom that scope is granted."""
ROWS_MAX = 1_000


def users_lookup_by_email(space: Workspace, given: Arguments, now_s: float) -> Fields:
    return {"user": shown(space.somebody(space.person(given.required("email"))))}


def users_info(space: Workspace, given: Arguments, now_s: float) -> Fields:
    return {"user": shown(space.somebody(given.required("user")))}


def users_list(space: Workspace, given: Arguments, now_s: float) -> Fields:
    """Who was looked up, put there or has changed; everybody who could be would be too many."""
    rows = given.whole("limit", ROWS_MAX, "invalid_limit")
    if not 1 <= rows <= ROWS_MAX:
        raise Refusal("invalid_limit")
    after = given.text("cursor").rstrip("=")
    found = space.people(after, rows + 1)
    more = f"{found[rows - 1].id}=" if len(found) > rows else ""
    answer: Fields = {"members": [shown(each) for each in found[:rows]], "cache_ts": int(now_s)}
    return answer | {"response_metadata": {"next_cursor": more}}


def conversations_open(space: Workspace, given: Arguments, now_s: float) -> Fields:
    users = [user for user in given.text("users").split(",") if user]
    if not users:
        channel, _ = space.channel(given.required("channel"), reading=True)
    elif len(users) > MPIM_MAX:
        raise Refusal("too_many_users")
    elif len(users) == 1:
        channel = space.direct(users[0])
    else:
        channel = "G" + "".join(sorted(space.direct(user)[1:3] for user in users)).ljust(8, "X")
    opened: Fields = {"id": channel}
    if given.flag("return_im"):
        opened |= {"is_im": channel[0] == "D", "user": users[0] if users else "", "is_open": True}
    return {"channel": opened, "no_op": False, "already_open": False}


def conversations_info(space: Workspace, given: Arguments, now_s: float) -> Fields:
    name, _ = space.channel(given.required("channel"), reading=True)
    place = space.place(name)
    return {"channel": conversation(name, place)}


def conversation(name: str, place: Place) -> Fields:
    """A channel as Slack shows it."""
    kind = {"C": "is_channel", "G": "is_group", "D": "is_im"}[name[0]]
    return {
        "id": name,
        "name": place.name,
        "name_normalized": place.name,
        "created": int(place.made_s),
        "creator": place.creator,
        "is_archived": place.archived,
        "is_member": place.member,
        "is_private": place.private,
        "topic": {"value": place.topic},
        kind: True,
    }


def without_addresses(answer: Fields) -> Fields:
    """What whoever may not see addresses is shown of people."""
    people = answer.get("members", [answer.get("user")])
    for each in people if isinstance(people, list) else []:
        if isinstance(each, dict) and isinstance(each.get("profile"), dict):
            each["profile"].pop("email", None)
    return answer


def shown(person: Person) -> Fields:
    """A person as Slack shows them, also in events."""
    profile = {"real_name": person.name, "display_name": person.name, "team": TEAM}
    profile |= {"email": person.email} if person.email else {}
    return {
        "id": person.id,
        "team_id": TEAM,
        "name": person.name,
        "deleted": person.deleted,
        "is_bot": person.bot,
        "is_restricted": person.guest != "",
        "is_ultra_restricted": person.guest == "single",
        "tz": "Europe/Berlin",
        "tz_label": "Central European Time",
        "tz_offset": 3600,
        "updated": int(person.changed_s),
        "profile": profile,
    }
