"""The fake's memory: people, channels, posts and the journal of effects."""

import hashlib
import re
from base64 import b32encode
from bisect import bisect_left, bisect_right, insort
from collections import deque

import msgspec

from actors.ports import Effect
from actors.targets.slack.fake.arguments import Refusal

TEAM = "T0SANDBOX1"
BOT_USER = "U0SANDBOX1"
BOT = "B0SANDBOX1"
APP = "A0SANDBOX1"

CHANNEL = re.compile(r"[CGD][A-Z0-9]{8,}", re.ASCII)
USER = re.compile(r"[UW][A-Z0-9]{8,}", re.ASCII)
TS = re.compile(r"(\d{1,10})(?:\.(\d{1,6}))?", re.ASCII)
DOMAINS = ("example.edu", "example.org")

POSTS_MAX = 200_000
"""Posts kept for reading back; the oldest are forgotten first."""
EFFECTS_MAX = 1_000_000
"""The journal never forgets; when it is full, nothing more is accepted."""


class Post(msgspec.Struct):
    """A message. ``body`` is its JSON; ``thread_us`` the root it replies to, else 0."""

    ts_us: int
    body: bytes
    delivery_id: str
    correlation_id: str
    thread_us: int = 0
    client_id: str = ""


class Channel:
    """Posts by time."""

    def __init__(self) -> None:
        self.times: list[int] = []
        self.posts: dict[int, Post] = {}
        self.client_ids: dict[str, int] = {}

    def add(self, post: Post) -> None:
        insort(self.times, post.ts_us)
        self.posts[post.ts_us] = post
        if post.client_id:
            self.client_ids[post.client_id] = post.ts_us

    def remove(self, ts_us: int) -> None:
        if self.posts.pop(ts_us, None) is not None:
            self.times.pop(bisect_left(self.times, ts_us))

    def forget(self, post: Post) -> None:
        self.remove(post.ts_us)
        self.client_ids.pop(post.client_id, None)

    def between(self, oldest_us: int, latest_us: int, inclusive: bool) -> list[int]:
        """Times of posts, oldest first."""
        low, high = (bisect_left, bisect_right) if inclusive else (bisect_right, bisect_left)
        return self.times[low(self.times, oldest_us) : high(self.times, latest_us)]


class Workspace:
    """Everything that lasts. ``ts`` is unique in the workspace and grows."""

    def __init__(self) -> None:
        self.journal: list[Effect] = []
        self._channels: dict[str, Channel] = {}
        self._order: deque[tuple[str, Post]] = deque()
        self._people: dict[str, str] = {}
        self._last_us = 0

    def person(self, email: str) -> str:
        """The stable user id behind an address; everybody at the sandbox's domains exists but ``nobody``."""
        name, _, domain = email.strip().casefold().rpartition("@")
        if not name or domain not in DOMAINS or name == "nobody":
            raise Refusal("users_not_found")
        user = f"U{_suffix(f'{name}@{domain}')}"
        self._people[user] = f"{name}@{domain}"
        return user

    def direct(self, user: str) -> str:
        """The direct message with a user."""
        if not USER.fullmatch(user) or "404" in user:
            raise Refusal("user_not_found")
        return f"D{user[1:]}"

    def channel(self, name: str, reading: bool = False) -> tuple[str, Channel]:
        """A channel's id and its posts; a user's id stands for the direct message when posting."""
        if USER.fullmatch(name) and not reading:
            name = self.direct(name)
        if not CHANNEL.fullmatch(name) or "404" in name:
            raise Refusal("channel_not_found")
        return name, self._channels.get(name) or Channel()

    def next_us(self, now_s: float) -> int:
        self._last_us = max(self._last_us + 1, int(now_s * 1_000_000))
        return self._last_us

    def has_room(self) -> bool:
        return len(self.journal) < EFFECTS_MAX

    def add(self, name: str, post: Post) -> None:
        self._channels.setdefault(name, Channel()).add(post)
        self._order.append((name, post))
        if len(self._order) > POSTS_MAX:
            old_name, old = self._order.popleft()
            self._channels[old_name].forget(old)

    def record(self, operation: str, channel: str, post: Post, now_s: float) -> None:
        self.journal.append(
            Effect(
                vendor="slack",
                operation=operation,
                destination=channel,
                delivery_id=post.delivery_id,
                correlation_id=post.correlation_id,
                time=now_s,
                id=ts_text(post.ts_us),
            )
        )


def ts_text(us: int) -> str:
    return f"{us // 1_000_000}.{us % 1_000_000:06d}"


def ts_us(text: str, error: str) -> int:
    found = TS.fullmatch(text)
    if found is None:
        raise Refusal(error)
    return int(found[1]) * 1_000_000 + int((found[2] or "0").ljust(6, "0"))


def _suffix(email: str) -> str:
    """Ten characters of an address. Base 32 has no 0, so no person is taken for missing (``404``)."""
    return b32encode(hashlib.sha256(email.encode()).digest())[:10].decode()
