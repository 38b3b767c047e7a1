"""What operators let happen in the workspace, told as JSON (``do`` says what). Whoever listens is told of it.

``team`` "" is the sandbox's own, or, for what ends tokens, every one. A person is named by id or address.
"""

from typing import Annotated, assert_never

import msgspec

from actors.ports.adjusting import Unclear, read
from actors.targets.slack.fake.arguments import Refusal
from actors.targets.slack.fake.feed import Feed
from actors.targets.slack.fake.inviting import put_in
from actors.targets.slack.fake.lines import REASONS
from actors.targets.slack.fake.looking import shown
from actors.targets.slack.fake.rooms import Guest
from actors.targets.slack.fake.tokens import HAND, Holder, Tokens, shown_team
from actors.targets.slack.fake.workspace import APP, BOT_USER, TEAM, Workspace

PEOPLE_MAX = 100_000
ADMIN_USER = "UADMINSAND"
"""Whoever does something by hand."""


class _Do(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """What every happening is."""

    team: str = ""


class ExpireTokens(_Do, frozen=True, kw_only=True, tag="expire_tokens"):
    """All access tokens that end have ended. Nobody is told."""


class RevokeTokens(_Do, frozen=True, kw_only=True, tag="revoke_tokens"):
    """What was given to the app serves no more, ``xoxb-sandbox`` included; it stays installed."""


class Uninstall(_Do, frozen=True, kw_only=True, tag="uninstall"):
    """The app leaves, ``xoxb-sandbox`` included."""


class Restore(_Do, frozen=True, kw_only=True, tag="restore"):
    """``xoxb-sandbox`` serves again, whatever became of it."""


class Join(_Do, frozen=True, kw_only=True, tag="join"):
    person: str


class ChangePerson(_Do, frozen=True, kw_only=True, tag="change_person"):
    """``deactivated`` true or false, another ``email``, another ``name``; ``guest`` of one channel ("single"), of some
    ("multi"), or none ("")."""

    person: str
    email: str | None = None
    name: str | None = None
    deactivated: bool | None = None
    guest: Guest | None = None


class People(_Do, frozen=True, kw_only=True, tag="people"):
    """All of these (addresses) are in the workspace, and listed. Nobody is told."""

    people: Annotated[list[str], msgspec.Meta(max_length=PEOPLE_MAX)]


class JoinChannel(_Do, frozen=True, kw_only=True, tag="join_channel"):
    """Somebody lets people into a channel, by hand."""

    channel: str
    people: Annotated[list[str], msgspec.Meta(max_length=PEOPLE_MAX)]


class LeaveChannel(_Do, frozen=True, kw_only=True, tag="leave_channel"):
    channel: str
    people: Annotated[list[str], msgspec.Meta(max_length=PEOPLE_MAX)]


class ChangeGroup(_Do, frozen=True, kw_only=True, tag="change_group"):
    """Somebody changes a user group (its id or handle) by hand, or disables it."""

    group: str
    add: Annotated[list[str], msgspec.Meta(max_length=PEOPLE_MAX)] = []
    remove: Annotated[list[str], msgspec.Meta(max_length=PEOPLE_MAX)] = []
    disabled: bool | None = None


class RenameChannel(_Do, frozen=True, kw_only=True, tag="rename_channel"):
    channel: str
    name: str


class ArchiveChannel(_Do, frozen=True, kw_only=True, tag="archive_channel"):
    channel: str
    archived: bool = True


class DeleteChannel(_Do, frozen=True, kw_only=True, tag="delete_channel"):
    channel: str


class RemoveBot(_Do, frozen=True, kw_only=True, tag="remove_bot"):
    """The app is put out of a channel, or with ``back`` let in again."""

    channel: str
    back: bool = False


class Click(_Do, frozen=True, kw_only=True, tag="click"):
    """Somebody presses a button of a message."""

    person: str
    channel: str
    action: str = "open"
    value: str = ""


class Ration(_Do, frozen=True, kw_only=True, tag="ration"):
    """Slack says that it does not tell all of it (``app_rate_limited``)."""


class Event(_Do, frozen=True, kw_only=True, tag="event"):
    """Any event, as it is."""

    event: dict[str, object]


class Disconnect(_Do, frozen=True, kw_only=True, tag="disconnect"):
    """Sockets end: ``warning``, ``refresh_requested``, ``link_disabled``, or ``dropped`` without a word."""

    reason: str = "refresh_requested"


OfMembers = People | JoinChannel | LeaveChannel | ChangeGroup
AnyDo = (
    ExpireTokens
    | RevokeTokens
    | Uninstall
    | Restore
    | Join
    | ChangePerson
    | People
    | JoinChannel
    | LeaveChannel
    | ChangeGroup
    | RenameChannel
    | ArchiveChannel
    | DeleteChannel
    | RemoveBot
    | Click
    | Ration
    | Event
    | Disconnect
)


def happenings(body: bytes) -> list[AnyDo]:
    """Raises Unclear."""
    return read(body, AnyDo)


class Stage:
    """Where things happen."""

    def __init__(self, tokens: Tokens, space: Workspace, feed: Feed) -> None:
        self._tokens = tokens
        self._space = space
        self._feed = feed

    def happen(self, what: AnyDo, now_s: float) -> object:
        """What became of it. Raises Unclear, and then nothing happened."""
        try:
            return self._happen(what, now_s)
        except Refusal as refusal:
            raise Unclear(refusal.error) from None

    def _happen(self, what: AnyDo, now_s: float) -> object:
        team = what.team or TEAM
        match what:
            case ExpireTokens():
                return {"ended": self._tokens.expire(now_s)}
            case RevokeTokens():
                return self._ended(self._tokens.revoke_all(what.team), now_s)
            case Uninstall():
                return self.uninstalled(self._tokens.uninstall(what.team), now_s)
            case Restore():
                self._tokens.restore()
                return {"restored": True}
            case Join() | ChangePerson():
                return self._of_person(what, team, now_s)
            case RenameChannel() | ArchiveChannel() | DeleteChannel() | RemoveBot():
                return self._of_channel(what, team, now_s)
            case People() | JoinChannel() | LeaveChannel() | ChangeGroup():
                return self._of_members(what, now_s)
            case Click():
                return self._clicked(what, team, now_s)
            case Ration():
                self._feed.ration(team, now_s)
                return {"told": "app_rate_limited"}
            case Event(event=event):
                self._feed.tell(event, team, now_s)
                return {"told": event.get("type")}
            case Disconnect(reason=reason):
                if reason not in REASONS:
                    raise Unclear(f"{reason!r} is no reason: one of {', '.join(sorted(REASONS))}")
                return {"ended": self._feed.lines.disconnect(reason, now_s)}
            case _ as never:
                assert_never(never)

    def uninstalled(self, ended: list[Holder], now_s: float) -> object:
        """Whoever listens is told that the app has left, and that its tokens have ended."""
        told = self._ended(ended, now_s)
        for team in dict.fromkeys(shown_team(each) for each in ended):
            self._feed.tell({"type": "app_uninstalled"}, team, now_s)
        return told

    def ended(self, holder: Holder, now_s: float) -> None:
        """Whoever listens is told that this speaker has no token any more."""
        self._ended([holder], now_s)

    def _ended(self, holders: list[Holder], now_s: float) -> object:
        for team in dict.fromkeys(shown_team(each) for each in holders):
            of_team = [each for each in holders if shown_team(each) == team]
            people = [each.user for each in of_team if each.user]
            bots = [BOT_USER] if any(not each.user for each in of_team) else []
            self._feed.tell({"type": "tokens_revoked", "tokens": {"oauth": people, "bot": bots}}, team, now_s)
        return {"ended": len(holders), "teams": sorted({each.team for each in holders} - {HAND})}

    def _of_person(self, what: Join | ChangePerson, team: str, now_s: float) -> object:
        user = self._space.person(what.person) if "@" in what.person else what.person
        match what:
            case Join():
                person = self._space.change_person(user, now_s, deleted=False)
                self._feed.tell({"type": "team_join", "user": shown(person)}, team, now_s)
            case ChangePerson(email=email, name=name, deactivated=deactivated, guest=guest):
                person = self._space.change_person(
                    user, now_s, email=email, name=name, deleted=deactivated, guest=guest
                )
                event = {"type": "user_change", "user": shown(person), "cache_ts": int(now_s)}
                self._feed.tell(event, team, now_s)
        return shown(person)

    def told(self, now_s: float) -> None:
        """Whoever listens is told of members who came and went."""
        news, self._space.rooms.news = self._space.rooms.news, []
        for event in news:
            self._feed.tell(event | {"team": TEAM}, TEAM, now_s)

    def _of_members(self, what: OfMembers, now_s: float) -> object:
        space, changed = self._space, 0
        match what:
            case People(people=people):
                changed = len({space.person(each) for each in people})
            case JoinChannel(channel=channel, people=people):
                changed = len(put_in(space, channel, self._ids(people), now_s))
            case LeaveChannel(channel=channel, people=people):
                space.place(channel)
                changed = len(space.rooms.take(channel, self._ids(people), now_s))
            case ChangeGroup(group=name, add=add, remove=remove, disabled=disabled):
                groups = space.rooms.groups
                group = next((each for each in groups.values() if name in (each.id, each.handle)), None)
                if group is None:
                    raise Refusal("no_such_subteam")
                gone = set(self._ids(remove))
                users = [each for each in [*group.users, *self._ids(add)] if each not in gone]
                changed = int(space.rooms.replace(group, users, now_s))
                if disabled is not None:
                    changed += space.rooms.switch(group, ADMIN_USER, now_s, on=not disabled)
        self.told(now_s)
        return {"changed": changed}

    def _ids(self, people: list[str]) -> list[str]:
        return [self._space.person(each) if "@" in each else self._space.somebody(each).id for each in people]

    def _of_channel(
        self, what: RenameChannel | ArchiveChannel | DeleteChannel | RemoveBot, team: str, now_s: float
    ) -> object:
        name = what.channel
        place = msgspec.structs.replace(self._space.place(name))
        kind = "group" if name.startswith("G") else "channel"
        match what:
            case RenameChannel():
                place.name = what.name
                seen = {"id": name, "name": what.name, "created": int(now_s)}
                event: dict[str, object] = {"type": f"{kind}_rename", "channel": seen}
            case ArchiveChannel():
                place.archived = what.archived
                event = {"type": f"{kind}_{'archive' if what.archived else 'unarchive'}", "channel": name}
                event["user"] = BOT_USER
            case DeleteChannel():
                place.deleted = True
                event = {"type": f"{kind}_deleted", "channel": name}
            case RemoveBot():
                place.member = what.back
                verb = "joined" if what.back else "left"
                event = {"type": f"member_{verb}_channel", "user": BOT_USER, "channel": name, "team": team}
        self._space.keep(name, place)
        self._feed.tell(event, team, now_s)
        return place

    def _clicked(self, what: Click, team: str, now_s: float) -> object:
        person = self._space.somebody(self._space.person(what.person) if "@" in what.person else what.person)
        action = {"action_id": what.action, "value": what.value, "type": "button", "action_ts": f"{now_s:.6f}"}
        payload: dict[str, object] = {
            "type": "block_actions",
            "team": {"id": team, "domain": "sandbox"},
            "user": {"id": person.id, "username": person.name, "team_id": team},
            "api_app_id": APP,
            "channel": {"id": what.channel, "name": self._space.place(what.channel).name},
            "trigger_id": f"{int(now_s * 1000)}.sandbox",
            "actions": [action],
        }
        self._feed.click(payload, now_s)
        return action
