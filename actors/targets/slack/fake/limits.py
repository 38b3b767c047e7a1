"""Slack's published rate limits: a tier a minute for most methods, one a second and channel for posts."""

import math

PER_MINUTE = {
    "auth.test": 600,
    "auth.revoke": 50,
    "apps.uninstall": 20,
    "oauth.v2.access": 600,
    "oauth.v2.exchange": 600,
    "apps.connections.open": 10,  # "tier 1": one and more
    "users.lookupByEmail": 50,
    "users.info": 100,
    "users.list": 20,
    "conversations.open": 50,
    "conversations.list": 20,
    "conversations.members": 100,
    "conversations.create": 20,
    "conversations.setTopic": 20,
    "conversations.invite": 50,
    "conversations.kick": 50,
    "usergroups.list": 20,
    "usergroups.users.list": 20,
    "usergroups.create": 20,
    "usergroups.users.update": 20,
    "usergroups.enable": 20,
    "usergroups.disable": 20,
    "conversations.info": 50,
    "conversations.history": 50,
    "conversations.replies": 50,
    "chat.update": 50,
    "chat.delete": 50,
    "chat.postMessage": 400,  # "several hundred" a workspace
}
CHANNEL_INTERVAL_S = 1.0
JITTER_S = 0.05
"""Two posts sent a second apart may arrive a little closer; on average it stays one a second."""
CHANNELS_MAX = 100_000


class Limits:
    """Counts what was let through. Each method says how long to wait: 0 means go."""

    def __init__(self) -> None:
        self._windows: dict[str, tuple[int, int]] = {}
        self._free_s: dict[str, float] = {}

    def of_method(self, method: str, now_s: float, per_minute: int | None = None) -> int:
        """Seconds until the method's next minute, where this one is used up."""
        allowed = per_minute if per_minute is not None else PER_MINUTE[method]
        minute = int(now_s // 60)
        last, count = self._windows.get(method, (minute, 0))
        if last != minute:
            count = 0
        if count >= allowed:
            return max(1, math.ceil((minute + 1) * 60 - now_s))
        self._windows[method] = (minute, count + 1)
        return 0

    def of_channel(self, channel: str, now_s: float) -> int:
        """Seconds until the channel takes another post."""
        free_s = self._free_s.get(channel, 0.0)
        if now_s < free_s - JITTER_S:
            return max(1, math.ceil(free_s - now_s))
        if len(self._free_s) >= CHANNELS_MAX:
            self._free_s = {name: at_s for name, at_s in self._free_s.items() if at_s > now_s}
        self._free_s[channel] = max(now_s, free_s) + CHANNEL_INTERVAL_S
        return 0
