"""Slack's scopes: which of them each feature needs, and nothing beyond. (docs.slack.dev, per method.)

All are of the bot. A channel that the bot was invited to needs no ``chat:write.public``, and looking people up by
e-mail lets nobody be changed. ``users:read`` comes with ``users:read.email`` because Slack grants the latter only
together with it.
"""

from collections.abc import Collection

from actors.domain.scopes import Feature, Need
from actors.domain.scopes import needed as _needed

BOT, LEVEL = "bot", "level"

NEEDS = (
    Need(
        scope="chat:write",
        speaker=BOT,
        why="posting to channels the app is in and to people, and rewriting its own posts",
        features=frozenset({Feature.POSTING, Feature.DIRECT}),
    ),
    Need(
        scope="im:write",
        speaker=BOT,
        why="opening the direct message with a learner",
        features=frozenset({Feature.DIRECT}),
    ),
    Need(
        scope="users:read",
        speaker=BOT,
        why="being allowed users:read.email, reading who there is, hearing of whoever is changed or deactivated",
        features=frozenset({Feature.LOOKUP, Feature.EVENTS}),
    ),
    Need(
        scope="users:read.email",
        speaker=BOT,
        why="finding a learner by e-mail, and hearing that an address has changed",
        features=frozenset({Feature.LOOKUP, Feature.EVENTS}),
    ),
    Need(
        scope="channels:history",
        speaker=BOT,
        why="reading a public channel back after a doubtful outcome, so that nothing is posted twice",
        features=frozenset({Feature.PROBING}),
    ),
    Need(
        scope="groups:history",
        speaker=BOT,
        why="the same in private channels",
        features=frozenset({Feature.PROBING}),
    ),
    Need(
        scope="im:history",
        speaker=BOT,
        why="the same in direct messages with the app",
        features=frozenset({Feature.PROBING_DIRECT}),
    ),
    Need(
        scope="channels:read",
        speaker=BOT,
        why="hearing that a public channel or its members changed, and asking whether they did",
        features=frozenset({Feature.EVENTS, Feature.ROSTERS}),
    ),
    Need(
        scope="groups:read",
        speaker=BOT,
        why="the same of private channels that the app is in",
        features=frozenset({Feature.EVENTS, Feature.ROSTERS}),
    ),
    Need(
        scope="channels:manage",
        speaker=BOT,
        why="making public channels, and inviting and removing members",
        features=frozenset({Feature.ROSTERS}),
    ),
    Need(
        scope="groups:write",
        speaker=BOT,
        why="the same in private channels",
        features=frozenset({Feature.ROSTERS}),
    ),
    Need(
        scope="usergroups:read",
        speaker=BOT,
        why="finding user groups, reading their members, and hearing that they changed",
        features=frozenset({Feature.ROSTER_GROUPS}),
    ),
    Need(
        scope="usergroups:write",
        speaker=BOT,
        why="making user groups, and setting their members",
        features=frozenset({Feature.ROSTER_GROUPS}),
    ),
    Need(
        scope="connections:write",
        speaker=LEVEL,
        why="Socket Mode: hearing from Slack where the internet does not reach this host (an app-level token's scope)",
        features=frozenset({Feature.EVENTS}),
    ),
)
"""The whole of it, in the order of the pages."""

EVENTS = (
    "app_uninstalled",
    "channel_archive",
    "channel_deleted",
    "channel_left",
    "channel_rename",
    "channel_unarchive",
    "group_archive",
    "group_deleted",
    "group_left",
    "group_rename",
    "group_unarchive",
    "member_left_channel",
    "team_join",
    "tokens_revoked",
    "user_change",
)
"""What we subscribe to: each is acted on. ``tokens_revoked`` and ``app_uninstalled`` need no scope, those of channels
and people need what ``NEEDS`` lists under ``events``."""
ROSTER_EVENTS = {
    Feature.ROSTERS: ("member_joined_channel",),
    Feature.ROSTER_GROUPS: ("subteam_members_changed", "subteam_updated"),
}
"""What is told of members, for those who keep them in step alone: whoever joins any channel is one event."""


def events(features: Collection[Feature]) -> tuple[str, ...]:
    """What we subscribe to, in the order of the alphabet."""
    more = [name for feature, names in ROSTER_EVENTS.items() if feature in features for name in names]
    return tuple(sorted({*EVENTS, *more}))


def needed(features: Collection[Feature], speaker: str = BOT) -> tuple[Need, ...]:
    """What these features need of the bot's token (or of the app-level one)."""
    return _needed(NEEDS, features, speaker)


def tolerated(features: Collection[Feature], speaker: str = BOT) -> frozenset[str]:
    """What may be granted beyond that without being too much: nothing."""
    return frozenset()
