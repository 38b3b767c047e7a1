"""What Slack's payloads tell: events, what people clicked, slash commands. The same over HTTP and over a socket.

Nothing here raises, whatever the payload holds: what is no event we act on counts as ignored.
"""

from hashlib import sha256
from urllib.parse import parse_qsl

import msgspec

from actors.domain.flow import decode_object
from actors.domain.tidings import (
    AppGone,
    ChannelArchived,
    ChannelBack,
    ChannelDeleted,
    ChannelRenamed,
    Clicked,
    MembersChanged,
    Missed,
    Note,
    Ourselves,
    PersonCame,
    PersonChanged,
    PersonGone,
    Tiding,
    TokensRevoked,
)
from actors.targets.slack.settings import CHANNEL_ID, SlackSettings

ID_CHARS_MAX = 100
EMAIL_CHARS_MAX = 320
FIELDS_MAX = 100
AUTHORIZATIONS_MAX = 20
PEOPLE_MAX = 1_000

Fields = dict[str, object]


class Foreign(Exception):
    """It is not for this workspace, or not for this app."""


class Unknown(Exception):
    """Nobody knows yet which workspace is ours."""


def text(holder: object, *path: str) -> str:
    """A text somewhere in a payload; empty where it is missing or something else."""
    for name in path:
        holder = holder.get(name) if isinstance(holder, dict) else None
    return holder if isinstance(holder, str) else ""


def check(payload: Fields, ourselves: Ourselves, settings: SlackSettings) -> None:
    """Raises Foreign, Unknown. In a channel shared by two workspaces the event is another's, and ours by its
    authorizations."""
    ours = settings.team_id or ourselves.names.get("team_id", "")
    if not ours:
        raise Unknown
    given = payload.get("authorizations")
    authorized = given[:AUTHORIZATIONS_MAX] if isinstance(given, list) else []
    teams = {text(payload, "team_id"), text(payload, "team", "id"), text(payload, "context_team_id")}
    teams |= {text(each, "team_id") for each in authorized}
    app, our_app = text(payload, "api_app_id"), settings.app_id or ourselves.names.get("app_id", "")
    if ours not in teams or (our_app and app != our_app):
        raise Foreign


def event(payload: Fields, ourselves: Ourselves) -> Note | None:
    """Of an ``event_callback``; None: of no kind that we act on."""
    told = payload.get("event")
    tiding = _tiding(told, ourselves) if isinstance(told, dict) else None
    if tiding is None:
        return None
    return Note(id=text(payload, "event_id")[:ID_CHARS_MAX] or digest("event", payload), tiding=tiding)


def rationed(payload: Fields) -> Note:
    """``app_rate_limited``: what happens meanwhile is not told."""
    minute = payload.get("minute_rate_limited")
    return Note(id=digest("rationed", {"minute": minute}), tiding=Missed("Slack tells us only part of what happens"))


PRESSED = "block_actions"
"""Slack's name of a button of ours that was pressed."""


def clicked(payload: Fields, form: str) -> Note:
    """A block action, a shortcut, a dialog, a slash command."""
    person = text(payload, "user", "id") or text(payload, "user_id")
    return Note(
        id=digest("clicked", payload),
        tiding=Clicked(form=form[:ID_CHARS_MAX] or "unknown", person=person[:ID_CHARS_MAX], body=encoded(payload)),
    )


def pressed(body: bytes) -> tuple[str, ...]:
    """The values of the buttons in a block action."""
    payload = decode_object(body) or {}
    actions = payload.get("actions")
    found = [each for each in actions if isinstance(each, dict)] if isinstance(actions, list) else []
    return tuple(value for each in found if text(each, "type") == "button" and (value := text(each, "value")))


def form_of(body: bytes) -> Fields | None:
    """The fields of a form; None where it is none. Names that come twice count once, the last."""
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX, strict_parsing=True)
    except ValueError:
        return None
    return dict(pairs)


