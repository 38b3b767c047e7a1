"""Who is in which channel and user group of the fake, since when, and what is told of it.

What members see may be late: somebody who was just invited is not shown yet, and somebody who was just taken out still
is. Whoever changes something sees the truth.
"""

from collections.abc import Iterable
from typing import Literal

import msgspec

BOT_USER = "U0SANDBOX1"
NEWS_MAX = 100_000
Guest = Literal["", "multi", "single"]


class Group(msgspec.Struct):
    """A user group. ``disabled_s`` 0: it is in use."""

    id: str
    handle: str
    name: str
    description: str = ""
    users: list[str] = []
    created_s: float = 0.0
    changed_s: float = 0.0
    disabled_s: float = 0.0
    disabled_by: str = ""


class Rooms:
    """Channels have whom they were given, and the app; groups are made first."""

    def __init__(self) -> None:
        self.groups: dict[str, Group] = {}
        self.news: list[dict[str, object]] = []
        """What whoever listens is still to be told."""
        self.made = 0
        self._since: dict[str, dict[str, float]] = {}
        self._left: dict[str, dict[str, float]] = {}

    def inside(self, channel: str) -> set[str]:
        """Everybody who is in it, the app apart."""
        return set(self._since.get(channel, ()))

    def visible(self, channel: str, now_s: float, late_s: float) -> list[str]:
        """Who is shown, in the order of their ids."""
        then_s = now_s - late_s
        shown = {user for user, since_s in self._since.get(channel, {}).items() if since_s <= then_s}
        shown |= {user for user, left_s in self._left.get(channel, {}).items() if left_s > then_s}
        return sorted(shown)

    def of(self, user: str) -> list[str]:
        """The channels that somebody is in."""
        return [channel for channel, users in self._since.items() if user in users]

    def put(self, channel: str, users: Iterable[str], now_s: float, inviter: str = "") -> list[str]:
        """Who is new in it."""
        there = self._since.setdefault(channel, {})
        fresh = [user for user in dict.fromkeys(users) if user not in there]
        for user in fresh:
            there[user] = now_s
            self._left.get(channel, {}).pop(user, None)
            by = {"inviter": inviter} if inviter else {}
            self.tell({"type": "member_joined_channel", "user": user, "channel": channel, "channel_type": "C", **by})
        return fresh

    def take(self, channel: str, users: Iterable[str], now_s: float) -> list[str]:
        """Who was in it, and is no more."""
        there = self._since.get(channel, {})
        gone = [user for user in dict.fromkeys(users) if user in there]
        for user in gone:
            del there[user]
            self._left.setdefault(channel, {})[user] = now_s
            self.tell({"type": "member_left_channel", "user": user, "channel": channel, "channel_type": "C"})
        return gone

    def replace(self, group: Group, users: list[str], now_s: float) -> bool:
        """Whether anything changed."""
        before, after = set(group.users), set(users)
        added, removed = sorted(after - before), sorted(before - after)
        if not (added or removed):
            return False
        event: dict[str, object] = {
            "type": "subteam_members_changed",
            "subteam_id": group.id,
            "date_previous_update": int(group.changed_s),
            "date_update": int(now_s),
            "added_users": added,
            "added_users_count": len(added),
            "removed_users": removed,
            "removed_users_count": len(removed),
        }
        group.users, group.changed_s = list(dict.fromkeys(users)), now_s
        self.tell(event)
        return True

    def switch(self, group: Group, by: str, now_s: float, *, on: bool) -> bool:
        """Whether it was otherwise before."""
        if on == (not group.disabled_s):
            return False
        group.disabled_s, group.disabled_by = (0.0, "") if on else (now_s, by)
        group.changed_s = now_s
        self.tell({"type": "subteam_updated", "subteam": {"id": group.id, "handle": group.handle}})
        return True

    def tell(self, event: dict[str, object]) -> None:
        if len(self.news) < NEWS_MAX:
            self.news.append(event)
