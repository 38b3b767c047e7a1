"""The fake's memory: people, channels, posts and the journal of effects."""

import hashlib
import re
from base64 import b32encode
from bisect import bisect_left, bisect_right, insort
from collections import deque

import msgspec

from actors.ports import Effect
from actors.targets.slack.fake.arguments import Arguments, Refusal
from actors.targets.slack.fake.rooms import BOT_USER as BOT_USER
from actors.targets.slack.fake.rooms import Guest, Rooms
from actors.targets.slack.fake.terms import Terms

TEAM = "T0SANDBOX1"
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


class Place(msgspec.Struct):
    """What has become of a channel."""

    name: str
    archived: bool = False
    deleted: bool = False
    member: bool = True
    """Whether the app is in it."""
    private: bool = False
    made_s: float = 0.0
    creator: str = ""
    topic: str = ""


class Person(msgspec.Struct):
    """Somebody in the workspace, as they are now."""

    id: str
    email: str
    name: str
    deleted: bool = False
    changed_s: float = 0.0
    bot: bool = False
    guest: Guest = ""


class Workspace:
    """Everything that lasts. ``ts`` is unique in the workspace and grows."""

    def __init__(self, terms: Terms) -> None:
        self.journal: list[Effect] = []
        self.rooms = Rooms()
        self.terms = terms
        self._channels: dict[str, Channel] = {}
        self._order: deque[tuple[str, Post]] = deque()
        self._people: dict[str, Person] = {}
        self._listed: list[str] = []
        """Their ids, in order."""
        self._moved: dict[str, str] = {}
        """Addresses that changed hands: whose they are now, or nobody's ("")."""
        self._places: dict[str, Place] = {}
        self._last_us = 0
        self._know(Person(BOT_USER, "", "lmsyncd", bot=True))

    def _know(self, person: Person) -> Person:
        self._people[person.id] = person
        insort(self._listed, person.id)
        return person

    def person(self, email: str) -> str:
        """The stable user id behind an address; everybody at the sandbox's domains exists but ``nobody``, until they
        are deactivated or move to another address."""
        address = email.strip().casefold()
        user = self._moved.get(address)
        if user is None:
            name, _, domain = address.rpartition("@")
            user = f"U{_suffix(address)}" if name and domain in DOMAINS and name != "nobody" else ""
        if not user:
            raise Refusal("users_not_found")
        if user not in self._people:
            self._know(Person(user, address, address.partition("@")[0]))
        if self._people[user].deleted:
            raise Refusal("users_not_found")
        return user

    def somebody(self, user: str) -> Person:
        """Whom an id names; who was never looked up has no address that could be told."""
        if not USER.fullmatch(user) or "404" in user:
            raise Refusal("user_not_found")
        return self._people.get(user) or Person(user, "", user.lower())

    def people(self, after: str, rows: int) -> list[Person]:
        """Who was looked up, or has changed, by id: so many of those after that one."""
        first = bisect_right(self._listed, after)
        return [self._people[each] for each in self._listed[first : first + rows]]

    def change_person(
        self,
        user: str,
        now_s: float,
        *,
        email: str | None = None,
        name: str | None = None,
        deleted: bool | None = None,
        guest: Guest | None = None,
    ) -> Person:
        """Raises Refusal where there is no such person, or the address is no one that somebody could have."""
        person = self._people.get(user) or self._know(self.somebody(user))
        if email is not None:
            address = email.strip().casefold()
            if address.rpartition("@")[2] not in DOMAINS or self._moved.get(address, user) != user:
                raise Refusal("invalid_email")
            self._moved[person.email] = ""
            self._moved[address] = user
            person.email = address
        if name is not None:
            person.name = name
        if deleted is not None:
            person.deleted = deleted
        if guest is not None:
            person.guest = guest
        person.changed_s = now_s
        return person

    def direct(self, user: str) -> str:
        """The direct message with a user."""
        if not USER.fullmatch(user) or "404" in user:
            raise Refusal("user_not_found")
        person = self._people.get(user)
        if person is not None and person.deleted:
            raise Refusal("user_disabled")
        return f"D{user[1:]}"

    def channel(self, name: str, reading: bool = False) -> tuple[str, Channel]:
        """A channel's id and its posts; a user's id stands for the direct message when posting."""
        if USER.fullmatch(name) and not reading:
            name = self.direct(name)
        if not CHANNEL.fullmatch(name) or "404" in name:
            raise Refusal("channel_not_found")
        place = self._places.get(name)
        if place is not None and place.deleted:
            raise Refusal("channel_not_found")
        return name, self._channels.get(name) or Channel()

    def place(self, name: str) -> Place:
        """What has become of a channel. Raises Refusal where there is none."""
        self.channel(name, reading=True)
        return self._places.get(name) or Place(name.lower())

    def keep(self, name: str, place: Place) -> None:
        self._places[name] = place

    def places(self) -> list[tuple[str, Place]]:
        """Channels of which something is known, by id."""
        return sorted(self._places.items(), key=lambda each: each[0])

    def named(self, name: str) -> bool:
        """Whether a channel or a user group is called that."""
        called = any(place.name == name and not place.deleted for place in self._places.values())
        return called or any(name in (group.handle, group.name) for group in self.rooms.groups.values())

    def new_id(self, letter: str) -> str:
        """An id that nobody has had. Base 32 has no 0, so none is taken for missing."""
        self.rooms.made += 1
        return f"{letter}{_suffix(f'{letter}{self.rooms.made}')}"

    def check_open(self, name: str, archived: str = "is_archived") -> None:
        """Raises Refusal where the app may not write: the channel is archived (``archived`` is what is said then), or
        it is not in it."""
        place = self._places.get(name)
        if place is not None and place.archived:
            raise Refusal(archived)
        if place is not None and not place.member:
            raise Refusal("not_in_channel")

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

    def effect(self, operation: str, place: str, given: Arguments, now_s: float) -> None:
        """A change of a place or of who is in it. Raises Refusal where nothing more is accepted."""
        if not self.has_room():
            raise Refusal("service_unavailable")
        self.journal.append(
            Effect(
                vendor="slack",
                operation=operation,
                destination=place,
                delivery_id=given.delivery_id,
                correlation_id=given.correlation_id,
                time=now_s,
                id=f"{operation}:{ts_text(self.next_us(now_s))}",
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
