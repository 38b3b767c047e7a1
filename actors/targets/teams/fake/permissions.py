"""Which permissions each operation demands of a token that was given for some only; any one of those listed does."""

from actors.targets.teams.fake.grants import NO_CONSENT, Token
from actors.targets.teams.fake.replies import Refusal

_READ_MESSAGES = ("ChannelMessage.Read.All", "ChannelMessage.Read.Group")
_INSTALL = ("TeamsAppInstallation.ReadWriteSelfForUser.All", "TeamsAppInstallation.ReadWriteForUser.All")
_INSTALL_SELF = ("TeamsAppInstallation.ReadWriteSelfForUser", "TeamsAppInstallation.ReadWriteForUser")
_PEOPLE = ("User.ReadBasic.All", "User.Read.All", "Directory.Read.All")
_CHANNELS = ("Channel.ReadBasic.All", "ChannelSettings.Read.All", "Channel.ReadBasic.Group")
_TEAMS = ("Team.ReadBasic.All", "TeamSettings.Read.All")
_READ_MEMBERS = ("TeamMember.Read.All", "TeamMember.ReadWrite.All", "TeamMember.Read.Group")
_WRITE_MEMBERS = ("TeamMember.ReadWriteNonOwnerRole.All", "TeamMember.ReadWrite.All")
_GROUPS = ("GroupMember.Read.All", "Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All")
_NOTIFY = ("TeamsActivity.Send", "TeamsActivity.Send.User")

BY_APP: dict[str, tuple[str, ...]] = {
    "channelMessages.list": _READ_MESSAGES,
    "channelMessages.delta": _READ_MESSAGES,
    "sendActivityNotification": _NOTIFY,
    "users.get": _PEOPLE,
    "users.list": _PEOPLE,
    "users.delta": _PEOPLE[1:],
    "installedApps.post": _INSTALL,
    "installedApps.delete": _INSTALL,
    "installedApps.list": (*_INSTALL, "TeamsAppInstallation.ReadForUser.All"),
    "installedApps.chat": (*_INSTALL, "TeamsAppInstallation.ReadForUser.All"),
    "teams.get": _TEAMS,
    "channels.get": _CHANNELS,
    "channels.list": _CHANNELS,
    "teams.post": ("Team.Create", "Group.ReadWrite.All"),
    "members.list": _READ_MEMBERS,
    "members.get": _READ_MEMBERS,
    "members.post": _WRITE_MEMBERS,
    "members.add": _WRITE_MEMBERS,
    "members.patch": _WRITE_MEMBERS,
    "members.delete": _WRITE_MEMBERS,
    "members.remove": _WRITE_MEMBERS[1:],
    "groups.list": _GROUPS,
    "groups.get": _GROUPS,
    "groups.delta": _GROUPS,
    "me.revokeSignInSessions": ("User.RevokeSessions.All", "User.ReadWrite.All"),
}
"""Where nothing stands, the app may, or never may: that is the operation's own affair."""
BY_PERSON: dict[str, tuple[str, ...]] = BY_APP | {
    "me.get": ("User.Read", "User.ReadBasic.All", "User.Read.All"),
    "channelMessages.post": ("ChannelMessage.Send", "Group.ReadWrite.All"),
    "installedApps.post": _INSTALL_SELF,
    "installedApps.delete": _INSTALL_SELF,
    "installedApps.list": (*_INSTALL_SELF, "TeamsAppInstallation.ReadForUser"),
    "installedApps.chat": (*_INSTALL_SELF, "TeamsAppInstallation.ReadForUser"),
}


def check(operation: str, token: Token) -> None:
    """Raises Refusal where the token may not."""
    demand((BY_APP if token.app else BY_PERSON).get(operation, ()), token)


def demand(any_of: tuple[str, ...], token: Token) -> None:
    """Raises Refusal where the token has none of these."""
    if token.consent is not None and token.consent.gone == NO_CONSENT:
        raise Refusal(403, "Forbidden", "The consent that this token rests on has been withdrawn.")
    if not any_of or token.scopes is None or set(any_of) & set(token.scopes):
        return
    kind, on = ("role", "Roles") if token.app else ("scope", "Scopes")
    raise Refusal(
        403,
        "Forbidden",
        f"Missing {kind} permissions on the request. API requires one of '{', '.join(any_of)}'. "
        f"{on} on the request '{', '.join(token.scopes)}'.",
    )