def interaction(fields: Fields) -> tuple[Fields, str] | None:
    """What was clicked, or the command that was given, with the vendor's name of it; None: neither."""
    if (given := text(fields, "payload")) and (payload := decode_object(given.encode())) is not None:
        return payload, text(payload, "type")
    return (fields, "slash_command") if text(fields, "command") else None


def digest(what: str, payload: object) -> str:
    """A name for what has none of its own: the same for the same."""
    return f"{what}:{sha256(msgspec.json.encode(payload, order='deterministic')).hexdigest()[:48]}"


def encoded(payload: Fields) -> bytes:
    return msgspec.json.encode({name: value for name, value in payload.items() if name != "token"})


def _tiding(told: Fields, ourselves: Ourselves) -> Tiding | None:
    channel = text(told, "channel") or text(told, "channel", "id")
    known = CHANNEL_ID.fullmatch(channel) is not None
    match text(told, "type"):
        case "app_uninstalled":
            return AppGone("Slack told us that the app was uninstalled: install it again")
        case "tokens_revoked":
            return _revoked(told)
        case "team_join":
            person, email = _person(told)
            return PersonCame(person, email) if person else None
        case "user_change":
            return _changed(told)
        case "channel_rename" | "group_rename" if known:
            return ChannelRenamed(channel, text(told, "channel", "name"))
        case "channel_archive" | "group_archive" if known:
            return ChannelArchived(channel)
        case "channel_unarchive" | "group_unarchive" if known:
            return ChannelBack(channel)
        case "channel_deleted" | "group_deleted" if known:
            return ChannelDeleted(channel)
        case "channel_left" | "group_left" if known:
            return Missed(f"we were removed from {channel}")
        case "member_left_channel" if known and text(told, "user") == ourselves.names.get("user_id"):
            return Missed(f"we were removed from {channel}")
        case "member_left_channel" if known and (person := _id(told, "user")):
            return MembersChanged(channel, left=(person,))
        case "member_joined_channel" if known and (person := _id(told, "user")):
            by_us = bool(told.get("inviter")) and told.get("inviter") == ourselves.names.get("user_id")
            return None if by_us else MembersChanged(channel, joined=(person,))
        case "subteam_members_changed" if group := _id(told, "subteam_id"):
            joined, left = (_texts(told.get(name)) for name in ("added_users", "removed_users"))
            many = len(joined) + len(left) > PEOPLE_MAX
            return MembersChanged(group) if many else MembersChanged(group, _short(joined), _short(left))
        case "subteam_updated" if group := _id(told, "subteam", "id"):
            return MembersChanged(group)
        case _:
            return None


def _id(told: Fields, *path: str) -> str:
    """An id; empty where it is none."""
    value = text(told, *path)
    return value if value.isascii() and value.isalnum() and len(value) <= ID_CHARS_MAX else ""


def _short(ids: list[str]) -> tuple[str, ...]:
    return tuple(each[:ID_CHARS_MAX] for each in ids)


def _revoked(told: Fields) -> Tiding | None:
    tokens = told.get("tokens")
    of_bot = tokens.get("bot") if isinstance(tokens, dict) else None
    of_people = tokens.get("oauth") if isinstance(tokens, dict) else None
    people = tuple(each[:ID_CHARS_MAX] for each in _texts(of_people)[:PEOPLE_MAX])
    if _texts(of_bot):
        return TokensRevoked("Slack told us that the bot's token was revoked: connect the account again", people=people)
    return (
        TokensRevoked("Slack told us that people's tokens were revoked", ours=False, people=people) if people else None
    )


def _changed(told: Fields) -> Tiding | None:
    """People change their status all day long: only an address that is told is one to act on."""
    person, email = _person(told)
    user = told.get("user")
    if person and isinstance(user, dict) and user.get("deleted") is True:
        return PersonGone(person)
    return PersonChanged(person, (email,)) if person and email else None


def _person(told: Fields) -> tuple[str, str]:
    user = told.get("user")
    if not isinstance(user, dict) or user.get("is_bot") is True:
        return "", ""
    email = text(user, "profile", "email").strip().casefold()
    return text(user, "id")[:ID_CHARS_MAX], email if len(email) <= EMAIL_CHARS_MAX else ""


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
