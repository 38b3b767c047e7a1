"""How fast Graph may be asked: the published limits as token buckets, by the names that requests draw from.

A burst and what refills within the same second stay together a little below the limit: requests bunch on their way.
"""

from actors.domain.capacity import Quota
from actors.domain.outbox import Rate
from actors.targets.teams.batch import SIZE_MAX
from actors.targets.teams.installing import BUCKET as INSTALLS
from actors.targets.teams.settings import TeamsSettings

SHARE, BURST_S, BURST_MIN = 0.95, 0.08, 1.05
"""n requests after the first take at least n times as long as the limit wants, for every n, and hardly longer."""
OF_TEAM_AT_ONCE = 4
"""So many changes of one team's members are one call: each counts within the team's limit."""
MEMBERS, LISTS, CREATIONS, DIRECTORY = "members", "lists", "roster:creations", "directory"
"""Changing members, in any team; twenty lists of members as one call; creating teams; asking the directory."""
_BUNCHED = {MEMBERS: 2 / 3, CREATIONS: 0.8}
"""How much of what a second allows may come in one bundle: slower on the whole, and so that bundles are full."""

BUCKETS = {
    "posts": "post_per_s",
    "activity": "activity_per_s",
    "reads": "read_per_s",
    "lookup": "lookup_per_s",
    INSTALLS: "install_per_s",
    MEMBERS: "member_write_per_s",
    LISTS: "member_read_per_s",
    CREATIONS: "create_per_s",
    DIRECTORY: "directory_per_s",
    "survey": "survey_per_s",
    "token": "token_per_s",
}

OF_APP = "{:g} a second, app and directory"
_POST = ("channelMessages.post",)
_CHANGES, _SURVEYS = ("members.add", "members.delete", "members.patch"), ("users.delta", "groups.delta", "channels.get")
QUOTAS = {
    "posts": Quota(OF_APP.format(50), _POST),
    "activity": Quota(OF_APP.format(5), ("sendActivityNotification",)),
    "reads": Quota(OF_APP.format(20), ("channelMessages.list",)),
    "lookup": Quota("3,500 units in 10 s, directory", ("users.get", "users.list", "me.get")),
    INSTALLS: Quota(OF_APP.format(30), ("installedApps.list", "installedApps.post")),
    MEMBERS: Quota(OF_APP.format(30), _CHANGES),
    LISTS: Quota(OF_APP.format(60), ("members.list",)),
    CREATIONS: Quota(OF_APP.format(10), ("teams.post",)),
    DIRECTORY: Quota("3,500 units in 10 s, directory", ("users.list", "groups.list")),
    "survey": Quota("3,500 units in 10 s, directory", _SURVEYS),
    "token": Quota("Entra: no published limit", ("token",)),
}
"""What is published. Of the directory: for the smallest ones; a question costs one to three units."""


def quota(bucket: str) -> Quota:
    """Of whatever ``rate`` has terms for."""
    if bucket in QUOTAS:
        return QUOTAS[bucket]
    kind = bucket.partition(":")[0]
    if kind == "channel":
        return Quota("4 a second, app and channel", _POST)
    return Quota("4 a second, app and team", _CHANGES if kind == "roster" else _POST)


def rate(settings: TeamsSettings, bucket: str) -> Rate:
    """The terms of ``team:TEAM``, ``channel:TEAM/CHANNEL``, ``roster:TEAM`` and of what is limited for the app as a
    whole."""
    if bucket.startswith("channel:"):
        return settings.rate("channel_per_s")
    of_team = bucket.startswith("team:")  # never one at a time: a slow channel must not hold up its neighbours
    if bucket.startswith("roster:") and bucket != CREATIONS:  # the next call only when this one's changes count no more
        return Rate(per_s=settings.rate("team_per_s").per_s * SHARE / OF_TEAM_AT_ONCE, burst=1.0)
    whole = settings.rate("team_per_s" if of_team else BUCKETS[bucket])
    if bucket == LISTS:
        whole = Rate(per_s=whole.per_s / SIZE_MAX, burst=1.0)
    if whole.per_s < 2.0 and not of_team:
        return whole
    burst = BURST_MIN if of_team else max(BURST_MIN, whole.per_s * BURST_S)
    if bucket in _BUNCHED:
        burst = max(burst, min(float(SIZE_MAX), whole.per_s * _BUNCHED[bucket]))
    return Rate(per_s=whole.per_s * SHARE - (burst - BURST_MIN), burst=burst)


def of_roster(team: str) -> tuple[str, str, str]:
    """What a change of a team's members draws from."""
    return f"team:{team}", f"roster:{team}", MEMBERS
