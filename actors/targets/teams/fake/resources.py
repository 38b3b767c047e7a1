"""What can be subscribed to: which changes each covers, how long a subscription may live, what it demands."""

import re

import msgspec

from actors.targets.teams.fake.replies import Refusal

PEOPLE_LIFE_S = 41_760 * 60.0
TEAMS_LIFE_S = 4_320 * 60.0
_TEAM = r"teams(?:/|\(')([0-9A-Fa-f-]{36})(?:'\))?"
_USERS = re.compile(r"users", re.IGNORECASE)
_ONE = re.compile(r"users/([0-9A-Za-z@._-]{1,200})", re.IGNORECASE)
_CHANNELS = re.compile(rf"{_TEAM}/channels", re.IGNORECASE)
_ALL_CHANNELS = re.compile(r"teams/getAllChannels(?:\(\))?", re.IGNORECASE)


class Resource(msgspec.Struct, frozen=True):
    """``covering``: of what paths it covers the changes, as a pattern."""

    path: str
    covering: str
    of_teams: bool = False

    @property
    def life_s_max(self) -> float:
        return TEAMS_LIFE_S if self.of_teams else PEOPLE_LIFE_S

    def covers(self, path: str) -> bool:
        return re.fullmatch(self.covering, path, re.IGNORECASE) is not None

    def permissions(self, *, app: bool) -> tuple[str, ...]:
        if self.of_teams:
            return ("Channel.ReadBasic.All", "ChannelSettings.Read.All")
        return ("User.Read.All", "Directory.Read.All") if app else ("User.Read.All", "Directory.Read.All", "User.Read")


def resource_of(text: str) -> Resource:
    """Raises Refusal for what nobody can subscribe to here."""
    path = text.strip().removeprefix("/").removeprefix("v1.0/")
    if _USERS.fullmatch(path):
        return Resource(path, r"Users/[^/]+")
    if one := _ONE.fullmatch(path):
        return Resource(path, rf"Users/{re.escape(one[1])}")
    if team := _CHANNELS.fullmatch(path):
        return Resource(path, rf"teams\('{re.escape(team[1])}'\)/channels\('[^']+'\)", of_teams=True)
    if _ALL_CHANNELS.fullmatch(path):
        return Resource(path, r"teams\('[^']+'\)/channels\('[^']+'\)", of_teams=True)
    raise Refusal(400, "InvalidRequest", f"Resource '{path[:100]}' is none that the sandbox has subscriptions for.")
