"""The Web API methods that make channels, show them, and let people in and out."""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable, Sequence

from actors.targets.slack.fake.arguments import Arguments, Refusal
from actors.targets.slack.fake.looking import conversation
from actors.targets.slack.fake.workspace import BOT_USER, Place, Workspace

Fields = dict[str, object]
NAME_CHARS_MAX = 80
TOPIC_CHARS_MAX = 250
INVITED_MAX = 100
LISTED_MAX = 999
MEMBERS_MAX = 1_000
PLACES_MAX = 100_000
GENERAL = "general"
_NAME = re.compile(r"[\w-]+")


def conversations_create(space: Workspace, given: Arguments, now_s: float) -> Fields:
    name = given.text("name")
    check_name(name)
    if space.named(name):
        raise Refusal("name_taken")
    if len(space.places()) >= PLACES_MAX:
        raise Refusal("cannot_create_channel")
    channel = space.new_id("C")
    place = Place(name, private=given.flag("is_private"), made_s=now_s, creator=BOT_USER)
    space.effect("conversations.create", channel, given, now_s)
    space.keep(channel, place)
    return {"channel": conversation(channel, place)}


def check_name(name: str) -> None:
    """Raises Refusal for what cannot be a channel's name."""
    if not name:
        raise Refusal("invalid_name_required")
    if len(name) > NAME_CHARS_MAX:
        raise Refusal("invalid_name_maxlength")
    if not any(each.isalnum() for each in name):
        raise Refusal("invalid_name_punctuation")
    if name != name.lower() or not _NAME.fullmatch(name):
        raise Refusal("invalid_name_specials")


def conversations_list(space: Workspace, given: Arguments, now_s: float) -> Fields:
    """Public ones, and private ones that the app is in; those that nobody has touched exist and are not listed."""
    rows = _rows(given, LISTED_MAX)
    types = given.listed("types") or ["public_channel"]
    if not set(types) <= {"public_channel", "private_channel", "mpim", "im"}:
        raise Refusal("invalid_types")
    wanted = {False} if "private_channel" not in types else {True, False} if "public_channel" in types else {True}
    found = [
        (channel, place)
        for channel, place in space.places()
        if not place.deleted
        and channel[0] != "D"
        and place.private in wanted
        and (place.member or not place.private)
        and not (place.archived and given.flag("exclude_archived"))
    ]
    after = _after(given)
    channels = [each for each in found if each[0] > after]
    shown = channels[:rows]
    return {"channels": [conversation(*each) for each in shown], **_next(shown[-1][0] if len(channels) > rows else "")}


def conversations_members(space: Workspace, given: Arguments, now_s: float) -> Fields:
    name, place = _seen(space, given)
    rows = _rows(given, MEMBERS_MAX)
    after = _after(given)
    there = space.rooms.visible(name, now_s, space.terms.members_late_s)
    members = sorted([*there, BOT_USER] if place.member else there)
    members = [each for each in members if each > after]
    shown = members[:rows]
    return {"members": shown, **_next(shown[-1] if len(members) > rows else "")}


def conversations_invite(space: Workspace, given: Arguments, now_s: float) -> Fields:
    """All or nobody; with ``force`` all who can be."""
    name, place = _writable(space, given)
    users = given.listed("users")
    if not users:
        raise Refusal("no_user")
    if len(users) > INVITED_MAX:
        raise Refusal("invalid_arguments", response_metadata={"messages": ["[ERROR] too many users"]})
    wrong = {user: error for user in users if (error := _uninvited(space, name, user))}
    errors = [{"user": user, "ok": False, "error": error} for user, error in wrong.items()]
    if errors and (len(errors) == len(users) or not given.flag("force")):
        raise Refusal(next(iter(wrong.values())), errors=errors)
    welcome = [user for user in users if user not in wrong]
    if welcome:
        space.effect("conversations.invite", name, given, now_s)
        space.rooms.put(name, welcome, now_s, inviter=BOT_USER)
    return {"channel": conversation(name, place), **({"errors": errors} if errors else {})}


def _uninvited(space: Workspace, channel: str, user: str) -> str:
    """Why somebody cannot be invited; empty: they can."""
    if user == BOT_USER:
        return "cant_invite_self"
    try:
        person = space.somebody(user)
    except Refusal as refusal:
        return refusal.error
    if user in space.rooms.inside(channel):
        return "already_in_channel"
    if person.deleted:
        return "cant_invite"
    if person.guest == "multi":
        return "user_is_restricted"
    return "ura_max_channels" if person.guest == "single" and space.rooms.of(user) else ""


def conversations_kick(space: Workspace, given: Arguments, now_s: float) -> Fields:
    name, place = _writable(space, given)
    user = given.required("user")
    if user == BOT_USER:
        raise Refusal("cant_kick_self")
    space.somebody(user)
    if place.name == GENERAL:
        raise Refusal("cant_kick_from_general")
    if user not in space.rooms.inside(name):
        raise Refusal("not_in_channel")
    space.effect("conversations.kick", name, given, now_s)
    space.rooms.take(name, [user], now_s)
    return {"errors": {}}


def conversations_set_topic(space: Workspace, given: Arguments, now_s: float) -> Fields:
    name, place = _writable(space, given)
    topic = given.text("topic")
    if len(topic) > TOPIC_CHARS_MAX:
        raise Refusal("too_long")
    place.topic = topic
    space.keep(name, place)
    space.effect("conversations.setTopic", name, given, now_s)
    return {"channel": conversation(name, place)}


def put_in(space: Workspace, channel: str, users: Iterable[str], now_s: float) -> Sequence[str]:
    """People came by themselves, or were invited by somebody else. Raises Refusal."""
    place = space.place(channel)
    space.keep(channel, place)
    return space.rooms.put(channel, users, now_s)


def _seen(space: Workspace, given: Arguments) -> tuple[str, Place]:
    """A channel that the app can see."""
    name, _ = space.channel(given.required("channel"), reading=True)
    place = space.place(name)
    if name[0] == "D":
        raise Refusal("method_not_supported_for_channel_type")
    if place.private and not place.member:
        raise Refusal("channel_not_found")
    return name, place


def _writable(space: Workspace, given: Arguments) -> tuple[str, Place]:
    name, place = _seen(space, given)
    space.check_open(name)
    return name, place


def _rows(given: Arguments, most: int) -> int:
    rows = given.whole("limit", 100, "invalid_limit")
    if not 1 <= rows <= most:
        raise Refusal("invalid_limit")
    return rows


def _next(last: str) -> Fields:
    cursor = b64encode(f"after:{last}".encode()).decode() if last else ""
    return {"response_metadata": {"next_cursor": cursor}}


def _after(given: Arguments) -> str:
    cursor = given.text("cursor")
    if not cursor:
        return ""
    try:
        name, _, last = b64decode(cursor, validate=True).decode().partition(":")
    except (Base64Error, ValueError):
        raise Refusal("invalid_cursor") from None
    if name != "after":
        raise Refusal("invalid_cursor")
    return last
