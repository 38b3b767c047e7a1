"""Permissions on Microsoft Graph: which of them each feature needs of the app and of a person, and nothing beyond.
(Microsoft's own table of least privilege, per request.)

*app* are application permissions, granted by an administrator's consent; *person* are delegated scopes, consented to
by whoever connects the account. *level* are resource-specific ones, which a Teams app's manifest asks for and which
reach no further than where the app is installed.

The narrowest way to notify is the resource-specific one. But an app whose manifest asks for such a permission can be
installed for others only by whoever may also consent in their name, which is far more than installing: so where we
install the app ourselves its manifest asks for none, and the application permission is needed.
"""

from collections.abc import Collection

from actors.domain.scopes import Feature, Need
from actors.domain.scopes import needed as _needed

APP, PERSON, LEVEL = "app", "person", "level"
_DIRECTORY = frozenset({"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"})

_WITHOUT_OWNERS = frozenset({"TeamMember.ReadWriteNonOwnerRole.All", "TeamMember.Read.All"})

NEEDS = (
    Need(
        scope="TeamsActivity.Send",
        speaker=APP,
        why="notifying learners in their activity feed, where the app is installed for them by lmsyncd",
        features=frozenset({Feature.INSTALLING}),
    ),
    Need(
        scope="User.ReadBasic.All",
        speaker=APP,
        why="finding a learner by sign-in name or e-mail",
        features=frozenset({Feature.LOOKUP}),
        wider=_DIRECTORY,
    ),
    Need(
        scope="TeamsAppInstallation.ReadWriteSelfForUser.All",
        speaker=APP,
        why="installing this one app for a learner before the first notification",
        features=frozenset({Feature.INSTALLING}),
        wider=frozenset({"TeamsAppInstallation.ReadWriteForUser.All"}),
    ),
    Need(
        scope="User.Read.All",
        speaker=APP,
        why="hearing of people who are changed, deactivated or removed (users/delta and its subscriptions)",
        features=frozenset({Feature.EVENTS}),
        wider=_DIRECTORY - {"User.Read.All"},
    ),
    Need(
        scope="Channel.ReadBasic.All",
        speaker=APP,
        why="asking whether a channel was renamed, archived or deleted",
        features=frozenset({Feature.EVENTS}),
        wider=frozenset({"ChannelSettings.Read.All", "ChannelSettings.ReadWrite.All"}),
    ),
    Need(
        scope="TeamMember.ReadWriteNonOwnerRole.All",
        speaker=APP,
        why="adding and removing members of teams, where no roster has owners",
        features=frozenset({Feature.ROSTERS}),
        wider=frozenset({"TeamMember.ReadWrite.All"}),
    ),
    Need(
        scope="TeamMember.Read.All",
        speaker=APP,
        why="reading the members of teams, where no roster has owners",
        features=frozenset({Feature.ROSTERS}),
        wider=frozenset({"TeamMember.ReadWrite.All"}),
    ),
    Need(
        scope="TeamMember.ReadWrite.All",
        speaker=APP,
        why="reading, adding and removing members and owners of teams",
        features=frozenset({Feature.ROSTER_OWNERS}),
    ),
    Need(
        scope="GroupMember.Read.All",
        speaker=APP,
        why="finding teams by name or id, and hearing whose members changed (groups and groups/delta)",
        features=frozenset({Feature.ROSTERS}),
        wider=frozenset({"Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}),
    ),
    Need(
        scope="TeamSettings.Read.All",
        speaker=APP,
        why="asking whether a team was archived",
        features=frozenset({Feature.ROSTERS}),
        wider=frozenset({"TeamSettings.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}),
    ),
    Need(
        scope="Team.Create",
        speaker=APP,
        why="creating the teams that are missing",
        features=frozenset({Feature.ROSTER_CREATION}),
    ),
    Need(
        scope="ChannelMessage.Send",
        speaker=PERSON,
        why="posting to channels: Microsoft Graph lets no app post there by itself",
        features=frozenset({Feature.POSTING}),
    ),
    Need(
        scope="ChannelMessage.Read.All",
        speaker=PERSON,
        why="reading a channel back after a doubtful outcome, so that nothing is posted twice",
        features=frozenset({Feature.PROBING}),
    ),
    Need(
        scope="User.Read",
        speaker=PERSON,
        why="knowing whose account was connected",
        features=frozenset({Feature.POSTING}),
    ),
    Need(
        scope="offline_access",
        speaker=PERSON,
        why="a refresh token, so that the person need not sign in each hour",
        features=frozenset({Feature.POSTING}),
    ),
    Need(
        scope="TeamsActivity.Send.User",
        speaker=LEVEL,
        why="notifying the people the app is installed for (resource-specific, in the Teams app's manifest)",
        features=frozenset({Feature.DIRECT}),
    ),
)
"""The whole of it, in the order of the pages."""

ALWAYS = frozenset({"openid", "profile", "email"})
"""What Entra adds to a person's token by itself."""


def needed(features: Collection[Feature], speaker: str) -> tuple[Need, ...]:
    """What these features need of the app, of a person, or of the Teams app's manifest."""
    wanted = set(features)
    if speaker == APP and Feature.EVENTS in wanted:
        wanted.discard(Feature.LOOKUP)  # User.Read.All finds them too: asking for both would be asking for more
    if speaker == LEVEL and Feature.INSTALLING in wanted:
        wanted.discard(Feature.DIRECT)
    found = _needed(NEEDS, wanted, speaker)
    owners = Feature.ROSTER_OWNERS in wanted  # whoever may change owners may do the rest of it as well
    return tuple(need for need in found if not (owners and need.scope in _WITHOUT_OWNERS))


def tolerated(features: Collection[Feature], speaker: str) -> frozenset[str]:
    """What may be granted beyond that without being too much."""
    if speaker == PERSON:
        return ALWAYS
    by_policy = speaker == APP and Feature.DIRECT in features and Feature.INSTALLING not in features
    return frozenset({"TeamsActivity.Send"}) if by_policy else frozenset()
